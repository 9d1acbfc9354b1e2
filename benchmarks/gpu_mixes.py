"""Mixes of GPU jobs, and how long each takes at least, whatever places them."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulp

from benchmarks.gpu_simulation import Job


@dataclass(frozen=True)
class Kind:
    """One kind of job: MB that it declares, how many of a hundred it is, its share of a GPU."""

    mem_mb: int
    percent: int
    share: float

    def used_mb(self, part: float) -> int:
        """MB that a job takes of it, where it takes this part of what it declares."""
        return round(self.mem_mb * part) // 4 * 4


# Separation, recognition, and now and then something large, in the proportion of a folder of
# videos with some chunks each; and sizes that fill no GPU evenly. Recognition keeps a GPU busy:
# two on one GPU are done no sooner than one after the other. Separation leaves it idle half the
# time, while it decodes and writes.
MIXES = {
    "pipeline": (Kind(4000, 30, 0.5), Kind(8000, 65, 1.0), Kind(20000, 5, 1.0)),
    "odd": (
        Kind(3300, 25, 0.5),
        Kind(5200, 25, 1.0),
        Kind(7100, 20, 1.0),
        Kind(9700, 15, 0.5),
        Kind(13000, 10, 1.0),
        Kind(21000, 5, 1.0),
    ),
}
LARGE_MB = 20000
HOSTS = {"2x24": (24000,) * 2, "8x24": (24000,) * 8, "80+24": (80000, 24000)}
USERS = 3
_SECONDS = 3600.0


@dataclass(frozen=True)
class Mix:
    """Which jobs come when.

    Attributes:
        kinds: what they are.
        hosts_mb: the GPUs, which they keep busy for about an hour.
        arrivals: "burst" (all at once) or "Poisson" (over three quarters of the time).
        shared: whether jobs on one GPU share its arithmetic, or are never slowed by each other.
        used: part of the memory declared that they take.
        seed: of the chance.
    """

    kinds: Sequence[Kind]
    hosts_mb: Sequence[int]
    arrivals: str
    shared: bool
    used: float
    seed: int

    def jobs(self) -> list[Job]:
        """The jobs, the same at every call."""
        chance = random.Random(f"{self.kinds} {self.hosts_mb} {self.seed}")
        jobs: list[Job] = []
        work = 0.0
        while work < _SECONDS:
            kind = chance.choices(self.kinds, [kind.percent for kind in self.kinds])[0]
            seconds = chance.uniform(60, 300)
            used_mb = kind.used_mb(self.used)
            share = kind.share if self.shared else 0.0
            jobs.append(
                Job(0.0, kind.mem_mb, used_mb, seconds, chance.uniform(3, 12), share,
                    chance.randrange(USERS))
            )  # fmt: skip
            memory = used_mb * seconds / sum(self.hosts_mb)
            work += max(memory, share * seconds / len(self.hosts_mb))
        if self.arrivals == "Poisson":
            rate, now = len(jobs) / (0.75 * _SECONDS), 0.0
            for job in jobs:
                now += chance.expovariate(rate)
                job.arrival = now
        return jobs

    def bound(self) -> float:
        """Seconds that no placement can beat, even one that knows the future and interrupts jobs.

        No job ends before it came and ran. The jobs that came after any moment need GPUs for their
        time: as much arithmetic as they use alone, and side by side in such numbers as fit into
        the memory, by what they really take.
        """
        jobs = self.jobs()
        bound = max(job.arrival + job.seconds for job in jobs)
        arrivals = sorted({job.arrival for job in jobs})
        for moment in arrivals[:: max(1, len(arrivals) // 40)]:
            needed: dict[int, float] = {}
            computing = 0.0
            for job in jobs:
                if job.arrival >= moment:
                    needed[job.used_mb] = needed.get(job.used_mb, 0.0) + job.seconds
                    computing += job.share * job.seconds
            least = max(_least_seconds(needed, self.hosts_mb), computing / len(self.hosts_mb))
            bound = max(bound, moment + least)
        return bound


def _least_seconds(needed: Mapping[int, float], hosts_mb: Sequence[int]) -> float:
    """The linear programme of the cutting stock problem (Gilmore and Gomory, 1961).

    How long must each pattern of jobs that fills a GPU last, at least, until every size has had
    its time?
    """
    sizes = sorted(needed, reverse=True)
    problem = pulp.LpProblem("bound", pulp.LpMinimize)
    whole = problem.add_variable("seconds", 0)
    problem += whole
    given: dict[int, list[pulp.LpAffineExpression]] = {size: [] for size in sizes}
    for kind, mb in enumerate(sorted(set(hosts_mb))):
        patterns = list(_patterns(sizes, mb))
        seconds = [problem.add_variable(f"t_{kind}_{i}", 0) for i in range(len(patterns))]
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
