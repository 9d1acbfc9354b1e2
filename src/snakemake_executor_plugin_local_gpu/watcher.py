"""Jobs that wait for a GPU are looked at again when others give memory back."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from gpulease import GpuLeaseError
from gpulease.executors import POLL_S, GpuView, Pool, Queue

ANSWER_S: Final = 3.0
"""How long a woken scheduler may take to decide, in seconds. If it does not, it cannot start
anything: all cores are taken, or the run is ending."""

OVERDUE_S: Final = 10.0
"""Seconds after which those who wait are looked at in any case."""


@dataclass(frozen=True, slots=True)
class _Marks:
    """What tells whether a device has more room than it had."""

    free_mb: int
    soon_mb: int
    leases: int
    kept_mb: int

    @classmethod
    def of(cls, view: GpuView) -> "_Marks":
        kept = sum(reservation.mem_mb for reservation in view.reservations)
        return cls(view.free_mb, view.soon_mb, len(view.promises), kept)

    def improves(self, before: "_Marks") -> bool:
        return (
            self.free_mb > before.free_mb
            or self.soon_mb > before.soon_mb
            or self.leases < before.leases
            or self.kept_mb < before.kept_mb
        )


class Watcher:
    """Wakes Snakemake's scheduler, which knows no event but the end of its own jobs.

    Args:
        pool: the GPUs.
        queue: the places of those who wait; it rests while nothing could be started.
        wake: makes the scheduler look again.
    """

    def __init__(self, pool: Pool, queue: Queue, wake: Callable[[], None]) -> None:
        self._pool = pool
        self._queue = queue
        self._wake = wake
        self._marks: dict[str, _Marks] = {}
        self._decided = 0.0
        self._thread: threading.Thread | None = None
        self._waiting = threading.Event()
        self._stopped = threading.Event()

    def note_round(self, views: Sequence[GpuView], jobs_wait: bool) -> None:
        """The scheduler has decided: this is what the devices are like now."""
        self._marks = {view.gpu.uuid: _Marks.of(view) for view in views}
        self._decided = time.monotonic()
        if not jobs_wait:
            self._waiting.clear()
        else:
            self._waiting.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End with the run."""
        self._stopped.set()
        self._waiting.set()

    def _watch(self) -> None:
        while not self._stopped.wait(POLL_S):
            if not self._waiting.wait(ANSWER_S):
                # Whatever keeps it from being written, the next round tells it to the jobs.
                with suppress(GpuLeaseError, OSError):
                    self._queue.rest()
                self._waiting.wait()
            elif self._is_overdue() or self._has_more_room():
                self._waiting.clear()
                self._wake()

    def _is_overdue(self) -> bool:
        return time.monotonic() - self._decided > OVERDUE_S

    def _has_more_room(self) -> bool:
        try:
            with self._pool.look() as look:
                views, advanced = look.views, self._queue.advanced(look)
        except (GpuLeaseError, OSError):
            # The next round tells it to the jobs.
            return True
        before = self._marks
        return advanced or any(
            view.gpu.uuid not in before or _Marks.of(view).improves(before[view.gpu.uuid])
            for view in views
        )
