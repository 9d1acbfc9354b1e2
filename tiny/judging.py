"""How good is what a model made? Words beside those that were said, and sound beside the speech."""

import re

import numpy as np
from numpy.typing import NDArray


def plain(text: str) -> str:
    """A word as it is compared: without case and punctuation."""
    return re.sub(r"[^a-z]", "", text.lower())


def word_errors(said: list[str], heard: list[str]) -> int:
    """Words wrong, missing or too many: the edit distance of two lists of words."""
    row = np.arange(len(heard) + 1)
    for i, word in enumerate(said, 1):
        change = row[:-1] + np.array([word != other for other in heard], dtype=int)
        best = np.minimum(row[1:] + 1, change)
        row = np.concatenate([[i], best])
        # An insertion comes from the left: the running minimum of what precedes.
        steps = np.arange(len(row))
        row = np.minimum.accumulate(row - steps) + steps
    return int(row[-1])


def distortion_ratio(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019); more is better."""
    found, truth = found.reshape(-1), truth.reshape(-1)
    scale = (found @ truth) / (truth @ truth + 1e-8)
    noise = ((found - scale * truth) ** 2).sum() + 1e-8
    return float(10 * np.log10(((scale * truth) ** 2).sum() / noise + 1e-8))
