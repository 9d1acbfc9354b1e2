"""The leases of one run's jobs: granted in rounds by the scheduler, or awaited by the executor."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from snakemake_interface_common.exceptions import WorkflowError

from gpulease import GpuLeaseError, LedgerError, NoGpuError
from gpulease.executors import POLL_S, Choice, Outcome, Pool, Queue, Request, Round, split_names
from snakemake_executor_plugin_local_gpu import ExecutorSettings
from snakemake_executor_plugin_local_gpu.journal import Grant, Journal, job_name
from snakemake_executor_plugin_local_gpu.watcher import Watcher
from snakemake_executor_plugin_local_gpu.workers import Seat, Workers

# How much more GPU memory a job is given after it ran out, by attempt.
_GROWTH: Final = {1: 1.0, 2: 1.5}
_GROWTH_LATER: Final = 2.0


class JobLeases:
    """Which jobs hold which GPUs in this run.

    Args:
        settings: the executor's settings.
        pool: the GPUs.
        journal: where events are written.
        wake: makes Snakemake's scheduler look again.
        warn: tells the user something once.
        workers: serve the jobs that name a worker kind.
    """

    def __init__(
        self,
        settings: ExecutorSettings,
        pool: Pool,
        journal: Journal,
        wake: Callable[[], None],
        warn: Callable[[str], None],
        workers: Workers,
    ) -> None:
        self._settings = settings
        self._exclude = split_names(settings.exclude)
        self._pool = pool
        self._journal = journal
        self._warn = warn
        self._workers = workers
        self._queue = Queue(pool)
        self._queues = {self._queue}
        workers.places = self._places
        self._outcomes: dict[Any, Outcome | Seat] = {}
        self._first_mem_mb: dict[Any, int] = {}
        self._told: set[Any] = set()
        self._watcher = Watcher(pool, self._queue, wake)
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._without_gpu: bool | None = None

    def wants_gpu(self, job: Any) -> bool:
        """Whether this job is to be given a GPU: it asks for one, and there are any."""
        asks = not job.is_group() and _number(job, "gpu", 0) > 0
        return asks and not self._runs_without()

    def _runs_without(self) -> bool:
        if self._settings.without_gpu != "cpu":
            return False
        with self._lock:
            if self._without_gpu is None:
                try:
                    self._pool.states()
                    self._without_gpu = False
                except NoGpuError as error:
                    self._warn(f"{error} Jobs that ask for a GPU run on the CPU.")
                    self._without_gpu = True
                except GpuLeaseError:
                    self._without_gpu = False
        return self._without_gpu

    def request(self, job: Any) -> Request:
        """What a job asks for, with more memory each time it ran out of it."""
        declared = _number(job, "gpu_mem_mb", self._settings.default_mem_mb)
        gpus = _number(job, "gpu", 1)
        first = self._first_mem_mb.setdefault(job, declared)
        grown = int(first * _GROWTH.get(job.attempt, _GROWTH_LATER))
        mem_mb = max(declared, grown)
        if job.attempt > 1:
            # There may be no larger GPU; then it is given all of the largest.
            mem_mb = max(first, min(mem_mb, self._largest_mb(gpus)))
        return Request(
            mem_mb,
            gpus,
            self._exclude,
            self._settings.max_jobs,
            job.rule.name,
            self._workers.kind_of(job),
        )

    def _largest_mb(self, gpus: int) -> int:
        """MB that so many of the GPUs which jobs may use have when they are empty; 0 if too few."""
        request = Request(0, exclude=self._exclude)
        try:
            found = [state.gpu for state in self._pool.states()]
        except GpuLeaseError:
            return 0
        sizes = sorted((g.capacity_mb for g in found if not request.excludes(g)), reverse=True)
        return sizes[gpus - 1] if len(sizes) >= gpus else 0

    @contextmanager
    def round(self) -> Iterator[Callable[[Any, Request], bool]]:
        """Decide jobs one after another: whether each can be started now with what it asks for.

        A job whose request can never be met is started, too: it fails with the reason.
        """
        waiting: list[Choice] = []

        def decide(job: Any, request: Request) -> bool:
            try:
                outcome = self._decide(job, request, this) if this else Outcome(error=failure)
            except LedgerError as error:
                outcome = Outcome(error=error)
            if isinstance(outcome, Seat) or outcome.choice is None:
                self._outcomes[job] = outcome
                return True
            # Many jobs of a size wait together: the first of them speaks for all.
            if outcome.choice not in waiting:
                waiting.append(outcome.choice)
                self._tell_waiting(job, request, outcome.choice)
            return False

        this, failure = None, None
        with ExitStack() as stack:
            try:
                this = stack.enter_context(self._queue.round())
            except LedgerError as error:
                failure = error
            yield decide
        self._watcher.note_round(this.views if this else (), bool(waiting))

    def _decide(self, job: Any, request: Request, this: Round) -> Outcome | Seat:
        """An idle worker where the job names its kind and there is one, else as for any job."""
        seat = None
        if request.kind:
            seat = self._workers.take(job, request, this)
        return seat or this.decide(request)

    def _places(self) -> dict[int, Request]:
        """What jobs of this run wait for, by their places in the order of the whole host."""
        return {seq: size for queue in tuple(self._queues) for seq, size in queue.places().items()}

    def _tell_waiting(self, job: Any, request: Request, choice: Choice) -> None:
        if job not in self._told:
            self._told.add(job)
            self._journal.waiting(job_name(job), request.mem_mb, choice)

    @contextmanager
    def held(self, job: Any) -> Iterator[Grant]:
        """The job's lease, from the last round, else waited for; given back in the end.

        A job that names a worker kind gets a worker instead, which has the lease and keeps it.

        Raises:
            GpuLeaseError: where it can never be had.
        """
        outcome = self._outcomes.pop(job, None) or self._await(job)
        if isinstance(outcome, Seat):
            with self._served(job, outcome):
                yield outcome
            return
        if outcome.error:
            raise outcome.error
        lease = outcome.lease
        if lease is None:
            raise GpuLeaseError("The run was stopped while the job waited for a GPU.")
        kind, name, started = self._workers.kind_of(job), job_name(job), time.monotonic()
        if kind:
            seat = self._workers.start(kind, lease, job.threads, name)
            with self._served(job, seat):
                yield seat
            return
        reason = "failed"
        try:
            self._journal.granted(name, lease)
            yield lease
            reason = "finished"
        finally:
            # Noted before, so that the next lease of this memory is never earlier.
            ended, seconds = time.time(), time.monotonic() - started
            if not lease.release():
                reason = f"{reason}, processes that it left behind keep the memory"
            self._journal.released(name, lease, ended, seconds, reason)

    @contextmanager
    def _served(self, job: Any, seat: Seat) -> Iterator[None]:
        """While a job is served by a worker."""
        name, started = job_name(job), time.monotonic()
        reason = "failed"
        with self._workers.serving(seat):
            self._journal.granted(name, seat)
            try:
                yield
                reason = "finished"
            finally:
                ended, seconds = time.time(), time.monotonic() - started
                self._journal.released(name, seat, ended, seconds, reason)

    def _await(self, job: Any) -> Outcome | Seat:
        request, queue = self.request(job), Queue(self._pool)
        self._queues.add(queue)
        try:
            while not self._stopped.is_set():
                with queue.round() as this:
                    outcome = self._decide(job, request, this)
                if isinstance(outcome, Seat) or outcome.choice is None:
                    return outcome
                self._tell_waiting(job, request, outcome.choice)
                self._stopped.wait(POLL_S)
        finally:
            self._queues.discard(queue)
            queue.close()
        return Outcome()

    def stop(self) -> None:
        """Give up all that waits; leases of jobs that run stay until those end."""
        self._stopped.set()
        self._watcher.stop()
        for job in tuple(self._outcomes):
            self.give_up(job)
        self._queue.close()

    def give_up(self, job: Any) -> None:
        """Give back what the last round gave to a job that does not start after all."""
        outcome = self._outcomes.pop(job, None)
        if isinstance(outcome, Seat):
            self._workers.abandon(outcome)
        elif outcome and outcome.lease:
            outcome.lease.release()


def _number(job: Any, resource: str, default: int) -> int:
    given = job.resources.get(resource, default)
    if isinstance(given, int) and given >= 0:
        return given
    raise WorkflowError(
        f"Rule {job.rule.name}: the resource {resource} is {given!r}; give a whole number"
        f"{' of MB' if resource.endswith('_mb') else ''} from 0 on."
    )
