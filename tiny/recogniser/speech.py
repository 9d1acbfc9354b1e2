"""Speech at 16 kHz with the true time of every word, as the recogniser hears it."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from tiny.voice import Voice

RATE = 16000
_ESPEAK_RATE = 22050


class Speaker:
    """espeak-ng at 16 kHz. Raises OSError where its library is not installed."""

    def __init__(self) -> None:
        self._voice = Voice()
        if self._voice.rate != _ESPEAK_RATE:
            raise OSError(f"espeak-ng speaks at {self._voice.rate} Hz instead of {_ESPEAK_RATE}")

    def say(
        self, text: str, voice: str, rate: int, pitch: int, pitch_range: int = 50, gap: int = 0
    ) -> tuple[NDArray[np.float32], list[tuple[str, float, float]]]:
        """The samples of a text, and its words with their starts and ends in seconds.

        The arguments are those of `tiny.voice.Voice.say`.

        Raises:
            ValueError: for an unknown voice, or where word events do not fit the text.
        """
        spoken = self._voice.say(text, voice, rate, pitch, pitch_range, gap)
        samples: NDArray[np.float32] = resample_poly(spoken.samples, 320, 441).astype(np.float32)
        return samples, spoken.words
