"""The requests of one process, with their places among those of all others."""

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Final

from gpulease.errors import DriverError, LedgerAwayError, NoGpuError
from gpulease.heartbeat import beat
from gpulease.inventory import Gpu
from gpulease.placement import Choice, Request, never_fits
from gpulease.pool_trouble import Patience
from gpulease.records import Held
from gpulease.rounds import Outcome, Round, drop, only_on
from gpulease.snapshots import GpuSource, Look, fitting
from gpulease.usage import write_book
from gpulease.wakers import FIRST, LOOK, Waker, wake

HEADS: Final = 4
"""How many of those who wait look at the whole ledger every few seconds at least. The others are
woken when they come among them."""

_STEP_S: Final = 0.5
_BEHIND_S: Final = 2.0
"""The second of the order looks so often, the third half as often: the first wakes them."""

_LONGEST_S: Final = 60.0
"""Those further back are woken where they fit and the first ones do not; they look by themselves,
too, should all before them be killed at once. With hundreds of them, that must be seldom."""

WOKEN: Final = 4
"""How many of those who fit are woken at a time. They have to take turns at the ledger, and each
that was given something wakes the next ones."""

NEVER_LOOKED: Final = 0
"""The mark in tickets of those who took a place without a look."""

_BEAT_S: Final = 20.0
"""Seconds between the signs of life of one that need not look. That it is stopped shows without."""

_CROWD: Final = 16
"""With so many waiting, one more joins them without a look of its own."""

_GLANCE_S: Final = (0.03, 0.09)
"""After so many seconds a lock that was held by one who only looks is free again."""


class Queue:
    """The requests of one process in their order, with its place among those of others.

    The first request of each size that has to wait takes a ticket, and with it a place in the order
    of the whole host.
    """

    def __init__(self, pool: GpuSource) -> None:
        self.pool = pool
        self._tickets: dict[Request, Held] = {}
        self._patience = Patience()
        self._lost = Patience()
        self._waker: Waker | None = None
        self._outcomes: dict[Request, Outcome] = {}
        self._next_look = 0.0
        self._place = 0
        self._due = 0
        self._seen: list[tuple[str, int, int, int]] = []

    @contextmanager
    def round(self) -> Iterator[Round]:
        """Hold the ledger and decide requests one after another; never waits for memory.

        Sizes that were not asked for in a round lose their place at its end. Where the pool itself
        is in trouble, all requests wait, or fail when that has lasted too long.
        """
        for ticket in tuple(self._tickets.values()):
            beat(ticket.fd)
        with ExitStack() as stack:
            look, trouble = None, None
            try:
                look = stack.enter_context(self.pool.look())
                self._patience.is_over()
            except (NoGpuError, DriverError, LedgerAwayError) as error:
                trouble = error
            this = Round(self.pool, self._tickets, look, self._lost, self._due)
            if trouble:
                # Where no GPU was ever seen, there is nothing to wait for.
                hopeless = isinstance(trouble, NoGpuError) and not self.pool.known()
                this.trouble = trouble
                this.failure = trouble if hopeless else self._patience.bear(trouble)
            yield this
            if look:
                self._finish(this, look)

    def _finish(self, this: Round, look: Look) -> None:
        self._withdraw(this.asked)
        self._due = this.due
        for size, ticket in self._tickets.items():
            more = this.more.get(size, 0)
            if ticket.record.more != more:
                # Others only choose less well where it cannot be told.
                with suppress(LedgerAwayError):
                    ticket.rewrite(replace(ticket.record, more=more))
        if this.turns_taken:
            write_book(self.pool.ledger.folder, look.book)
        self._place = self._first_place(look)
        self._next_look = time.monotonic() + _rest_s(self._place)
        self._wake_others(this, look)

    def _wake_others(self, this: Round, look: Look) -> None:
        """Wake the next ones who fit now, and tell those who have come among the first."""
        mine, order = self.places(), look.turns.order()
        seen = [(v.gpu.uuid, v.free_mb, len(v.promises), v.computing) for v in this.views]
        changed, self._seen = self._seen != seen, seen
        fits: set[int] = set()
        if changed:
            fits = fitting(this.views, look.turns, [entry.record for entry in look.tickets])
        came = HEADS - this.turns_taken
        entries = {entry.record.seq: entry for entry in look.tickets}
        woken = 0
        for place, waiter in enumerate(order):
            entry = entries.get(waiter.seq)
            if entry is None or waiter.seq in mine:
                continue
            if waiter.seq in fits and woken < WOKEN:
                woken += 1
                wake(entry.path)
            elif place < HEADS and (place >= came or entry.record.since == NEVER_LOOKED):
                wake(entry.path, FIRST)

    def grant(self, requests: Sequence[Request]) -> list[Outcome]:
        """Lease as many as possible, the first ones first.

        Those who wait far back are told the same again, without a look at the ledger, until it is
        time for one or they are woken.
        """
        if self._is_far_back(requests):
            return [self._outcomes[request] for request in requests]
        if len(requests) == 1 and self._joins_crowd(requests[0]):
            return [self._outcomes[requests[0]]]
        with self.round() as this:
            outcomes = [this.decide(request) for request in requests]
        self._outcomes = dict(zip(requests, outcomes, strict=True))
        self._listen()
        return outcomes

    def wait(self, seconds: float, most_s: float = _BEAT_S) -> None:
        """Sleep, but not longer than until it becomes this queue's turn.

        Args:
            seconds: how long, where nobody wakes it.
            most_s: the same for one that need not look yet, which saves what waking up costs.
        """
        if self._waker is None:
            time.sleep(min(seconds, most_s))
            return
        unneeded = max(_BEHIND_S * self._place, self._next_look - time.monotonic())
        self._is_told(max(0.0, min(max(seconds, unneeded), most_s, _BEAT_S)))

    def _is_told(self, seconds: float) -> None:
        """Sleep until there is something to do, or the time is over, and remember what."""
        told = self._waker.wait(seconds) if self._waker else b""
        if told == LOOK:
            self._next_look = 0.0
        elif told == FIRST and self._place >= HEADS:
            self._place = HEADS - 1
            self._next_look = min(self._next_look, time.monotonic() + _BEHIND_S)

    def _is_far_back(self, requests: Sequence[Request]) -> bool:
        self._is_told(0)
        if time.monotonic() >= self._next_look or any(r not in self._tickets for r in requests):
            return False
        for ticket in self._tickets.values():
            beat(ticket.fd)
        return all(request in self._outcomes for request in requests)

    def _joins_crowd(self, request: Request) -> bool:
        """Take a place behind many others, which costs no lock.

        Also where many come at once and crowd round the lock: the first of them look, and the
        others have places meanwhile.
        """
        if self._tickets or request.gpus > 1:
            return False
        ledger = self.pool.ledger
        if ledger.count_tickets() < _CROWD and not self._is_crowded():
            return False
        known = self._known()
        if not known or never_fits(request, known):
            return False
        ahead = ledger.count_tickets()
        seq = self.pool.ledger.next_seq([])
        self._tickets[request] = self.pool.ledger.add(
            "ticket",
            seq,
            (),
            request.mem_mb,
            request.label,
            request.max_jobs_per_gpu,
            NEVER_LOOKED,
            run=self.pool.run,
            priority=request.priority,
            only_on=only_on(request, self.pool),
            max_computing=request.max_computing,
        )
        self._outcomes[request] = Outcome(
            choice=Choice((), f"waits with {ahead} others for a GPU with {request.mem_mb} MB", ())
        )
        # Whoever is first by turn is woken by those who look; all others have time.
        self._place = max(HEADS, ahead)
        self._next_look = time.monotonic() + _rest_s(ahead)
        self._listen()
        return True

    def _is_crowded(self) -> bool:
        """Whether the lock is held for longer than one who looks holds it."""
        if not self.pool.ledger.is_busy():
            return False
        time.sleep(random.uniform(*_GLANCE_S))  # noqa: S311
        return self.pool.ledger.is_busy()

    def _known(self) -> list[Gpu]:
        """The devices, asked for where they never were; none where that fails, as a look tells."""
        if not self.pool.known():
            with suppress(NoGpuError, DriverError):
                self.pool.states()
        return self.pool.known()

    def _listen(self) -> None:
        """Have a pipe beside the ticket, where there is one ticket: so commands and jobs wait."""
        ticket = next(iter(self._tickets.values())) if len(self._tickets) == 1 else None
        if self._waker and (ticket is None or self._waker.ticket != ticket.path):
            self._waker.close()
            self._waker = None
        if ticket and self._waker is None:
            self._waker = Waker(ticket.path)

    def advanced(self, look: Look) -> bool:
        """Whether its turn has come nearer since its last round."""
        return self._first_place(look) < self._place

    def _first_place(self, look: Look) -> int:
        mine = self.places()
        resting = {entry.record.seq for entry in look.tickets if entry.record.rests}
        order = [w for w in look.turns.order() if w.seq in mine or w.seq not in resting]
        return next((place for place, w in enumerate(order) if w.seq in mine), 0)

    def places(self) -> dict[int, Request]:
        """What this queue waits for, by its place in the order of the whole host."""
        return {held.record.seq: request for request, held in dict(self._tickets).items()}

    def move(self, old: Request, new: Request) -> None:
        """Keep the place of a request that asks for another size from now on."""
        if old in self._tickets and new not in self._tickets:
            self._tickets[new] = self._tickets.pop(old)

    def rest(self) -> None:
        """Keep the places, but no memory until the next round: nothing could be started now."""
        if self._tickets:
            with self.pool.ledger.locked():
                for ticket in self._tickets.values():
                    ticket.rewrite(replace(ticket.record, gpus=(), more=0, rests=True))

    def close(self) -> None:
        """Give up all places."""
        with ExitStack() as stack:
            if self._tickets:
                # A ticket less harms nobody, whoever holds the lock meanwhile.
                with suppress(LedgerAwayError):
                    stack.enter_context(self.pool.ledger.locked())
            self._withdraw(())
        self._listen()

    def _withdraw(self, still_wanted: Iterable[Request]) -> None:
        for size in set(self._tickets) - set(still_wanted):
            drop(self._tickets.pop(size))


def _rest_s(ahead: int) -> float:
    """How long one with so many before it need not look, in seconds."""
    return 0.0 if ahead < HEADS else min(_LONGEST_S, _STEP_S * (ahead - HEADS + 1) ** 2)
