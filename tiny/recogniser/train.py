"""Train the tiny recogniser from nothing, in the stages that models/README.md lists.

    python -m tiny.recogniser.train UTTERANCES.npz OUTPUT.pt --seconds 540 --window 6 --batch 20

A stage goes on from the state of the one before (`--start`).
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tiny.recogniser import utterances
from tiny.recogniser.losses import losses
from tiny.recogniser.network import Network
from tiny.recogniser.tokens import Tokens
from tiny.recogniser.windows import Windows

_WARM = 0.08
"""The part of a stage in which the rate rises."""
_FRAMES_WEIGHT, _LOOKS_WEIGHT = 1.0, 0.5


def options() -> argparse.Namespace:
    """What a stage is made of."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("utterances", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--start", type=Path, help="the state to go on from")
    parser.add_argument("--window", type=float, default=8.0, help="length of a window in s")
    parser.add_argument("--batch", type=int, default=24, help="windows at a time")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--seconds", type=float, default=1e9, help="how long to train")
    parser.add_argument("--steps", type=int, default=400, help="most steps to train")
    parser.add_argument("--prompted", type=float, default=0.1, help="share with earlier text")
    parser.add_argument("--swapped", type=float, default=0.0, help="share of wrong words")
    parser.add_argument("--frozen", action="store_true", help="train no early layer")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def rate_at(progress: float, highest: float) -> float:
    """The learning rate: it rises at first, then falls as a cosine does, to a fiftieth."""
    if progress < _WARM:
        return highest * min(1, (progress + 1e-3) / _WARM)
    part = min(1, (progress - _WARM) / (1 - _WARM))
    return highest * (0.5 * (1 + math.cos(math.pi * part)) * 0.98 + 0.02)


def optimiser_of(network: Network, rate: float) -> torch.optim.Optimizer:
    """AdamW that leaves biases and norms as they are."""
    matrices = [one for one in network.parameters() if one.ndim > 1 and one.requires_grad]
    vectors = [one for one in network.parameters() if one.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0}],
        lr=rate,
        betas=(0.9, 0.98),
    )


def train(network: Network, windows: Windows, zero: int, stage: argparse.Namespace) -> None:
    """Train one stage, and write the state now and then."""
    optimiser = optimiser_of(network, stage.rate)
    began, step, progress = time.time(), 0, 0.0
    figures: dict[str, list[float]] = {}
    while progress < 1:
        progress = max(step / stage.steps, (time.time() - began) / stage.seconds)
        rate = rate_at(progress, stage.rate)
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = windows.batch(stage.batch, stage.window, stage.prompted)
        found = losses(network, batch, zero)
        loss = found.text + _FRAMES_WEIGHT * found.frames + _LOOKS_WEIGHT * found.looks
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        for name, value in found.figures.items():
            figures.setdefault(name, []).append(value)
        if step % 20 == 0:
            means = ", ".join(f"{name} {np.mean(values):.3f}" for name, values in figures.items())
            print(f"{step}: {time.time() - began:.0f} s, rate {rate:.1e}, {means}", flush=True)
            figures = {}
        if step % 60 == 0:
            torch.save(network.state_dict(), stage.output)
    torch.save(network.state_dict(), stage.output)


def main() -> None:
    """Train one stage."""
    stage = options()
    torch.set_num_threads(stage.threads)
    torch.manual_seed(1)
    tokens = Tokens()
    windows = Windows(utterances.load(stage.utterances), 1, tokens, swapped=stage.swapped)
    network = Network(tokens)
    if stage.start:
        network.load_state_dict(torch.load(stage.start))
    network.model.encoder.frozen = stage.frozen
    print(sum(one.numel() for one in network.parameters()), "parameters", flush=True)
    train(network, windows, tokens.zero, stage)


if __name__ == "__main__":
    main()
