"""Silence: long stretches in which surely nothing happens, so that they need not be decoded."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vat.media.sound import SPEECH_RATE, Samples
from vat.timeline import Interval

LEAST_SECONDS: Final = 15.0
"""A shorter pause is cheaper heard than left out: each window costs as much as a full one."""

_MARGIN_SECONDS = 1.0
_FRAME = 512
_SMOOTHED_FRAMES = 5
_STEADY = 1.6
_NOTHING = 1e-5


def surely_silent(sound: Samples, intervals: Sequence[Interval]) -> list[Interval]:
    """Stretches of a sound between stretches of speech in which not even a faint voice can be.

    The voice detection alone is no proof, since it misses faint voices: the level has to be steady
    as well, as that of noise or of nothing is. Times are seconds of the sound.
    """
    seconds = len(sound) / SPEECH_RATE
    edges = [0.0, *(edge for interval in intervals for edge in interval), seconds]
    found = list[Interval]()
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        first, last = max(start, 0.0), min(end, seconds)
        first += _MARGIN_SECONDS if first > 0 else 0.0
        last -= _MARGIN_SECONDS if last < seconds else 0.0
        if last - first >= LEAST_SECONDS:
            piece = sound[round(first * SPEECH_RATE) : round(last * SPEECH_RATE)]
            if _is_steady(piece):
                found.append((first, last))
    return found


def _is_steady(sound: Samples) -> bool:
    """Whether no moment of a sound is much louder than the sound is in general."""
    count = len(sound) // _FRAME
    power = np.mean(sound[: count * _FRAME].reshape(count, _FRAME).astype(np.float64) ** 2, axis=1)
    level = np.sqrt(np.convolve(power, np.full(_SMOOTHED_FRAMES, 1 / _SMOOTHED_FRAMES), "valid"))
    return bool(level.max() <= max(_STEADY * float(np.median(level)), _NOTHING))
