"""Windows: what Whisper hears at once, cut where nobody speaks."""

import itertools
from collections.abc import Sequence
from typing import Final

from vat.timeline import Interval, common

MARGIN_SECONDS: Final = 0.25
"""Voices begin before the detection hears them, and end after."""

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
