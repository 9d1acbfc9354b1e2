"""The languages that can be spoken or translated into: their names, and how they are written."""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from types import MappingProxyType
from unicodedata import normalize

from vat.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    `code` is Whisper's (ISO 639-1 where there is one; zh-hans, zh-hant and pt-br besides),
    `iso639_2` the three-letter terminological code that containers carry (Cantonese has none of its
    own there and is written as Chinese), `flores` the code of NLLB models, None where they do not
    know the language.
    """

    code: str
    iso639_2: str
    english: str
    native: str
    flores: str | None


def _read() -> Mapping[str, Language]:
    text = files("vat").joinpath("data/languages.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    languages = (
        Language(r["code"], r["iso639_2"], r["english"], r["native"], r["flores"] or None)
        for r in rows
    )
    return MappingProxyType({known.code: known for known in languages})


LANGUAGES: Mapping[str, Language] = _read()
"""All languages by code."""


def language(code: str) -> Language:
    """The language of a code.

    Raises:
        ConfigError: for an unknown code, naming the nearest known ones.
    """
    if code in LANGUAGES:
        return LANGUAGES[code]
    wanted = code.casefold().replace("_", "-")
    names = {one.code: {one.iso639_2, *_names(one)} for one in LANGUAGES.values()}
    near = [known for known, others in names.items() if wanted == known or wanted in others][:3]
    near = near or get_close_matches(wanted, list(LANGUAGES), n=3, cutoff=0.3)
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    raise ConfigError(f"The language '{code}' is unknown{hint}")


def _names(known: Language) -> tuple[str, str]:
    return known.english.casefold(), known.native.casefold()


def base(code: str) -> str:
    """The code without the form of writing or the country: zh for zh-hant."""
    return code.split("-", maxsplit=1)[0]


@functools.lru_cache(maxsize=4096)
def letters(text: str) -> str:
    """The letters and digits of a text, without regard to case, width and accents' encoding."""
    return "".join(filter(str.isalnum, folded(text)))


def folded(text: str) -> str:
    """A text without regard to case, width and accents' encoding."""
    return normalize("NFKC", text).casefold()


def is_cjk(code: str) -> bool:
    """Whether text of this language is written without blanks between words and in wide characters.

    Korean is not among them: it separates words.
    """
    return base(code) in ("zh", "ja", "yue")


def is_right_to_left(code: str) -> bool:
    """Whether text of this language is read from right to left."""
    return base(code) in ("ar", "fa", "he", "ps", "sd", "ur", "yi")
