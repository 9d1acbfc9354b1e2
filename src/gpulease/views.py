"""What the driver tells and what the ledger tells, put into one view of each device."""

from collections.abc import Sequence

from gpulease.inventory import GpuState
from gpulease.ledger import Entry, Record
from gpulease.placement import GpuView, Promise, Reservation
from gpulease.processes import use_by_lease


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
        views.append(
            GpuView(
                state.gpu,
                state.free_mb,
                tuple(
                    Promise(e.record.seq, e.record.mem_mb, used.get(str(e.path), 0), e.idle)
                    for e in here
                ),
                tuple(_reservation(e.record) for e in kept.get(state.gpu.uuid, [])),
            )
        )
    return views


def _by_gpu(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        for uuid in set(entry.record.gpus):
            found.setdefault(uuid, []).append(entry)
    return found


def _reservation(ticket: Record) -> Reservation:
    return Reservation(ticket.seq, ticket.mem_mb, ticket.since, ticket.max_jobs_per_gpu, ticket.seq)
