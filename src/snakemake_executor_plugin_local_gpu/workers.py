"""The workers of one run: who is at work, who is idle, and who has to go."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Final

from gpulease import GpuLeaseError, WorkerError
from gpulease.executors import (
    POLL_S,
    Choice,
    GpuView,
    Idle,
    Lease,
    Pool,
    Request,
    Reservation,
    Round,
    Worker,
    end_orphans,
    needed,
)
from snakemake_executor_plugin_local_gpu import ExecutorSettings
from snakemake_executor_plugin_local_gpu.gpu_job import GpuJob
from snakemake_executor_plugin_local_gpu.grants import Grant
from snakemake_executor_plugin_local_gpu.journal import Journal
from snakemake_executor_plugin_local_gpu.learning import Learning
from snakemake_executor_plugin_local_gpu.places import Places
from snakemake_executor_plugin_local_gpu.seats import Seat

STOPPED_S: Final = 10.0
"""Seconds after which a worker that was stopped in the middle of a job is replaced."""

_HANDOVER_S: Final = 2.0
"""Seconds within which the next job takes a worker, if there is one that can be started."""

_ON_CPU: Final = Choice((), "on the CPU", ())


class Workers:
    """Gives jobs that name a worker kind their worker, and ends workers that are idle.

    Args:
        settings: the executor's settings.
        pool: the GPUs.
        journal: where evictions are written.
        environment: the variables of a worker, beside those of its lease.
        wake: makes Snakemake's scheduler look again.
        places: what jobs of this run wait for.
        learning: measures what workers take.
    """

    def __init__(
        self,
        settings: ExecutorSettings,
        pool: Pool,
        journal: Journal,
        environment: Mapping[str, str],
        wake: Callable[[], None],
        places: Places,
        learning: Learning,
    ) -> None:
        self.learning = learning
        self._idle_s = settings.idle_worker_s
        self._pool = pool
        self._journal = journal
        self._environment = environment
        self._wake = wake
        self._places = places
        self._seats: list[Seat] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._keeper: threading.Thread | None = None
        end_orphans()

    def take(self, job: GpuJob, this: Round | None = None) -> Seat | None:
        """An idle worker for a job, which is then its own; None where there is none.

        Those are preferred that did jobs like it, with the same wildcards.

        Args:
            job: the job.
            this: the round in which its request is decided; None on the CPU.
        """
        with self._lock:
            found = [
                seat
                for seat in self._idle()
                if seat.suits(job.request, job.threads)
                or (this and seat.may_suit(job.request, this.views))
            ]
            if not found:
                return None
            likeness = set(job.name.wildcards.items())
            found.sort(key=lambda s: (len(s.served & likeness), s.idle_since or 0), reverse=True)
            for seat in found:
                own = not this or this.may_reuse(job.request, seat.gpus, job.priority)
                free = (own or seat.warmth.goes_first()) and seat.worker.can_serve()
                if free and self._has_memory(seat, job, this):
                    seat.warmth.taken = 0 if own else seat.warmth.taken + 1
                    if this:
                        this.serve(job.request)
                    seat.idle_since, seat.asked = None, job
                    self._note_idle(seat, False)
                    if this and seat.worker.lease:
                        this.occupy(seat.worker.lease)
                    seat.choice = _again(seat, this.views if this else ())
                    return seat
        return None

    def _has_memory(self, seat: Seat, job: GpuJob, this: Round | None) -> bool:
        need, lease = job.request.mem_mb, seat.worker.lease
        return seat.mem_mb >= need or bool(this and lease and this.enlarge(lease, need))

    def start(self, job: GpuJob, lease: Lease | None) -> Seat:
        """A new worker for a job; the lease becomes its own.

        Raises:
            WorkerError: where the process cannot be started.
        """
        try:
            worker = Worker(job.kind, lease, job.threads, self._environment)
        except OSError as error:
            if lease:
                lease.release()
            raise WorkerError(f"A worker for {job.name} cannot be started: {error}.") from error
        seat = Seat(self, worker, job, lease.choice if lease else _ON_CPU)
        if lease:
            self.learning.begin(lease, job)
        with self._lock:
            self._seats.append(seat)
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, daemon=True)
                self._keeper.start()
        return seat

    def on_cpu(self, job: GpuJob) -> AbstractContextManager[Grant]:
        """A worker without a GPU for one job.

        Raises:
            WorkerError: where it cannot be started.
        """
        return (self.take(job) or self.start(job, None)).using()

    @contextmanager
    def serving(self, seat: Seat) -> Iterator[Seat]:
        """While a job uses its worker; after a failure the worker is ended, whatever it was.

        What went wrong may still be in its memory: a full or broken GPU context.
        """
        done, started = False, time.monotonic()
        try:
            with self._in_journal(seat):
                yield seat
            done = True
        finally:
            seat.served.update(seat.job.wildcards.items())
            seat.works.add(seat.asked.work)
            if done:
                seat.warmth.note(time.monotonic() - started)
                self._fit(seat)
            with self._lock:
                stays = done and seat.worker.is_alive() and not self._stopped.is_set()
                if stays:
                    self._note_idle(seat, True)
                    seat.idle_since = time.monotonic()
            if not stays:
                died = "" if done else seat.worker.death()
                if died and seat.worker.gave_way():
                    seat.was_stopped, died = (
                        True,
                        "because this run was stopped while others waited",
                    )
                elif died and seat.was_stopped:
                    died = "because it was stopped"
                if died:
                    seat.death = (
                        f"The worker '{seat.worker.kind}' (process {seat.worker.pid}) died {died}"
                    )
                failed = f"it died {died}" if died else "its job failed"
                self._end([seat], "the run ends" if done else failed)

    def _fit(self, seat: Seat) -> None:
        """Let a worker keep no more than its jobs are known to take."""
        if seat.worker.lease:
            alone = len(seat.works) == 1
            self.learning.served(seat.worker.lease, seat.asked, alone=alone)

    @contextmanager
    def _in_journal(self, seat: Seat) -> Iterator[None]:
        """Tell when a job had a worker on a GPU; on the CPU there is nothing to tell."""
        if not seat.gpus:
            yield
            return
        job, started = seat.job, time.monotonic()
        reason = "failed"
        self._journal.granted(job, seat)
        try:
            yield
            reason = "finished"
        finally:
            ended, seconds = time.time(), time.monotonic() - started
            lease = seat.worker.lease
            used_mb = self.learning.used_mb(lease) if lease else 0
            self._journal.released(job, seat, ended, seconds, used_mb, reason)

    def abandon(self, seat: Seat) -> None:
        """End a worker whose job was never started, because the run ends."""
        self._end([seat], "the run ends")

    def stop(self) -> None:
        """End all that are idle, and let the others end with their jobs."""
        self._stopped.set()
        self._end(self._claim(self._idle), "the run ends")

    def _idle(self) -> list[Seat]:
        return [seat for seat in self._seats if seat.idle_since is not None]

    def _dead(self) -> list[Seat]:
        return [seat for seat in self._idle() if not seat.worker.can_serve()]

    def _overdue(self) -> list[Seat]:
        latest = time.monotonic() - self._idle_s
        return [seat for seat in self._idle() if (seat.idle_since or latest) < latest]

    def _note_idle(self, seat: Seat, idle: bool) -> None:
        if seat.worker.lease:
            seat.worker.lease.note_idle(idle)

    def _claim(self, wanted: Callable[[], Iterable[Seat]]) -> list[Seat]:
        """Take idle workers away from everybody else, to end them."""
        with self._lock:
            found = [seat for seat in wanted() if seat.idle_since is not None]
            self._seats = [seat for seat in self._seats if seat not in found]
        return found

    def _end(self, seats: Iterable[Seat], reason: str) -> None:
        for seat in seats:
            ended = time.time()
            if seat.worker.lease:
                self.learning.end(seat.worker.lease)
            left = "" if seat.worker.end() else ", processes that it left behind keep the memory"
            with self._lock:
                if seat in self._seats:
                    self._seats.remove(seat)
            if seat.worker.lease:
                self._journal.evicted(seat.job, seat.worker, ended, f"{reason}{left}")

    def _keep(self) -> None:
        """End idle workers that died, have been idle for long, or whose memory others need."""
        while not self._stopped.wait(POLL_S):
            self._end(self._claim(self._dead), "it died or was stopped while it was idle")
            self._replace_stopped()
            self._end(self._claim(self._overdue), f"idle for {self._idle_s} s")
            needed_by_others = self._claim_needed()
            if needed_by_others:
                self._end(needed_by_others, "others wait for its memory")
                self._wake()

    def _replace_stopped(self) -> None:
        """Tell of workers that were stopped in a job, and end those that do not go on."""
        now = time.monotonic()
        with self._lock:
            busy = [seat for seat in self._seats if seat.idle_since is None]
        for seat in busy:
            if not seat.worker.is_stopped():
                seat.stopped_since = None
            elif seat.stopped_since is None:
                seat.stopped_since = now
                self._journal.stopped(seat.job, seat.worker, STOPPED_S)
            elif now - seat.stopped_since > STOPPED_S:
                seat.was_stopped = True
                seat.worker.kill()

    def _claim_needed(self) -> list[Seat]:
        """The idle workers that have to go for those who wait, on this host or in this run."""
        if not any(seat.worker.lease for seat in self._idle()):
            return []
        try:
            if not self._pool.ledger.count_tickets():
                return []
            # Under the ledger's lock nobody is just being given one of them.
            with self._pool.look() as look:
                requests = self._places.requests()
                return self._claim(lambda: self._needed(look.views, requests))
        except GpuLeaseError:
            # Whatever it is, those who ask for a lease are told.
            return []

    def _needed(self, views: list[GpuView], requests: Mapping[int, Request]) -> list[Seat]:
        idle = [
            Idle(seat, tuple(gpu.uuid for gpu in seat.gpus), seat.mem_mb, seat.idle_since or 0.0)
            for seat in self._idle()
            if seat.worker.lease and not self._serves_on(seat, requests.values(), views)
        ]

        def serves(found: Idle[Seat], reservation: Reservation) -> bool:
            request = requests.get(reservation.ticket)
            return bool(request and request.kind and found.worker.may_suit(request, views))

        return [found.worker for found in needed(views, idle, serves)]

    def _serves_on(self, seat: Seat, requests: Iterable[Request], views: Sequence[GpuView]) -> bool:
        """Whether a job of this run is about to take a worker that may go before others."""
        idle_s = time.monotonic() - (seat.idle_since or 0.0)
        wanted = any(request.kind and seat.may_suit(request, views) for request in requests)
        return wanted and seat.warmth.goes_first() and idle_s < _HANDOVER_S


def _again(seat: Seat, views: Iterable[GpuView]) -> Choice:
    """Why a job is served by a worker that was there already."""
    now = {view.gpu.uuid: view for view in views}
    chosen = tuple(now.get(view.gpu.uuid, view) for view in seat.choice.chosen)
    reason = f"its worker '{seat.worker.kind}' is idle (process {seat.worker.pid})"
    return replace(seat.choice, chosen=chosen, reason=reason, others=())
