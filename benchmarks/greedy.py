"""The layout before the present one, to compare with: each sentence cut at its best place."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import columns, lay_out, places
from vat.subtitles.sentences import sentence_ends
from vat.timeline import Cue, Word

PAUSE_SECONDS: Final = 1.5
GAP_SECONDS: Final = 0.083
COLUMNS_PER_SECOND: Final = 17.0
MOST_COLUMNS_PER_SECOND: Final = 3 * COLUMNS_PER_SECOND

_CLAUSE_ENDS = tuple(",;:–—，、；：…")
_FILL = 0.85
_FEW_PARTS = 8


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
    lines = lay_out(text, language, settings).split("\n")
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
    phrase_ends = frozenset(places(text, language, settings.max_columns).resumes)
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
        phrase = 0.5 if after.space or positions[cut - 1] in phrase_ends else 0.0
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
        text = lay_out(text_of(group), language, settings)
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
