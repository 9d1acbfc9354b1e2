"""The GPUs that a process may use, and the one place where they are leased."""

import logging
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

from gpulease.cuda_order import ask_cuda_order
from gpulease.errors import (
    DriverError,
    GpuLeaseError,
    LeaseTimeoutError,
    LedgerError,
    NeverFitsError,
    NoGpuError,
)
from gpulease.explain import explain
from gpulease.inventory import Gpu, GpuState, read_inventory
from gpulease.leases import Lease
from gpulease.ledger import Entry, Held, Ledger, Record, scope_folder
from gpulease.placement import (
    Choice,
    GpuView,
    Promise,
    Request,
    Reservation,
    choose,
    grant,
    never_fits,
    reserve,
)
from gpulease.processes import use_by_lease
from gpulease.visible import uses_indices, visible_gpus

logger = logging.getLogger(__name__)

POLL_S: Final = 0.5
"""How often a job that waits looks again, in seconds."""

MOST_TICKETS: Final = 16
"""How many sizes of one process wait with a place of their own: each holds an open file."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request: a lease, or the reason to wait, or an error for good."""

    lease: Lease | None = None
    choice: Choice | None = None
    error: GpuLeaseError | None = None


class Pool:
    """The GPUs that this process may use, shared with all other processes of the scope.

    Args:
        scope: who shares: "system" (all users of the host), "group", "user", or a folder.
        environment: where CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER are read, once.
    """

    def __init__(self, scope: str = "system", environment: Mapping[str, str] = os.environ) -> None:
        self.scope = scope
        self._visible = environment.get("CUDA_VISIBLE_DEVICES")
        self._by_bus = environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
        self._cuda_order: list[str] | None = None
        self._order_known = False
        self._ledger: Ledger | None = None

    @property
    def ledger(self) -> Ledger:
        """The shared folder, made when it is first needed."""
        if self._ledger is None:
            self._ledger = Ledger(scope_folder(self.scope), self.scope)
        return self._ledger

    def states(self) -> list[GpuState]:
        """The allowed devices and their memory now.

        Raises:
            NoGpuError: where there is no driver, or no device is allowed.
        """
        found = read_inventory()
        if not found:
            raise NoGpuError("This host has no NVIDIA driver, or the driver sees no GPU.")
        gpus = [state.gpu for state in found]
        allowed = visible_gpus(gpus, self._visible, self._order(gpus))
        if not allowed:
            raise NoGpuError(
                f"CUDA_VISIBLE_DEVICES={self._visible} allows none of the {len(gpus)} GPUs of this"
                " host; correct it or unset it."
            )
        # In the host's order, which decides ties, whatever the order in the variable is.
        return [state for state in found if state.gpu in allowed]

    def _order(self, gpus: Sequence[Gpu]) -> list[str] | None:
        ambiguous = uses_indices(self._visible) and not self._by_bus
        if not ambiguous or len({gpu.name for gpu in gpus}) < 2:
            return None
        if not self._order_known:
            self._order_known = True
            self._cuda_order = ask_cuda_order()
            if self._cuda_order is None:
                logger.warning(
                    "CUDA_VISIBLE_DEVICES=%s counts GPUs of different models, and CUDA could not"
                    " be asked for its order; the order of nvidia-smi is taken. Use UUIDs"
                    " (nvidia-smi -L), or set CUDA_DEVICE_ORDER=PCI_BUS_ID.",
                    self._visible,
                )
        return self._cuda_order

    def views(self) -> list[GpuView]:
        """The allowed devices with what is promised and kept on them. Only under the lock."""
        return view_gpus(self.states(), self.ledger.leases(), self.ledger.tickets())

    def end(self, held: Held) -> bool:
        """Let go of a lease or ticket and clear it away; False where others still hold it."""
        held.let_go()
        try:
            with self.ledger.locked():
                return self.ledger.clear(held.path)
        except LedgerError as error:
            # It ended when it was let go; whoever looks at the ledger next clears it away.
            logger.warning("%s", error)
            return True

    def acquire(self, request: Request, timeout_s: float | None = None) -> Lease:
        """Wait for a lease.

        Raises:
            NoGpuError: where no device is allowed.
            NeverFitsError: where even empty devices would not do.
            LeaseTimeoutError: where nothing became free in time.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        queue = Queue(self)
        reported = ""
        try:
            while True:
                (outcome,) = queue.grant([request])
                if outcome.error:
                    raise outcome.error
                if outcome.lease:
                    return outcome.lease
                if outcome.choice and not reported:
                    reported = explain(outcome.choice)
                    logger.info("%s %s", request.label or "this job", reported)
                if deadline is not None and time.monotonic() > deadline:
                    raise LeaseTimeoutError(
                        f"No GPU became free in {timeout_s:.0f} s: it {reported}. Wait longer, ask"
                        " for less memory, or see with gpulease status who uses the GPUs."
                    )
                time.sleep(POLL_S)
        finally:
            queue.close()


class Queue:
    """The requests of one process in their order, with its place among those of others.

    The first request of each size that has to wait takes a ticket, and with it a place in the order
    of the whole host.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._tickets: dict[Request, Held] = {}

    @contextmanager
    def round(self) -> Iterator["Round"]:
        """Hold the ledger and decide requests one after another; never waits for memory.

        Sizes that were not asked for in a round lose their place at its end.
        """
        with self.pool.ledger.locked():
            views: list[GpuView] = []
            failure = None
            try:
                views = self.pool.views()
            except (NoGpuError, DriverError) as error:
                failure = error
            seq = self.pool.ledger.next_seq()
            this = Round(self.pool, self._tickets, views, seq, failure)
            yield this
            self._withdraw(this.asked)

    def grant(self, requests: Sequence[Request]) -> list[Outcome]:
        """Lease as many as possible, the first ones first."""
        with self.round() as this:
            return [this.decide(request) for request in requests]

    def places(self) -> dict[int, Request]:
        """What this queue waits for, by its place in the order of the whole host."""
        return {held.record.seq: request for request, held in dict(self._tickets).items()}

    def rest(self) -> None:
        """Keep the places, but no memory until the next round: nothing could be started now."""
        if self._tickets:
            with self.pool.ledger.locked():
                for ticket in self._tickets.values():
                    ticket.rewrite(replace(ticket.record, gpus=()))

    def close(self) -> None:
        """Give up all places."""
        if self._tickets:
            with self.pool.ledger.locked():
                self._withdraw(())

    def _withdraw(self, still_wanted: Iterable[Request]) -> None:
        for size in set(self._tickets) - set(still_wanted):
            _drop(self._tickets.pop(size))


class Round:
    """One pass over requests under the ledger's lock.

    Attributes:
        views: the devices as they are after what was decided so far.
        asked: the sizes that were asked for.
    """

    def __init__(
        self,
        pool: Pool,
        tickets: dict[Request, Held],
        views: list[GpuView],
        seq: int,
        failure: GpuLeaseError | None,
    ) -> None:
        self._pool = pool
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

    def may_reuse(self, request: Request, gpus: Collection[Gpu]) -> bool:
        """Whether a request may have the memory of an idle worker.

        Not where somebody who waits longer needs it.
        """
        ticket = self._tickets.get(request)
        seq = ticket.record.seq if ticket else self._seq
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
        held = self._pool.ledger.add("lease", self._seq, uuids, request.mem_mb, request.label)
        ticket = self._tickets.pop(request, None)
        if ticket:
            _drop(ticket)
            self._forget(ticket.record.seq)
        self.views = [
            grant(view, request.mem_mb, self._seq) if view.gpu in gpus else view
            for view in self.views
        ]
        self._seq += 1
        return Outcome(lease=Lease(gpus, held, choice, self._pool.end))

    def _keep_place(self, request: Request) -> None:
        ticket = self._tickets.get(request)
        if ticket is None and len(self._tickets) >= MOST_TICKETS:
            return
        seq = ticket.record.seq if ticket else self._seq
        views = {view.gpu.uuid: view for view in self.views}
        self._forget(seq)
        kept = reserve(request, self.views, seq)
        hopeful = ticket and ticket.record.gpus and _still_hopeful(ticket, views)
        since, most = self._seq, request.max_jobs_per_gpu
        if ticket and hopeful and not _is_sooner(kept, ticket, views):
            kept, since = ticket.record.gpus, ticket.record.since
        if ticket is None:
            self._tickets[request] = self._pool.ledger.add(
                "ticket", seq, kept, request.mem_mb, request.label, most, since
            )
            self._seq += 1
        elif (kept, since) != (ticket.record.gpus, ticket.record.since):
            ticket.rewrite(replace(ticket.record, gpus=kept, since=since))
        reservation = Reservation(seq, request.mem_mb, since, most)
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
    return Reservation(ticket.seq, ticket.mem_mb, ticket.since, ticket.max_jobs_per_gpu)


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


def _drop(held: Held) -> None:
    with suppress(OSError):
        held.path.unlink()
    held.let_go()
