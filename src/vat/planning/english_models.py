"""Models that know only English: they answer any language with English words, and no error."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from vat.errors import ConfigError
from vat.settings import AUTO

_ENGLISH_NAMES: Final = (".en", "distil-large-v2", "distil-large-v3", "distil-large-v3.5")
_MULTILINGUAL_TOKENS: Final = 51865
"""Tokens of Whisper's smallest vocabulary that knows more than English."""


def knows_only_english(model: str, folder: str | Path | None) -> bool:
    """Whether a speech model knows no language but English.

    `folder` is where the model lies, None where it is still to be fetched and its name must tell.
    """
    if folder is None:
        return model.endswith(_ENGLISH_NAMES)
    listed, lines = Path(folder) / "vocabulary.json", Path(folder) / "vocabulary.txt"
    if listed.is_file():
        return len(json.loads(listed.read_text(encoding="utf-8"))) < _MULTILINGUAL_TOKENS
    if lines.is_file():
        with lines.open("rb") as file:
            return sum(1 for _ in file) < _MULTILINGUAL_TOKENS
    return model.endswith(_ENGLISH_NAMES)


def check_language(model: str, folder: str | Path | None, languages: Iterable[str]) -> None:
    """See that a speech model knows the languages that videos are said to speak.

    Raises:
        ConfigError: where it knows only English and one of them is another.
    """
    others = sorted(set(languages) - {"en", AUTO})
    if others and knows_only_english(model, folder):
        raise ConfigError(
            f"asr.model '{model}' knows only English, and videos are to be heard as"
            f" {', '.join(others)}; name a multilingual model, such as large-v3, or set the"
            " languages right."
        )
