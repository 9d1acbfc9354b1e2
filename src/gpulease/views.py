"""What the driver tells and what the ledger tells, put into one view of each device."""

from collections.abc import Mapping, Sequence
from typing import Final

from gpulease.inventory import GpuState
from gpulease.placement import GpuView, Promise, Reservation
from gpulease.processes import has_mps_server, use_by_lease
from gpulease.records import Entry, Record

BUSY_PERCENT: Final = 20
"""From this share of time with a kernel at work on, a device is busy: a desktop takes less."""


LEAST_CONTEXT_MB: Final = 100
"""No process computes with less: a CUDA context alone takes some hundred MB."""


def view_gpus(
    states: Sequence[GpuState], leases: Sequence[Entry], tickets: Sequence[Entry]
) -> list[GpuView]:
    """Put what the driver tells and what the ledger tells into one view of each device."""
    views = []
    leased, kept = _by_gpu(leases), _by_gpu(tickets)
    for state in states:
        here = leased.get(state.gpu.uuid, [])
        roots = {str(entry.path): root for entry in here if (root := entry.root())}
        used = use_by_lease(state.used_by, roots)
        exclusive = state.health.exclusive and not has_mps_server(state.used_by)
        views.append(
            GpuView(
                state.gpu,
                state.free_mb,
                tuple(
                    Promise(e.record.seq, e.record.mem_mb, used.get(str(e.path), 0), e.idle)
                    for e in here
                ),
                tuple(_reservation(e.record) for e in kept.get(state.gpu.uuid, [])),
                state.health.trouble or (_occupied(state, sum(used.values())) if exclusive else ""),
                exclusive,
                _stranger_computes(state, here, used),
            )
        )
    return views


def _occupied(state: GpuState, leased_mb: int) -> str:
    """Whether a process without a lease has a device that lets one process compute."""
    if sum((state.used_by or {}).values()) > leased_mb:
        return "a process without a lease has it, and its compute mode lets no second one compute"
    return ""


def _stranger_computes(state: GpuState, leases: Sequence[Entry], used: Mapping[str, int]) -> bool:
    """Whether the device is at work for nobody with a lease.

    Where jobs with leases compute, too, the driver does not tell whose work it is.
    """
    if state.busy_percent < BUSY_PERCENT or not all(entry.idle for entry in leases):
        return False
    strange_mb = state.gpu.capacity_mb - state.free_mb - sum(used.values())
    return strange_mb >= LEAST_CONTEXT_MB


def _by_gpu(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        for uuid in set(entry.record.gpus):
            found.setdefault(uuid, []).append(entry)
    return found


def _reservation(ticket: Record) -> Reservation:
    return Reservation(
        ticket.seq,
        ticket.mem_mb,
        ticket.since,
        ticket.max_jobs_per_gpu,
        ticket.max_computing,
        ticket.seq,
    )
