"""Whether an answer speaks of what its source speaks of, as far as everyday words tell.

A table has a hundred things of which people speak, and for each the beginnings of the words for it
in some languages. It is no dictionary: its words are few and mean too much. But a translation
rarely shares none of these things with its source, and a remark about it mostly does.
"""

import csv
import functools
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from vat.languages import base
from vat.subtitles.chinese import converted, variant_counts
from vat.translate.remark_words import plain
from vat.translate.written_language import words

_NO_BLANKS: Final = frozenset({"zh", "ja"})
_ANYWHERE: Final = frozenset({"ar"})
"""Languages that write articles and pronouns as parts of words."""

_SYLLABLES: Final = frozenset({"vi"})
"""Languages that write each syllable as a word, and have no endings."""

_SHORT: Final = 2
_ALIKE_LETTERS: Final = 6
_ALIKE: Final = 1.0
"""What it weighs that the two have a word or a figure in common."""

_LETTER: Final = r"[\w\u0900-\u097f]"
"""Python counts the vowel signs of Hindi among the marks, not the letters."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What two texts have of the known things, by weight.

    `said` are those in the source, `kept` those of them that the answer has, too, `found` all that
    the answer has, and `new` the names of those that the source has not.
    """

    said: float
    kept: float
    found: float
    new: frozenset[str]


def known_languages() -> Set[str]:
    """The languages of the table."""
    return _table().keys() - {"concept", "weight"}


def has_concepts(pair: tuple[str, str]) -> bool:
    """Whether the table has both languages."""
    return bool(_patterns(pair[0]) and _patterns(pair[1]))


def shared(source: str, answer: str, pair: tuple[str, str], around: str = "") -> Shared:
    """What two texts have in common; nothing where the table lacks one of their languages.

    All are plain texts; `pair` are their languages. What the answer has of the text `around` the
    source is kept, too: a sentence may be divided between cues in another way.
    """
    if not has_concepts(pair):
        return Shared(0.0, 0.0, 0.0, frozenset())
    said, found = _concepts(source, pair[0]), _concepts(answer, pair[1])
    near = {**said, **_concepts(around, pair[0])}
    alike = _ALIKE if _alike_words(f"{source} {around}") & _alike_words(answer) else 0.0
    kept = sum(weight for name, weight in near.items() if name in found)
    new = frozenset(found.keys() - near.keys())
    return Shared(sum(said.values()), kept + alike, sum(found.values()), new)


def _alike_words(text: str) -> Set[str]:
    """What two languages may write alike: figures, names and long words by how they begin."""
    return {word[:_ALIKE_LETTERS] for word in words(text) if _is_alike(word)}


def _is_alike(word: str) -> bool:
    return len(word) >= _ALIKE_LETTERS or word.isdecimal()


@functools.lru_cache(maxsize=4096)
def _concepts(text: str, code: str) -> Mapping[str, float]:
    """The things in a plain text with their weights: those of which all speak weigh little."""
    if _name(code) == "zh" and variant_counts(text)[1]:
        text = plain(converted([text], "zh-hans", same_words=True)[0])
    patterns = _patterns(code)
    return {name: weight for name, (weight, one) in patterns.items() if one.search(text)}


def _name(code: str) -> str:
    name = base(code)
    return {"yue": "zh"}.get(name, name)


def _patterns(code: str) -> Mapping[str, tuple[float, re.Pattern[str]]]:
    return _table().get(_name(code), {})


@functools.cache
def _table() -> Mapping[str, Mapping[str, tuple[float, re.Pattern[str]]]]:
    """The weight and the pattern of each thing, by language."""
    text = files("vat").joinpath("data/concepts.tsv").read_text(encoding="utf-8")
    found: dict[str, dict[str, tuple[float, re.Pattern[str]]]] = {}
    for row in csv.DictReader(text.split("\n"), delimiter="\t", quoting=csv.QUOTE_NONE):
        name, weight = row.pop("concept"), float(row.pop("weight"))
        for code, cell in row.items():
            one = "|".join(_pattern(word, code) for word in plain(cell).split("|"))
            found.setdefault(code, {})[name] = weight, re.compile(one)
    return found


def _pattern(word: str, code: str) -> str:
    """What finds a word: whatever begins so, the word alone ("go."), or an ending ("*nous.")."""
    core = word.strip(".*")
    if code in _NO_BLANKS:
        return core
    begins, ends = f"(?<!{_LETTER})", f"(?!{_LETTER})"
    if word.startswith("*"):
        return core + ends
    if code in _ANYWHERE and len(core) > _SHORT:
        return core
    alone = word.endswith(".") or code in _SYLLABLES or code in _ANYWHERE
    return begins + core + (ends if alone else "")
