"""Voice encoders of the right shape: one that knows nothing, and one that knows a few voices."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from vat.media.sound import SPEECH_RATE, Samples
from vat.speech.voices import Vectors, VoiceEncoder, raised

_MELS, _SIZE, _LAYERS = 40, 256, 3
_OPEN, _SHUT, _HARDLY = 20.0, -20.0, -5.0
"""A gate lets everything pass, or nothing, or a hundredth."""

_GAIN = 100.0
"""So much louder, a band is either there or not."""

_WINDOW = round(1.6 * SPEECH_RATE)


def make_encoder(path: Path) -> Path:
    """Write the weights of an encoder that knows nothing to `path`."""
    torch.manual_seed(1)
    return _written(path, torch.nn.LSTM(_MELS, _SIZE, _LAYERS), torch.nn.Linear(_SIZE, _SIZE))


def make_knowing_encoder(path: Path, voices: Sequence[Samples]) -> Path:
    """Write the weights of an encoder that tells these voices (16 kHz) apart to `path`.

    Its first layer counts for how long each band is heard, the others pass that on; the last one
    makes of it whose voice it is, by least squares.
    """
    lstm, linear = torch.nn.LSTM(_MELS, _SIZE, _LAYERS), torch.nn.Linear(_SIZE, _SIZE, False)
    with torch.no_grad():
        for one in lstm.parameters():
            one.zero_()
        for layer, size in enumerate((_MELS, _SIZE, _SIZE)):
            counts = layer == 0
            gates = getattr(lstm, f"bias_ih_l{layer}").view(4, _SIZE)
            gates[0], gates[1] = (_HARDLY, _OPEN) if counts else (_OPEN, _SHUT)
            gates[3] = _OPEN
            weights = getattr(lstm, f"weight_ih_l{layer}").view(4, _SIZE, size)
            weights[2] = torch.eye(_SIZE, size) * (_GAIN if counts else 1.0)
        linear.weight.copy_(torch.eye(_SIZE))
        passing = VoiceEncoder(_written(path, lstm, linear), 1)
        heard = [_bands(passing, voice) for voice in voices]
        given = np.vstack(heard)
        whose = np.repeat(np.eye(len(voices)), [len(one) for one in heard], axis=0)
        square = given.T @ given + 1e-3 * np.eye(_MELS)
        linear.weight.zero_()
        solved = np.linalg.solve(square, given.T @ whose)
        linear.weight[: len(voices), :_MELS] = torch.from_numpy(solved.T)
    return _written(path, lstm, linear)


def _bands(encoder: VoiceEncoder, voice: Samples) -> Vectors:
    starts = range(0, len(voice) - _WINDOW + 1, _WINDOW // 4)
    return encoder.vectors([raised(voice[at : at + _WINDOW]) for at in starts])[:, :_MELS]


def _written(path: Path, lstm: torch.nn.LSTM, linear: torch.nn.Linear) -> Path:
    parts: dict[str, torch.nn.Module] = {"lstm": lstm, "linear": linear}
    state = {f"{name}.{k}": v for name, part in parts.items() for k, v in part.state_dict().items()}
    # One without an offset has an offset of nothing.
    state.setdefault("linear.bias", torch.zeros(_SIZE))
    torch.save({"model_state": state}, path)
    return path
