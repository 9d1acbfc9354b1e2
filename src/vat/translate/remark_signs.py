"""Signs that an answer speaks of its source instead of saying the same, and their weights.

No list of phrases has all remarks that a model can make. But a remark gives itself away. It speaks
of sentences and what they mean, of languages, rules and programs, of what was sent or should be
sent. It shares few of the things that people speak of every day with its source. It is longer than
a translation into that language, it has a sentence, a question or marks more. None of this alone
tells anything; each has a weight, which `benchmarks/remark_weights.py` learns from remarks and
good translations, and their sum tells whether the answer is doubted.
"""

import csv
import functools
import math
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Final

from vat.languages import base
from vat.subtitles.lines import columns
from vat.translate.concepts import has_concepts, shared
from vat.translate.refusals import about_the_task
from vat.translate.remark_words import features

NOTIONS: Final = (
    *("task", "object", "ask", "help", "cannot", "sorry", "rule", "here", "line", "lack", "keep"),
    *("sense", "speak", "tongue", "machine", "mind", "norm", "against", "send", "wish", "want"),
    *("refuse", "ready", "name", "fix", "made", "guess", "serve", "no"),
)
"""What remarks speak of, by the names of their patterns in the table."""

_SURE: Final = frozenset({"task"})
"""No good translation of the tests speaks of translating without ground in its source."""

_ALL: Final = frozenset(NOTIONS)
_DENIED: Final = frozenset({"cannot", "refuse"})
"""What a source may say with any word of negation."""

_OTHER_WORDS: Final = " said"
"""Features of this ending are further words by which a source speaks of the notion."""

_WIDTHS: Final = {
    **{"ar": 0.76, "de": 1.18, "es": 0.99, "fr": 1.09, "hi": 0.80, "it": 1.03, "ja": 0.89},
    **{"ko": 0.86, "nl": 1.09, "pl": 0.95, "pt": 0.99, "ru": 0.93, "tr": 0.90, "zh": 0.64},
}
"""Columns of a translation for each of the English text, over the 3,300 pairs of the tests."""

_SLACK: Final = 4
"""Columns that a translation of any length may be wider: an article, a name's title."""

_NARROWEST: Final = 0.05
_MUCH_LONGER: Final = 0.4
_SHORT: Final = 12
_LONGEST_OPENER: Final = 20
_GOES_ON: Final = 1.3
_FAR_LONGER: Final = 2.5
"""Of 1,800 messages of programs in nine languages, 5 are doubted by these and by words."""

_HALF: Final = 0.5
_LITTLE: Final = 0.35
_MUCH: Final = 1.0
_MORE: Final = 2.0
_LONG: Final = 22
_SOME: Final = 0.5
_MOST_SENTENCES: Final = 2

_ASKS: Final = re.compile(r"[?؟]|か[。」]")
_ENDS: Final = re.compile(r"[.!?؟।…]+(?:[\"»”’)\]]|\s|$)|[。!?]")
_BRACKET: Final = re.compile(r"[(\[{【〔]")
_QUOTED: Final = re.compile(r"[\"“”«»„「『]")
_QUOTED_SAID: Final = re.compile(r"[\"“”«»„「『'‘’]")
_COLON: Final = re.compile(r":(?!\d)")
_COLON_SAID: Final = re.compile(r"[:;—–\"“”«„\d-]")


@dataclass(frozen=True, slots=True)
class Pair:
    """A plain source text, the plain answer to it, and their languages.

    `around` is the whole sentence of the source where it goes over several cues.
    """

    source: str
    answer: str
    languages: tuple[str, str]
    around: str = ""

    @property
    def spoken(self) -> str:
        """The whole sentence of the source."""
        return self.around or self.source

    @property
    def width(self) -> float:
        """The width of the answer, less some slack, by that of a usual translation.

        Where a sentence goes over several cues, an answer may have words of the others, too.
        """
        near = usual_width(self.spoken, self.languages) + usual_width(self.source, self.languages)
        return (columns(self.answer) - _SLACK) / (near / 2)


def is_remark(one: Pair) -> bool | None:
    """Whether the signs tell that an answer speaks of its source; None for unknown languages."""
    if not has_concepts(one.languages):
        return None
    if _SURE & _new_notions(one, one.languages[1]):
        return True
    weights, found = _weights(), signs(one)
    return weights[""] + sum(weights[name] * value for name, value in found.items()) > 0


def talks_on(one: Pair) -> bool:
    """Whether an answer goes on after the translation, by its form alone, in whatever language."""
    more = sentences(one.answer) > sentences(one.spoken)
    return (more and one.width > _GOES_ON) or one.width > _FAR_LONGER


def signs(one: Pair) -> Mapping[str, float]:
    """The signs in an answer by name, as numbers from 0 on."""
    code = one.languages[1]
    new = _new_notions(one, code)
    shown = {**_of_form(one), **_of_things(one)}
    shown |= {f"says {name}": float(name in new) for name in NOTIONS}
    # Any sentence may deny something in other words than its source.
    telling = new - {"no"}
    shown |= {f"{count} notions": float(len(telling) >= count) for count in (1, 2, 3)}
    shown["notions said"] = float(len(features(one.source, one.languages[0]) & _ALL))
    shown["notions kept"] = float(len((features(one.answer, code) & _ALL) - new))
    shown["opener"] = float(_has_opener(one))
    shown["a notion, nothing shared"] = float(bool(telling) and bool(shown["nothing shared"]))
    shown["phrase"] = float(about_the_task(one.source, one.answer, one.languages) is not None)
    if code != "en":
        shown["English notions"] = float(len(_new_notions(one, "en")) > 1)
    return shown


def _new_notions(one: Pair, code: str) -> Set[str]:
    """The notions in an answer, read in a language, for which the source gives no ground."""
    said = source_notions(one.spoken, one.languages[0])
    return (features(one.answer, code) & _ALL) - said


def source_notions(source: str, code: str) -> Set[str]:
    """The notions for which a plain source text gives ground."""
    said = {name.removesuffix(_OTHER_WORDS) for name in features(source, code)}
    said |= _DENIED if "no" in said else set()
    return said | ({"task"} if "near" in said else set())


def _of_form(one: Pair) -> dict[str, float]:
    """What length, sentences and punctuation tell."""
    length = math.log(max(one.width, _NARROWEST))
    least = math.log(max(replace(one, around="").width, _NARROWEST))
    more = sentences(one.answer) - sentences(one.source)
    return {
        "longer": max(0.0, length),
        "much longer": max(0.0, length - _MUCH_LONGER),
        "shorter": max(0.0, -least),
        "short source": float(columns(one.source) < _SHORT),
        "sentences more": float(min(_MOST_SENTENCES, max(0, more))),
        "question": float(_only(_ASKS, one, _ASKS)),
        "bracket": float(_only(_BRACKET, one, _BRACKET)),
        "quotation": float(_only(_QUOTED, one, _QUOTED_SAID)),
        "colon": float(_only(_COLON, one, _COLON_SAID)),
        "slash": float("/" in one.answer and "/" not in one.source),
        "text behind a colon": float(_has_text_behind_colon(one)),
    }


def _only(pattern: re.Pattern[str], one: Pair, ground: re.Pattern[str]) -> bool:
    return pattern.search(one.answer) is not None and ground.search(one.spoken) is None


def _has_text_behind_colon(one: Pair) -> bool:
    """Whether something stands before a colon, and as much as a translation behind it."""
    colon = _COLON.search(one.answer)
    speaks = "say" in shared("", one.source, one.languages[::-1]).new
    if colon is None or speaks or not _only(_COLON, one, _COLON_SAID):
        return False
    rest = replace(one, answer=one.answer[colon.end() :])
    return rest.width > _HALF and one.width > 1.0


def _has_opener(one: Pair) -> bool:
    """Whether a short sentence of consent stands before the others: Sure! Of course."""
    first = _ENDS.split(one.answer)[0]
    if sentences(one.answer) <= sentences(one.source) or columns(first) > _LONGEST_OPENER:
        return False
    spoken, code = one.languages
    said = "ready" in source_notions(one.source, spoken) or _agrees(one.source, spoken)
    return not said and ("ready" in features(f"{first}.", code) or _agrees(first, code))


def _agrees(text: str, code: str) -> bool:
    return "yes" in shared("", text, (code, code)).new


def _of_things(one: Pair) -> dict[str, float]:
    """What the things tell of which the two speak."""
    both = shared(one.source, one.answer, one.languages, one.around)
    lost = max(0.0, both.said - both.kept)
    strange = both.kept < _LITTLE
    long = columns(one.source) >= _LONG
    return {
        "kept": both.kept,
        "lost": min(lost, _MORE),
        "lost share": lost / (both.said + _SOME),
        "nothing shared": float(strange),
        "much, nothing shared": float(strange and both.said >= _MUCH),
        "more, nothing shared": float(strange and both.said >= _MORE),
        "long, nothing shared": float(strange and both.said >= _MUCH and long),
        "further things": float(len(both.new)),
        "further share": len(both.new) / (len(both.new) + both.kept + _SOME),
        "I": float("i" in both.new),
        "you": float("you" in both.new),
    }


def usual_width(source: str, languages: tuple[str, str]) -> float:
    """How many columns a translation of a text usually has, by the languages."""
    spoken, wanted = map(base, languages)
    return max(1, columns(source)) * _WIDTHS.get(wanted, 1.0) / _WIDTHS.get(spoken, 1.0)


def sentences(text: str) -> int:
    """How many sentences a plain text has, by its full stops, question and exclamation marks."""
    return sum(any(map(str.isalnum, part)) for part in _ENDS.split(text))


@functools.cache
def _weights() -> Mapping[str, float]:
    """The weight of each sign; that of no name counts always."""
    text = files("vat").joinpath("data/remark_weights.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.split("\n"), delimiter="\t")
    return {row["sign"]: float(row["weight"]) for row in rows}
