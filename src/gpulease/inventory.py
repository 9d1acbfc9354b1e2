"""The GPUs of this host and what is in use on them, as NVML tells it now."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pynvml

from gpulease.errors import DriverError

logger = logging.getLogger(__name__)

_MB: Final = 1024 * 1024
_NO_DRIVER: Final = (
    pynvml.NVML_ERROR_LIBRARY_NOT_FOUND,
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
    pynvml.NVML_ERROR_NOT_FOUND,
)
_lock: Final = threading.Lock()
_started: Final = threading.Event()
_warned: Final[set[str]] = set()


@dataclass(frozen=True, slots=True)
class Gpu:
    """One device that a job can be given: a whole GPU, or one MIG instance.

    Attributes:
        index: the number of the (physical) GPU in the order of nvidia-smi.
        uuid: the name that CUDA_VISIBLE_DEVICES understands, "GPU-…" or "MIG-…".
        name: the model.
        total_mb: memory in MB (MiB), with what the driver keeps for itself.
        capacity_mb: memory in MB that processes can have when the device is empty.
        parent: the UUID of the physical GPU of a MIG instance.
        instance: GPU instance and compute instance of a MIG instance.
    """

    index: int
    uuid: str
    name: str
    total_mb: int
    capacity_mb: int
    parent: str | None = None
    instance: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class GpuState:
    """One device and its memory at one moment.

    Attributes:
        gpu: the device.
        free_mb: memory in MB that no process has.
        used_by: memory in MB by process id, as the driver counts processes; None where it
            does not tell (containers, WSL).
    """

    gpu: Gpu
    free_mb: int
    used_by: Mapping[int, int] | None = field(default_factory=dict)


def read_inventory() -> list[GpuState]:
    """Every device of this host in the order of nvidia-smi, with its memory now.

    A host without an NVIDIA driver has none. A GPU that does not answer is left out with a
    warning: nothing can be placed on it.

    Raises:
        DriverError: where the driver is installed and fails.
    """
    with _lock:
        try:
            if not _start():
                return []
            return [state for index in range(pynvml.nvmlDeviceGetCount()) for state in _read(index)]
        except pynvml.NVMLError as error:
            _started.clear()
            raise DriverError(
                f"The NVIDIA driver does not answer ({error}); run nvidia-smi, which names the"
                " cause (often a driver that was updated and needs a restart)."
            ) from error


def _start() -> bool:
    """Open NVML once: that takes a second and more per GPU where nobody else uses the driver."""
    if not _started.is_set():
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            if error.value in _NO_DRIVER:
                return False
            raise
        _started.set()
    return True


def _read(index: int) -> list[GpuState]:
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        uuid = pynvml.nvmlDeviceGetUUID(handle)
        instances = _instances(handle)
        if instances or _has_mig(handle):
            return [_read_device(instance, index, parent=uuid) for instance in instances]
        return [_read_device(handle, index, parent=None)]
    except pynvml.NVMLError as error:
        if str(error) not in _warned:
            _warned.add(str(error))
            logger.warning("GPU %d does not answer (%s) and is left out", index, error)
        return []


def _has_mig(handle: Any) -> bool:
    try:
        current, _ = pynvml.nvmlDeviceGetMigMode(handle)
    except pynvml.NVMLError:
        return False
    return bool(current == pynvml.NVML_DEVICE_MIG_ENABLE)


def _instances(handle: Any) -> list[Any]:
    if not _has_mig(handle):
        return []
    found = []
    for number in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        try:
            found.append(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, number))
        except pynvml.NVMLError_NotFound:
            continue
    return found


def _read_device(handle: Any, index: int, parent: str | None) -> GpuState:
    # Processes load and end between two questions. Whatever they do, free memory and the least
    # of what each had before and after can together only be too little.
    before = _used_by(handle)
    total, reserved, free = _memory(handle)
    used_by = _least(before, _used_by(handle))
    instance = None
    if parent:
        instance = (
            int(pynvml.nvmlDeviceGetGpuInstanceId(handle)),
            int(pynvml.nvmlDeviceGetComputeInstanceId(handle)),
        )
    gpu = Gpu(
        index=index,
        uuid=pynvml.nvmlDeviceGetUUID(handle),
        name=pynvml.nvmlDeviceGetName(handle),
        total_mb=total,
        capacity_mb=total - reserved,
        parent=parent,
        instance=instance,
    )
    return GpuState(gpu, free, used_by)


def _memory(handle: Any) -> tuple[int, int, int]:
    """Total, reserved and free memory in MB; free rounded down, reserved rounded up."""
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)
        reserved = memory.reserved
    except (pynvml.NVMLError_FunctionNotFound, pynvml.NVMLError_NotSupported):
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        reserved = 0
    return memory.total // _MB, -(-reserved // _MB), memory.free // _MB


def _least(one: dict[int, int] | None, other: dict[int, int] | None) -> dict[int, int] | None:
    if one is None or other is None:
        return None
    return {pid: min(mb, other[pid]) for pid, mb in one.items() if pid in other}


def _used_by(handle: Any) -> dict[int, int] | None:
    try:
        processes = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    except (pynvml.NVMLError_NotSupported, pynvml.NVMLError_NoPermission):
        return None
    if any(process.usedGpuMemory is None for process in processes):
        return None
    return {process.pid: process.usedGpuMemory // _MB for process in processes}
