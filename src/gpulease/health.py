"""What the driver tells of a GPU beside its memory: whether it is well, and how many it serves."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import pynvml

# Errors of memory and actions that the driver wants change by the hour, and cost time to ask for.
_FRESH_S: Final = 10.0
_NEEDED: Final = {
    pynvml.NVML_GPU_RECOVERY_ACTION_GPU_RESET: "the driver wants it reset (nvidia-smi -r)",
    pynvml.NVML_GPU_RECOVERY_ACTION_NODE_REBOOT: "the driver wants the host restarted",
    pynvml.NVML_GPU_RECOVERY_ACTION_DRAIN_P2P: "the driver wants no new work on it, and a reset",
    pynvml.NVML_GPU_RECOVERY_ACTION_DRAIN_AND_RESET: (
        "the driver wants no new work on it, and a reset"
    ),
}
_known: Final[dict[str, tuple[float, str, str]]] = {}
_ENERGY_FRESH_S: Final = 1.0
_energy: Final[dict[str, tuple[float | None, float]]] = {}


@dataclass(frozen=True, slots=True)
class Health:
    """How a device is.

    Attributes:
        prohibited: whether its compute mode lets no process compute.
        exclusive: whether its compute mode lets one process compute at a time.
        trouble: why nothing should be placed on it now; "" where it is well.
        remark: what people should know of it although it works; "" where there is nothing.
        energy_j: joules used since the driver was loaded; None where that is not told.
        energy_at: when that was read, in seconds since 1970.
    """

    prohibited: bool = False
    exclusive: bool = False
    trouble: str = ""
    remark: str = ""
    energy_j: float | None = None
    energy_at: float = 0.0


def read_health(handle: Any, uuid: str) -> Health:
    """Ask the driver; what it does not tell of this device is taken to be well."""
    mode = _ask(lambda: pynvml.nvmlDeviceGetComputeMode(handle))
    asked, trouble, remark = _known.get(uuid, (0.0, "", ""))
    if not asked or time.monotonic() - asked > _FRESH_S:
        trouble, remark = _trouble(handle), _remark(handle)
        _known[uuid] = (time.monotonic(), trouble, remark)
    energy, read = _energy.get(uuid, (None, 0.0))
    if abs(time.time() - read) > _ENERGY_FRESH_S:
        energy, read = _energy_j(handle), time.time()
        _energy[uuid] = (energy, read)
    return Health(
        prohibited=mode == pynvml.NVML_COMPUTEMODE_PROHIBITED,
        exclusive=mode
        in {pynvml.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS, pynvml.NVML_COMPUTEMODE_EXCLUSIVE_THREAD},
        trouble=trouble,
        remark=remark,
        energy_j=energy,
        energy_at=read,
    )


def _energy_j(handle: Any) -> float | None:
    # NVML counts millijoules.
    used = _ask(lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle))
    return None if used is None else used / 1000


def _trouble(handle: Any) -> str:
    fields = _ask(
        lambda: pynvml.nvmlDeviceGetFieldValues(
            handle, [pynvml.NVML_FI_DEV_GET_GPU_RECOVERY_ACTION]
        )
    )
    for field in fields or ():
        if field.nvmlReturn == pynvml.NVML_SUCCESS and field.value.uiVal in _NEEDED:
            return _NEEDED[field.value.uiVal]
    rows = _ask(lambda: pynvml.nvmlDeviceGetRemappedRows(handle))
    if rows and rows[3]:
        return "a part of its memory is broken and could not be replaced (remapping failed)"
    return ""


def _remark(handle: Any) -> str:
    found = []
    errors = _ask(
        lambda: pynvml.nvmlDeviceGetTotalEccErrors(
            handle, pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, pynvml.NVML_VOLATILE_ECC
        )
    )
    if errors:
        found.append(f"{errors} uncorrectable errors of its memory since the driver was loaded")
    rows = _ask(lambda: pynvml.nvmlDeviceGetRemappedRows(handle))
    pages = _ask(lambda: pynvml.nvmlDeviceGetRetiredPagesPendingStatus(handle))
    if pages or (rows and rows[2]):
        found.append("a part of its memory is to be replaced at the next reset")
    return "; ".join(found)


def _ask(question: Callable[[], Any]) -> Any:
    # Older drivers lack the function, and cheaper cards the feature; a GPU that is lost shows when
    # its memory is asked for.
    with suppress(pynvml.NVMLError):
        return question()
    return None
