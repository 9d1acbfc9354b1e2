"""The least time in which a run can end, whatever is placed where: a linear program."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Demand:
    """What all jobs of one kind take: seconds in sum, GPU memory in MB and cores of each job."""

    stage: str
    seconds: float
    gpu_mem_mb: int
    cores: int


@dataclass(frozen=True, slots=True)
class Bound:
    """The least seconds of a run, and what bounds it: a GPU, the cores or the longest video."""

    seconds: float
    by: str


def bound(
    demands: Sequence[Demand],
    gpus_mb: Sequence[int],
    cores: int,
    longest: float,
    computing: int = 2,
) -> Bound:
    """The least seconds in which everything can be done, if work could be divided at will.

    Each kind's GPU-seconds are divided among the devices that hold one of its jobs, so that no
    device has more of them at a time than its memory and `computing` allow (fractional assignment,
    as in Lenstra, Shmoys and Tardos 1990). The cores have their work, too, and no run ends before
    the `longest` chain of jobs of one video.

    Raises:
        ValueError: where no device holds a job.
    """
    import pulp

    problem = pulp.LpProblem("run", pulp.LpMinimize)
    end = problem.add_variable("end", longest)
    problem += end
    work = [one for one in demands if one.gpu_mem_mb > 0]
    shares: dict[tuple[int, int], pulp.LpVariable] = {}
    for kind, one in enumerate(work):
        fits = [at for at, mb in enumerate(gpus_mb) if mb >= one.gpu_mem_mb]
        if not fits:
            raise ValueError(f"no GPU holds {one.stage} with {one.gpu_mem_mb} MB")
        for at in fits:
            shares[kind, at] = problem.add_variable(f"s{kind}_{at}", 0)
        problem += pulp.lpSum(shares[kind, at] for at in fits) == one.seconds
    for at, mb in enumerate(gpus_mb):
        here = [(work[kind], share) for (kind, gpu), share in shares.items() if gpu == at]
        problem += pulp.lpSum(one.gpu_mem_mb / mb * share for one, share in here) <= end
        if computing:
            problem += pulp.lpSum(share for _, share in here) <= computing * end
    problem += sum(one.seconds * min(one.cores, cores) for one in demands) / cores <= end
    solver = copy(pulp.LpSolverDefault)
    solver.msg = False
    problem.solve(solver)
    seconds = float(end.value())
    loads = _loads(work, shares, gpus_mb, computing)
    full = [at for at, load in enumerate(loads) if _is(load, seconds)]
    return Bound(seconds, _by(demands, full, len(gpus_mb), cores, longest, seconds))


def _loads(
    work: Sequence[Demand],
    shares: Mapping[tuple[int, int], Any],
    gpus_mb: Sequence[int],
    computing: int,
) -> list[float]:
    """The seconds for which each GPU is full, by its memory or by the jobs that compute on it."""
    found = []
    for at, mb in enumerate(gpus_mb):
        here = [(work[kind], share.value()) for (kind, gpu), share in shares.items() if gpu == at]
        memory = sum(one.gpu_mem_mb / mb * seconds for one, seconds in here)
        found.append(max(memory, sum(s for _, s in here) / computing if computing else 0.0))
    return found


def _is(load: float, seconds: float) -> bool:
    """Whether something is busy all the time."""
    return load >= seconds * 0.999


def _by(
    demands: Sequence[Demand],
    full: Sequence[int],
    gpus: int,
    cores: int,
    longest: float,
    seconds: float,
) -> str:
    """What would have to be quicker for the run to be; `full` are the GPUs that never rest."""
    if _is(longest, seconds):
        return "the longest video"
    if _is(sum(one.seconds * min(one.cores, cores) for one in demands) / cores, seconds):
        return "the cores"
    on_gpu: Mapping[str, float] = {one.stage: one.seconds for one in demands if one.gpu_mem_mb}
    named = "the GPUs" if len(full) in (0, gpus) else f"GPU {', '.join(map(str, full))}"
    return f"{named}, by {max(on_gpu, key=lambda stage: on_gpu[stage])}"
