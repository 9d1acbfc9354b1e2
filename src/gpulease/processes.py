"""Which processes belong to a lease, told from the process table of this host."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

LEASE_VARIABLE: Final = "GPULEASE_LEASE"
"""Names the lease's file in the environment of every process that was started under it."""

# The kernel's fixed number of the first process-id namespace (PROC_PID_INIT_INO in
# include/linux/proc_ns.h). NVML counts processes as that namespace does.
_FIRST_NAMESPACE: Final = 0xEFFFFFFC
# Start times come in ticks of 10 ms and file times from a clock that can be set.
_SLACK_S: Final = 2.0


def knows_driver_pids() -> bool:
    """Whether a process id from NVML means the same process here: not so in a container."""
    try:
        return Path("/proc/self/ns/pid").stat().st_ino == _FIRST_NAMESPACE
    except OSError:
        return False


def marked_process(lease: Path) -> int | None:
    """A process of this user that was started under the lease, or None.

    It finds those that did not keep the lease's file open, such as the programs that a job starts
    and leaves behind when it is killed.
    """
    for process in psutil.process_iter():
        if _marker(process) == str(lease) and _runs(process):
            return process.pid
    return None


def use_by_lease(
    used_by: Mapping[int, int] | None, roots: Mapping[str, tuple[int, float]]
) -> dict[str, int]:
    """MB of one device that the processes of each lease use.

    Args:
        used_by: MB by process id, as NVML tells them.
        roots: by the lease's file: process id of its first process, and when that was noted.

    A process belongs to the lease that its environment names, else to that of its nearest
    ancestor. What cannot be attributed is left out: rather too much is kept free than too little.
    """
    totals: dict[str, int] = {}
    if not used_by or not roots or not knows_driver_pids():
        return totals
    by_pid = {pid: (lease, noted) for lease, (pid, noted) in roots.items()}
    for pid, used_mb in used_by.items():
        lease = _lease_of(pid, by_pid, roots)
        if lease:
            totals[lease] = totals.get(lease, 0) + used_mb
    return totals


def _lease_of(
    pid: int, by_pid: Mapping[int, tuple[str, float]], leases: Collection[str]
) -> str | None:
    with suppress(psutil.Error):
        process: psutil.Process | None = psutil.Process(pid)
        marker = _marker(process) if process else None
        if marker in leases:
            return marker
        while process is not None:
            lease, noted = by_pid.get(process.pid, (None, 0.0))
            # A process that started after its number was noted got that number second-hand.
            if lease and process.create_time() <= noted + _SLACK_S:
                return lease
            process = process.parent()
    return None


def _marker(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(LEASE_VARIABLE)
    except (psutil.Error, OSError):
        return None


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
