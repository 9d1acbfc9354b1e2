"""Log-mel power without Whisper's clamp, on faster-whisper's own frames."""

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

_fe = FeatureExtractor()
_win = np.hanning(401)[:-1].astype("float32")


def logmel(x):
    """log10 mel power without Whisper's clamp (80, n_frames at 10 ms); same frames as faster-whisper"""
    x = np.pad(x.astype(np.float32), (0, 160))
    st = _fe.stft(x, 400, 160, window=_win, return_complex=True).astype("complex64")
    return np.log10(np.clip(_fe.mel_filters @ (np.abs(st[..., :-1]) ** 2), 1e-10, None))
