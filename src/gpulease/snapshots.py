"""What one sees of the GPUs and of all who want them, at one moment under the ledger's lock."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Final, Protocol

from gpulease.heartbeat import is_looking
from gpulease.inventory import Gpu, GpuState
from gpulease.ledger import Ledger
from gpulease.placement import Claim, GpuView
from gpulease.records import Entry, Held, Record
from gpulease.turns import HALF_LIFE_S, Turns, Waiter, with_held
from gpulease.usage import Book, Holding

logger = logging.getLogger(__name__)


class GpuSource(Protocol):
    """What those who ask need of the pool."""

    run: str

    @property
    def is_restricted(self) -> bool:
        """Whether not all devices of the host may be used."""

    @property
    def ledger(self) -> Ledger:
        """The shared folder."""

    def states(self) -> list[GpuState]:
        """The devices and their memory now."""

    def known(self) -> list[Gpu]:
        """The devices that were ever seen."""

    def look(self) -> "AbstractContextManager[Look]":
        """Hold the ledger's lock and see all there is to see."""

    def end(self, held: Held) -> bool:
        """Let go of a lease or ticket; False where others still hold it."""


_told: Final[set[str]] = set()


@dataclass(frozen=True, slots=True)
class Look:
    """One moment.

    Attributes:
        views: the devices; reservations on them are numbered by turn.
        leases: all leases.
        tickets: all that wait and still look.
        turns: their order.
        book: who used how much of late.
        seq: a number after all of theirs.
    """

    views: list[GpuView]
    leases: list[Entry]
    tickets: list[Entry]
    turns: Turns
    book: Book
    seq: int


def waiter_of(record: Record, now: float = math.inf) -> Waiter:
    """A ticket or a lease as the order of turns sees it at a time, in seconds since 1970."""
    came = record.time
    if came > now:
        # The clock was set back: the number tells how long ago it came, as the host runs.
        came = now - max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - record.seq / 1e6)
    return Waiter(record.seq, record.uid, record.run, record.priority, came)


def only_looking(tickets: Sequence[Entry]) -> list[Entry]:
    """Those whose holders still look; of others it is said once that they keep nothing."""
    found = []
    for entry in tickets:
        record = entry.record
        if is_looking(entry.touched, record.pid, record.time):
            found.append(entry)
            _told.discard(entry.path.name)
        elif entry.path.name not in _told:
            _told.add(entry.path.name)
            logger.info(
                "%s of %s (process %d) waits for a GPU but is stopped or hangs; nothing is kept for"
                " it until it goes on",
                record.label or "A job",
                record.user,
                record.pid,
            )
    return found


def holdings(leases: Sequence[Entry], gpus: Sequence[Gpu]) -> list[Holding]:
    """What each lease holds, as a sum of shares of GPUs."""
    capacity = {gpu.uuid: gpu.capacity_mb for gpu in gpus}
    return [
        Holding(entry.path.stem, waiter_of(entry.record), share(entry.record, capacity))
        for entry in leases
    ]


def share(record: Record, capacity: dict[str, int]) -> float:
    """How much of GPUs a lease holds: the sum of its parts of their memory."""
    return sum(min(1.0, record.mem_mb / max(1, capacity.get(uuid, 1))) for uuid in record.gpus)


def turns_of(
    book: Book, held: Sequence[Holding], tickets: Sequence[Entry], now: float, gpus: int
) -> Turns:
    """The order of those who wait now, on a host with so many devices."""
    # Anybody can write the book: nobody used more than all devices ever since they were there.
    most_s = gpus * HALF_LIFE_S / math.log(2)
    known = {name: party.at_most(most_s) for name, party in book.parties.items()}
    parties = with_held(known, [(one.holder, one.gpus) for one in held])
    return Turns(parties, [waiter_of(entry.record, now) for entry in tickets], now)


def ranked(views: Sequence[GpuView], turns: Turns) -> list[GpuView]:
    """The devices with reservations numbered by turn; those of nobody in the order are left out."""
    places = {waiter.seq: place for place, waiter in enumerate(turns.order())}
    return [_ranked(view, places) if view.reservations else view for view in views]


def _slots(record: Record, view: GpuView) -> int:
    """How many jobs like one that waits a device may take now, whatever their memory."""
    if view.trouble or (record.only_on and view.gpu.uuid not in record.only_on):
        return 0
    limits = [record.more + 1]
    most = view.most_jobs(record.max_jobs_per_gpu)
    if most:
        limits.append(most - len(view.promises))
    if record.max_computing:
        limits.append(record.max_computing - view.computing)
    return min(limits)


def claimed(views: Sequence[GpuView], turns: Turns, waiting: Sequence[Record]) -> list[GpuView]:
    """The devices with what those are about to be given who wait and fit now.

    They look soon, and those whose turn is later leave it to them until then.
    """
    places = {waiter.seq: place for place, waiter in enumerate(turns.order())}
    # Who wants several devices at once may have to wait for the last of them.
    ready = [r for r in waiting if r.seq in places and not r.rests and len(r.gpus) < 2]
    claims: dict[str, list[Claim]] = {}
    least = min((record.mem_mb for record in ready), default=0)
    # Mostly nothing is free, and many wait.
    roomy = [view for view in views if view.free_mb >= max(1, least)] if ready else []
    free = {view.gpu.uuid: view.free_mb for view in roomy}
    for record in sorted(ready, key=lambda record: places[record.seq]) if roomy else ():
        left = record.more + 1
        for view in sorted(roomy, key=lambda view: -free[view.gpu.uuid]):
            uuid = view.gpu.uuid
            fitting = min(left, max(0, free[uuid]) // max(1, record.mem_mb), _slots(record, view))
            if fitting > 0:
                taken = Claim(places[record.seq], fitting * record.mem_mb)
                claims.setdefault(uuid, []).append(taken)
                free[uuid] -= taken.mem_mb
                left -= fitting
    return [
        replace(view, claims=tuple(claims.get(view.gpu.uuid, ())))
        if view.claims or view.gpu.uuid in claims
        else view
        for view in views
    ]


def fitting(views: Sequence[GpuView], turns: Turns, waiting: Sequence[Record]) -> set[int]:
    """The numbers of those who wait and fit now, and whose turn it is."""
    order = turns.order()
    claims = (claim for view in claimed(views, turns, waiting) for claim in view.claims)
    return {order[claim.seq].seq for claim in claims}


def _ranked(view: GpuView, places: Mapping[int, int]) -> GpuView:
    if all(r.seq == places.get(r.ticket) for r in view.reservations):
        return view
    return replace(
        view,
        reservations=tuple(
            replace(reservation, seq=places[reservation.ticket])
            for reservation in view.reservations
            if reservation.ticket in places
        ),
    )
