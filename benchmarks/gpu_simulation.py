"""Job mixes and hosts with GPUs in simulated time, for the benchmark of placement policies.

A job takes its memory late and in steps, as a model does that is loaded seconds after the process
started; a step that the GPU cannot hold ends the job with an out-of-memory error, and it is tried
again, three times at most. Jobs do not slow each other down: what is compared is where memory is
promised, not how a GPU shares its arithmetic.
"""

import heapq
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pulp

ATTEMPTS = 3
LOAD_STEPS = 4


@dataclass(eq=False)
class Job:
    """One job: when it comes, what it needs, how long it runs once it was started."""

    arrival: float
    mem_mb: int
    seconds: float
    load_delay: float
    attempts: int = 0


@dataclass(eq=False)
class Running:
    """A job at work on a GPU, and the memory that it has taken so far."""

    job: Job
    gpu: int
    used_mb: int = 0


@dataclass
class Result:
    """What became of one mix under one policy.

    Attributes:
        out_of_memory: how many attempts died.
        lost: jobs that died three times.
        makespan: seconds until the last job ended.
        busy: per GPU, the mean share of its memory that jobs held while the mix ran.
    """

    out_of_memory: int = 0
    lost: int = 0
    makespan: float = 0.0
    busy: list[float] = field(default_factory=list)

    @property
    def balance(self) -> float:
        """The least busy GPU beside the busiest: 1 where all carry the same share."""
        return min(self.busy) / max(self.busy)


class Policy(Protocol):
    """Decides which of the jobs that wait start now, and where."""

    def start(self, waiting: Sequence[Job], host: "Host") -> list[tuple[Job, int]]:
        """The jobs to start, each with the number of its GPU."""

    def ended(self, job: Job) -> None:
        """A job is over, whichever way."""


class Host:
    """GPUs in simulated time."""

    def __init__(self, sizes_mb: Sequence[int]) -> None:
        self.sizes_mb = sizes_mb
        self.running: list[Running] = []

    def used_mb(self, gpu: int) -> int:
        """Memory that processes have taken on a GPU, as nvidia-smi would show it."""
        return sum(run.used_mb for run in self.running if run.gpu == gpu)

    def run(self, jobs: Sequence[Job], policy: Policy) -> Result:
        """Run a mix to its end."""
        order = itertools.count()
        events: list[tuple[float, int, str, Job | Running]] = []
        for job in jobs:
            heapq.heappush(events, (job.arrival, next(order), "arrival", job))
        waiting: list[Job] = []
        result = Result(busy=[0.0] * len(self.sizes_mb))
        while events:
            now = events[0][0]
            while events and events[0][0] == now:
                _, _, kind, subject = heapq.heappop(events)
                if isinstance(subject, Job):
                    waiting.append(subject)
                elif subject in self.running and (kind == "end" or not self._grow(subject)):
                    self._end(subject, kind, waiting, result, policy)
            for job, gpu in policy.start(waiting, self):
                waiting.remove(job)
                self.running.append(run := Running(job, gpu))
                for time, kind in _life(job):
                    heapq.heappush(events, (now + time, next(order), kind, run))
            if events:
                self._account(result, events[0][0] - now)
            result.makespan = now
        if waiting:
            raise RuntimeError(f"The policy left {len(waiting)} jobs behind.")
        result.busy = [busy / result.makespan for busy in result.busy]
        return result

    def _grow(self, run: Running) -> bool:
        part = run.job.mem_mb // LOAD_STEPS
        if self.used_mb(run.gpu) + part > self.sizes_mb[run.gpu]:
            return False
        run.used_mb += part
        return True

    def _end(
        self, run: Running, kind: str, waiting: list[Job], result: Result, policy: Policy
    ) -> None:
        self.running.remove(run)
        policy.ended(run.job)
        if kind != "end":
            result.out_of_memory += 1
            run.job.attempts += 1
            if run.job.attempts < ATTEMPTS:
                waiting.append(run.job)
            else:
                result.lost += 1

    def _account(self, result: Result, seconds: float) -> None:
        for run in self.running:
            result.busy[run.gpu] += run.job.mem_mb / self.sizes_mb[run.gpu] * seconds


def _life(job: Job) -> Iterator[tuple[float, str]]:
    for step in range(LOAD_STEPS):
        yield job.load_delay * (1 + step / LOAD_STEPS), "load"
    yield job.seconds, "end"


# Separation, recognition, and now and then something large, in the proportion of a folder of
# videos with some chunks each; and sizes that fill no GPU evenly.
PIPELINE = ((4000, 0.3), (8000, 0.65), (20000, 0.05))
ODD = ((3300, 0.25), (5200, 0.25), (7100, 0.2), (9700, 0.15), (13000, 0.1), (21000, 0.05))


def make_mix(
    sizes: Sequence[tuple[int, float]], hosts_mb: Sequence[int], arrivals: str, seed: int
) -> list[Job]:
    """A mix of jobs that keeps the GPUs busy for about an hour.

    Args:
        sizes: MB and share of each kind of job.
        hosts_mb: the GPUs.
        arrivals: "burst" (all at once) or "Poisson" (over three quarters of the time).
        seed: of the chance.
    """
    chance = random.Random(f"{sizes} {hosts_mb} {seed}")
    wanted = 3600.0 * sum(hosts_mb)
    jobs: list[Job] = []
    while wanted > 0:
        mem_mb = chance.choices([size for size, _ in sizes], [share for _, share in sizes])[0]
        seconds = chance.uniform(60, 300)
        jobs.append(Job(0.0, mem_mb, seconds, chance.uniform(3, 12)))
        wanted -= mem_mb * seconds
    if arrivals == "Poisson":
        rate, now = len(jobs) / 2700, 0.0
        for job in jobs:
            now += chance.expovariate(rate)
            job.arrival = now
    return jobs


def lower_bound(jobs: Sequence[Job], hosts_mb: Sequence[int]) -> float:
    """Seconds that no placement can beat, even one that knows the future and interrupts jobs.

    No job ends before it came and ran; and the jobs that came after any moment need GPUs for
    their time, side by side in such numbers as fit into them. The latter is the linear programme
    of the cutting stock problem (Gilmore and Gomory, 1961): how long must each pattern of jobs
    that fills a GPU last, at least, until every size has had its time?
    """
    bound = max(job.arrival + job.seconds for job in jobs)
    arrivals = sorted({job.arrival for job in jobs})
    for moment in arrivals[:: max(1, len(arrivals) // 60)]:
        needed: dict[int, float] = {}
        for job in jobs:
            if job.arrival >= moment:
                needed[job.mem_mb] = needed.get(job.mem_mb, 0.0) + job.seconds
        bound = max(bound, moment + _least_seconds(needed, hosts_mb))
    return bound


def _least_seconds(needed: Mapping[int, float], hosts_mb: Sequence[int]) -> float:
    sizes = sorted(needed, reverse=True)
    problem = pulp.LpProblem("bound", pulp.LpMinimize)
    whole = pulp.LpVariable("seconds", 0)
    problem += whole
    given: dict[int, list[pulp.LpAffineExpression]] = {size: [] for size in sizes}
    for kind, mb in enumerate(sorted(set(hosts_mb))):
        patterns = list(_patterns(sizes, mb))
        seconds = [pulp.LpVariable(f"t_{kind}_{i}", 0) for i in range(len(patterns))]
        problem += pulp.lpSum(seconds) <= hosts_mb.count(mb) * whole
        for pattern, variable in zip(patterns, seconds, strict=True):
            for size, count in zip(sizes, pattern, strict=True):
                given[size].append(count * variable)
    for size in sizes:
        problem += pulp.lpSum(given[size]) >= needed[size]
    problem.solve(pulp.PULP_CBC_CMD(msg=False))
    return float(whole.value())


def _patterns(sizes: Sequence[int], room: int) -> Iterator[tuple[int, ...]]:
    """How many jobs of each size fit together, where no further one fits."""
    if len(sizes) == 1:
        yield (room // sizes[0],)
        return
    for count in range(room // sizes[0], -1, -1):
        for rest in _patterns(sizes[1:], room - count * sizes[0]):
            yield (count, *rest)
