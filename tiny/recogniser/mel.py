"""Log-mel power without Whisper's clamp, on faster-whisper's own frames."""

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

_EXTRACTOR = FeatureExtractor()
_WINDOW = np.hanning(401)[:-1].astype("float32")


def log_mel(samples: NDArray[np.floating]) -> NDArray[np.float32]:
    """The power of 80 mel bands as log10, shape (80, n) at 10 ms, of samples at 16 kHz."""
    padded = np.pad(samples.astype(np.float32), (0, 160))
    bins = _EXTRACTOR.stft(padded, 400, 160, window=_WINDOW, return_complex=True)
    power = np.abs(bins.astype("complex64")[..., :-1]) ** 2
    powers: NDArray[np.float32] = np.log10(np.clip(_EXTRACTOR.mel_filters @ power, 1e-10, None))
    return powers
