"""Cues into another language: every one exactly once, or an error that names it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from vat.errors import TranslationError
from vat.languages import is_rewritten
from vat.speech.speaker_names import Speaker
from vat.subtitles.chinese import converted, punctuated, written
from vat.subtitles.dialogues import parted, rejoined
from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import lay_out, one_line
from vat.timeline import Cue
from vat.translate.cue_fit import is_too_long
from vat.translate.glossary import Term
from vat.translate.job import Report, Translation, TranslationJob
from vat.translate.ollama import with_translator
from vat.translate.overview import Overview
from vat.translate.settings import Means, TranslateSettings
from vat.translate.speakers import voices_of, with_speakers
from vat.translate.written_language import has_letters

logger = logging.getLogger(__name__)

_NAMED: Final = 20
"""Subtitles that may be wrong and that the log names; the report has all."""


def translate(
    cues: Sequence[Cue],
    source: str,
    target: str,
    settings: TranslateSettings | None,
    layout: CueSettings,
    means: Means,
    terms: Sequence[Term] = (),
    overview: Overview | None = None,
    speakers: Sequence[Speaker] = (),
) -> Translation:
    """The cues in the language `target`, with the same ids and times.

    `source` is the language of those cues that do not tell another. Cues already in `target` are
    given back as they are, Chinese ones in its form of writing; `settings` may be None where there
    are no others. The cues of each language are translated for themselves. `terms` and the
    `overview` of the video are what the translator is told beside the cues, and who the `speakers`
    of the cues are. What two people say in one cue is translated for each of them.

    Raises:
        TranslationError: where a cue cannot be translated, by number and text, or the translator
            cannot be used at all.
        ModelError, GpuMemoryError: where a local model cannot be loaded or run.
    """
    known = with_speakers(overview or Overview(), speakers)
    halves = [half for cue in cues for half in parted(cue)]
    # A glossary of another form of Chinese serves, too, and answers are looked at in this one.
    terms = [replace(term, target=written(term.target, target)) for term in terms]
    report, found = Report(), {cue.id: replace(cue, language="") for cue in halves}
    for code in dict.fromkeys(cue.language or source for cue in cues):
        own = [found[cue.id] for cue in halves if (cue.language or source) == code]
        if is_rewritten(code, target):
            found |= {} if code == target else _rewritten(own, target, layout)
            continue
        if settings is None or settings.backend == "none":
            raise TranslationError(
                f"The video is in {code}, but no translator into {target} is configured; set"
                " translate.backend, or correct languages.source."
            )
        translator = with_translator(settings)
        texts = [one_line(cue.text) for cue in own]
        told = means, terms, known, voices_of(own, speakers)
        job = TranslationJob(own, texts, code, target, translator, layout, *told)
        made = _translated(job)
        found |= {cue.id: cue for cue in made.cues}
        report.add(made.report)
    return Translation(rejoined([found[cue.id] for cue in halves]), report)


def _rewritten(cues: Sequence[Cue], target: str, layout: CueSettings) -> dict[int, Cue]:
    """Chinese cues in another form of writing, by their ids."""
    texts = [punctuated(text) for text in converted([one_line(cue.text) for cue in cues], target)]
    return {
        cue.id: replace(cue, text=lay_out(text, target, layout))
        for cue, text in zip(cues, texts, strict=True)
    }


def _translated(job: TranslationJob) -> Translation:
    """The cues of a job in its target language, by the translator that is configured."""
    if job.settings.asks_server:
        from vat.translate.passes import translate_texts
    else:
        from vat.translate.nmt import translate_texts
    return _translation(job, translate_texts(job))


def _translation(job: TranslationJob, found: Mapping[int, str]) -> Translation:
    """The cues with their new texts; what has no letters says the same in any language."""
    texts = {at: text for at, text in enumerate(job.texts) if not has_letters(text)}
    texts |= found
    missing = {at: "it has no translation" for at in range(len(job.cues)) if not texts.get(at)}
    texts |= job.without(missing)
    job.report.too_long += [
        cue.id for at, cue in enumerate(job.cues) if is_too_long(texts[at], cue, job.layout_of(at))
    ]
    job.report.count_whole_cues()
    if job.report.too_long:
        logger.warning("%d subtitles are too long for their time", len(job.report.too_long))
    doubtful = sorted(job.report.doubtful.items())
    for at, why in doubtful[:_NAMED]:
        logger.warning("subtitle %d may be wrong: %s", at, why)
    if len(doubtful) > _NAMED:
        logger.warning("%d more may be wrong; the report names them", len(doubtful) - _NAMED)
    alike = converted([texts[at] for at in range(len(job.cues))], job.target)
    cues = [
        replace(cue, text=lay_out(alike[at], job.target, job.layout))
        for at, cue in enumerate(job.cues)
    ]
    return Translation(cues, job.report)
