"""Who has what of the GPUs now: for people as text, for programs as plain values."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from gpulease.account import LAST_DAYS, hours_by_user, running_now
from gpulease.errors import DriverError, GpuLeaseError, NoGpuError
from gpulease.folder import user_name
from gpulease.heartbeat import is_looking
from gpulease.inventory import GpuState
from gpulease.journal import read_journal
from gpulease.placement import GpuView
from gpulease.pool import Pool
from gpulease.processes import knows_driver_pids, stopped_under, strangers
from gpulease.records import Entry
from gpulease.root_processes import own_namespace
from gpulease.untrusted import printable

WATCH_S: Final = 2.0
"""Seconds between two looks of `gpulease top`."""


def read_status(pool: Pool) -> dict[str, Any]:
    """What `gpulease status --json` prints; memory in MB, times in seconds.

    Where the driver tells nothing, `error` says why, and what is promised is told all the same.

    Raises:
        LedgerError: where the ledger cannot be read.
    """
    error: GpuLeaseError | None = None
    try:
        states, views, leases, tickets = pool.see()
    except (DriverError, NoGpuError) as failure:
        error, (states, views), (leases, tickets) = failure, ([], []), pool.see_ledger()
    now = time.time()
    since = now - LAST_DAYS * 86400
    running = running_now(leases, now)
    stopped = _stopped(leases, tickets)
    return {
        **({"error": describe_error(error)} if error else {}),
        "gpus": [_gpu(*pair, leases, stopped) for pair in zip(states, views, strict=True)],
        "leases": [_entry(entry, stopped) for entry in leases],
        "waiting": [_entry(entry, stopped) for entry in tickets],
        "users": _users(leases, tickets),
        "last_days": {
            "days": LAST_DAYS,
            "users": hours_by_user([*running, *read_journal(pool.ledger.folder, since)], since),
        },
        "folder": str(pool.ledger.folder),
    }


def describe_error(error: GpuLeaseError) -> dict[str, str]:
    """An error for programs."""
    return {"class": type(error).__name__, "message": str(error)}


def _stopped(leases: Sequence[Entry], tickets: Sequence[Entry]) -> dict[Path, int]:
    """The leases of which a process is stopped, and who waits and does not look: process ids."""
    here = own_namespace()
    roots = {
        root.pid: entry.path
        for entry in leases
        if (root := entry.root()) and root.namespace == here
    }
    found = {roots[root]: pid for root, pid in stopped_under(roots).items()}
    for entry in tickets:
        if not is_looking(entry.touched, entry.record.pid, entry.record.time):
            found[entry.path] = entry.record.pid
    return found


def _gpu(
    state: GpuState, view: GpuView, leases: Sequence[Entry], stopped: Mapping[Path, int]
) -> dict[str, Any]:
    gpu, health = view.gpu, state.health
    here = [entry for entry in leases if gpu.uuid in entry.record.gpus]
    roots = {str(entry.path): root for entry in here if (root := entry.root())}
    told = state.used_by is not None and knows_driver_pids()
    return {
        "index": gpu.index,
        "uuid": gpu.uuid,
        "name": printable(gpu.name),
        "total_mb": gpu.total_mb,
        "free_mb": view.free_mb,
        "load": round(view.load, 4),
        "trouble": view.trouble,
        "remark": health.remark,
        "exclusive": view.exclusive,
        "unified": gpu.unified,
        "energy_j": health.energy_j,
        "leases": [_entry(entry, stopped) for entry in here],
        "strangers": [
            {
                "pid": pid,
                "mem_mb": used_mb,
                "program": printable(program),
                "user": _owner(pid),
            }
            for pid, used_mb, program in strangers(state.used_by, roots)
        ]
        if told
        else None,
    }


def _owner(pid: int) -> str:
    with suppress(OSError):
        return user_name(Path(f"/proc/{pid}").stat().st_uid)
    return ""


def _entry(entry: Entry, stopped: Mapping[Path, int]) -> dict[str, Any]:
    record = entry.record
    return {
        "label": record.label,
        "user": record.user,
        "run": record.run,
        "pid": record.pid,
        "gpus": list(record.gpus),
        "mem_mb": record.mem_mb,
        "declared_mb": record.declared_mb or record.mem_mb,
        "since_s": round(max(0.0, time.time() - record.time), 1),
        "stopped_pid": stopped.get(entry.path),
    }


def _users(leases: Sequence[Entry], tickets: Sequence[Entry]) -> list[dict[str, Any]]:
    """Each user's and run's part: leases, their MB and GPU-seconds, who waits, for how long."""
    now = time.time()
    users: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, entries in (("leases", leases), ("waiting", tickets)):
        for entry in entries:
            record = entry.record
            nothing = {
                "user": record.user,
                "run": record.run,
                "leases": 0,
                "mem_mb": 0,
                "gpu_s": 0.0,
                "waiting": 0,
                "longest_wait_s": 0.0,
            }
            user = users.setdefault((record.user, record.run), nothing)
            user[kind] += 1
            seconds = round(max(0.0, now - record.time), 1)
            if kind == "leases":
                user["mem_mb"] += record.mem_mb * len(record.gpus)
                user["gpu_s"] = round(user["gpu_s"] + seconds * len(record.gpus), 1)
            else:
                user["longest_wait_s"] = max(user["longest_wait_s"], seconds)
    return [users[name] for name in sorted(users)]


def describe_status(status: dict[str, Any]) -> Iterator[str]:
    """The same in lines for people."""
    for gpu in status["gpus"]:
        yield from _describe_gpu(gpu)
    # Those on no GPU that is shown: it does not answer, or this process may not use it.
    shown = {gpu["uuid"] for gpu in status["gpus"]}
    for entry in status["leases"]:
        for uuid in entry["gpus"]:
            if uuid not in shown:
                yield f"{uuid}: {_line(entry)}"
    for entry in status["waiting"]:
        yield f"waiting: {_line(entry)}"
    for user in status["users"]:
        parts = []
        if user["leases"]:
            parts.append(
                f"{user['mem_mb']} MB in {_count(user['leases'], 'lease')},"
                f" {user['gpu_s'] / 3600:.1f} GPU-hours so far"
            )
        if user["waiting"]:
            jobs = _count(user["waiting"], "job")
            parts.append(f"{jobs} waiting, for up to {user['longest_wait_s']:.0f} s")
        run = f", {user['run']}" if user["run"] else ""
        yield f"{user['user']}{run}: {'; '.join(parts)}"
    last = status["last_days"]
    if last["users"]:
        hours = ", ".join(f"{each['user']} {each['gpu_hours']:.1f}" for each in last["users"])
        yield f"GPU-hours of the last {last['days']} days: {hours}"


def _describe_gpu(gpu: dict[str, Any]) -> Iterator[str]:
    kind = ", which are the system's" if gpu["unified"] else ""
    yield f"GPU {gpu['index']}  {gpu['name']}  {gpu['uuid']}"
    yield f"    {gpu['free_mb']} of {gpu['total_mb']} MB free{kind}, {gpu['load']:.0%} loaded"
    for what in (gpu["trouble"], gpu["remark"]):
        if what:
            yield f"    {what}"
    if gpu["exclusive"]:
        yield "    its compute mode lets one process compute at a time"
    if gpu["energy_j"] is not None:
        yield f"    {gpu['energy_j'] / 3.6e6:.1f} kWh used since the driver was loaded"
    for entry in gpu["leases"]:
        yield f"    {_line(entry)}"
    if gpu["strangers"] is None:
        yield "    who uses memory without a lease is not told here (container, WSL)"
    for other in gpu["strangers"] or ():
        yield (
            f"    {other['mem_mb']} MB  {other['program'] or 'a program'} of"
            f" {other['user'] or 'somebody'}, process {other['pid']}, without a lease"
        )


def _line(entry: dict[str, Any]) -> str:
    other = entry["mem_mb"] != entry["declared_mb"]
    pid = entry["stopped_pid"]
    stopped = f"; process {pid} is stopped or hangs (kill -CONT {pid})" if pid else ""
    declared = f" ({entry['declared_mb']} MB declared)" if other else ""
    return (
        f"{entry['mem_mb']} MB{declared}  {entry['label'] or 'a job'} of {entry['user']},"
        f" process {entry['pid']}, for {entry['since_s']:.0f} s{stopped}"
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
