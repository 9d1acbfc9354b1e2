"""What a language model is asked to do with subtitles: a draft, a review, shorter forms."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from typing import Any, Final

from vat.languages import language
from vat.subtitles.lines import columns
from vat.translate.batches import Dialogue, Step, Task
from vat.translate.chat import Server
from vat.translate.cue_fit import is_too_long, room, wide
from vat.translate.glossary import terms_in
from vat.translate.job import TranslationJob
from vat.translate.prompts import filled
from vat.translate.sentences import joint, sentences
from vat.translate.translation_memory import Memory, key_of
from vat.translate.written_language import has_letters

logger = logging.getLogger(__name__)

_SHORT: Final = 12
"""Below so many columns ("Right.", "Go on.") the context decides what a sentence means."""

_FIELDS: Final = {
    "begins": "the first words of that subtitle (four at most), copied as they are and not"
    " translated",
    "critique": "what is wrong with the draft, in a few words, or an empty text",
    "translation": "its translation",
}


def translate_texts(job: TranslationJob) -> dict[int, str]:
    """Each text that has letters in the target language, by index.

    Raises:
        TranslationError: where a text stays without translation, or the server cannot be used.
    """
    server = Server.connect(job.settings, job.means)
    memory = Memory(job.means.folder)
    with server.client:
        try:
            groups = [group for group in sentences(job.cues, job.source) if _is_spoken(job, group)]
            job.report.sentences = len(groups)
            found = _draft(job, server, memory, groups)
            if job.settings.review:
                found |= _review(job, server, memory, groups, found)
            if job.settings.shorten:
                found |= _shorten(job, server, memory, found)
        finally:
            _account(job, server)
    return found


def translate_terms(job: TranslationJob, lines: Sequence[Sequence[str]]) -> dict[int, str]:
    """The terms that are the job's texts in the target language, by index.

    `lines` are some in which each stands.

    Raises:
        TranslationError: where the server cannot be used.
    """
    server = Server.connect(job.settings, job.means)
    step = _step(job, "terms", ("begins", "translation"), 1, False)
    items = [
        {"subtitle": text, "lines": list(said)} for text, said in zip(job.texts, lines, strict=True)
    ]
    groups = [range(at, at + 1) for at in range(len(job.texts))]
    with server.client:
        try:
            memory = Memory(job.means.folder)
            return Dialogue(job, server, step, memory).run(_tasks(job, step, groups, items))
        finally:
            _account(job, server)


def _draft(
    job: TranslationJob, server: Server, memory: Memory, groups: Sequence[range]
) -> dict[int, str]:
    step = _step(job, "translate", ("begins", "translation"), job.means.attempts, True)
    tasks = _tasks(job, step, groups, job.texts)
    dialogue = Dialogue(job, server, step, memory)
    found = dialogue.run(tasks)
    return found | job.without(dialogue.failures)


def _review(
    job: TranslationJob,
    server: Server,
    memory: Memory,
    groups: Sequence[range],
    drafts: Mapping[int, str],
) -> dict[int, str]:
    """Better translations by index; a cue without one keeps its draft."""
    step = _step(job, "review", ("begins", "critique", "translation"), 1, False)
    marked = set(job.report.untranslated)
    reviewed = [group for group in groups if not {job.cues[at].id for at in group} & marked]
    items = [{"subtitle": text, "draft": drafts.get(at)} for at, text in enumerate(job.texts)]
    dialogue = Dialogue(job, server, step, memory)
    found = dialogue.run(_tasks(job, step, reviewed, items))
    for at, why in dialogue.failures.items():
        job.doubt(at, f"the review has no better translation ({why}); the draft stays")
    return found


def _shorten(
    job: TranslationJob, server: Server, memory: Memory, found: Mapping[int, str]
) -> dict[int, str]:
    """Shorter forms, asked for once, of what cannot be read in its time; by index."""
    marked = set(job.report.untranslated)
    long = [
        at
        for at, text in found.items()
        if is_too_long(text, job.cues[at], job.layout) and job.cues[at].id not in marked
    ]
    step = _step(job, "shorten", ("begins", "translation"), 0, False)
    items = [
        {"subtitle": text, "translation": found.get(at), "columns": room(job.cues[at], job.layout)}
        for at, text in enumerate(job.texts)
    ]
    groups = [range(at, at + 1) for at in sorted(long)]
    shorter = Dialogue(job, server, step, memory).run(_tasks(job, step, groups, items))
    return {at: text for at, text in shorter.items() if columns(text) < columns(found[at])}


def _step(
    job: TranslationJob, name: str, fields: tuple[str, ...], attempts: int, required: bool
) -> Step:
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
    return filled(name, job.settings.prompts[name], known)


def _answer(fields: Iterable[str]) -> str:
    """The form of the answer in words."""
    entries = "; ".join(f'"{name}": {_FIELDS[name]}' for name in fields)
    entry = f"an object with {entries}" if entries else "its translation as a text"
    return (
        'Answer with one JSON object and nothing else. For every number in "subtitles" it has one'
        f" entry, none left out, none added, none merged with another: {entry}."
    )


def _is_spoken(job: TranslationJob, group: range) -> bool:
    return any(has_letters(job.texts[at]) for at in group)


def _tasks(
    job: TranslationJob, step: Step, groups: Iterable[range], items: Sequence[Any]
) -> list[Task]:
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
        found.append(Task(tuple(group), sources, asked, context, terms, key_of(shaped)))
    return found


def _account(job: TranslationJob, server: Server) -> None:
    """What the translation has taken, into the report and the log."""
    report, spending = job.report, server.spending
    report.requests, report.tokens = server.requests, server.tokens
    said = ""
    if spending.prices is not None:
        spending.look()
        report.cost = round(spending.cost(server.tokens), 6)
        report.cost_so_far = round(spending.named, 6)
        said = f", which cost {report.cost:.4f} ({report.cost_so_far:.4f} with earlier runs)"
    logger.info(
        "%d sentences, %d of them known; %d requests with %d + %d tokens%s",
        *(report.sentences, report.recalled, report.requests, *report.tokens, said),
    )
