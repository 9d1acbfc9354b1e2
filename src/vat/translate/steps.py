"""The steps of a translation: the prompt, and a task for each sentence."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Any, Final

from vat.languages import language
from vat.subtitles.lines import columns
from vat.translate.batches import Step, Task
from vat.translate.cue_fit import wide
from vat.translate.glossary import terms_in
from vat.translate.job import TranslationJob
from vat.translate.prompts import filled
from vat.translate.sentences import joint
from vat.translate.speakers import TOLD
from vat.translate.translation_memory import key_of
from vat.translate.written_language import has_letters

_SHORT: Final = 12
"""Below so many columns ("Right.", "Go on.") the context decides what a sentence means."""

_FIELDS: Final = {
    "begins": "the first words of that subtitle (four at most), copied as they are and not"
    " translated",
    "critique": "what is wrong with the draft, in a few words, or an empty text",
    "errors": "what is wrong with its translation, or an empty text",
    "translation": "its translation",
}


def step_of(
    job: TranslationJob, name: str, fields: tuple[str, ...], attempts: int, required: bool
) -> Step:
    """What is asked with the prompt of this name, for entries with these `fields`."""
    kept = fields if job.settings.echo else tuple(one for one in fields if one != "begins")
    kept = () if kept == ("translation",) else kept
    return Step(fill_prompt(job, name, kept), kept, attempts, required)


def fill_prompt(job: TranslationJob, name: str, fields: Iterable[str]) -> str:
    """A prompt with its placeholders filled.

    Raises:
        TranslationError: where it has a placeholder that is not known.
    """
    known = {
        "source_language": language(job.source).english,
        "target_language": language(job.target).english,
        "max_columns": str(wide(job.layout)),
        "instructions": job.settings.instructions,
        "style": job.settings.style.strip(),
        "answer": _answer(fields),
    }
    prompt = filled(name, job.settings.prompts[name], known)
    return f"{prompt}\n\n{TOLD}" if job.voices else prompt


def _answer(fields: Iterable[str]) -> str:
    """The form of the answer in words."""
    entries = "; ".join(f'"{name}": {_FIELDS[name]}' for name in fields)
    entry = f"an object with {entries}" if entries else "its translation as a text"
    return (
        'Answer with one JSON object and nothing else. For every number in "subtitles" it has one'
        f" entry, none left out, none added, none merged with another: {entry}."
    )


def is_spoken(job: TranslationJob, group: range) -> bool:
    """Whether a sentence has anything to translate."""
    return any(has_letters(job.texts[at]) for at in group)


def tasks_of(
    job: TranslationJob, step: Step, groups: Iterable[range], items: Sequence[Any]
) -> list[Task]:
    """A task for each sentence; `items` are what is shown of every cue of the job."""
    settings = job.settings
    recipe = [settings.model, settings.base_url, settings.temperature, step.prompt, *job.pair]
    # The user's own table is meant to change translations; what a model thought of is context.
    recipe += [job.overview.own] if job.overview.own else []
    found = []
    for group in groups:
        sources = tuple(job.texts[at] for at in group)
        spoken = joint(job.source).join(sources)
        near = range(
            max(0, group.start - settings.context),
            min(len(job.texts), group.stop + settings.context),
        )
        context = {at: job.texts[at] for at in near if at not in group}
        terms = terms_in(spoken, job.terms)
        asked = tuple(items[at] for at in group)
        shaped = [recipe, asked, [astuple(term) for term in terms]]
        if columns(spoken) < _SHORT or not settings.memory:
            shaped.append([[job.texts[at] for at in near], group.start - near.start])
        if job.voices:
            shaped.append([job.voices.get(at, "") for at in group])
        found.append(Task(tuple(group), sources, asked, context, terms, key_of(shaped)))
    return found
