"""How loud a video's speech is over its time, for a strip below the player."""

import time
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

RATE: Final = 8
"""Values for a second: a strip of half a minute needs no more, and three hours take 115 kB."""


def waveform(speech: Path) -> dict[str, Any] | None:
    """The loudest sample of each part, a byte each (the square root of its share), as base64.

    None where there is no sound, as of a video whose subtitles came with it.

    Raises:
        soundfile.LibsndfileError: where the file cannot be read.
    """
    if not speech.is_file():
        return None
    import numpy as np
    import soundfile

    with soundfile.SoundFile(speech) as sound:
        size = max(1, sound.samplerate // RATE)
        parts = []
        for block in sound.blocks(blocksize=size * 512, dtype="int16", always_2d=True):
            loud = np.abs(block[:, 0].astype(np.int32))
            loud = np.pad(loud, (0, -len(loud) % size))
            parts.append(loud.reshape(-1, size).max(axis=1))
        peaks = np.concatenate(parts) if parts else np.zeros(1)
        values = np.sqrt(peaks / max(1, peaks.max())) * 255
        rate = sound.samplerate / size
    return {"rate": rate, "values": b64encode(values.astype(np.uint8).tobytes()).decode()}


@dataclass(slots=True)
class Strips:
    """The strips of a run's pages, as long as making them has not taken `seconds` in all.

    An hour of speech takes about a second, and a run of a thousand hours shall end soon.
    """

    seconds: float = 60.0

    def of(self, speech: Path) -> dict[str, Any] | None:
        """The strip of a video, None where there is no sound or no time for it.

        Raises:
            soundfile.LibsndfileError: where the file cannot be read.
        """
        began = time.monotonic()
        found = waveform(speech) if self.seconds > 0 else None
        self.seconds -= time.monotonic() - began
        return found
