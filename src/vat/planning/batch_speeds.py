"""How much faster speech is recognised where more of it is decoded at once."""

from typing import Final

BATCH: Final = 8
"""Windows at once that a GPU is well used by."""

_RATES_BY_BATCH: Final = {
    "large": {1: 77.0, 4: 251.0, 8: 395.0},
    "turbo": {1: 380.0, 4: 756.0, 8: 893.0},
}
"""Seconds of sound a second by windows decoded at once, measured on an H200 (docs/real-gpu.md)."""


def batch_share(model: str, batch: int) -> float:
    """The time that batches of 8 take as a share of that of smaller ones, on a GPU."""
    import numpy as np

    rates = _RATES_BY_BATCH["turbo" if "turbo" in model else "large"]
    return float(np.interp(batch, [*rates], [*rates.values()])) / rates[BATCH]
