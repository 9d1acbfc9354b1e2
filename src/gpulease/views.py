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
    for state in states:
        here = [entry for entry in leases if state.gpu.uuid in entry.record.gpus]
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
                tuple(_reservation(e.record) for e in tickets if state.gpu.uuid in e.record.gpus),
            )
        )
    return views


def _reservation(ticket: Record) -> Reservation:
    return Reservation(ticket.seq, ticket.mem_mb, ticket.since, ticket.max_jobs_per_gpu, ticket.seq)
