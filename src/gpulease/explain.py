"""Choices in words: one line that a person understands."""

from gpulease.inventory import Gpu
from gpulease.placement import Choice, GpuView


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
        where = " and ".join(_with_memory(view) for view in choice.chosen)
        needs = f", needs {mem_mb} MB" if mem_mb is not None else ""
        why = f"{where}{needs}: {why}"
    return f"{why}; {others}" if others else why


def _with_memory(view: GpuView) -> str:
    return f"{name_gpu(view.gpu)} with {view.free_mb} of {view.gpu.total_mb} MB free"
