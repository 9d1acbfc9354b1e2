"""Cues into another language: every one exactly once, or an error that names it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vat.errors import TranslationError
from vat.lines import lay_out, one_line
from vat.presets import CueSettings
from vat.timeline import Cue

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TranslateSettings:
    """What shapes a translation: the keys of the configuration's `translate` section.

    `prompt` is the prompt's text, `model` the name on a server or the folder of a local model.
    """

    backend: str
    model: str
    base_url: str | None = None
    batch_size: int = 30
    context: int = 3
    temperature: float | None = None
    instructions: str = ""
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """With what a translation is made: device, threads, seconds per answer, tries per cue."""

    device: str = "cpu"
    threads: int = 1
    timeout_seconds: float = 120
    attempts: int = 4


def translate(
    cues: Sequence[Cue],
    source: str,
    target: str,
    settings: TranslateSettings | None,
    layout: CueSettings,
    means: Means,
) -> list[Cue]:
    """The cues in the language `target`, with the same ids and times.

    Cues already in that language are given back as they are; `settings` may then be None.

    Raises:
        TranslationError: where a cue cannot be translated, by number and text, or the translator
            cannot be used at all.
        ModelError, GpuMemoryError: where a local model cannot be loaded or run.
    """
    if source == target or not cues:
        return list(cues)
    if settings is None or settings.backend == "none":
        raise TranslationError(
            f"The video speaks {source} and no translator into {target} is configured; set"
            " translate.backend, or correct languages.source."
        )
    texts = [one_line(cue.text) for cue in cues]
    if settings.backend == "openai":
        from vat.translate.chat import translate_texts
    else:
        from vat.translate.nmt import translate_texts
    found = translate_texts(texts, source, target, settings, layout, means)
    _check(cues, found)
    return [
        replace(cue, text=lay_out(text, target, layout))
        for cue, text in zip(cues, found, strict=True)
    ]


def _check(cues: Sequence[Cue], found: Sequence[str]) -> None:
    if len(found) != len(cues):
        raise TranslationError(f"{len(found)} translations for {len(cues)} subtitles; run again.")
    blank = [cue for cue, text in zip(cues, found, strict=True) if not text.strip()]
    if blank:
        names = "; ".join(f"{cue.id} '{one_line(cue.text)}'" for cue in blank[:5])
        raise TranslationError(
            f"{len(blank)} subtitles have no translation: {names}; try another translate.model."
        )
