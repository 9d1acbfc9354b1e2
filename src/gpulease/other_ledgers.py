"""Whether somebody promises the memory of the same GPUs in another folder.

A process on a GPU that was started under a lease names the lease's file. If that is in no folder
of ours, two ledgers promise the same memory.
"""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gpulease.inventory import GpuState
from gpulease.processes import knows_driver_pids, lease_file

logger = logging.getLogger(__name__)

_AGAIN_S: Final = 60.0
"""Processes come and go; to look into all of them at every question would cost too much."""

_told: Final[set[Path]] = set()
_looked: Final[dict[Path, float]] = {}


def warn_of_other_ledgers(states: Sequence[GpuState], folder: Path) -> None:
    """Name, once each, the other folders whose leases have processes on these devices.

    Only processes of this user can be looked into; root sees all.
    """
    if time.monotonic() - _looked.get(folder, -_AGAIN_S) < _AGAIN_S or not knows_driver_pids():
        return
    _looked[folder] = time.monotonic()
    for state in states:
        for pid in state.used_by or {}:
            lease = lease_file(pid)
            # In a container the same folder can be elsewhere.
            if lease is None or (folder / lease.name).exists():
                continue
            other = lease.parent
            if other == folder:
                # It has ended, or the process sees another folder of that name.
                other = Path(f"/proc/{pid}/root{lease}").parent
                if not (other / lease.name).exists():
                    continue
            if lease.parent not in _told:
                _told.add(lease.parent)
                logger.warning(
                    "Process %d on GPU %d has its lease in %s, not in %s: both promise the same"
                    " memory; let all use one folder (GPULEASE_DIR, or the same scope).",
                    pid,
                    state.gpu.index,
                    other,
                    folder,
                )
