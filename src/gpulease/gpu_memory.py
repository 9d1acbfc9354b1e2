"""The memory of one device: its own, or the system's where both are one (GB10, Jetson)."""

from dataclasses import dataclass
from typing import Any, Final

import psutil
import pynvml

_MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of one device in MB.

    Attributes:
        total_mb: all of it.
        capacity_mb: what processes can have when the device is empty.
        free_mb: what no process has, rounded down.
        unified: whether it is the system's memory, which programs on the CPU use as well.
    """

    total_mb: int
    capacity_mb: int
    free_mb: int
    unified: bool = False


def read_memory(handle: Any) -> Memory:
    """Ask the driver, and the system where the driver says that there is nothing to tell.

    Raises:
        pynvml.NVMLError: where the device does not answer.
    """
    try:
        return _own(handle)
    except pynvml.NVMLError_NotSupported:
        system = psutil.virtual_memory()
        total = system.total // _MB
        return Memory(total, total, system.available // _MB, unified=True)


def _own(handle: Any) -> Memory:
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)
        reserved = memory.reserved
    except (pynvml.NVMLError_FunctionNotFound, pynvml.NVMLError_NotSupported):
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        reserved = 0
    total = memory.total // _MB
    return Memory(total, total - -(-reserved // _MB), memory.free // _MB)
