"""Silence: stretches in which surely nobody speaks, so that they need not be decoded."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vat.media.sound import SPEECH_RATE, Samples, read_span
from vat.speech.vad import FRAME_SECONDS, detected
from vat.timeline import Interval, union

LEAST_SECONDS: Final = 3.0
"""Silence shorter than this, of which only the voice detection tells, is not worth a cut."""

LEAST_STEADY_SECONDS: Final = 2.0
"""Sound of one level needs no voice detection to be silence, and is cut from this length on."""

NO_VOICE: Final = 0.05
"""Probability of speech below which a levelled sound holds no voice. Faint sentences in hiss or
music right after loud music, which the detection misses altogether as they are, have no whole
second below this when they are levelled; music without singing has a minute."""

_BLOCK_SECONDS = 600.0
_MARGIN_SECONDS = 1.0
_FRAME = 512
_SMOOTHED_FRAMES = 5
_STEADY = 1.6
_NOTHING = 1e-5

_STEP = SPEECH_RATE // 10
_LEVEL_STEPS = 10
_LEVEL = 0.05


def surely_silent(sound: Samples, intervals: Sequence[Interval]) -> list[Interval]:
    """Stretches of a sound between stretches of speech in which not even a faint voice can be.

    The voice detection alone is no proof, since it misses faint voices. So either the level is
    steady as well, as that of noise or of nothing is, or the detection hears nothing in the same
    stretch with all of it made equally loud. Times are seconds of the sound.
    """

    def read(start: float, end: float) -> Samples:
        return sound[round(start * SPEECH_RATE) : round(end * SPEECH_RATE)]

    return _silent(read, intervals, len(sound) / SPEECH_RATE)


def silent_stretches(
    path: str | Path, intervals: Sequence[Interval], duration: float
) -> list[Interval]:
    """What `surely_silent` finds in a file of speech, at whole milliseconds or its very end.

    Of a file no more is read at once than ten minutes.
    """
    found = union(_silent(partial(read_span, path), intervals, duration))
    return [
        (round(start, 3), duration if end == duration else round(end, 3)) for start, end in found
    ]


def _silent(
    read: Callable[[float, float], Samples], intervals: Sequence[Interval], seconds: float
) -> list[Interval]:
    edges = [0.0, *(edge for interval in intervals for edge in interval), seconds]
    found = list[Interval]()
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        first, last = max(start, 0.0), min(end, seconds)
        first += _MARGIN_SECONDS if first > 0 else 0.0
        last -= _MARGIN_SECONDS if last < seconds else 0.0
        while last - first >= LEAST_STEADY_SECONDS:
            until = min(last, first + _BLOCK_SECONDS)
            found += _silent_in(read(first, until), first, until)
            first = until
    return found


def _silent_in(piece: Samples, first: float, last: float) -> list[Interval]:
    """What is silent of a piece without speech between two moments."""
    if _is_steady(piece):
        return [(first, last)]
    if last - first < LEAST_SECONDS:
        return []
    return [(first + a, first + b) for a, b in _voiceless(piece)]


def _is_steady(sound: Samples) -> bool:
    """Whether no moment of a sound is much louder than the sound is in general."""
    level = _loudness(sound, _FRAME, _SMOOTHED_FRAMES)
    return bool(level.max() <= max(_STEADY * float(np.median(level)), _NOTHING))


def _voiceless(sound: Samples) -> Iterator[Interval]:
    """Stretches in which the levelled sound holds no voice, and a margin from what may be one."""
    seconds = len(sound) / SPEECH_RATE
    voices = np.flatnonzero(detected(levelled(sound)) >= NO_VOICE) * FRAME_SECONDS
    starts = [0.0, *(float(voice) + FRAME_SECONDS + _MARGIN_SECONDS for voice in voices)]
    ends = [*(float(voice) - _MARGIN_SECONDS for voice in voices), seconds]
    for start, end in zip(starts, ends, strict=True):
        if end - start >= LEAST_SECONDS:
            yield start, end


def levelled(sound: Samples) -> Samples:
    """A sound with each second of it about equally loud, but nothing made of nothing."""
    level = _loudness(sound, _STEP, _LEVEL_STEPS, "same")
    middles = (np.arange(len(level)) + 0.5) * _STEP
    gain = np.interp(np.arange(len(sound)), middles, _LEVEL / np.maximum(level, _NOTHING))
    found: Samples = (sound * gain).astype(np.float32)
    return found


def _loudness(
    sound: Samples, step: int, smoothed: int, edges: str = "valid"
) -> NDArray[np.float64]:
    """Root mean square of each `step` samples and its neighbours."""
    count = len(sound) // step
    power = np.mean(sound[: count * step].reshape(count, step).astype(np.float64) ** 2, axis=1)
    mean = np.convolve(power, np.full(smoothed, 1 / smoothed), edges)  # type: ignore[call-overload]
    level: NDArray[np.float64] = np.sqrt(mean)
    return level
