"""The GPUs of this host and what is in use on them, as NVML tells it now."""

import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import pynvml

from gpulease.errors import DriverError
from gpulease.gpu_memory import read_memory
from gpulease.health import Health, read_health

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
_left_out: Final[dict[int, str]] = {}
_names: Final[dict[str, str]] = {}
_REMEDIES: Final = {
    pynvml.NVML_ERROR_GPU_IS_LOST: "; it has fallen off the bus: restart the host, check its power",
    pynvml.NVML_ERROR_RESET_REQUIRED: "; reset it with nvidia-smi -r",
}


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
        unified: whether its memory is the system's.
    """

    index: int
    uuid: str
    name: str
    total_mb: int
    capacity_mb: int
    parent: str | None = None
    instance: tuple[int, int] | None = None
    unified: bool = False


@dataclass(frozen=True, slots=True)
class GpuState:
    """One device and its memory at one moment.

    Attributes:
        gpu: the device.
        free_mb: memory in MB that no process has.
        used_by: memory in MB by process id, as the driver counts processes; None where it
            does not tell (containers, WSL).
        health: its compute mode, and whether it is well.
        busy_percent: share of the last moments in which it computed; 0 where the driver does not
            tell.
    """

    gpu: Gpu
    free_mb: int
    used_by: Mapping[int, int] | None = field(default_factory=dict)
    health: Health = field(default_factory=Health)
    busy_percent: int = 0


def read_inventory() -> list[GpuState]:
    """Every device of this host in the order of nvidia-smi, with its memory now.

    A host without an NVIDIA driver has none. A GPU that does not answer is left out with a
    warning: nothing can be placed on it; `left_out` tells which those are.

    Raises:
        DriverError: where the driver is installed and fails.
    """
    with _lock:
        try:
            _left_out.clear()
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


def left_out() -> dict[int, str]:
    """The GPUs that the last reading had to leave out, by index, and why."""
    with _lock:
        return dict(_left_out)


def _read(index: int) -> list[GpuState]:
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        uuid = pynvml.nvmlDeviceGetUUID(handle)
        if not _has_mig(handle):
            return _state(handle, index, uuid, None, read_health(handle, uuid))
        # Its layout can change while it is read: what is left of it counts.
        health = read_health(handle, uuid)
        instances = _instances(handle)
        if not instances:
            _leave_out(index, "is in MIG mode and has no instance (nvidia-smi mig -lgi)")
        return [
            state
            for instance in instances
            for state in _read_instance(instance, index, uuid, health)
        ]
    except pynvml.NVMLError as error:
        _leave_out(index, f"does not answer ({error}){_REMEDIES.get(error.value, '')}")
        return []


def _leave_out(index: int, why: str) -> None:
    _left_out[index] = why
    if f"{index} {why}" not in _warned:
        _warned.add(f"{index} {why}")
        logger.warning("GPU %d %s and is left out", index, why)


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


def _read_instance(handle: Any, index: int, parent: str, health: Health) -> list[GpuState]:
    """The instance, or none where it has just been removed."""
    with suppress(pynvml.NVMLError_NotFound, pynvml.NVMLError_InvalidArgument):
        return _state(handle, index, pynvml.nvmlDeviceGetUUID(handle), parent, health)
    return []


def _state(
    handle: Any, index: int, uuid: str, parent: str | None, health: Health
) -> list[GpuState]:
    # Processes load and end between two questions. Whatever they do, free memory and the least
    # of what each had before and after can together only be too little.
    before = _used_by(handle)
    memory = read_memory(handle)
    used_by = _least(before, _used_by(handle)) if before else before
    if memory.total_mb <= 0:
        _leave_out(index, "tells no memory at all")
        return []
    instance = None
    if parent:
        instance = (
            int(pynvml.nvmlDeviceGetGpuInstanceId(handle)),
            int(pynvml.nvmlDeviceGetComputeInstanceId(handle)),
        )
    gpu = Gpu(
        index=index,
        uuid=uuid,
        name=_name(handle, uuid),
        total_mb=memory.total_mb,
        capacity_mb=memory.capacity_mb,
        parent=parent,
        instance=instance,
        unified=memory.unified,
    )
    # Who computes has memory.
    busy = _busy_percent(handle) if memory.free_mb < memory.capacity_mb else 0
    return [GpuState(gpu, memory.free_mb, used_by, health, busy)]


def _name(handle: Any, uuid: str) -> str:
    """Its model, which does not change: each question costs, and many ask many GPUs."""
    if uuid not in _names:
        _names[uuid] = pynvml.nvmlDeviceGetName(handle)
    return _names[uuid]


def _busy_percent(handle: Any) -> int:
    try:
        return int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    except pynvml.NVMLError:
        # Not told of MIG instances, nor in all virtual machines.
        return 0


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
