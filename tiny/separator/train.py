"""Train the tiny separator.

    python -m tiny.separator.train SECONDS OUTPUT.ckpt

Its size is that of models/separator/config.yaml. Needs melband-roformer-infer and espeak-ng.
"""

import argparse
import copy
import queue
import threading
import time
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Final

import numpy as np
import torch
import yaml
from mel_band_roformer import MelBandRoformer
from torch import Tensor, nn

from tiny import ROOT
from tiny.judging import distortion_ratio
from tiny.separator.mixtures import Sound, mixture
from tiny.separator.speech import RATE, TEST_VOICES, VOICES, corpus

BATCH: Final = 4
COUNT: Final = 2 * RATE // 256 * 256
"""Samples of a mixture that is trained on."""
RATE_OF_LEARNING: Final = 3e-3
_WINDOWS: Final = {size: torch.hann_window(size) for size in (256, 512, 1024)}


def make_model() -> nn.Module:
    """The network before it has learned anything."""
    text = (ROOT / "models" / "separator" / "config.yaml").read_text(encoding="utf-8")
    options = yaml.safe_load(text)["model"]
    sizes = "multi_stft_resolutions_window_sizes"
    model: nn.Module = MelBandRoformer(**{**options, sizes: tuple(options[sizes])})
    return model


def feed(speech: Sequence[Sound], batches: "queue.Queue[tuple[Tensor, Tensor]]") -> None:
    """Make batches of mixtures and their speech for ever."""
    chance = np.random.default_rng(0)
    while True:
        pairs = [mixture(speech, chance, COUNT) for _ in range(BATCH)]
        mixed, voice = (torch.from_numpy(np.stack(side)) for side in zip(*pairs, strict=True))
        batches.put((mixed, voice))


def spectrum(sound: Tensor, size: int) -> Tensor:
    """The short-time spectrum with a window of so many samples."""
    flat = sound.reshape(-1, sound.shape[-1])
    bins = torch.stft(flat, size, size // 4, window=_WINDOWS[size], return_complex=True)
    return torch.view_as_real(bins)


def loss_of(found: Tensor, truth: Tensor) -> Tensor:
    """How far the separated speech is from the true one, as samples and as spectra."""
    # First the samples: gradients are added up in the order in which losses were made.
    of_samples = 10 * (found - truth).abs().mean()
    spectra = [(spectrum(found, size) - spectrum(truth, size)).abs().mean() for size in _WINDOWS]
    return of_samples + reduce(torch.add, spectra)


def gains(model: nn.Module, tests: Sequence[tuple[Sound, Sound]]) -> tuple[float, float, float]:
    """The mean distortion ratio before and after the model, and its least gain, in dB."""
    model.eval()
    before, after = [], []
    with torch.no_grad():
        for mixed, voice in tests:
            if np.abs(voice).max() < 1e-4 or np.abs(mixed - voice).max() < 1e-4:
                continue
            found = model(torch.from_numpy(mixed)[None])[0].numpy()
            count = found.shape[-1]
            before.append(distortion_ratio(mixed[:, :count], voice[:, :count]))
            after.append(distortion_ratio(found, voice[:, :count]))
    model.train()
    least = np.min(np.array(after) - np.array(before))
    return float(np.mean(before)), float(np.mean(after)), float(least)


def save(model: nn.Module, path: Path) -> None:
    """Write the weights with 16 bits."""
    state = model.state_dict()
    torch.save({k: t.half() if t.is_floating_point() else t for k, t in state.items()}, path)


class Training:
    """A model that learns, and its moving average, which is what is kept."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.average = copy.deepcopy(model).eval()
        self.steps = 0
        self._optimiser = torch.optim.AdamW(model.parameters(), RATE_OF_LEARNING, weight_decay=1e-3)

    def step(self, mixed: Tensor, voice: Tensor, progress: float) -> float:
        """Learn from one batch; the loss. `progress` is the share of the time that is over."""
        rate = RATE_OF_LEARNING * min(1, self.steps / 100)
        rate *= 0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(1, progress)))
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        found = self.model(mixed)
        loss = loss_of(found, voice[..., : found.shape[-1]])
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimiser.step()
        self.steps += 1
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
            for kept, learned in pairs:
                kept.lerp_(learned, 0.005 if self.steps > 400 else 0.05)
        return float(loss.item())


def main() -> None:
    """Train for so many seconds and write the moving average."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("output", type=Path)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    training = Training(make_model())
    speech = corpus(240, 1, VOICES)
    unseen, chance = corpus(12, 99, TEST_VOICES), np.random.default_rng(12345)
    tests = [mixture(unseen, chance, 5 * RATE) for _ in range(12)]
    batches: queue.Queue[tuple[Tensor, Tensor]] = queue.Queue(16)
    threading.Thread(target=feed, args=(speech, batches), daemon=True).start()
    began = time.time()
    while (spent := time.time() - began) < wanted.seconds:
        loss = training.step(*batches.get(), spent / wanted.seconds)
        if training.steps % 500 == 0:
            before, after, least = gains(training.average, tests)
            print(
                f"{spent:.0f} s, step {training.steps}: loss {loss:.3f}, {before:.2f} dB before, "
                f"{after:.2f} dB after, least gain {least:.2f} dB",
                flush=True,
            )
            save(training.average, wanted.output)
    before, after, least = gains(training.average, tests)
    save(training.average, wanted.output)
    print(f"{training.steps} steps: {after - before:.2f} dB gained, {least:.2f} dB at least")


if __name__ == "__main__":
    main()
