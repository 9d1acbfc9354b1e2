"""What the processes under this program's leases are seen to take, looked at again and again."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gpulease.errors import GpuLeaseError
from gpulease.inventory import Gpu
from gpulease.pool import POLL_S, Pool
from gpulease.processes import stopped_under, use_by_lease
from gpulease.records import Entry
from gpulease.root_processes import own_namespace
from gpulease.views import view_gpus

if TYPE_CHECKING:
    from gpulease.leases import Lease

logger = logging.getLogger(__name__)

SEARCH_S: Final = 5.0
"""How often processes that are stopped are looked for, in seconds."""


@dataclass(frozen=True, slots=True)
class Use:
    """What one lease's processes were seen to take.

    Attributes:
        peak_mb: the most MB on one of its devices.
        looks: how often they were seen to take anything.
        gpu: the device of the peak; None before the first look.
    """

    peak_mb: int = 0
    looks: int = 0
    gpu: Gpu | None = None


OnOver = Callable[["Lease", Use], None]
OnStopped = Callable[["Lease", int], None]


class Observer:
    """Looks at leases as NVML tells them, and tells whose processes take more than was leased.

    Where NVML does not tell memory by process, nothing is seen.

    Args:
        pool: the GPUs.
        on_over: told of a lease whose peak is above what it holds, each time the peak grows.
        on_stopped: told of a lease of which a process is stopped by a signal, and its number, each
            time that it is.
    """

    def __init__(self, pool: Pool, on_over: OnOver, on_stopped: OnStopped) -> None:
        self._pool = pool
        self._on_over: Final = on_over
        self._on_stopped: Final = on_stopped
        self._next_search = 0.0
        self._told_stopped: set[Lease] = set()
        self._uses: dict[Lease, Use] = {}
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, lease: "Lease") -> None:
        """Look at a lease from now on."""
        with self._lock:
            self._uses.setdefault(lease, Use())
            self._wanted.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def forget(self, lease: "Lease") -> Use:
        """Look at it no longer; what was seen."""
        with self._lock:
            if len(self._uses) == 1:
                self._wanted.clear()
            return self._uses.pop(lease, Use())

    def look(self, lease: "Lease") -> Use:
        """Look at one lease now; what was seen of it so far."""
        self._look([lease])
        return self.seen(lease)

    def seen(self, lease: "Lease") -> Use:
        """What was seen of a lease so far."""
        with self._lock:
            return self._uses.get(lease, Use())

    def stop(self) -> None:
        """End with the run."""
        self._stopped.set()
        self._wanted.set()

    def _run(self) -> None:
        while not self._stopped.wait(POLL_S):
            self._wanted.wait()
            with self._lock:
                leases = list(self._uses)
            self._look(leases)
            if time.monotonic() > self._next_search:
                self._next_search = time.monotonic() + SEARCH_S
                self._name_stopped(leases)

    def _name_stopped(self, leases: Sequence["Lease"]) -> None:
        here = own_namespace()
        roots = {
            root.pid: lease
            for lease in leases
            if (root := lease.entry.root()) and root.namespace == here
        }
        stopped = {roots[root]: pid for root, pid in stopped_under(roots).items()}
        for lease in stopped.keys() - self._told_stopped:
            self._on_stopped(lease, stopped[lease])
        self._told_stopped = set(stopped)

    def _look(self, leases: Sequence["Lease"]) -> None:
        try:
            views = view_gpus(self._pool.states(), [lease.entry for lease in leases], [])
        except (GpuLeaseError, OSError) as error:
            logger.debug("nothing is seen of leases now: %s", error)
            return
        seen = [
            (lease, promise.used_mb, view.gpu)
            for lease in leases
            for view in views
            for promise in view.promises
            if promise.seq == lease.entry.record.seq and promise.used_mb > 0
        ]
        for lease, used_mb, gpu in seen:
            with self._lock:
                old = self._uses.get(lease)
                if old is None:
                    continue
                new = replace(old, looks=old.looks + 1)
                grown = used_mb > old.peak_mb
                if grown:
                    new = replace(new, peak_mb=used_mb, gpu=gpu)
                self._uses[lease] = new
            if grown and used_mb > lease.mem_mb:
                self._on_over(lease, new)


def attributed(entry: Entry, pool: Pool) -> list[int]:
    """The processes on GPUs that belong to a lease."""
    root = entry.root()
    roots = {str(entry.path): root} if root else {}
    return [
        pid
        for state in pool.states()
        for pid, used_mb in (state.used_by or {}).items()
        if use_by_lease({pid: max(1, used_mb)}, roots)
    ]
