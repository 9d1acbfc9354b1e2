"""In which script and language a text is written."""

import functools
import re
from collections.abc import Set
from typing import Final
from unicodedata import name as unicode_name
from unicodedata import normalize

from vat.languages import LANGUAGES, base

_SCRIPTS: Final = {
    **{"Latn": "LATIN", "Hans": "CJK", "Hant": "CJK", "Jpan": "CJK HIRAGANA KATAKANA"},
    **{"Hang": "HANGUL CJK", "Cyrl": "CYRILLIC", "Arab": "ARABIC", "Deva": "DEVANAGARI"},
    **{"Grek": "GREEK", "Hebr": "HEBREW", "Thai": "THAI", "Taml": "TAMIL", "Mlym": "MALAYALAM"},
    **{"Telu": "TELUGU", "Beng": "BENGALI", "Knda": "KANNADA", "Armn": "ARMENIAN"},
    **{"Guru": "GURMUKHI", "Sinh": "SINHALA", "Khmr": "KHMER", "Geor": "GEORGIAN"},
    **{"Gujr": "GUJARATI", "Ethi": "ETHIOPIC", "Laoo": "LAO", "Mymr": "MYANMAR"},
    "Tibt": "TIBETAN",
}
"""Unicode's names of the scripts behind ISO 15924 codes."""

_TWO_SCRIPTS: Final = {
    **dict.fromkeys(("sr", "bs", "az", "uz", "kk", "tt", "mn", "tk"), "LATIN CYRILLIC"),
    **{"pa": "GURMUKHI ARABIC", "ms": "LATIN ARABIC", "ha": "LATIN ARABIC", "sd": "ARABIC"},
}
"""Languages that are written in more than one script."""

_DENSE: Final = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
_DENSE_WEIGHT: Final = 3
"""A Chinese character says about as much as three letters."""

_LATIN = "A-Za-z0-9\u00c0-\u024f"
_WORD = re.compile(rf"[{_LATIN}]+(?:['’.-][{_LATIN}]+)*|(?:(?![{_LATIN}])\w)+")


def scripts_of(code: str) -> frozenset[str]:
    """The scripts in which a language is written, by Unicode's names, such as LATIN."""
    if base(code) in _TWO_SCRIPTS:
        return frozenset(_TWO_SCRIPTS[base(code)].split())
    flores = LANGUAGES[code].flores or "_Latn"
    return frozenset(_SCRIPTS[flores.rsplit("_", 1)[1]].split())


def has_letters(text: str) -> bool:
    """Whether anything can be said in another language: figures and notes of music cannot."""
    return any(map(str.isalpha, text))


def is_name(word: str) -> bool:
    """Whether a word may be a name, a code or an abbreviation: it has a capital or a digit."""
    return any(one.isupper() or one.isdigit() for one in word)


@functools.lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words of a text; where no blanks are written, runs of letters of one kind."""
    return tuple(_WORD.findall(normalize("NFKC", text)))


def foreign_share(text: str, code: str, source: str, wanted_words: Set[str] = frozenset()) -> float:
    """How much of a text is in none of the language's scripts, from 0 to 1.

    Words that stand in the `source` do not count where they are names or the source's own script
    has another alphabet, nor do the `wanted_words` (casefolded). 0 for a text without letters.
    """
    wanted = scripts_of(code)
    kept = {word for word in words(source) if is_name(word)}
    kept |= {word for word in words(source) if word.isascii()} if not _is_latin(source) else set()
    own = foreign = 0
    for word in words(text):
        if word in kept or word.casefold() in wanted_words:
            continue
        for letter in filter(str.isalpha, word):
            script = script_of(letter)
            weight = _DENSE_WEIGHT if script in _DENSE else 1
            own, foreign = (
                own + weight * (script in wanted),
                foreign + weight * (script not in wanted),
            )
    return foreign / (own + foreign) if foreign else 0.0


@functools.lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """The script of one letter by Unicode's name, such as LATIN; empty where it has none."""
    return re.split(r"[ -]", unicode_name(letter, ""), maxsplit=1)[0]


def _is_latin(text: str) -> bool:
    found = [letter for letter in text if letter.isalpha()]
    return sum(script_of(letter) == "LATIN" for letter in found) * 2 >= len(found)
