"""Translations by a server, as a job makes them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.helpers.chat_server import Behaviour
from vat.subtitles.limits import CueSettings
from vat.timeline import Cue
from vat.translate.glossary import Term
from vat.translate.job import Translation
from vat.translate.settings import Means, TranslateSettings
from vat.translate.translate import translate

PROMPT = (
    '$source_language to $target_language, $max_columns, "begins". $answer $style $instructions'
)
WIDE = CueSettings(max_columns=2000)
PROMPTS = {"translate": PROMPT, "shorten": f"Shorten: {PROMPT}", "review": f"Review: {PROMPT}"}


def ask(
    server: Behaviour,
    folder: Path | None,
    texts: Sequence[str],
    *,
    terms: Sequence[Term] = (),
    target: str = "zh",
    means: dict[str, Any] | None = None,
    **changes: Any,
) -> Translation:
    cues = [Cue(n, n * 4.0, n * 4.0 + 3.0, text) for n, text in enumerate(texts, 1)]
    settings = TranslateSettings("openai", "test", server.url, prompts=PROMPTS, shorten=False)
    settings = replace(settings, **{"batch_size": 10} | changes)
    given = Means(folder=folder, **{"attempts": 8, "timeout_seconds": 5} | (means or {}))
    return translate(cues, "en", target, settings, WIDE, given, terms)


def texts_of(found: Translation) -> list[str]:
    """The texts of the translated cues, in order."""
    return [cue.text for cue in found.cues]
