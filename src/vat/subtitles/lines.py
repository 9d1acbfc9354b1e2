"""The lines of a subtitle: how wide a text is, where it may break, and where it breaks best."""

import functools
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple
from unicodedata import category, east_asian_width

from vat.languages import is_cjk
from vat.subtitles.chinese import script_of
from vat.subtitles.limits import CueSettings
from vat.subtitles.phrases import Bond, bond
from vat.subtitles.sentences import ends_clause, leads_on

_BREAKING_BLANKS = re.compile(r"[^\S\u00a0\u2007\u202f]+")
_SCRIPTS_WITHOUT_BLANKS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"
    "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
)
_ENDS_BEFORE_BLANKS = "\u104a\u104b\u17d4-\u17d6"
_UNSPACED_BREAK = re.compile(
    rf"(?:(?<=[{_SCRIPTS_WITHOUT_BLANKS}])(?<![{_ENDS_BEFORE_BLANKS}])|(?<=\u0f0b))"
    rf"[ \t]*\n[ \t]*(?=[{_SCRIPTS_WITHOUT_BLANKS}\u0f40-\u0f6c])"
)
NEVER_FIRST: Final = frozenset(
    "、。，．·‧！？：；％…）」』】》〉〕］｝”’,.!?:;%)]}々ーぁぃぅぇぉっゃゅょァィゥェォッャュョ"
)
"""Marks that begin no line and no cue."""

NEVER_LAST: Final = frozenset("（「『【《〈〔［｛“‘([{")
"""Marks that end no line and no cue."""

_WITHOUT_BLANKS: Final = (
    *(("\u0e00", "\u0fff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"), ("\uaa60", "\uaa7f")),
)
"""Thai, Lao and Tibetan, Burmese, Khmer, and Burmese's extension."""

_TIBETAN: Final = ("\u0f00", "\u0fff")
_TIBETAN_ENDS: Final = frozenset("\u0f0b\u0f0d\u0f0e\u0f0f\u0f10\u0f11\u0f14")
"""The marks of Tibetan behind syllables, sentences and sections; it breaks nowhere else."""

_STACKERS: Final = frozenset("\u1039\u17d2")
"""Signs that put the next consonant below the one before."""

_VOWELS_BEFORE: Final = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4")
_VOWELS_BEHIND: Final = frozenset("\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3")
"""Vowels of Thai and Lao that are written before, or as letters behind, their consonant."""

_JOINERS = frozenset("\u200d\u2060\ufeff")

_MID_CLAUSE: Final = {Bond.LOOSE: 0.05, Bond.PLAIN: 0.3, Bond.CLOSE: 0.35, Bond.TIGHT: 0.8}
"""What a line break inside a clause costs, by how closely the words around it belong together: a
comma is taken for lines a fifth wider or narrower than their mean, as the guides ask for breaks
after punctuation, and between phrases, before balance."""

_LONE_MARK: Final = 2.0
"""What a line costs that begins with a mark such as ? after a blank: any other break is better."""

_WORD = 24  # how much text around a break its cost is told from


class Places(NamedTuple):
    """Where a line may break: it stops before `text[stops[k]]`, the next begins at `resumes[k]`.

    The two differ by the blank between the lines. Both lists are ordered.
    """

    stops: list[int]
    resumes: list[int]


def one_line(text: str) -> str:
    """The text on one line, with single blanks; blanks at which no line may break are kept.

    Lines are joined without a blank where characters of a script meet that writes none between
    words (Chinese, Japanese, Thai, Lao, Burmese, Khmer, Tibetan syllables), but after the marks
    that end a sentence or a phrase in Burmese and Khmer.
    """
    return collapsed(_UNSPACED_BREAK.sub("", text)).strip()


def collapsed(text: str) -> str:
    """The text with single blanks for those at which a line may break, line ends among them."""
    return _BREAKING_BLANKS.sub(" ", text)


def columns(text: str) -> int:
    """Width of a text: two columns for a wide character, none for a combining or invisible one.

    Chinese, Japanese and Korean characters and emoji are wide.
    """
    return sum(map(_width, text))


def widths(text: str) -> list[int]:
    """Columns before each position of the text, and of all of it: `len(text) + 1` numbers."""
    return list(accumulate(map(_width, text), initial=0))


def lay_out(text: str, language: str, settings: CueSettings) -> str:
    """Break a text into as few lines as hold it, of about equal width; no character is lost.

    Lines break between words, or between phrases in languages that write no blanks, rather after
    punctuation. Phrases are cut where `max_lines` hold the text only so. Where they cannot hold it
    at all, there are more lines rather than a lost word; a word that is wider than a line stays
    whole.
    """
    text, width = one_line(text), settings.max_columns
    laid = arrange(text, places(text, language, width), width, language)
    if laid.count("\n") < settings.max_lines:
        return laid
    finer = arrange(text, places(text, language, 0), width, language)  # every phrase may break
    return finer if finer.count("\n") < settings.max_lines else laid


def places(text: str, language: str, max_columns: int) -> Places:
    """Where lines may break inside a text on one line.

    A phrase without blanks that is wider than a line may break between any two of its characters:
    wide ones, and those of Thai, Lao, Burmese and Khmer with all that belongs to them.
    """
    ends = phrase_ends(text, language)
    inside = []
    for a, b in pairwise([0, *ends, len(text)]):
        if columns(text[a:b]) > max_columns:
            inside += [
                at
                for at in range(a + 1, b)
                if is_unspaced(text[at - 1], text[at]) and may_break(text, at)
            ]
    resumes = sorted({*ends, *inside})
    return Places([at - (text[at - 1] == " ") for at in resumes], resumes)


def arrange(text: str, breaks: Places, max_columns: int, language: str) -> str:
    """The text in the fewest lines, of those ways the best balanced one, by dynamic programming."""
    width = widths(text)
    if width[-1] <= max_columns:
        return text
    stops, begins = [*breaks.stops, len(text)], [0, *breaks.resumes]
    reached = [width[stop] for stop in stops]
    target = width[-1] / _fewest(width, reached, begins, max_columns)
    costs = [
        _break_cost(text[max(stop - _WORD, 0) : stop], text[begin : begin + _WORD], language)
        for stop, begin in zip(breaks.stops, breaks.resumes, strict=True)
    ]
    best: list[tuple[int, float]] = [(0, 0.0)] * (len(stops) + 1)
    following = list(range(1, len(stops) + 1))
    for first in range(len(stops) - 1, -1, -1):
        begin = width[begins[first]]
        beyond = max(first + 1, bisect_right(reached, begin + max_columns))
        options = []
        for last in range(first, beyond):
            lines, badness = best[last + 1]
            badness += ((reached[last] - begin) / target - 1) ** 2
            if last + 1 < len(stops):
                badness += costs[last]
            options.append((lines + 1, badness, last + 1))
        lines, badness, following[first] = min(options)
        best[first] = lines, badness
    rows, at = [], 0
    while at < len(stops):
        rows.append(text[begins[at] : stops[following[at] - 1]])
        at = following[at]
    return "\n".join(rows)


def _break_cost(before: str, after: str, language: str) -> float:
    if after[0] in NEVER_FIRST:
        return _LONE_MARK
    if ends_clause(before) and not leads_on(before):
        return 0.0
    return _MID_CLAUSE[bond(before.rpartition(" ")[2], after.partition(" ")[0], language)]


def _fewest(
    width: Sequence[int], reached: Sequence[int], begins: Sequence[int], max_columns: int
) -> int:
    """How many lines hold the text, filled from left to right."""
    lines, at = 0, 0
    while at < len(reached):
        at = max(at + 1, bisect_right(reached, width[begins[at]] + max_columns))
        lines += 1
    return lines


@functools.cache
def _width(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def phrase_ends(text: str, language: str) -> list[int]:
    """Where a line may break inside `text`: after blanks, and between phrases without blanks."""
    ends = {
        i + 1
        for i in range(1, len(text) - 1)
        if text[i] == " " and not text[i - 1].isspace() and not text[i + 1].isspace()
    }
    parser = _phrase_parser(script_of(text, language) or language)
    if parser is not None:
        ends |= {i for i in accumulate(map(len, parser(text))) if may_break(text, i)}
    return sorted(ends)


def torn_by_blanks(text: str, language: str) -> frozenset[int]:
    """The positions after those blanks in Chinese or Japanese text that stand inside a phrase.

    Speech recognition writes them where somebody hesitates. In Thai a blank ends a clause.
    """
    if not is_cjk(language):
        return frozenset()
    blanks = [
        at
        for at in range(1, len(text) - 1)
        if text[at] == " " and text[at - 1].isalpha() and is_unspaced(text[at - 1])
        if text[at + 1].isalpha() and is_unspaced(text[at + 1])
    ]
    if not blanks:
        return frozenset()
    pieces = [text[a + 1 : b] for a, b in pairwise([-1, *blanks, len(text)])]
    ends = frozenset(phrase_ends("".join(pieces), language))
    joints = accumulate(map(len, pieces))
    return frozenset(at + 1 for at, joint in zip(blanks, joints, strict=False) if joint not in ends)


def may_break(text: str, at: int) -> bool:
    """Whether a line may end before `text[at]` although there is no blank."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if after.isspace() or before.isspace() or after in NEVER_FIRST or before in NEVER_LAST:
        return False
    if tears(before, after):
        return False
    if _TIBETAN[0] <= before <= _TIBETAN[1] and _TIBETAN[0] <= after <= _TIBETAN[1]:
        return before in _TIBETAN_ENDS and after not in _TIBETAN_ENDS
    if all("\U0001f1e6" <= character <= "\U0001f1ff" for character in (before, after)):
        return False  # two of them make one flag
    return is_unspaced(before, after)


def tears(before: str, after: str) -> bool:
    """Whether two neighbouring characters are one in print, which neither line nor cue may part."""
    if category(after) in ("Mn", "Mc", "Me", "Cf", "Sk") or before in _JOINERS:
        return True
    return before in _STACKERS or before in _VOWELS_BEFORE or after in _VOWELS_BEHIND


def is_unspaced(*characters: str) -> bool:
    """Whether one of the characters is of a script without blanks between words."""
    return any(
        _width(one) == 2 or any(first <= one <= last for first, last in _WITHOUT_BLANKS)
        for one in characters
    )


@functools.cache
def _phrase_parser(language: str) -> Callable[[str], list[str]] | None:
    """A splitter into phrases for languages without blanks, None for all others.

    Chinese goes by its form of writing, Hans or Hant.
    """
    import budoux

    loaders = {
        "Hans": budoux.load_default_simplified_chinese_parser,
        "Hant": budoux.load_default_traditional_chinese_parser,
        "ja": budoux.load_default_japanese_parser,
        "th": budoux.load_default_thai_parser,
    }
    return loaders[language]().parse if language in loaders else None
