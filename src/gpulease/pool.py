"""The GPUs that a process may use, and the one place where they are leased."""

import logging
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from gpulease.candidates import check_exclusions, nothing_found, usable
from gpulease.cuda_order import ask_cuda_order
from gpulease.driver import ask_driver, last_answer
from gpulease.errors import DriverError, LeaseTimeoutError, LedgerError, NoGpuError
from gpulease.explain import explain
from gpulease.folder import scope_folder
from gpulease.folder_check import check_folder
from gpulease.inventory import Gpu, GpuState, left_out
from gpulease.leases import Lease
from gpulease.ledger import Ledger
from gpulease.other_ledgers import warn_of_other_ledgers
from gpulease.overuse import name_excess
from gpulease.placement import GpuView, Request
from gpulease.pool_trouble import Patience
from gpulease.queues import Queue
from gpulease.records import Entry, Held
from gpulease.snapshots import Look, holdings, only_looking, ranked, turns_of
from gpulease.usage import Book, Holding, read_book, write_book
from gpulease.views import view_gpus
from gpulease.visible import uses_indices, visible_gpus
from gpulease.wakers import wake

logger = logging.getLogger(__name__)

_CHARGE_S: Final = 1.0
"""How often the book of use is brought up to date, in seconds."""

POLL_S: Final = 0.5
"""How often a job that waits looks again, in seconds."""


class Pool:
    """The GPUs that this process may use, shared with all other processes of the scope.

    Args:
        scope: who shares: "system" (all users of the host), "group", "user", or a folder.
        environment: where CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER are read, once.
        run: what its requests belong to, among which turns go round; by default all that is
            started in one session of a shell.
    """

    def __init__(
        self, scope: str = "system", environment: Mapping[str, str] = os.environ, run: str = ""
    ) -> None:
        self.scope = scope
        self.run = run or f"session {os.getsid(0)}"
        self._known: dict[str, Gpu] = {}
        self._visible = environment.get("CUDA_VISIBLE_DEVICES")
        self._by_bus = environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
        self._cuda_order: list[str] | None = None
        self._order_known = False
        self._ledger: Ledger | None = None

    @property
    def is_restricted(self) -> bool:
        """Whether CUDA_VISIBLE_DEVICES allows some devices only."""
        return self._visible is not None

    @property
    def ledger(self) -> Ledger:
        """The shared folder, made when it is first needed."""
        if self._ledger is None:
            self._ledger = Ledger(scope_folder(self.scope), self.scope)
            check_folder(self._ledger.folder)
        return self._ledger

    def states(self) -> list[GpuState]:
        """The allowed devices and their memory now.

        Raises:
            NoGpuError: where there is no driver, or no device is allowed.
            DriverError: where the driver fails, or no device answers.
        """
        found = ask_driver()
        if not found:
            raise nothing_found(left_out())
        gpus = [state.gpu for state in found]
        allowed = visible_gpus(gpus, self._visible, self._order(gpus))
        if not allowed:
            raise NoGpuError(
                f"CUDA_VISIBLE_DEVICES={self._visible} allows none of the {len(gpus)} GPUs of this"
                " host; correct it or unset it."
            )
        # In the host's order, which decides ties, whatever the order in the variable is.
        states = usable([state for state in found if state.gpu in allowed])
        self._known.update((state.gpu.uuid, state.gpu) for state in states)
        warn_of_other_ledgers(states, scope_folder(self.scope))
        return states

    def check_exclusions(self, exclude: Sequence[str]) -> None:
        """See that each GPU ruled out by hand is one of this host.

        Raises:
            UnknownGpuError: where one is not.
            DriverError: where the driver does not answer.
        """
        if exclude and (found := ask_driver()):
            check_exclusions(exclude, [state.gpu for state in found], left_out())

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

    def known(self) -> list[Gpu]:
        """The allowed devices that were ever seen, those that do not answer now included."""
        if not self._known:
            gpus = [state.gpu for state in last_answer()]
            allowed = visible_gpus(gpus, self._visible, self._order(gpus))
            self._known = {gpu.uuid: gpu for gpu in allowed}
        return list(self._known.values())

    def wait_for_driver(self, timeout_s: float | None = None, exclude: Sequence[str] = ()) -> None:
        """Have the devices seen once; a driver that is away for a while is waited for.

        Args:
            timeout_s: seconds to wait at most, where that is less than trouble is borne.
            exclude: devices that are ruled out by hand.

        Raises:
            NoGpuError: where there is no driver, or no device is allowed.
            UnknownGpuError: where one that is ruled out does not exist.
            DriverError: where the driver is away for longer than trouble is borne.
        """
        patience, started = Patience(), time.monotonic()
        while True:
            try:
                self.check_exclusions(exclude)
                self.states()
                return
            except DriverError as error:
                failure = patience.bear(error)
                if failure:
                    raise failure from error
                if timeout_s is not None and time.monotonic() - started > timeout_s:
                    raise
                time.sleep(POLL_S)

    @contextmanager
    def look(self) -> Iterator[Look]:
        """Hold the ledger's lock and see all there is to see. The driver is asked before.

        Memory that was free a moment before the ledger was read is free or promised now: what the
        ledger says of all leases is never older than what the driver said.

        Raises:
            NoGpuError: where there is no driver, or no device is allowed.
            DriverError: where the driver does not answer.
            LedgerBusyError: where the lock is held for seconds.
        """
        states = self.states()
        with self.ledger.locked():
            leases, tickets = self.ledger.leases(), self.ledger.tickets()
            views = self.view(states, leases, tickets)
            name_excess(leases, views)
            looking = only_looking(tickets)
            now = self.ledger.clock()
            held = holdings(leases, [view.gpu for view in views])
            book = self._charge(held, now)
            turns = turns_of(book, held, looking, now, max(len(views), len(last_answer())))
            seq = self.ledger.next_seq([*leases, *tickets])
            yield Look(ranked(views, turns), leases, looking, turns, book, seq)

    def _charge(self, held: Sequence[Holding], now: float) -> Book:
        book = read_book(self.ledger.folder)
        # Also one of a time to come: the clock was set back, or somebody wrote it.
        age = abs(now - book.time)
        book.charge(held, now)
        if age > _CHARGE_S and (held or book.parties):
            write_book(self.ledger.folder, book)
        return book

    def see(self) -> tuple[list[GpuState], list[GpuView], list[Entry], list[Entry]]:
        """Devices, views, leases and tickets as they are now, to be shown; notes who uses what.

        The errors are those of `look`.
        """
        states = self.states()
        with self.ledger.locked():
            leases, tickets = self.ledger.leases(), self.ledger.tickets()
            views = self.view(states, leases, tickets)
            self._charge(holdings(leases, [view.gpu for view in views]), self.ledger.clock())
        return states, views, leases, tickets

    def see_ledger(self) -> tuple[list[Entry], list[Entry]]:
        """Leases and tickets as they are now, whatever the driver says.

        Raises:
            LedgerError: where they cannot be read.
        """
        with self.ledger.locked():
            return self.ledger.leases(), self.ledger.tickets()

    def view(
        self, states: Sequence[GpuState], leases: Sequence[Entry], tickets: Sequence[Entry]
    ) -> list[GpuView]:
        """The devices with what is promised and kept on them."""
        return view_gpus(states, leases, tickets)

    def end(self, held: Held) -> bool:
        """Let go of a lease or ticket and clear it away; False where others still hold it."""
        if any(held.record.energy_j):
            with suppress(DriverError):
                ask_driver(1.0)
        held.let_go()
        try:
            with self.ledger.locked():
                gone = self.ledger.clear(held)
                book = read_book(self.ledger.folder)
                if gone and book.end(held.path.stem, self.ledger.clock()):
                    write_book(self.ledger.folder, book)
                if gone:
                    self._wake_next(book)
                elif held.record.job:
                    self.ledger.disown(held)
                return gone
        except LedgerError as error:
            # It ended when it was let go; whoever looks at the ledger next clears it away.
            logger.warning("%s", error)
            return True

    def _wake_next(self, book: Book) -> None:
        """Wake the first who waits and listens: it wakes others where it needs less than is free.

        Runs of a workflow have several sizes that wait; they listen to nobody, and look often.
        """
        if not self.ledger.has_listeners():
            return
        known, now = self.known(), self.ledger.clock()
        held = holdings(self.ledger.leases(), known)
        tickets = only_looking(self.ledger.tickets())
        order = turns_of(book, held, tickets, now, max(1, len(known))).order()
        entries = {entry.record.seq: entry for entry in tickets}
        for waiter in order:
            if wake(entries[waiter.seq].path):
                break

    def resize(self, lease: Lease, mem_mb: int) -> None:
        """Change what a lease holds on each of its devices, to what its job is seen to take.

        Raises:
            LedgerError: where it cannot be written down.
        """
        with self.ledger.locked():
            lease.resize(mem_mb)

    def acquire(self, request: Request, timeout_s: float | None = None) -> Lease:
        """Wait for a lease.

        Raises:
            NoGpuError: where no device is allowed.
            UnknownGpuError: where one that is ruled out does not exist.
            NeverFitsError: where even empty devices would not do.
            LeaseTimeoutError: where nothing became free in time.
        """
        if request.exclude:
            self.wait_for_driver(timeout_s, request.exclude)
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        queue = Queue(self)
        reported, looked = "", False
        try:
            while True:
                (outcome,) = queue.grant([request])
                if outcome.error:
                    raise outcome.error
                if outcome.lease:
                    return outcome.lease
                # One that took a place without a look tells why it waits once it has looked.
                if outcome.choice and not (reported and looked >= bool(outcome.choice.others)):
                    reported, looked = explain(outcome.choice), bool(outcome.choice.others)
                    logger.info("%s %s", request.label or "this job", reported)
                if deadline is not None and time.monotonic() > deadline:
                    raise LeaseTimeoutError(
                        f"No GPU became free in {timeout_s:.0f} s: it {reported}. Wait longer, ask"
                        " for less memory, or see with gpulease status who uses the GPUs."
                    )
                left = math.inf if deadline is None else max(0.0, deadline - time.monotonic())
                queue.wait(POLL_S, left)
        finally:
            queue.close()
