"""What a language model is asked to do with subtitles: drafts, reviews, shorter forms."""

import logging
from collections.abc import Mapping, Sequence

from vat.subtitles.lines import columns
from vat.translate.batches import Dialogue
from vat.translate.chat import Server
from vat.translate.cue_fit import is_too_long, room
from vat.translate.job import TranslationJob
from vat.translate.refine import Refinement
from vat.translate.sentences import sentences
from vat.translate.steps import is_spoken, step_of, tasks_of
from vat.translate.translation_memory import Memory

logger = logging.getLogger(__name__)


def translate_texts(job: TranslationJob) -> dict[int, str]:
    """Each text that has letters in the target language, by index.

    Raises:
        TranslationError: where a text stays without translation, or the server cannot be used.
    """
    server = Server.connect(job.settings, job.means)
    memory = Memory(job.means.folder)
    with server.client:
        try:
            groups = [group for group in sentences(job.cues, job.source) if is_spoken(job, group)]
            job.report.sentences = len(groups)
            found = _draft(job, server, memory, groups)
            if job.settings.review:
                found |= _review(job, server, memory, groups, found)
            if job.settings.estimate:
                found |= Refinement(job, server, memory, found).run(groups)
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
    step = step_of(job, "terms", ("begins", "translation"), 1, False)
    items = [
        {"subtitle": text, "lines": list(said)} for text, said in zip(job.texts, lines, strict=True)
    ]
    groups = [range(at, at + 1) for at in range(len(job.texts))]
    with server.client:
        try:
            memory = Memory(job.means.folder)
            return Dialogue(job, server, step, memory).run(tasks_of(job, step, groups, items))
        finally:
            _account(job, server)


def _draft(
    job: TranslationJob, server: Server, memory: Memory, groups: Sequence[range]
) -> dict[int, str]:
    step = step_of(job, "translate", ("begins", "translation"), job.means.attempts, True)
    tasks = tasks_of(job, step, groups, job.texts)
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
    step = step_of(job, "review", ("begins", "critique", "translation"), 1, False)
    marked = set(job.report.untranslated)
    reviewed = [group for group in groups if not {job.cues[at].id for at in group} & marked]
    items = [{"subtitle": text, "draft": drafts.get(at)} for at, text in enumerate(job.texts)]
    dialogue = Dialogue(job, server, step, memory)
    found = dialogue.run(tasks_of(job, step, reviewed, items))
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
        if is_too_long(text, job.cues[at], job.layout_of(at)) and job.cues[at].id not in marked
    ]
    step = step_of(job, "shorten", ("begins", "translation"), 0, False)
    items = [
        {
            "subtitle": text,
            "translation": found.get(at),
            "columns": room(job.cues[at], job.layout_of(at)),
        }
        for at, text in enumerate(job.texts)
    ]
    groups = [range(at, at + 1) for at in sorted(long)]
    shorter = Dialogue(job, server, step, memory).run(tasks_of(job, step, groups, items))
    return {at: text for at, text in shorter.items() if columns(text) < columns(found[at])}


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
