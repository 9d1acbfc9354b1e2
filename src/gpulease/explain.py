"""Choices in words: one line that a person understands."""

from gpulease.inventory import Gpu
from gpulease.placement import Choice, Picture


def name_gpu(gpu: Gpu) -> str:
    """Index, model and UUID of a device."""
    return f"GPU {gpu.index} {gpu.name} ({gpu.uuid})"


def explain(choice: Choice, mem_mb: int | None = None) -> str:
    """Which devices, with their memory and the reason, and for every other device why not.

    Args:
        choice: what was decided.
        mem_mb: MB that were needed, to be named beside the free memory.
    """
    why = f"{choice.reason}"
    others = "; ".join(f"GPU {gpu.index}: {reason}" for gpu, reason in choice.others)
    if choice.chosen:
        where = " and ".join(_with_memory(picture) for picture in choice.chosen)
        needs = f", needs {mem_mb} MB" if mem_mb is not None else ""
        why = f"{where}{needs}: {why}"
    return f"{why}; {others}" if others else why


def _with_memory(picture: Picture) -> str:
    return f"{name_gpu(picture.gpu)} with {picture.free_mb} of {picture.gpu.total_mb} MB free"
