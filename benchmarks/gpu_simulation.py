"""Hosts with GPUs in simulated time, for the benchmark of placement policies.

A job takes its memory late and in steps, as a model does that is loaded seconds after the process
started; a step that the GPU cannot hold ends the job with an out-of-memory error, and it is tried
again, three times at most. Jobs on one GPU share its arithmetic: each has a share that it uses when
it is alone, and where the shares add up to more than one, all become slower by as much. Two jobs of
share 1 on one GPU take twice the time.
"""

import heapq
import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

ATTEMPTS = 3
LOAD_STEPS = 4
_NOTHING = 1e-6


@dataclass(eq=False)
class Job:
    """One job.

    Attributes:
        arrival: when it comes, in seconds.
        mem_mb: memory that it declares.
        used_mb: memory that it takes.
        seconds: how long it runs alone on a GPU.
        load_delay: seconds until it begins to take memory.
        share: part of a GPU's arithmetic that it uses when it is alone; 0 where that is unlimited.
        user: whose it is.
        attempts: how often it ran out of memory.
        started: when its last attempt began.
    """

    arrival: float
    mem_mb: int
    used_mb: int
    seconds: float
    load_delay: float
    share: float = 0.0
    user: int = 0
    attempts: int = 0
    started: float = 0.0


@dataclass(eq=False)
class Running:
    """A job at work on a GPU, the memory that it has taken so far, and the work that is left."""

    job: Job
    gpu: int
    left: float
    used_mb: int = 0


@dataclass
class Result:
    """What became of one mix under one policy.

    Attributes:
        out_of_memory: how many attempts died.
        lost: jobs that died three times.
        makespan: seconds until the last job ended.
        waits: for each job that ended: it, and the seconds that it waited before it began.
    """

    out_of_memory: int = 0
    lost: int = 0
    makespan: float = 0.0
    waits: list[tuple[Job, float]] = field(default_factory=list)

    def wait(self, percent: int) -> float:
        """Seconds in which so many percent of the jobs had begun."""
        return _percentile([seconds for _, seconds in self.waits], percent)

    def worst_user_wait(self, percent: int) -> float:
        """The same of the user who fared worst."""
        users = {job.user for job, _ in self.waits}
        return max(
            _percentile([seconds for job, seconds in self.waits if job.user == user], percent)
            for user in users
        )

    def longest_wait(self, mem_mb: int) -> float:
        """Seconds that a job of at least this size waited at most."""
        return max((seconds for job, seconds in self.waits if job.mem_mb >= mem_mb), default=0.0)


def _percentile(values: list[float], percent: int) -> float:
    if len(values) < 2:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


class Policy(Protocol):
    """Decides which of the jobs that wait start now, and where."""

    def start(self, waiting: Sequence[Job], host: "Host") -> list[tuple[Job, int]]:
        """The jobs to start, each with the number of its GPU."""

    def ended(self, job: Job) -> None:
        """A job is over, whichever way."""


class Host:
    """GPUs in simulated time.

    Attributes:
        sizes_mb: memory of each.
        now: seconds since the first mix began.
        running: the jobs at work.
    """

    def __init__(self, sizes_mb: Sequence[int]) -> None:
        self.sizes_mb = sizes_mb
        self.now = 0.0
        self.running: list[Running] = []

    def used_mb(self, gpu: int) -> int:
        """Memory that processes have taken on a GPU, as nvidia-smi would show it."""
        return sum(run.used_mb for run in self.running if run.gpu == gpu)

    def run(self, jobs: Sequence[Job], policy: Policy) -> Result:
        """Run a mix to its end."""
        order = itertools.count()
        events: list[tuple[float, int, Job | Running]] = []
        for job in jobs:
            heapq.heappush(events, (job.arrival, next(order), job))
        waiting: list[Job] = []
        result = Result()
        while events or self.running:
            next_end = self.now + self._next_end()
            moment = min(*(time for time, *_ in events[:1]), next_end, float("inf"))
            self._work(moment - self.now)
            self.now = moment
            ended = [run for run in self.running if run.left <= _NOTHING]
            for run in ended:
                self._end(run, policy)
                result.waits.append((run.job, run.job.started - run.job.arrival))
            while events and events[0][0] <= self.now:
                _, _, subject = heapq.heappop(events)
                if isinstance(subject, Job):
                    waiting.append(subject)
                elif subject in self.running and not self._grow(subject):
                    self._end(subject, policy)
                    self._fail(subject.job, waiting, result)
            for job, gpu in policy.start(waiting, self):
                waiting.remove(job)
                job.started = self.now
                self.running.append(run := Running(job, gpu, job.seconds))
                for time in _loads(job):
                    heapq.heappush(events, (self.now + time, next(order), run))
            result.makespan = self.now
        if waiting:
            raise RuntimeError(f"The policy left {len(waiting)} jobs behind.")
        return result

    def _slowness(self) -> list[float]:
        """By GPU, by how much its jobs are slower than alone."""
        shares = [0.0] * len(self.sizes_mb)
        for run in self.running:
            shares[run.gpu] += run.job.share
        return [max(1.0, share) for share in shares]

    def _next_end(self) -> float:
        slowness = self._slowness()
        return min((run.left * slowness[run.gpu] for run in self.running), default=float("inf"))

    def _work(self, seconds: float) -> None:
        slowness = self._slowness()
        for run in self.running:
            run.left -= seconds / slowness[run.gpu]

    def _grow(self, run: Running) -> bool:
        part = run.job.used_mb // LOAD_STEPS
        if self.used_mb(run.gpu) + part > self.sizes_mb[run.gpu]:
            return False
        run.used_mb += part
        return True

    def _end(self, run: Running, policy: Policy) -> None:
        self.running.remove(run)
        policy.ended(run.job)

    def _fail(self, job: Job, waiting: list[Job], result: Result) -> None:
        result.out_of_memory += 1
        job.attempts += 1
        if job.attempts < ATTEMPTS:
            waiting.append(job)
        else:
            result.lost += 1


def _loads(job: Job) -> Iterator[float]:
    for step in range(LOAD_STEPS):
        yield job.load_delay * (1 + step / LOAD_STEPS)
