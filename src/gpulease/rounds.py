"""One pass over requests under the ledger's lock: who gets a lease now, and who keeps a place."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from gpulease.errors import GpuLeaseError, NeverFitsError
from gpulease.inventory import Gpu
from gpulease.leases import Lease
from gpulease.ledger import Held, Ledger
from gpulease.placement import (
    Choice,
    GpuView,
    Request,
    Reservation,
    choose,
    grant,
    never_fits,
    occupied,
    reserve,
    resized,
)

MOST_TICKETS: Final = 16
"""How many sizes of one process wait with a place of their own: each holds an open file."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request: a lease, or the reason to wait, or an error for good."""

    lease: Lease | None = None
    choice: Choice | None = None
    error: GpuLeaseError | None = None


class Round:
    """One pass over requests under the ledger's lock.

    Attributes:
        views: the devices as they are after what was decided so far.
        asked: the sizes that were asked for.
    """

    def __init__(
        self,
        ledger: Ledger,
        end: Callable[[Held], bool],
        tickets: dict[Request, Held],
        views: list[GpuView],
        seq: int,
        failure: GpuLeaseError | None,
    ) -> None:
        self._ledger = ledger
        self._end = end
        self._tickets = tickets
        self.views = views
        self._seq = seq
        self._failure = failure
        self._waiting: dict[Request, Outcome] = {}
        self.asked: set[Request] = set()

    def decide(self, request: Request) -> Outcome:
        """A lease for one request, or why it has to wait or cannot be met."""
        if self._failure:
            return Outcome(error=self._failure)
        self.asked.add(request)
        # What did not fit a moment ago does not fit now: memory only shrinks within a round.
        if request in self._waiting:
            return self._waiting[request]
        impossible = never_fits(request, [view.gpu for view in self.views])
        if impossible:
            return Outcome(error=NeverFitsError(f"{request.label}: {impossible}.".lstrip(": ")))
        ticket = self._tickets.get(request)
        choice = choose(request, self.views, ticket.record.seq if ticket else self._seq)
        if choice.chosen:
            return self._grant(request, choice)
        self._keep_place(request)
        self._waiting[request] = Outcome(choice=choice)
        return self._waiting[request]

    def enlarge(self, lease: Lease, mem_mb: int) -> bool:
        """Let a lease hold more on each of its devices, where there is room for that now."""
        more = mem_mb - lease.mem_mb
        mine = [view for view in self.views if view.gpu in lease.gpus]
        if len(mine) < len(lease.gpus) or any(view.free_mb < more for view in mine):
            return False
        lease.resize(mem_mb)
        self.views = [
            resized(view, lease.entry.record.seq, mem_mb) if view in mine else view
            for view in self.views
        ]
        return True

    def occupy(self, lease: Lease) -> None:
        """An idle worker with this lease has work to do from now on."""
        seq = lease.entry.record.seq
        self.views = [
            occupied(view, seq) if view.gpu in lease.gpus else view for view in self.views
        ]

    def may_reuse(self, request: Request, gpus: Collection[Gpu]) -> bool:
        """Whether a request may have the memory of an idle worker.

        Not where somebody who waits longer needs it, nor where enough jobs compute already.
        """
        ticket = self._tickets.get(request)
        seq = ticket.record.seq if ticket else self._seq
        busiest = max((view.computing for view in self.views if view.gpu in gpus), default=0)
        if 0 < request.max_computing <= busiest:
            return False
        return all(
            view.has_room_for(reservation)
            for view in self.views
            if view.gpu in gpus
            for reservation in view.reservations
            if reservation.seq < seq
        )

    def _grant(self, request: Request, choice: Choice) -> Outcome:
        gpus = tuple(view.gpu for view in choice.chosen)
        uuids = tuple(gpu.uuid for gpu in gpus)
        held = self._ledger.add(
            "lease",
            self._seq,
            uuids,
            request.mem_mb,
            request.label,
            declared_mb=request.declared_mb,
        )
        ticket = self._tickets.pop(request, None)
        if ticket:
            drop(ticket)
            self._forget(ticket.record.seq)
        self.views = [
            grant(view, request.mem_mb, self._seq) if view.gpu in gpus else view
            for view in self.views
        ]
        self._seq += 1
        return Outcome(lease=Lease(gpus, held, choice, self._end))

    def _keep_place(self, request: Request) -> None:
        ticket = self._tickets.get(request)
        if ticket is None and len(self._tickets) >= MOST_TICKETS:
            return
        seq = ticket.record.seq if ticket else self._seq
        views = {view.gpu.uuid: view for view in self.views}
        self._forget(seq)
        kept = reserve(request, self.views, seq)
        hopeful = ticket and ticket.record.gpus and _still_hopeful(ticket, views)
        hopeful = hopeful and ticket and ticket.record.mem_mb == request.mem_mb
        since, most = self._seq, request.max_jobs_per_gpu
        if ticket and hopeful and not _is_sooner(kept, ticket, views):
            kept, since = ticket.record.gpus, ticket.record.since
        if ticket is None:
            self._tickets[request] = self._ledger.add(
                "ticket",
                seq,
                kept,
                request.mem_mb,
                request.label,
                most,
                since,
                max_computing=request.max_computing,
            )
            self._seq += 1
        else:
            record = replace(ticket.record, gpus=kept, since=since, mem_mb=request.mem_mb)
            if record != ticket.record:
                ticket.rewrite(record)
        reservation = Reservation(seq, request.mem_mb, since, most, request.max_computing)
        self.views = [
            replace(view, reservations=(*view.reservations, reservation))
            if view.gpu.uuid in kept
            else view
            for view in self.views
        ]

    def _forget(self, seq: int) -> None:
        self.views = [
            replace(view, reservations=tuple(r for r in view.reservations if r.seq != seq))
            for view in self.views
        ]


def _still_hopeful(ticket: Held, views: Mapping[str, GpuView]) -> bool:
    """Whether the devices kept for a waiting job will still have room once others have ended."""
    seq = ticket.record.seq
    for uuid in ticket.record.gpus:
        view = views.get(uuid)
        if view is None:
            return False
        ahead = sum(r.mem_mb for r in view.reservations if r.seq < seq)
        if view.free_later_mb(ticket.record.since) - ahead < ticket.record.mem_mb:
            return False
    return True


def _is_sooner(kept: Sequence[str], ticket: Held, views: Mapping[str, GpuView]) -> bool:
    """Whether idle workers would make room on other devices than those kept, and not on those."""
    need = ticket.record.mem_mb

    def soon(uuids: Sequence[str]) -> bool:
        return all(views[uuid].soon_mb >= need for uuid in uuids)

    return bool(kept) and soon(kept) and not soon(ticket.record.gpus)


def drop(held: Held) -> None:
    """Take back a ticket that this process holds. Only under the ledger's lock."""
    with suppress(OSError):
        held.path.unlink()
    held.let_go()
