"""CUDA_VISIBLE_DEVICES read as CUDA reads it: it may narrow the choice of GPUs, never widen it.

Source of the rules: CUDA Programming Guide, "CUDA environment variables". Entries are taken from
left to right and the first invalid one ends the list; a GPU or MIG instance may be named by its
UUID or by a beginning of it that fits no other; a list that names a device twice names none.
"""

import re
from collections.abc import Sequence

from gpulease.inventory import Gpu

_INDEX = re.compile(r"\s*\+?(\d+)")
_OLD_MIG = re.compile(r"MIG-(GPU-[0-9a-f-]+)/(\d+)/(\d+)", re.IGNORECASE)


def visible_gpus(
    gpus: Sequence[Gpu], variable: str | None, cuda_order: Sequence[str] | None = None
) -> list[Gpu]:
    """The devices that CUDA_VISIBLE_DEVICES allows, in its order.

    Args:
        gpus: all devices of the host, in the order of nvidia-smi.
        variable: the value of CUDA_VISIBLE_DEVICES; None where it is not set, which allows all.
        cuda_order: UUIDs of the physical GPUs as CUDA numbers them, where that differs from the
            order of nvidia-smi.
    """
    if variable is None:
        return list(gpus)
    allowed: list[Gpu] = []
    for entry in variable.split(","):
        gpu = _named(entry, gpus, cuda_order)
        if gpu is None:
            break
        if gpu in allowed:
            return []
        allowed.append(gpu)
    return allowed


def uses_indices(variable: str | None) -> bool:
    """Whether the list starts with a number, whose meaning depends on CUDA's order of GPUs."""
    return variable is not None and _INDEX.match(variable) is not None


def _named(entry: str, gpus: Sequence[Gpu], cuda_order: Sequence[str] | None) -> Gpu | None:
    number = _INDEX.match(entry)
    if number:
        return _numbered(int(number[1]), gpus, cuda_order)
    name = entry.strip().lower()
    if old := _OLD_MIG.fullmatch(name):
        instance = (int(old[2]), int(old[3]))
        return _only(
            [
                gpu
                for gpu in gpus
                if gpu.instance == instance and (gpu.parent or "").lower().startswith(old[1])
            ]
        )
    if not name.startswith(("gpu-", "mig-")):
        return None
    matching = [gpu for gpu in gpus if gpu.uuid.lower().startswith(name)]
    if matching:
        return _only(matching)
    # The UUID of a GPU that is split into MIG instances stands for the first of them.
    parents = {gpu.parent for gpu in gpus if (gpu.parent or "").lower().startswith(name)}
    if len(parents) != 1:
        return None
    return next(gpu for gpu in gpus if gpu.parent in parents)


def _numbered(index: int, gpus: Sequence[Gpu], cuda_order: Sequence[str] | None) -> Gpu | None:
    """The GPU with this number; of a GPU that is split, its first instance, as CUDA does."""
    if cuda_order is None:
        return next((gpu for gpu in gpus if gpu.index == index), None)
    if index >= len(cuda_order):
        return None
    return next((gpu for gpu in gpus if cuda_order[index] in {gpu.uuid, gpu.parent}), None)


def _only(matching: Sequence[Gpu]) -> Gpu | None:
    return matching[0] if len(matching) == 1 else None
