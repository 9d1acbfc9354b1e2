"""How voices sound: one vector per window of speech, by the encoder of Resemblyzer.

The weights are those in Resemblyzer's wheel (Apache 2.0, 17 MB); the package itself is not needed.
"""

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vat.errors import ModelError
from vat.media.sound import SPEECH_RATE, Samples, read_span
from vat.timeline import Interval

logger = logging.getLogger(__name__)

Vectors = NDArray[np.float32]
"""One unit vector per row."""

WINDOW_SECONDS: Final = 1.6
"""What the encoder was trained on."""

STEP_SECONDS: Final = 0.4
"""From window to window: how finely turns can be told, at a twentieth of real time."""

_ROUNDING: Final = 0.001
_AROUND: Final = 0.2
"""Seconds on either side of a short window that are listened to as well."""

_MELS, _SIZE, _LAYERS = 40, 256, 3
_FRAME, _HOP = 400, 160
_LOUDNESS: Final = 10 ** (-30 / 20)
"""Root mean square to which quiet speech is raised: 30 dB below full scale, as in training."""

_BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class Voices:
    """Windows of speech in seconds, in order, and how each sounds; a row of `vectors` for each."""

    windows: list[Interval]
    vectors: Vectors


class VoiceEncoder:
    """Resemblyzer's network: three layers of LSTM over a mel spectrogram.

    `device` is cuda or cpu.

    Raises:
        ModelError: where the file has no such weights.
    """

    def __init__(self, weights: str | Path, threads: int, device: str = "cpu") -> None:
        import torch
        from faster_whisper.feature_extractor import FeatureExtractor

        torch.set_num_threads(threads)
        self._mels = FeatureExtractor.get_mel_filters(SPEECH_RATE, _FRAME, _MELS)
        self._lstm = torch.nn.LSTM(_MELS, _SIZE, _LAYERS, batch_first=True)
        self._linear = torch.nn.Linear(_SIZE, _SIZE)
        try:
            state = torch.load(weights, map_location="cpu", weights_only=True)["model_state"]
            for part, name in ((self._lstm, "lstm."), (self._linear, "linear.")):
                own = {k.removeprefix(name): v for k, v in state.items() if k.startswith(name)}
                part.load_state_dict(own)
        except Exception as error:
            raise ModelError(
                f"'{weights}' is not the voice encoder of Resemblyzer; speakers.model wants the"
                f" file pretrained.pt of its wheel: {error}"
            ) from error
        self._device = device
        self._lstm.to(device)
        self._linear.to(device)

    def vectors(self, sounds: list[Samples]) -> Vectors:
        """How sounds of one length sound, at most a batch at a time."""
        import torch

        mels = torch.from_numpy(np.stack([self._mel(sound) for sound in sounds]))
        mels = mels.to(self._device)
        with torch.inference_mode():
            _, (hidden, _) = self._lstm(mels)
            raw = torch.relu(self._linear(hidden[-1]))
            found: Any = torch.nn.functional.normalize(raw, dim=1).cpu().numpy()
        return np.asarray(found, np.float32)

    def _mel(self, sound: Samples) -> Samples:
        padded = np.pad(sound, _FRAME // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
        shape = np.hanning(_FRAME + 1)[:-1]
        power = np.abs(np.fft.rfft(frames * shape, axis=1)) ** 2
        return np.asarray(power @ self._mels.T, np.float32)


@functools.cache
def load_encoder(weights: str, device: str, threads: int) -> VoiceEncoder:
    """The encoder, loaded once per process."""
    logger.info("loading the voice encoder on %s", device)
    return VoiceEncoder(weights, threads, device)


def windows_of(speech: Sequence[Interval]) -> list[Interval]:
    """Windows over each stretch of speech; a short stretch is one window of its own length."""
    found = []
    for start, end in speech:
        steps = max(round((end - start - WINDOW_SECONDS) / STEP_SECONDS), 0)
        if steps == 0:
            found.append((start, end))
            continue
        last = end - WINDOW_SECONDS
        begins = np.linspace(start, last, steps + 1).tolist()
        found += [(begin, begin + WINDOW_SECONDS) for begin in begins]
    return found


def heard(window: Interval) -> Interval:
    """What is listened to for a window: more than it, where it is short.

    Of a word of a third of a second alone, one in three sounds more like somebody else; with what
    voice detection leaves away around it, none of a hundred.
    """
    start, end = window
    if end - start >= WINDOW_SECONDS - _ROUNDING:
        return window
    return max(start - _AROUND, 0.0), end + _AROUND


def listen(path: str | Path, speech: Sequence[Interval], encoder: VoiceEncoder) -> Voices:
    """How each window of a 16 kHz file's speech sounds; read in parts, so that memory is flat."""
    windows = windows_of(speech)
    found = np.zeros((len(windows), _SIZE), np.float32)
    waiting: dict[int, list[tuple[int, Samples]]] = {}

    def encode(batch: list[tuple[int, Samples]]) -> None:
        found[[at for at, _ in batch]] = encoder.vectors([sound for _, sound in batch])

    for at, window in enumerate(windows):
        sound = raised(read_span(path, *heard(window)))
        # A batch has sounds of one length: tenths of a second.
        length = max(len(sound) // (SPEECH_RATE // 10), 1) * (SPEECH_RATE // 10)
        sound = np.pad(sound, (0, max(length - len(sound), 0)))[:length]
        batch = waiting.setdefault(length, [])
        batch.append((at, sound))
        if len(batch) == _BATCH:
            encode(waiting.pop(length))
    for batch in waiting.values():
        encode(batch)
    return Voices(windows, found)


def raised(sound: Samples) -> Samples:
    """A sound at the loudness that the encoder was trained on, if it is softer."""
    loud = float(np.sqrt(np.mean(sound**2))) if len(sound) else 0.0
    return sound * np.float32(max(_LOUDNESS / loud, 1.0)) if loud > 0 else sound
