"""The workers of one run: who is at work, who is idle, and who has to go."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gpulease import GpuLeaseError, WorkerError
from gpulease.executors import (
    POLL_S,
    Choice,
    Gpu,
    GpuView,
    Idle,
    Lease,
    Pool,
    Request,
    Reservation,
    Round,
    Worker,
    needed,
)
from snakemake_executor_plugin_local_gpu import ExecutorSettings
from snakemake_executor_plugin_local_gpu.journal import JobName, Journal, job_name

_ON_CPU: Final = Choice((), "on the CPU", ())


@dataclass(eq=False)
class Seat:
    """One worker, as a job that it serves sees it.

    Attributes:
        worker: the process.
        job: the job that it serves, or served last.
        choice: why the job is served there.
        served: the wildcards of all jobs that it served.
        idle_since: since when it has nothing to do (monotonic seconds); None while it serves.
        death: how it died while it served the last job; "" where it did not.
    """

    worker: Worker
    job: JobName
    choice: Choice
    served: set[tuple[str, str]] = field(default_factory=set)
    idle_since: float | None = None
    death: str = ""

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The devices."""
        return self.worker.gpus

    @property
    def mem_mb(self) -> int:
        """MB on each."""
        return self.worker.mem_mb

    @property
    def environment(self) -> dict[str, str]:
        """What shows a process this worker and its devices."""
        return self.worker.environment

    def shell_prefix(self, *, bash: bool = True, strict: bool = True) -> str:
        """Shell code that puts a command at this worker's side; the lease stays the worker's."""
        return self.worker.shell_prefix()

    def suits(self, kind: str, request: Request | None, threads: int) -> bool:
        """Whether the worker can serve a job: on a GPU by its memory, on the CPU by its threads."""
        if self.worker.kind != kind or (request is None) != (self.worker.lease is None):
            return False
        if request is None:
            return self.worker.threads == threads
        return self.mem_mb >= request.mem_mb and len(self.gpus) == request.gpus


class Workers:
    """Gives jobs that name a worker kind their worker, and ends workers that are idle.

    Args:
        settings: the executor's settings.
        pool: the GPUs.
        journal: where evictions are written.
        environment: the variables of a worker, beside those of its lease.
        runs_here: whether a job runs in Snakemake's own environment, not in one made for it.
        wake: makes Snakemake's scheduler look again.
    """

    def __init__(
        self,
        settings: ExecutorSettings,
        pool: Pool,
        journal: Journal,
        environment: Mapping[str, str],
        runs_here: Callable[[Any], bool],
        wake: Callable[[], None],
    ) -> None:
        self._idle_s = settings.idle_worker_s
        self._pool = pool
        self._journal = journal
        self._environment = environment
        self._runs_here = runs_here
        self._wake = wake
        self._seats: list[Seat] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._keeper: threading.Thread | None = None
        self.places: Callable[[], Mapping[int, Request]] = dict

    def kind_of(self, job: Any) -> str:
        """The kind of worker that a job names; "" where it does its work itself.

        A job in a conda environment or container, or with a run: directive, does.
        """
        kind = job.resources.get("gpu_worker", "")
        if not isinstance(kind, str) or kind in {"", "none"} or self._idle_s <= 0:
            return ""
        return "" if job.is_group() or job.is_run or not self._runs_here(job) else kind

    def take(
        self, job: Any, request: Request | None = None, this: Round | None = None
    ) -> Seat | None:
        """An idle worker for a job, which is then its own; None where there is none.

        Those are preferred that did jobs like it, with the same wildcards.

        Args:
            job: the job.
            request: what it asks for of a GPU; None on the CPU.
            this: the round in which its request is decided.
        """
        kind = request.kind if request else self.kind_of(job)
        with self._lock:
            found = [s for s in self._idle() if s.suits(kind, request, job.threads)]
            if not found:
                return None
            name = job_name(job)
            likeness = set(name.wildcards.items())
            found.sort(key=lambda s: (len(s.served & likeness), s.idle_since or 0), reverse=True)
            for seat in found:
                free = not this or not request or this.may_reuse(request, seat.gpus)
                if free and seat.worker.is_alive():
                    seat.idle_since, seat.job = None, name
                    self._note_idle(seat, False)
                    seat.choice = _again(seat, this.views if this else ())
                    return seat
        return None

    def start(self, kind: str, lease: Lease | None, threads: int, name: JobName) -> Seat:
        """A new worker for a job; the lease becomes its own.

        Raises:
            WorkerError: where the process cannot be started.
        """
        try:
            worker = Worker(kind, lease, threads, self._environment)
        except OSError as error:
            if lease:
                lease.release()
            raise WorkerError(f"A worker for {name} cannot be started: {error}.") from error
        seat = Seat(worker, name, lease.choice if lease else _ON_CPU)
        with self._lock:
            self._seats.append(seat)
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, daemon=True)
                self._keeper.start()
        return seat

    @contextmanager
    def on_cpu(self, job: Any) -> Iterator[Seat]:
        """A worker without a GPU for one job."""
        seat = self.take(job) or self.start(self.kind_of(job), None, job.threads, job_name(job))
        with self.serving(seat):
            yield seat

    @contextmanager
    def serving(self, seat: Seat) -> Iterator[None]:
        """While a job uses its worker; after a failure the worker is ended, whatever it was.

        What went wrong may still be in its memory: a full or broken GPU context.
        """
        done = False
        try:
            yield
            done = True
        finally:
            seat.served.update(seat.job.wildcards.items())
            with self._lock:
                stays = done and seat.worker.is_alive() and not self._stopped.is_set()
                if stays:
                    self._note_idle(seat, True)
                    seat.idle_since = time.monotonic()
            if not stays:
                seat.death = "" if done else seat.worker.death()
                died = f"it died {seat.death}" if seat.death else "its job failed"
                self._end([seat], "the run ends" if done else died)

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
        return [seat for seat in self._idle() if not seat.worker.is_alive()]

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
            left = "" if seat.worker.end() else ", processes that it left behind keep the memory"
            with self._lock:
                if seat in self._seats:
                    self._seats.remove(seat)
            if seat.worker.lease:
                self._journal.evicted(seat.job, seat.worker, ended, f"{reason}{left}")

    def _keep(self) -> None:
        """End idle workers that died, have been idle for long, or whose memory others need."""
        while not self._stopped.wait(POLL_S):
            self._end(self._claim(self._dead), "it died while it was idle")
            self._end(self._claim(self._overdue), f"idle for {self._idle_s} s")
            needed_by_others = self._claim_needed()
            if needed_by_others:
                self._end(needed_by_others, "others wait for its memory")
                self._wake()

    def _claim_needed(self) -> list[Seat]:
        """The idle workers that have to go for those who wait, on this host or in this run."""
        if not any(seat.worker.lease for seat in self._idle()):
            return []
        try:
            if not self._pool.ledger.has_tickets():
                return []
            # Under the ledger's lock nobody is just being given one of them.
            with self._pool.ledger.locked():
                views = self._pool.views()
                places = self.places()
                return self._claim(lambda: self._needed(views, places))
        except GpuLeaseError:
            # Whatever it is, those who ask for a lease are told.
            return []

    def _needed(self, views: list[GpuView], places: Mapping[int, Request]) -> list[Seat]:
        idle = [
            Idle(seat, tuple(gpu.uuid for gpu in seat.gpus), seat.mem_mb, seat.idle_since or 0.0)
            for seat in self._idle()
            if seat.worker.lease
        ]

        def serves(found: Idle[Seat], reservation: Reservation) -> bool:
            request = places.get(reservation.seq)
            return bool(request and request.kind and found.worker.suits(request.kind, request, 0))

        return [found.worker for found in needed(views, idle, serves)]


def _again(seat: Seat, views: Iterable[GpuView]) -> Choice:
    """Why a job is served by a worker that was there already."""
    now = {view.gpu.uuid: view for view in views}
    chosen = tuple(now.get(view.gpu.uuid, view) for view in seat.choice.chosen)
    reason = f"its worker '{seat.worker.kind}' is idle (process {seat.worker.pid})"
    return replace(seat.choice, chosen=chosen, reason=reason, others=())
