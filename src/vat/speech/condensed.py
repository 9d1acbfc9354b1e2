"""Condensed sound: what is to be heard, without its silence, and when it really was."""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from vat.media.sound import SPEECH_RATE, Samples
from vat.timeline import Interval, common, without

LONG_SECONDS: Final = 12.0
"""What lies on both sides of a longer silence is not heard in one window: it may be a far voice and
a near one, and Whisper passes over a quiet phrase beside a loud one."""


@dataclass(frozen=True, slots=True)
class Condensed:
    """The pieces of a sound that follow one another in the condensed one.

    `pieces` are in seconds of the whole sound, ordered and apart. The times of this class's methods
    are seconds, too: of the whole sound, or of the condensed one.
    """

    pieces: Sequence[Interval]

    @classmethod
    def of(cls, seconds: float, silent: Sequence[Interval]) -> Self:
        """A sound of so many seconds without its silent stretches, at whole samples."""
        kept = without([(0.0, seconds)], silent)
        return cls([(_at_sample(start), _at_sample(end)) for start, end in kept])

    def sound(self, whole: Samples) -> Samples:
        """The condensed sound."""
        parts = [whole[round(a * SPEECH_RATE) : round(b * SPEECH_RATE)] for a, b in self.pieces]
        return np.concatenate([whole[:0], *parts])

    def condensed(self, intervals: Sequence[Interval]) -> list[Interval]:
        """Where stretches of the whole sound, ordered and apart, are in the condensed one."""
        return [
            (begin + max(start, piece[0]) - piece[0], begin + min(end, piece[1]) - piece[0])
            for begin, piece in zip(self._begins(), self.pieces, strict=False)
            for start, end in common(intervals, [piece])
        ]

    def scenes(self) -> list[Interval]:
        """Stretches of the condensed sound between long silences."""
        begins = self._begins()
        after = [
            begins[at]
            for at, (one, other) in enumerate(itertools.pairwise(self.pieces), 1)
            if other[0] - one[1] >= LONG_SECONDS
        ]
        return list(itertools.pairwise([0.0, *after, begins[-1]]))

    def start(self, moment: float) -> float:
        """When what begins at a moment of the condensed sound began in the whole one."""
        return self._whole(moment, bisect_right(self._begins(), moment) - 1)

    def end(self, moment: float) -> float:
        """When what ends at a moment of the condensed sound ended in the whole one."""
        return self._whole(moment, bisect_left(self._begins(), moment) - 1)

    def _whole(self, moment: float, piece: int) -> float:
        at = min(max(piece, 0), len(self.pieces) - 1)
        return self.pieces[at][0] + moment - self._begins()[at]

    def _begins(self) -> list[float]:
        """When each piece begins in the condensed sound, and when the last ends."""
        lengths = (end - start for start, end in self.pieces)
        return list(itertools.accumulate(lengths, initial=0.0))


def _at_sample(moment: float) -> float:
    return round(moment * SPEECH_RATE) / SPEECH_RATE
