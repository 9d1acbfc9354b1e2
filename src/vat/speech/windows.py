"""Windows: what Whisper hears at once, cut where nobody speaks."""

import itertools
from collections.abc import Sequence
from typing import Final

from vat.speech.condensed import Condensed
from vat.timeline import Interval, common, within

WINDOW_SECONDS: Final = 30
"""What Whisper hears at once, unless a model was trained otherwise."""

CLEAR_PAUSE_SECONDS: Final = 0.3
"""A pause in which no word goes on: that of a speaker who takes a breath."""

MARGIN_SECONDS: Final = 0.25
"""Voices begin before the detection hears them, and end after."""

_LEAST_SECONDS = 0.01
_ROUNDING_SECONDS = 1e-3
_EARLIEST_CUT: Final = 2 / 3
"""Share of a window in which no end is sought while there is a later pause."""


def windows(span: Interval, intervals: Sequence[Interval], length: float) -> list[Interval]:
    """Windows of at most `length` seconds that tile a span, cut between stretches of speech.

    Of the pauses in the last third of a window, its end is the middle of the longest, so that
    sentences stay whole. Times are relative to the span's start. Speech longer than a window is
    cut where it must be.
    """
    pauses = [(a[1], b[0]) for a, b in itertools.pairwise(intervals)]
    start, found = span[0], list[Interval]()
    while span[1] - start > length:
        cut = _cut(start, length, pauses)
        found.append((start - span[0], cut - span[0]))
        start = cut
    return [*found, (start - span[0], span[1] - span[0])]


def condensed_windows(
    condensed: Condensed, spoken: Sequence[Interval], length: float
) -> list[Interval]:
    """The windows of all scenes that are left of a sound, in its condensed time.

    What is too short to hold a sound is none.
    """
    return [
        (scene[0] + start, scene[0] + end)
        for scene in condensed.scenes()
        for start, end in windows(scene, spoken, length)
        if end - start >= _LEAST_SECONDS
    ]


def breaks(
    passages: Sequence[Interval],
    speech: Sequence[Interval],
    silent: Sequence[Interval],
    length: float,
) -> list[Interval]:
    """Where a video can be cut so that it is heard in the same windows as in one piece.

    That is anywhere in the silence, or at the moment, at which one window ends and the next begins,
    except where somebody speaks. `passages` tile the video; each has windows of its own.
    """
    found = list[Interval]()
    for begin, finish in passages:
        axis = Condensed.of(finish - begin, within(silent, (begin, finish)))
        spoken = axis.condensed(within(speech, (begin, finish)))
        edges = [edge for window in condensed_windows(axis, spoken, length) for edge in window]
        found += [_silence_at(begin + axis.start(edge), silent) for edge in edges]
        if not edges:
            found.append((begin, finish))
    half = CLEAR_PAUSE_SECONDS / 2 - _ROUNDING_SECONDS
    return sorted({place for place in found if not common(speech, [_wider(place, half)])})


def _silence_at(moment: float, silent: Sequence[Interval]) -> Interval:
    """The silence in which a moment lies, or the moment."""
    for start, end in silent:
        if start - _ROUNDING_SECONDS <= moment <= end + _ROUNDING_SECONDS:
            return start, end
    return round(moment, 4), round(moment, 4)


def _wider(place: Interval, seconds: float) -> Interval:
    return place[0] - seconds, place[1] + seconds


def voiced(
    found: Sequence[Interval], intervals: Sequence[Interval], begin: float
) -> list[Interval]:
    """Windows without the silence before their first and after their last speech.

    Windows without speech are left out. `begin` is when the span begins to whose start the windows
    are relative.
    """
    trimmed = list[Interval]()
    for start, end in found:
        spoken = common(intervals, [(start + begin, end + begin)])
        if spoken:
            first, last = spoken[0][0] - begin, spoken[-1][1] - begin
            trimmed.append((max(start, first - MARGIN_SECONDS), min(end, last + MARGIN_SECONDS)))
    return trimmed


def _cut(start: float, length: float, pauses: Sequence[Interval]) -> float:
    """Where a window that begins at `start` ends."""
    inside = [pause for pause in pauses if start < _middle(pause) <= start + length]
    late = [pause for pause in inside if _middle(pause) > start + length * _EARLIEST_CUT]
    if late:
        return _middle(max(late, key=lambda pause: pause[1] - pause[0]))
    return _middle(inside[-1]) if inside else start + length


def _middle(pause: Interval) -> float:
    return (pause[0] + pause[1]) / 2
