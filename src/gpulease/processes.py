"""Which processes belong to a lease, told from the process table of this host."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from gpulease.root_processes import Facts, Root, own_namespace, read_facts

LEASE_VARIABLE: Final = "GPULEASE_LEASE"
"""Names the lease's file in the environment of every process that was started under it."""

# The kernel's fixed number of the first process-id namespace (PROC_PID_INIT_INO in
# include/linux/proc_ns.h). NVML counts processes as that namespace does.
_FIRST_NAMESPACE: Final = 0xEFFFFFFC


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
        if _marker(process.pid) == lease.name and _runs(process):
            return process.pid
    return None


def leads(root: Root | None) -> bool:
    """Whether a lease's first process goes on; so it is taken to where that cannot be seen here.

    Args:
        root: the process; None where it was not noted yet.
    """
    if root is None or root.namespace != own_namespace():
        return True
    facts = read_facts(root.pid)
    with suppress(psutil.Error):
        return bool(facts and root.is_process(facts) and _runs(psutil.Process(root.pid)))
    return False


def living_process(lease: Path, root: Root | None) -> int | None:
    """A process of a lease that goes on, its first one where that does; None where none is seen."""
    return root.pid if root and leads(root) else marked_process(lease)


def stopped_under(roots: Collection[int]) -> dict[int, int]:
    """For each of these processes that is stopped by a signal, or has a descendant that is: which.

    One pass over all processes of this namespace, which takes milliseconds.
    """
    parents: dict[int, int] = {}
    stopped = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                words = (folder / "stat").read_bytes().rpartition(b")")[2].split()
                parents[int(folder.name)] = int(words[1])
                if words[0] == b"T":
                    stopped.append(int(folder.name))
    found: dict[int, int] = {}
    for pid in stopped:
        above, seen = pid, set[int]()
        while above not in seen and above in parents:
            if above in roots:
                found.setdefault(above, pid)
            seen.add(above)
            above = parents[above]
    return found


def use_by_lease(used_by: Mapping[int, int] | None, roots: Mapping[str, Root]) -> dict[str, int]:
    """MB of one device that the processes of each lease use.

    Args:
        used_by: MB by process id, as NVML tells them.
        roots: by the lease's file: its first process.

    A process belongs to the lease that its environment names, else to that of its nearest
    ancestor. What cannot be attributed is left out: rather too much is kept free than too little.
    """
    totals: dict[str, int] = {}
    if not used_by or not roots or not knows_driver_pids():
        return totals
    for pid, used_mb in used_by.items():
        lease = _lease_of(pid, roots)
        if lease:
            totals[lease] = totals.get(lease, 0) + used_mb
    return totals


def has_mps_server(used_by: Mapping[int, int] | None) -> bool:
    """Whether the server of CUDA MPS is on a device: it is the one process there, for many."""
    return knows_driver_pids() and any(
        facts.serves_others for pid in used_by or () if (facts := read_facts(pid))
    )


def use_in_doubt(used_by: Mapping[int, int] | None, roots: Mapping[str, Root]) -> int:
    """MB of one device that may be a lease's although nothing shows whose.

    They are those of processes in containers that other programs started for the job, of the MPS
    server, which allocates for its clients, and of processes that this user may not see.
    """
    total = 0
    for pid, used_mb in (used_by or {}).items():
        facts = read_facts(pid)
        unseen = facts is None or facts.nested or facts.serves_others
        if unseen and not _lease_of(pid, roots):
            total += used_mb
    return total


def strangers(
    used_by: Mapping[int, int] | None, roots: Mapping[str, Root]
) -> list[tuple[int, int, str]]:
    """Process id, MB and program of each process on one device that belongs to no lease."""
    if not used_by or not knows_driver_pids():
        return []
    found = []
    for pid, used_mb in sorted(used_by.items()):
        if not _lease_of(pid, roots):
            facts = read_facts(pid)
            found.append((pid, used_mb, facts.name if facts else ""))
    return found


def _lease_of(pid: int, roots: Mapping[str, Root]) -> str | None:
    by_name = {Path(lease).name: lease for lease in roots}
    for number, (each, facts) in enumerate(_ancestry(pid)):
        marked = by_name.get(_marker(each) or "") if number == 0 else None
        # Anybody may name another's lease in his environment; it is not his.
        if marked and roots[marked].uid == facts.uid:
            return marked
        for lease, root in roots.items():
            if root.is_process(facts):
                return lease
    return None


def _ancestry(pid: int) -> Iterator[tuple[int, Facts]]:
    """A process and all its ancestors, the nearest first."""
    seen: set[int] = set()
    while pid > 0 and pid not in seen and (facts := read_facts(pid)):
        seen.add(pid)
        yield pid, facts
        pid = facts.parent


def lease_file(pid: int) -> Path | None:
    """The lease that a process's environment names; None where it names none, or is hidden."""
    try:
        named = psutil.Process(pid).environ().get(LEASE_VARIABLE)
    except (psutil.Error, OSError):
        return None
    return Path(named) if named else None


def _marker(pid: int) -> str | None:
    """The name of that file; containers have it elsewhere."""
    file = lease_file(pid)
    return file.name if file else None


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
