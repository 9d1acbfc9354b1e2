"""The GPUs that a process may use, and the one place where they are leased."""

import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from gpulease.candidates import check_exclusions, nothing_found, usable
from gpulease.cuda_order import ask_cuda_order
from gpulease.errors import DriverError, LeaseTimeoutError, LedgerError, NoGpuError
from gpulease.explain import explain
from gpulease.folder import scope_folder
from gpulease.inventory import Gpu, GpuState, left_out, read_inventory
from gpulease.leases import Lease
from gpulease.ledger import Held, Ledger
from gpulease.placement import GpuView, Request
from gpulease.rounds import Outcome, Round, drop
from gpulease.views import view_gpus
from gpulease.visible import uses_indices, visible_gpus

logger = logging.getLogger(__name__)

POLL_S: Final = 0.5
"""How often a job that waits looks again, in seconds."""


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
            raise nothing_found(left_out())
        gpus = [state.gpu for state in found]
        allowed = visible_gpus(gpus, self._visible, self._order(gpus))
        if not allowed:
            raise NoGpuError(
                f"CUDA_VISIBLE_DEVICES={self._visible} allows none of the {len(gpus)} GPUs of this"
                " host; correct it or unset it."
            )
        # In the host's order, which decides ties, whatever the order in the variable is.
        return usable([state for state in found if state.gpu in allowed])

    def check_exclusions(self, exclude: Sequence[str]) -> None:
        """See that each GPU ruled out by hand is one of this host.

        Raises:
            UnknownGpuError: where one is not.
        """
        if exclude and (found := read_inventory()):
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
        self.check_exclusions(request.exclude)
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
            this = Round(self.pool.ledger, self.pool.end, self._tickets, views, seq, failure)
            yield this
            self._withdraw(this.asked)

    def grant(self, requests: Sequence[Request]) -> list[Outcome]:
        """Lease as many as possible, the first ones first."""
        with self.round() as this:
            return [this.decide(request) for request in requests]

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
                    ticket.rewrite(replace(ticket.record, gpus=()))

    def close(self) -> None:
        """Give up all places."""
        if self._tickets:
            with self.pool.ledger.locked():
                self._withdraw(())

    def _withdraw(self, still_wanted: Iterable[Request]) -> None:
        for size in set(self._tickets) - set(still_wanted):
            drop(self._tickets.pop(size))
