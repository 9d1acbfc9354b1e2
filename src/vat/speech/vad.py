"""Where there is speech: Silero's voice activity detection, as faster-whisper ships it."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vat.files import atomic_path
from vat.media.sound import SPEECH_RATE, Samples, read_span
from vat.timeline import Interval

Frames = NDArray[np.float32]
"""One value per frame of a video."""

_FRAME: Final = 512

FRAME_SECONDS: Final = _FRAME / SPEECH_RATE
"""Length of the frames that Silero judges."""

THRESHOLD: Final = 0.5
"""Probability from which a frame begins speech; Silero's own default."""

END_THRESHOLD: Final = 0.35
"""Probability below which speech may end; Silero's default is 0.15 below the other."""

MIN_PAUSE_SECONDS: Final = 0.1
"""A shorter pause does not end speech; Silero's own default."""

_BLOCK_FRAMES = 18750  # ten minutes
_WARM_UP_FRAMES = 94  # three seconds in which the network forgets that a block began


def speech_probability(path: str | Path, duration: float) -> Frames:
    """Probability of speech per frame of FRAME_SECONDS, shape (ceil(duration / frame),).

    Reads a 16 kHz file in blocks, so that memory does not grow with its length.
    """
    from faster_whisper.vad import get_vad_model

    model = get_vad_model()
    count = max(1, int(np.ceil(duration / FRAME_SECONDS)))
    found = np.zeros(count, np.float32)
    for first in range(0, count, _BLOCK_FRAMES):
        last = min(first + _BLOCK_FRAMES, count)
        early = max(0, first - _WARM_UP_FRAMES)
        sound = read_span(path, early * FRAME_SECONDS, last * FRAME_SECONDS)
        found[first:last] = np.asarray(model(sound)).reshape(-1)[first - early : last - early]
    return found


def detected(sound: Samples) -> Frames:
    """Probability of speech per frame of a sound that is heard on its own."""
    from faster_whisper.vad import get_vad_model

    padded = np.pad(sound, (0, -len(sound) % _FRAME))
    found: Frames = np.asarray(get_vad_model()(padded), np.float32).reshape(-1)
    return found


def frame_energy(path: str | Path, duration: float) -> Frames:
    """Root mean square of the sound per frame, shape as `speech_probability`'s."""
    count = max(1, int(np.ceil(duration / FRAME_SECONDS)))
    found = np.zeros(count, np.float32)
    for first in range(0, count, _BLOCK_FRAMES):
        last = min(first + _BLOCK_FRAMES, count)
        sound = read_span(path, first * FRAME_SECONDS, last * FRAME_SECONDS)
        found[first:last] = np.sqrt(np.mean(sound.reshape(last - first, -1) ** 2, axis=1))
    return found


def speech_intervals(probability: Frames, duration: float) -> list[Interval]:
    """Stretches of speech in seconds, ordered and apart, by thresholds with hysteresis."""
    pause = round(MIN_PAUSE_SECONDS / FRAME_SECONDS)
    intervals: list[Interval] = []
    begin: int | None = None
    quiet = 0
    for index, value in enumerate([*probability.tolist(), *[0.0] * (pause + 1)]):
        if value >= THRESHOLD:
            begin = index if begin is None else begin
            quiet = 0
        elif begin is not None and (value < END_THRESHOLD or quiet):
            quiet += 1
            if quiet > pause:
                end = min((index - quiet + 1) * FRAME_SECONDS, duration)
                intervals.append((round(begin * FRAME_SECONDS, 3), round(end, 3)))
                begin, quiet = None, 0
    return intervals


def voice(probability: Frames, start: float, end: float) -> Frames:
    """The frames that lie between two moments in seconds, in whole or in part; at least one."""
    first = min(max(int(start / FRAME_SECONDS), 0), len(probability) - 1)
    last = max(int(np.ceil(end / FRAME_SECONDS)), first + 1)
    return probability[first:last]


def write_probability(path: str | Path, probability: Frames) -> None:
    """Write probabilities in steps of 1/255, a byte a frame: 340 kB for three hours."""
    with atomic_path(path) as part:
        np.save(part, np.round(probability * 255).astype(np.uint8))


def read_probability(path: str | Path) -> Frames:
    """Read what `write_probability` wrote."""
    steps: NDArray[np.uint8] = np.load(path, allow_pickle=False)
    return steps.astype(np.float32) / np.float32(255)
