"""From words to cues: subtitles that hold whole sentences where they fit."""

import functools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Final
from unicodedata import category, east_asian_width

from vat.timeline import Cue, Word

PAUSE_SECONDS: Final = 1.5
"""A pause this long ends a cue even inside a sentence; subtitles should not wait on screen."""

GAP_SECONDS: Final = 0.083
"""Least time between two cues where one is extended: two frames at 24 per second, as in Netflix's
timed text style guide."""

COLUMNS_PER_SECOND: Final = 17.0
"""Comfortable reading speed (Netflix's guide for adult programmes): a cue stays at least this long
where there is room."""

MOST_COLUMNS_PER_SECOND: Final = 3 * COLUMNS_PER_SECOND
"""Faster than anyone speaks. Only words with wrong times, such as a dozen at one moment, come near
it; their cues keep to it all the same, and the next ones start later than their words."""

_CLAUSE_ENDS = tuple(",;:–—，、；：…")
_BREAKING_BLANKS = re.compile(r"[^\S\u00a0\u2007\u202f]+")
_UNSPACED = (
    "[\u0e00-\u0e7f\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_UNSPACED_BREAK = re.compile(rf"(?<={_UNSPACED})[ \t]*\n[ \t]*(?={_UNSPACED})")
_NEVER_FIRST = frozenset(
    "、。，．·‧！？：；％…）」』】》〉〕］｝”’,.!?:;%)]}々ーぁぃぅぇぉっゃゅょァィゥェォッャュョ"
)
_NEVER_LAST = frozenset("（「『【《〈〔［｛“‘([{")
_JOINERS = frozenset("\u200d\u2060\ufeff")
_FILL = 0.85  # how full lines get in practice, because they break between words
_FEW_PARTS = 8


@dataclass(frozen=True, slots=True)
class CueSettings:
    """Limits of a cue: columns per line, lines, and seconds on screen."""

    max_columns: int = 42
    max_lines: int = 2
    min_seconds: float = 1.0
    max_seconds: float = 7.0


def make_cues(
    words: Sequence[Word], language: str, settings: CueSettings, duration: float = float("inf")
) -> list[Cue]:
    """Cues that hold all words, each once and in order.

    A sentence is one cue where it fits; a longer one is cut at pauses and clause ends. A cue starts
    with its first word and ends with its last, later where the reader needs the time and the next
    cue leaves it, but not after the video's `duration`. `words` must be ordered by their start.
    """
    groups = [
        part
        for sentence in _sentences(words, language)
        for part in _split(sentence, language, settings)
    ]
    return _timed(_joined(groups, language, settings), language, settings, duration)


def text_of(words: Sequence[Word]) -> str:
    """The words as running text."""
    return "".join((" " if word.space and i else "") + word.text for i, word in enumerate(words))


def one_line(text: str) -> str:
    """The text on one line, with single blanks; blanks at which no line may break are kept.

    Lines are joined without a blank where Chinese, Japanese or Thai characters meet.
    """
    return _BREAKING_BLANKS.sub(" ", _UNSPACED_BREAK.sub("", text)).strip()


def columns(text: str) -> int:
    """Width of a text: two columns for a wide character, none for a combining or invisible one.

    Chinese, Japanese and Korean characters and emoji are wide.
    """
    return sum(map(_width, text))


@functools.cache
def _width(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def lay_out(text: str, language: str, max_columns: int, max_lines: int) -> str:
    """Break a text into as few lines as hold it, of about equal width; no character is lost.

    Lines break between words, or between phrases in languages that write no blanks. Where
    `max_lines` cannot hold the text, there are more lines rather than a lost word; a word that is
    wider than a line stays whole.
    """
    text = one_line(text)
    if columns(text) <= max_columns:
        return text
    pieces = _pieces(text, language, max_columns)
    lines = _fill(pieces, max_columns)
    low, high = columns(text) // len(lines), max_columns
    while low < high:
        middle = (low + high) // 2
        candidate = _fill(pieces, middle)
        if len(candidate) <= len(lines) and max(map(columns, candidate)) <= middle:
            lines, high = candidate, middle
        else:
            low = middle + 1
    return "\n".join(lines)


def sentence_ends(text: str, language: str) -> list[int]:
    """The positions in `text` that follow the last character of each sentence, in order."""
    import sentencex

    # sentencex panics at blanks of several bytes, such as those before French punctuation.
    plain = "".join(" " if character.isspace() else character for character in text)
    found = sentencex.get_sentence_boundaries(language.split("-", maxsplit=1)[0], plain)
    spans = ((span["start_index"], span["end_index"]) for span in found)
    return [a + len(plain[a:b].rstrip()) for a, b in spans if plain[a:b].strip()]


def _pieces(text: str, language: str, max_columns: int) -> list[str]:
    """Pieces between which a line may break; a blank belongs to the piece before it."""
    pieces = []
    for piece in _cut(text, phrase_ends(text, language)):
        if columns(piece) <= max_columns:
            pieces.append(piece)
            continue
        wide = (i for i, (a, b) in enumerate(pairwise(piece), 1) if 2 in (_width(a), _width(b)))
        pieces += _cut(piece, [i for i in wide if _may_break(piece, i)])
    return pieces


def _cut(text: str, places: Sequence[int]) -> list[str]:
    return [text[a:b] for a, b in pairwise([0, *places, len(text)])]


def phrase_ends(text: str, language: str) -> list[int]:
    """Where a line may break inside `text`: after blanks, and between phrases without blanks."""
    ends = {i for i in range(1, len(text)) if text[i - 1] == " "}
    parser = _phrase_parser(language)
    if parser is not None:
        ends |= {i for i in accumulate(map(len, parser(text))) if _may_break(text, i)}
    return sorted(ends)


def _may_break(text: str, at: int) -> bool:
    """Whether a line may end before `text[at]` although there is no blank."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if after.isspace() or before.isspace() or after in _NEVER_FIRST or before in _NEVER_LAST:
        return False
    if category(after) in ("Mn", "Mc", "Me", "Cf", "Sk") or before in _JOINERS:
        return False
    if all("\U0001f1e6" <= character <= "\U0001f1ff" for character in (before, after)):
        return False  # two of them make one flag
    return any(_width(one) == 2 or "\u0e00" <= one <= "\u0e7f" for one in (before, after))


@functools.cache
def _phrase_parser(language: str) -> Callable[[str], list[str]] | None:
    """A splitter into phrases for languages without blanks, None for all others."""
    import budoux

    loaders = {
        "zh": budoux.load_default_simplified_chinese_parser,
        "zh-hans": budoux.load_default_simplified_chinese_parser,
        "zh-hant": budoux.load_default_traditional_chinese_parser,
        "yue": budoux.load_default_traditional_chinese_parser,
        "ja": budoux.load_default_japanese_parser,
        "th": budoux.load_default_thai_parser,
    }
    return loaders[language]().parse if language in loaders else None


def _fill(pieces: Sequence[str], width: int) -> list[str]:
    """Put pieces into lines from left to right; a piece wider than a line gets its own."""
    lines, line = [], ""
    for piece in pieces:
        if line and columns((line + piece).rstrip()) > width:
            lines.append(line.strip())
            line = ""
        line += piece
    return [*lines, line.strip()]


def _sentences(words: Sequence[Word], language: str) -> Iterator[Sequence[Word]]:
    """Runs of words between long pauses and sentence ends."""
    begin = 0
    for end in range(1, len(words) + 1):
        if end == len(words) or words[end].start - words[end - 1].end >= PAUSE_SECONDS:
            yield from _by_sentence(words[begin:end], language)
            begin = end


def _by_sentence(words: Sequence[Word], language: str) -> Iterator[Sequence[Word]]:
    ends = sentence_ends(text_of(words), language)
    begin, passed = 0, 0
    for index, position in enumerate(_positions(words)):
        # A sentence that ends inside a word ("a.b") is closed after the word.
        reached = sum(
            1 for end in ends[passed : passed + len(words[index].text)] if end <= position
        )
        if reached or index + 1 == len(words):
            yield words[begin : index + 1]
            begin, passed = index + 1, passed + reached


def _positions(words: Sequence[Word]) -> Iterator[int]:
    """Where each word ends in `text_of(words)`."""
    return accumulate(len(w.text) + (1 if w.space and i else 0) for i, w in enumerate(words))


def _fits(words: Sequence[Word], language: str, settings: CueSettings) -> bool:
    if len(words) == 1:
        return True
    if words[-1].end - words[0].start > settings.max_seconds:
        return False
    text = text_of(words)
    if columns(text) > settings.max_columns * settings.max_lines:
        return False
    lines = lay_out(text, language, settings.max_columns, settings.max_lines).split("\n")
    return len(lines) <= settings.max_lines and max(map(columns, lines)) <= settings.max_columns


def _split(words: Sequence[Word], language: str, settings: CueSettings) -> Iterator[Sequence[Word]]:
    """Cut a sentence at its best place until every part fits."""
    waiting = [words]
    while waiting:
        part = waiting.pop()
        if _fits(part, language, settings):
            yield part
        else:
            cut = _best_cut(part, language, settings)
            waiting += [part[cut:], part[:cut]]


def _best_cut(words: Sequence[Word], language: str, settings: CueSettings) -> int:
    """Where to cut: rather at a pause, after a clause or a phrase, and so that parts are equal.

    The text needs a number of cues for its width or its time. A place is worse by its distance, in
    cues, from the nearest one that leaves a whole number of them on both sides.
    """
    text, began = text_of(words), words[0].start
    width, seconds = columns(text), max(words[-1].end - began, 0.001)
    by_width = width / (settings.max_columns * settings.max_lines * _FILL)
    by_time = seconds / settings.max_seconds
    parts = max(2, math.ceil(max(by_width, by_time)))
    # A long text is cut near its middle, so that the number of cuts one inside another stays small.
    margin = len(words) // 4 if parts > _FEW_PARTS else 0
    places = frozenset(phrase_ends(text, language))
    best, best_score, passed = 1, -math.inf, 0
    positions = list(_positions(words))
    for cut in range(1, len(words)):
        before, after = words[cut - 1], words[cut]
        passed += columns(before.text) + int(before.space)
        if not margin <= cut <= len(words) - margin:
            continue
        share = (after.start - began) / seconds if by_time > by_width else passed / width
        away = abs(share * parts - min(max(round(share * parts), 1), parts - 1))
        pause = min(max(after.start - before.end, 0.0), 1.0)
        clause = 0.5 if before.text.endswith(_CLAUSE_ENDS) else 0.0
        phrase = 0.5 if after.space or positions[cut - 1] in places else 0.0
        score = pause + clause + phrase - away
        if score > best_score:
            best, best_score = cut, score
    return best


def _joined(
    groups: Sequence[Sequence[Word]], language: str, settings: CueSettings
) -> list[Sequence[Word]]:
    """Join a group that has no time to be read alone to the next one, else to the one before."""
    joined: list[Sequence[Word]] = []
    for group in groups:
        if joined and group[0].start - joined[-1][0].start < settings.min_seconds:
            if _fits(both := [*joined[-1], *group], language, settings):
                joined[-1] = both
                continue
            if len(joined) > 1 and _fits(both := [*joined[-2], *joined[-1]], language, settings):
                joined[-2:] = [both]
        joined.append(group)
    return joined


def _timed(
    groups: Sequence[Sequence[Word]], language: str, settings: CueSettings, duration: float
) -> list[Cue]:
    cues: list[Cue] = []
    for index, group in enumerate(groups):
        text = lay_out(text_of(group), language, settings.max_columns, settings.max_lines)
        start = max(group[0].start, cues[-1].end if cues else 0.0)
        spoken = max(word.end for word in group)
        wanted = start + max(settings.min_seconds, columns(text) / COLUMNS_PER_SECOND)
        end = min(max(spoken, wanted), start + settings.max_seconds)
        if index + 1 < len(groups):
            following = groups[index + 1][0].start
            end = min(end, max(following - GAP_SECONDS, min(spoken, following)))
        end = max(end, start + _least_seconds(text, settings))
        cues.append(Cue(index + 1, start, end, text))
    return _rounded(_within(cues, duration, settings))


def _least_seconds(text: str, settings: CueSettings) -> float:
    return min(columns(text) / MOST_COLUMNS_PER_SECOND, settings.max_seconds)


def _within(cues: Sequence[Cue], duration: float, settings: CueSettings) -> list[Cue]:
    """Let the last cues end with the video; where that leaves no time, they start earlier."""
    moved, limit = list(cues), duration
    for index in range(len(cues) - 1, -1, -1):
        cue = cues[index]
        if cue.end <= limit:
            break
        latest = max(limit - _least_seconds(cue.text, settings), 0.0)
        moved[index] = replace(cue, start=min(cue.start, latest), end=limit)
        limit = moved[index].start
    return moved


def _rounded(cues: Sequence[Cue]) -> list[Cue]:
    """Round to milliseconds, which may neither overlap cues nor leave one without length."""
    rounded: list[Cue] = []
    for cue in cues:
        start = max(round(cue.start, 3), rounded[-1].end if rounded else 0.0)
        rounded.append(
            replace(cue, start=start, end=max(round(cue.end, 3), round(start + 0.001, 3)))
        )
    return rounded
