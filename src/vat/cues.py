"""From words to cues: subtitles that hold whole sentences where they fit."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final
from unicodedata import east_asian_width

from vat.timeline import Cue, Word

PAUSE_SECONDS: Final = 1.5
"""A pause this long ends a cue even inside a sentence; subtitles should not wait on screen."""

GAP_SECONDS: Final = 0.083
"""Least time between two cues where one is extended: two frames at 24 per second, as in Netflix's
timed text style guide."""

COLUMNS_PER_SECOND: Final = 17.0
"""Comfortable reading speed (Netflix's guide for adult programmes): a cue stays at least this long
where there is room."""

_CLAUSE_ENDS = tuple(",;:–—，、；：…")


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


def columns(text: str) -> int:
    """Width of a text; wide characters (Chinese, Japanese, Korean) take two columns."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def lay_out(text: str, language: str, max_columns: int, max_lines: int) -> str:
    """Break a text into as few lines as hold it, of about equal width; no character is lost.

    Lines break between words, or between phrases in languages that write no blanks. Where
    `max_lines` cannot hold the text, there are more lines rather than a lost word.
    """
    text = " ".join(text.split())
    if columns(text) <= max_columns:
        return text
    tokens = _tokens(text, language, max_columns)
    lines = _fill(tokens, max_columns)
    count = len(lines)
    low, high = columns(text) // max(count, 1), max_columns
    while low < high:
        middle = (low + high) // 2
        candidate = _fill(tokens, middle)
        if len(candidate) <= count and max(map(columns, candidate)) <= middle:
            lines, high = candidate, middle
        else:
            low = middle + 1
    return "\n".join(lines)


def _tokens(text: str, language: str, max_columns: int) -> list[str]:
    """Pieces between which a line may break; a blank belongs to the piece before it."""
    parser = _phrase_parser(language)
    if parser is None:
        return [f"{word} " for word in text.split()]
    pieces: list[str] = []
    for phrase in parser(text):
        wide = columns(phrase) > max_columns
        pieces.extend(phrase if wide else [phrase])
    return pieces


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


def _fill(tokens: Sequence[str], width: int) -> list[str]:
    """Put tokens into lines from left to right; a token wider than a line gets its own."""
    lines, line = [], ""
    for token in tokens:
        if line and columns((line + token).rstrip()) > width:
            lines.append(line.strip())
            line = ""
        line += token
    return [*lines, line.strip()] if line.strip() else lines


def _sentences(words: Sequence[Word], language: str) -> Iterator[Sequence[Word]]:
    """Runs of words between long pauses and sentence ends."""
    begin = 0
    for end in range(1, len(words) + 1):
        if end == len(words) or words[end].start - words[end - 1].end >= PAUSE_SECONDS:
            yield from _by_sentence(words[begin:end], language)
            begin = end


def _by_sentence(words: Sequence[Word], language: str) -> Iterator[Sequence[Word]]:
    import sentencex

    text = text_of(words)
    ends, position = set[int](), 0
    for sentence in sentencex.segment(language.split("-", maxsplit=1)[0], text):
        if sentence.strip():
            position = text.index(sentence.strip(), position) + len(sentence.strip())
            ends.add(position)
    begin, position = 0, 0
    for index, word in enumerate(words):
        position += len(word.text) + (1 if word.space and index else 0)
        # A sentence that ends inside a word ("a.b") is closed after the word.
        if index + 1 == len(words) or any(e <= position for e in ends):
            ends = {e for e in ends if e > position}
            yield words[begin : index + 1]
            begin = index + 1


def _fits(words: Sequence[Word], language: str, settings: CueSettings) -> bool:
    if len(words) == 1:
        return True
    if words[-1].end - words[0].start > settings.max_seconds:
        return False
    lines = lay_out(text_of(words), language, settings.max_columns, settings.max_lines).split("\n")
    return len(lines) <= settings.max_lines and max(map(columns, lines)) <= settings.max_columns


def _split(words: Sequence[Word], language: str, settings: CueSettings) -> Iterator[Sequence[Word]]:
    """Halve a sentence at its best place until every part fits."""
    waiting = [words]
    while waiting:
        part = waiting.pop()
        if _fits(part, language, settings):
            yield part
        else:
            cut = _best_cut(part)
            waiting += [part[cut:], part[:cut]]


def _best_cut(words: Sequence[Word]) -> int:
    """Where to cut: near the middle, rather after a comma, rather at a pause."""
    total = columns(text_of(words))
    best, best_score, before = 1, float("-inf"), 0
    for cut in range(1, len(words)):
        before += columns(words[cut - 1].text) + int(words[cut - 1].space)
        balance = abs(2 * before - total) / total
        pause = min(max(words[cut].start - words[cut - 1].end, 0.0), 1.0)
        clause = 0.5 if words[cut - 1].text.endswith(_CLAUSE_ENDS) else 0.0
        score = pause + clause - balance
        if score > best_score:
            best, best_score = cut, score
    return best


def _joined(
    groups: Sequence[Sequence[Word]], language: str, settings: CueSettings
) -> list[Sequence[Word]]:
    """Join a group to the one before where one of them has no time to be read alone."""
    joined: list[Sequence[Word]] = []
    for group in groups:
        if joined and group[0].start - joined[-1][0].start < settings.min_seconds:
            both = [*joined[-1], *group]
            if _fits(both, language, settings):
                joined[-1] = both
                continue
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
        end = min(max(spoken, wanted), start + settings.max_seconds, duration)
        if index + 1 < len(groups):
            following = groups[index + 1][0].start
            room = max(following - GAP_SECONDS, min(spoken, following))
            end = min(end, room)
        # Words without length still need a cue that players show.
        end = max(end, start + 0.001)
        cues.append(Cue(index + 1, round(start, 3), round(end, 3), text))
    return _ordered(cues)


def _ordered(cues: Sequence[Cue]) -> list[Cue]:
    """Undo what rounding to milliseconds may have done to the order."""
    ordered: list[Cue] = []
    for cue in cues:
        start = max(cue.start, ordered[-1].end) if ordered else cue.start
        ordered.append(replace(cue, start=start, end=max(cue.end, round(start + 0.001, 3))))
    return ordered
