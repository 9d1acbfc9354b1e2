"""One pass over requests under the ledger's lock: who gets a lease now, and who keeps a place."""

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from gpulease.energy import counters
from gpulease.errors import GpuLeaseError, LedgerAwayError, NeverFitsError
from gpulease.inventory import Gpu
from gpulease.leases import Lease
from gpulease.placement import (
    OVERTAKEN_S,
    Choice,
    GpuView,
    Request,
    Reservation,
    among_fellows,
    choose,
    grant,
    never_fits,
    occupied,
    reserve,
    resized,
)
from gpulease.pool_trouble import Patience
from gpulease.records import Entry, Held
from gpulease.snapshots import GpuSource, Look, claimed, ranked, share, waiter_of
from gpulease.turns import Turns, Waiter

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

    Args:
        pool: what is given.
        tickets: the places of those who ask, by what they ask for.
        look: what is seen under the lock; None where the pool is in trouble.
        lost: bears that a device is away on which a request would fit, or nothing can be written.
        due: what it was at the end of the round before.

    Attributes:
        due: the ticket, of those who ask, that the others must not overtake any more; 0 for none.
        views: the devices as they are after what was decided so far.
        asked: the sizes that were asked for.
        trouble: why nothing can be decided now.
        failure: the same, where it has lasted too long.
        more: by size, how many wait behind the first one of it.
        turns_taken: how often anything was given.
    """

    def __init__(
        self,
        pool: GpuSource,
        tickets: dict[Request, Held],
        look: Look | None,
        lost: Patience,
        due: int = 0,
    ) -> None:
        self._pool = pool
        self._tickets = tickets
        self._look = look
        self._lost = lost
        self.due = due
        self.views = look.views if look else []
        self._turns = look.turns if look else Turns({}, [], 0.0)
        self._seq = look.seq if look else 0
        self.trouble: GpuLeaseError | None = None
        self.failure: GpuLeaseError | None = None
        self.turns_taken = 0
        self._waiting: dict[Request, Outcome] = {}
        self._ranks: dict[Request, int] = {}
        self.asked: set[Request] = set()
        self.more: dict[Request, int] = {}

    def decide(self, request: Request, job: str = "", asked: float = 0.0, rank: int = 0) -> Outcome:
        """A lease for one request, or why it has to wait or cannot be met.

        Args:
            request: what is asked for.
            job: which job it is for; so that others know it when it is started again.
            asked: when it first asked, in seconds since 1970; 0 for when its place was taken.
            rank: those of this round that are asked before it, and have a higher one, it must not
                overtake.
        """
        if self.failure:
            return Outcome(error=self.failure)
        if self.trouble:
            return _waits(self.trouble)
        self.asked.add(request)
        # What did not fit a moment ago does not fit now: memory only shrinks within a round.
        if request in self._waiting:
            self.more[request] += 1
            return self._waiting[request]
        impossible = never_fits(request, [view.gpu for view in self.views])
        if impossible:
            return self._refuse(request, f"{request.label}: {impossible}.".lstrip(": "))
        try:
            return self._place(request, job, asked, rank)
        except LedgerAwayError as error:
            return self._bear(error)

    def _place(self, request: Request, job: str, asked: float, rank: int) -> Outcome:
        views = self._claimed(self._seen(request, rank))
        choice = choose(request, views, self._turns.place(self._waiter(request)))
        if choice.chosen:
            return self._grant(request, choice, job, asked)
        self._keep_place(request, asked)
        self._ranks[request] = rank
        self.more[request] = 0
        self._waiting[request] = Outcome(choice=choice)
        return self._waiting[request]

    def enlarge(self, lease: Lease, mem_mb: int) -> bool:
        """Let a lease hold more on each of its devices, where there is room for that now."""
        more = mem_mb - lease.mem_mb
        mine = [view for view in self.views if view.gpu in lease.gpus]
        if len(mine) < len(lease.gpus) or any(view.free_mb < more for view in mine):
            return False
        try:
            lease.resize(mem_mb)
        except LedgerAwayError:
            return False
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

    def may_reuse(self, request: Request, gpus: Collection[Gpu], rank: int = 0) -> bool:
        """Whether a request may have the memory of an idle worker.

        Not where somebody whose turn is before its own needs it, nor where enough jobs compute
        already.
        """
        busiest = max((view.computing for view in self.views if view.gpu in gpus), default=0)
        if 0 < request.max_computing <= busiest:
            return False
        place = self._turns.place(self._waiter(request))
        return all(
            view.has_room_for(reservation, beside=1)
            for view in self._seen(request, rank)
            if view.gpu in gpus
            for reservation in view.reservations
            if reservation.seq < place
        )

    def serve(self, request: Request) -> None:
        """A worker serves a request: that is a turn, although no lease is given."""
        self._take_turn(replace(self._waiter(request), seq=self._seq), 0.0)

    def running_elsewhere(self, job: str) -> Entry | None:
        """The lease under which another run started the same job, if that goes on.

        So it does as long as any of its processes holds it, and its run has not seen it end.
        """
        for entry in self._look.leases if self._look and job else ():
            if entry.record.job == job and entry.record.run != self._pool.run:
                return entry
        return None

    def _seen(self, request: Request, rank: int) -> list[GpuView]:
        """The devices as one of those who ask in this round sees them."""
        fellows = {
            ticket.record.seq
            for other, ticket in self._tickets.items()
            if other != request and self._ranks.get(other, rank) <= rank
        }
        return [among_fellows(view, fellows, self.due) for view in self.views]

    def _own(self) -> set[int]:
        return {ticket.record.seq for ticket in self._tickets.values()}

    def _claimed(self, views: Sequence[GpuView]) -> list[GpuView]:
        """The devices with what others are about to be given who do not ask in this round."""
        own = self._own()
        entries = self._look.tickets if self._look else []
        waiting = [entry.record for entry in entries if entry.record.seq not in own]
        return claimed(views, self._turns, waiting)

    def _refuse(self, request: Request, sentence: str) -> Outcome:
        error = NeverFitsError(sentence)
        if never_fits(request, self._pool.known()):
            return Outcome(error=error)
        # There was a GPU for it, which does not answer now and may come back.
        return self._bear(error)

    def _bear(self, error: GpuLeaseError) -> Outcome:
        failure = self._lost.bear(error)
        return Outcome(error=failure) if failure else _waits(error)

    def _waiter(self, request: Request) -> Waiter:
        ticket = self._tickets.get(request)
        if ticket:
            return waiter_of(ticket.record)
        uid, run, now = os.getuid(), self._pool.run, self._turns.now
        return Waiter(self._seq, uid, run, request.priority, now)

    def _take_turn(self, waiter: Waiter, gpus: float) -> None:
        self._turns.take(waiter, gpus)
        if self._look:
            self._look.book.turn(waiter)
        self.turns_taken += 1
        self.views = ranked(self.views, self._turns)

    def _grant(self, request: Request, choice: Choice, job: str, asked: float) -> Outcome:
        gpus = tuple(view.gpu for view in choice.chosen)
        uuids = tuple(gpu.uuid for gpu in gpus)
        waiter = self._waiter(request)
        held = self._pool.ledger.add(
            "lease",
            self._seq,
            uuids,
            request.mem_mb,
            request.label,
            declared_mb=request.declared_mb,
            run=self._pool.run,
            priority=request.priority,
            job=job,
            waited_s=max(0.0, self._turns.now - (asked or waiter.time)),
            energy=counters(uuids),
        )
        ticket = self._tickets.pop(request, None)
        if ticket:
            drop(ticket)
        self._take_turn(waiter, share(held.record, {gpu.uuid: gpu.capacity_mb for gpu in gpus}))
        self._lost.is_over()
        self.views = [
            grant(view, request.mem_mb, self._seq) if view.gpu in gpus else view
            for view in self.views
        ]
        self._seq += 1
        return Outcome(lease=Lease(gpus, held, choice, self._pool.end))

    def _becomes_due(self, waiter: Waiter, asked: float) -> bool:
        """Whether the others must not overtake a job from now on: one of them at a time."""
        waited_s = self._turns.now - (asked or waiter.time)
        if waited_s < OVERTAKEN_S or self.due in self._own():
            return False
        self.due = waiter.seq
        return True

    def _keep_place(self, request: Request, asked: float) -> None:
        ticket = self._tickets.get(request)
        if ticket is None and len(self._tickets) >= MOST_TICKETS:
            return
        waiter = self._waiter(request)
        place = self._turns.place(waiter)
        views = {view.gpu.uuid: view for view in self.views}
        self._forget(waiter.seq)
        kept = reserve(request, self.views, place)
        hopeful = ticket and ticket.record.gpus and _still_hopeful(ticket, views, place)
        hopeful = hopeful and ticket and ticket.record.mem_mb == request.mem_mb
        # Once it is due, it waits for the end of those, too, that have overtaken it.
        hopeful = not self._becomes_due(waiter, asked) and hopeful
        since, most = self._seq, request.max_jobs_per_gpu
        if ticket and hopeful and not _is_sooner(kept, ticket, views):
            kept, since = ticket.record.gpus, ticket.record.since
        if ticket is None:
            held = self._pool.ledger.add(
                "ticket",
                waiter.seq,
                kept,
                request.mem_mb,
                request.label,
                most,
                since,
                max_computing=request.max_computing,
                run=self._pool.run,
                priority=request.priority,
                only_on=only_on(request, self._pool),
            )
            self._tickets[request] = held
            self._turns.add(waiter_of(held.record))
            self._seq += 1
        else:
            record = replace(
                ticket.record, gpus=kept, since=since, mem_mb=request.mem_mb, rests=False
            )
            if record != ticket.record:
                ticket.rewrite(record)
        reservation = Reservation(
            place, request.mem_mb, since, most, request.max_computing, waiter.seq
        )
        views_now = [
            replace(view, reservations=(*view.reservations, reservation))
            if view.gpu.uuid in kept
            else view
            for view in self.views
        ]
        self.views = ranked(views_now, self._turns)

    def _forget(self, ticket: int) -> None:
        self.views = [
            replace(view, reservations=tuple(r for r in view.reservations if r.ticket != ticket))
            for view in self.views
        ]


def _waits(trouble: GpuLeaseError) -> Outcome:
    return Outcome(choice=Choice((), f"waits: {trouble}", ()))


def _still_hopeful(ticket: Held, views: Mapping[str, GpuView], place: int) -> bool:
    """Whether the devices kept for a waiting job will still have room once others have ended."""
    for uuid in ticket.record.gpus:
        view = views.get(uuid)
        if view is None:
            return False
        ahead = sum(r.mem_mb for r in view.reservations if r.seq < place)
        if view.free_later_mb(ticket.record.since) - ahead < ticket.record.mem_mb:
            return False
    return True


def _is_sooner(kept: Sequence[str], ticket: Held, views: Mapping[str, GpuView]) -> bool:
    """Whether idle workers would make room on other devices than those kept, and not on those."""
    need = ticket.record.mem_mb

    def soon(uuids: Sequence[str]) -> bool:
        return all(views[uuid].soon_mb >= need for uuid in uuids)

    return bool(kept) and soon(kept) and not soon(ticket.record.gpus)


def only_on(request: Request, pool: GpuSource) -> tuple[str, ...]:
    """The devices that a request may have, where these are not all of the host."""
    if not request.exclude and not pool.is_restricted:
        return ()
    return tuple(gpu.uuid for gpu in pool.known() if not request.excludes(gpu))


def drop(held: Held) -> None:
    """Take back a ticket that this process holds. Only under the ledger's lock."""
    with suppress(OSError):
        held.path.unlink()
    held.let_go()
