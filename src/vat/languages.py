"""The languages that can be spoken or translated into: their names, and how they are written."""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from unicodedata import category, normalize

from vat.errors import ConfigError

if TYPE_CHECKING:
    import langcodes


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    `code` is Whisper's (ISO 639-1 where there is one; the forms of
    Chinese and pt-br besides),
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

_RENAMED: Final = {"jv": "jw", "nb": "no", "fil": "tl"}
"""Codes of BCP 47 for which Whisper has others."""

_CHINESE_OF: Final = {
    ("Hans", "CN"): "zh-cn",
    ("Hant", "TW"): "zh-tw",
    ("Hant", "HK"): "zh-hk",
    ("Hant", "MO"): "zh-hk",
}

_SHORTEST_NAME: Final = 4
_LIKENESS: Final = 0.75
"""Two slips in a name of eight letters. Shorter words and codes are all alike."""


def language(code: str) -> Language:
    """The language of a code.

    Raises:
        ConfigError: for an unknown code, naming the one that is likely meant.
    """
    if code in LANGUAGES:
        return LANGUAGES[code]
    meant = code_of(code)
    near = [meant] if meant else nearest(code)
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    raise ConfigError(f"The language '{code}' is unknown{hint}")


@functools.lru_cache(maxsize=1024)
def code_of(name: str) -> str | None:
    """The code of what people call a language: a BCP 47 or ISO 639 tag, or a name in any language.

    zh-CN, pt_BR, eng, Chinese and 中文 are understood, and the country's code for its language
    where that is no language's own (jp). A country that changes nothing is left out (en-US). None
    where no language of `LANGUAGES` is meant, and where the tag asks for another script than the
    one the language is written in here (sr-Latn).
    """
    wanted = " ".join(name.casefold().split())
    if (code := wanted.replace("_", "-")) in LANGUAGES:
        return code
    for known in LANGUAGES.values():
        if wanted in _names(known):
            return known.code
    return _of_tag(code) or _of_name(wanted)


def nearest(name: str) -> list[str]:
    """The codes of at most three languages whose names are so like `name` that it is a slip."""
    wanted = name.strip().casefold()
    if len(wanted) < _SHORTEST_NAME:
        return []
    codes = {said: known.code for known in LANGUAGES.values() for said in _names(known)}
    near = get_close_matches(wanted, codes, n=3, cutoff=_LIKENESS)
    return list(dict.fromkeys(codes[said] for said in near))


def _names(known: Language) -> tuple[str, str]:
    return known.english.casefold(), known.native.casefold()


def _of_tag(tag: str) -> str | None:
    """The code of a BCP 47 tag, or of a country's code that is no language's."""
    # Reading its tables takes longer than all else here, and codes need none of them.
    import langcodes

    if not langcodes.tag_is_valid(tag):
        if len(tag) != 2 or not langcodes.tag_is_valid(f"und-{tag}"):
            return None
        country = langcodes.Language.get(f"und-{tag}")
        tag = country.maximize().language or ""
        if langcodes.Language.get(tag).maximize().territory != country.territory:
            return None
    return _of_parsed(langcodes.Language.get(langcodes.standardize_tag(tag, macro=True)))


def _of_name(name: str) -> str | None:
    import langcodes

    # The table of names is one of bytes: what follows a control character in it is no text.
    if any(category(letter) == "Cc" for letter in name):
        return None
    try:
        found = langcodes.Language.find(name)
    except LookupError:
        return None
    return _of_parsed(langcodes.Language.get(langcodes.standardize_tag(str(found), macro=True)))


def _of_parsed(tag: "langcodes.Language") -> str | None:
    plain = _RENAMED.get(tag.language or "", tag.language or "")
    if plain not in LANGUAGES:
        return None
    if plain == "zh":
        full = tag.maximize()
        script = {"Hans": "zh-hans", "Hant": "zh-hant"}.get(full.script or "")
        bare = not tag.script and not tag.territory
        regional = _CHINESE_OF.get((full.script or "", tag.territory or ""), script)
        return "zh" if bare else regional
    usual = tag.make(language=tag.language).maximize().script
    if tag.script and tag.script != usual:
        return None
    regional = f"{plain}-{(tag.territory or '').lower()}"
    return regional if regional in LANGUAGES else plain


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


def chinese_script(code: str) -> str | None:
    """The form of Chinese that a code asks for, Hans or Hant; None where it leaves it open."""
    if base(code) != "zh" or code == "zh":
        return None
    return (LANGUAGES[code].flores or "_").rsplit("_", 1)[1]


def is_rewritten(source: str, target: str) -> bool:
    """Whether a text gets from one language into the other without translation.

    They are the same, or both are Mandarin, which differs in its form of writing alone.
    """
    return source == target or base(source) == base(target) == "zh"


def is_cjk(code: str) -> bool:
    """Whether text of this language is written without blanks between words and in wide characters.

    Korean is not among them: it separates words.
    """
    return base(code) in ("zh", "ja", "yue")


def is_right_to_left(code: str) -> bool:
    """Whether text of this language is read from right to left."""
    return base(code) in ("ar", "fa", "he", "ps", "sd", "ur", "yi")
