"""Batches: how many windows are decoded at once, by the memory that a job has."""

from pathlib import Path
from typing import Final

LARGEST: Final = 16
"""On an H200, 16 windows are a third faster than 8, and 32 another sixth
(docs/real-gpu.md)."""

_USED: Final = 0.8
_CONTEXT_MB: Final = 500
_WORKSPACE: Final = 0.3
_PER_WINDOW: Final = 0.08
_PER_WINDOW_MB: Final = 5
"""Of a job's memory the share that is planned with, MB of the CUDA context, and workspace and
memory of a window as shares of the weights in 16 bits. With large-v3 they come to 8 windows in
8,000 MB, where jobs on an H200 took 7,438 MB, and 10,092 MB with 16 windows (docs/real-gpu.md)."""


def batch_size(choice: int | str, device: str, memory_mb: int, model: str, compute: str) -> int:
    """How many windows a job decodes at once for `asr.batch_size`.

    For "auto" as many as the `memory_mb` hold that a job on a GPU was given; one on a CPU, where
    more are no faster, and where nothing is known of the memory. `model` is its folder, `compute`
    its number format.
    """
    if isinstance(choice, int):
        return choice
    weights = Path(model) / "model.bin"
    if device != "cuda" or not memory_mb or not weights.is_file():
        return 1
    weights_mb = weights.stat().st_size / 2**20
    held = weights_mb / 2 if compute.startswith("int8") else weights_mb
    room = _USED * memory_mb - _CONTEXT_MB - held - _WORKSPACE * weights_mb
    more = int(room / (_PER_WINDOW * weights_mb + _PER_WINDOW_MB))
    return max(1, min(LARGEST, 1 + more))
