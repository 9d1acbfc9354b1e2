"""Texts translated by a server, with all settings that a test does not change."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.helpers.chat_server import (
    Behaviour,
    chinese,
    lines,
)
from vat.subtitles.limits import CueSettings
from vat.timeline import Cue
from vat.translate.glossary import Term
from vat.translate.job import Translation
from vat.translate.settings import Means, TranslateSettings
from vat.translate.translate import translate

KEY = "sk-very-secret-0123456789"
WIDE = CueSettings(max_columns=2000)
HARMLESS = {"think", "around", "fence", "wrap", "long"}
MEANS = Means(timeout_seconds=5, attempts=12, concurrency=3)


def cues(texts: Sequence[str], seconds: float = 3.0) -> list[Cue]:
    """Cues with these texts, one after another."""
    return [Cue(n, n * 4.0, n * 4.0 + seconds, text) for n, text in enumerate(texts, 1)]


class Asker:
    """Translates texts by a server, with the settings of the tests."""

    def __init__(self, prompts: dict[str, str]) -> None:
        self.prompts = prompts

    def __call__(
        self,
        server: Behaviour,
        texts: Sequence[str] | int = 40,
        *,
        means: Means = MEANS,
        seconds: float = 3.0,
        layout: CueSettings = WIDE,
        terms: Sequence[Term] = (),
        target: str = "zh",
        **changes: Any,
    ) -> Translation:
        said = lines(texts) if isinstance(texts, int) else texts
        settings = TranslateSettings("openai", "test", server.url, prompts=self.prompts)
        settings = replace(settings, **{"shorten": False, "batch_size": 10} | changes)
        return translate(cues(said, seconds), "en", target, settings, layout, means, terms)


def check(found: Translation, texts: Sequence[str] | int = 40) -> None:
    """See that every text has its one translation, and every cue its times."""
    said = lines(texts) if isinstance(texts, int) else texts
    assert [replace(cue, text="") for cue in found.cues] == [
        replace(cue, text="") for cue in cues(said)
    ]
    assert [cue.text for cue in found.cues] == [chinese(text) for text in said]
