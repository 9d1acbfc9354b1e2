"""The leases of one run's jobs: granted in rounds by the scheduler, or awaited by the executor."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from gpulease import GpuLeaseError, LedgerError
from gpulease.executors import (
    POLL_S,
    Choice,
    Entry,
    Gpu,
    Lease,
    Pool,
    Queue,
    Request,
    Round,
    living_process,
)
from snakemake_executor_plugin_local_gpu.gpu_job import GpuJob
from snakemake_executor_plugin_local_gpu.grants import Grant, Outcome
from snakemake_executor_plugin_local_gpu.journal import Journal
from snakemake_executor_plugin_local_gpu.places import Places
from snakemake_executor_plugin_local_gpu.watcher import Watcher
from snakemake_executor_plugin_local_gpu.workers import Workers


class OwnLease:
    """A lease that one job was given, for itself or for a worker that it needs started."""

    was_stopped = False
    worker_pid = None

    def __init__(self, lease: Lease, job: GpuJob, journal: Journal, workers: Workers) -> None:
        self._lease = lease
        self._job = job
        self._journal = journal
        self._workers = workers
        self._learning = workers.learning
        self.death = ""

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The devices."""
        return self._lease.gpus

    @property
    def mem_mb(self) -> int:
        """MB on each."""
        return self._lease.mem_mb

    @property
    def choice(self) -> Choice:
        """Why these."""
        return self._lease.choice

    @property
    def environment(self) -> dict[str, str]:
        """What shows a process these devices and no others."""
        return self._lease.environment

    @property
    def fds(self) -> tuple[int, ...]:
        """The file that holds the lease."""
        return (self._lease.fd,)

    def shell_prefix(self, *, bash: bool = True, strict: bool = True) -> str:
        """Shell code that puts a command under this lease."""
        return self._lease.shell_prefix(bash=bash, strict=strict)

    def note_root(self, pid: int) -> None:
        """Tell which process is the lease's first."""
        self._lease.note_root(pid)

    def using(self) -> AbstractContextManager[Grant]:
        """While the job runs under it, or is served by a new worker, which keeps the lease."""
        if self._job.kind:
            return self._workers.start(self._job, self._lease).using()
        return self._held()

    @contextmanager
    def _held(self) -> Iterator[Grant]:
        name, started = self._job.name, time.monotonic()
        reason = "failed"
        try:
            self._journal.granted(name, self)
            self._learning.begin(self._lease, self._job)
            yield self
            reason = "finished"
        finally:
            used_mb = self._learning.used_mb(self._lease)
            if reason == "finished":
                self._learning.finished(self._lease, self._job)
            self.death = self._learning.death(self._lease)
            self._learning.end(self._lease)
            # Noted before, so that the next lease of this memory is never earlier.
            ended, seconds = time.time(), time.monotonic() - started
            if not self._lease.release():
                reason = f"{reason}, processes that it left behind keep the memory"
            self._journal.released(name, self, ended, seconds, used_mb, reason)

    def give_up(self) -> None:
        """Release it."""
        self._lease.release()


def _runs_already(lease: Entry) -> str:
    process = living_process(lease.path, lease.root())
    it = f"its process {process}" if process else "it"
    return (
        f"waits: process {lease.record.pid} started this job before, and {it} still runs; end it if"
        " it should not"
    )


class JobLeases:
    """Which jobs hold which GPUs in this run.

    Args:
        pool: the GPUs.
        journal: where events are written.
        wake: makes Snakemake's scheduler look again.
        workers: serve the jobs that name a worker kind.
        places: told of all that wait.
    """

    def __init__(
        self,
        pool: Pool,
        journal: Journal,
        wake: Callable[[], None],
        workers: Workers,
        places: Places,
    ) -> None:
        self._pool = pool
        self._journal = journal
        self._workers = workers
        self._places = places
        self._queue = Queue(pool)
        places.add(self._queue)
        self._outcomes: dict[int, Outcome] = {}
        self._told: set[int] = set()
        self._asked: dict[tuple[int, int], Request] = {}
        self._since: dict[tuple[int, int], float] = {}
        self._watcher = Watcher(pool, self._queue, wake)
        self._stopped = threading.Event()

    @contextmanager
    def round(self) -> Iterator[Callable[[GpuJob], bool]]:
        """Decide jobs one after another: whether each can be started now with what it asks for.

        A job whose request can never be met is started, too: it fails with the reason.
        """
        waiting: list[Choice] = []

        def decide(job: GpuJob) -> bool:
            try:
                outcome = self._decide(job, this) if this else Outcome(error=failure)
            except LedgerError as error:
                outcome = Outcome(error=error)
            if outcome.choice is None:
                self._outcomes[job.name.jobid] = outcome
                return True
            # Many jobs of a size wait together: the first of them speaks for all.
            if outcome.choice not in waiting:
                waiting.append(outcome.choice)
                self._tell_waiting(job, outcome.choice)
            return False

        this, failure = None, None
        with ExitStack() as stack:
            try:
                this = stack.enter_context(self._queue.round())
            except LedgerError as error:
                failure = error
            yield decide
        self._watcher.note_round(this.views if this else (), bool(waiting))

    def _decide(self, job: GpuJob, this: Round) -> Outcome:
        """An idle worker where the job names its kind and there is one, else as for any job."""
        self._keep_place(job)
        asked = self._since.setdefault((job.name.jobid, job.attempt), time.time())
        seat = self._workers.take(job, this) if job.kind else None
        if seat:
            return Outcome(seat)
        # A worker ends with its run; what else a run leaves behind goes on.
        identity = "" if job.kind else job.identity
        earlier = this.running_elsewhere(identity)
        if earlier:
            return Outcome(choice=Choice((), _runs_already(earlier), ()))
        decided = this.decide(job.request, identity, asked, job.priority)
        if decided.lease:
            return Outcome(OwnLease(decided.lease, job, self._journal, self._workers))
        return Outcome(choice=decided.choice, error=decided.error)

    def _keep_place(self, job: GpuJob) -> None:
        """A job that asks for another size than before, because more is known, loses no place."""
        this = job.name.jobid, job.attempt
        before = self._asked.get(this)
        if before is not None and before != job.request:
            self._queue.move(before, job.request)
        self._asked[this] = job.request

    def _tell_waiting(self, job: GpuJob, choice: Choice) -> None:
        if job.name.jobid not in self._told:
            self._told.add(job.name.jobid)
            self._journal.waiting(job.name, job.request.mem_mb, choice)

    @contextmanager
    def held(self, job: GpuJob) -> Iterator[Grant]:
        """The job's lease, from the last round, else waited for; given back in the end.

        A job that names a worker kind gets a worker instead, which has the lease and keeps it.

        Raises:
            GpuLeaseError: where it can never be had.
        """
        outcome = self._outcomes.pop(job.name.jobid, None) or self._await(job)
        if outcome.error:
            raise outcome.error
        if outcome.grant is None:
            raise GpuLeaseError("The run was stopped while the job waited for a GPU.")
        with outcome.grant.using() as grant:
            yield grant

    def _await(self, job: GpuJob) -> Outcome:
        queue = Queue(self._pool)
        self._places.add(queue)
        try:
            while not self._stopped.is_set():
                with queue.round() as this:
                    outcome = self._decide(job, this)
                if outcome.choice is None:
                    return outcome
                self._tell_waiting(job, outcome.choice)
                self._stopped.wait(POLL_S)
        finally:
            self._places.remove(queue)
            queue.close()
        return Outcome()

    def stop(self) -> None:
        """Give up all that waits; leases of jobs that run stay until those end."""
        self._stopped.set()
        self._watcher.stop()
        for jobid in tuple(self._outcomes):
            self.give_up(jobid)
        self._queue.close()

    def give_up(self, jobid: int) -> None:
        """Give back what the last round gave to a job that does not start after all."""
        outcome = self._outcomes.pop(jobid, None)
        if outcome and outcome.grant:
            outcome.grant.give_up()
