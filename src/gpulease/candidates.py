"""Which devices of the host can be leased at all, and whether those ruled out by hand exist."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from gpulease.errors import DriverError, NoGpuError, UnknownGpuError
from gpulease.inventory import Gpu, GpuState

logger = logging.getLogger(__name__)

_warned: Final[set[str]] = set()


def usable(allowed: Sequence[GpuState]) -> list[GpuState]:
    """The devices on which the driver lets anybody compute; the others are named.

    Raises:
        NoGpuError: where there is none.
    """
    for state in allowed:
        _warn(state)
    found = [state for state in allowed if not state.health.prohibited]
    if not found:
        raise NoGpuError(
            "The compute mode of every allowed GPU is PROHIBITED, so that no process can compute"
            " on it; an administrator changes that with nvidia-smi -c DEFAULT."
        )
    return found


def nothing_found(left_out: Mapping[int, str]) -> NoGpuError | DriverError:
    """The error of a host on which no device can be used: there is none, or none answers now."""
    if left_out:
        told = "; ".join(f"GPU {index} {why}" for index, why in sorted(left_out.items()))
        return DriverError(f"None of the GPUs of this host can be used: {told}.")
    return NoGpuError("This host has no NVIDIA driver, or the driver sees no GPU.")


def check_exclusions(
    exclude: Sequence[str], gpus: Sequence[Gpu], left_out: Mapping[int, str]
) -> None:
    """See that each name in a list of GPUs not to use means one GPU of this host.

    Args:
        exclude: numbers as in nvidia-smi, or UUIDs or beginnings of them.
        gpus: all devices of the host.
        left_out: the GPUs that do not answer now, by number: to rule them out is right.

    Raises:
        UnknownGpuError: where one means none or several; it says what would be right.
    """
    for entry in exclude:
        wrong = _wrong(entry, gpus, left_out)
        if wrong:
            known = ", ".join(f"{gpu.index} ({gpu.uuid})" for gpu in gpus)
            raise UnknownGpuError(
                f"{entry!r} in the list of GPUs not to use {wrong}; write a number as nvidia-smi"
                f" shows it or a UUID, with commas between. This host has {known}."
            )


def _wrong(entry: str, gpus: Sequence[Gpu], left_out: Mapping[int, str]) -> str:
    if entry.isascii() and entry.isdigit():
        if entry in {str(number) for number in [*(gpu.index for gpu in gpus), *left_out]}:
            return ""
        return "is no number of a GPU"
    if not entry.lower().startswith(("gpu-", "mig-")):
        return "is neither a number nor a UUID"
    # A split GPU stands for all its instances.
    known = {name for gpu in gpus for name in (gpu.uuid, gpu.parent) if name}
    named = {name for name in known if name.lower().startswith(entry.lower())}
    # The UUID of a GPU that does not answer cannot be known.
    if len(named) == 1 or (not named and left_out):
        return ""
    return f"fits {len(named)} GPUs" if named else "is no UUID of a GPU"


def _warn(state: GpuState) -> None:
    health = state.health
    what = health.trouble or health.remark
    if health.prohibited:
        what = "its compute mode is PROHIBITED, and it is left out"
    key = f"{state.gpu.uuid} {what}"
    if what and key not in _warned:
        _warned.add(key)
        logger.warning("GPU %d (%s): %s", state.gpu.index, state.gpu.uuid, what)
