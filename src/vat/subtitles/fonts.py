"""Fonts: which one shows a language, and which one has a character."""

import csv
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final


@dataclass(frozen=True, slots=True)
class Font:
    """A font family and the Debian package that has it."""

    family: str
    package: str


LATIN: Final = Font("Noto Sans", "fonts-noto-core")


SYMBOLS: Final = Font("Symbola", "fonts-symbola")
"""libass draws no coloured glyphs, so emoji need a font that has them in one colour."""


def _read() -> tuple[Mapping[str, Font], Mapping[str, Font]]:
    text = files("vat").joinpath("data/fonts.tsv").read_text(encoding="utf-8")
    by_language, by_name = {}, {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t"):
        font = Font(row["family"], row["package"])
        by_language.update(dict.fromkeys(row["languages"].split(), font))
        by_name.update(dict.fromkeys(row["characters"].split(), font))
    return by_language, by_name


FONTS, _BY_NAME = _read()
"""Fonts of the languages that have letters of their own; by the first word of Unicode's names."""


def font_of(language: str) -> Font:
    """The font in which a language is shown best; that of Latin where it needs no other."""
    return FONTS.get(language, LATIN)


def font_with(character: str) -> Font:
    """A font that has a character."""
    script = unicodedata.name(character, "").split(" ", maxsplit=1)[0]
    if script in _BY_NAME:
        return _BY_NAME[script]
    return SYMBOLS if unicodedata.category(character) in ("So", "Sk", "Sm") else LATIN
