"""A run in simulated time: when each job would end, placed as the pool places jobs."""

import heapq
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from gpulease.inventory import Gpu
from gpulease.placement import GpuView, Request, choose, grant


class Planned(Protocol):
    """A job that has not been started: its name, seconds, and the jobs `after` which it may start.

    `gpu_mem_mb` is 0 for one without a GPU; of those that may start, a higher `priority` goes
    first.
    """

    @property
    def name(self) -> str:
        """What other jobs call it."""

    @property
    def seconds(self) -> float:
        """How long it takes."""

    @property
    def after(self) -> Sequence[str]:
        """The jobs that have to be done before."""

    @property
    def gpu_mem_mb(self) -> int:
        """GPU memory that is promised to it."""

    @property
    def cores(self) -> int:
        """Cores that it takes."""

    @property
    def priority(self) -> int:
        """Higher ones go first."""


def rehearse(
    jobs: Sequence[Planned], gpus_mb: Sequence[int], cores: int, computing: int = 2
) -> dict[str, float]:
    """The second at which each job ends, on GPUs of these sizes in MB that nobody else uses.

    Args:
        jobs: in any order; jobs that are not among them are taken as done.
        gpus_mb: memory of each device.
        cores: cores of the host; a job that wants more takes all.
        computing: most jobs that compute on a device at a time; 0 for any number.

    Raises:
        ValueError: where a job waits for itself, or no device will ever hold it.
    """
    return _Rehearsal(jobs, gpus_mb, cores, computing).run()


class _Rehearsal:
    def __init__(
        self, jobs: Sequence[Planned], gpus_mb: Sequence[int], cores: int, computing: int
    ) -> None:
        self.jobs = {job.name: job for job in jobs}
        self.cores = self.left = max(1, cores)
        self.computing = computing
        self.views = [
            GpuView(Gpu(at, f"GPU-{at}", "simulated", mb, mb), mb) for at, mb in enumerate(gpus_mb)
        ]
        self.waits = {job.name: sum(other in self.jobs for other in set(job.after)) for job in jobs}
        self.followers: dict[str, list[str]] = {}
        for job in jobs:
            for other in set(job.after) & self.jobs.keys():
                self.followers.setdefault(other, []).append(job.name)
        self.order = itertools.count()
        self.ready: dict[tuple[int, int], list[tuple[int, int, str]]] = {}
        self.running: list[tuple[float, int, str]] = []
        self.places: dict[str, tuple[int, int]] = {}
        self.ends: dict[str, float] = {}

    def run(self) -> dict[str, float]:
        for name in [name for name, count in self.waits.items() if not count]:
            self.may_start(name)
        now = 0.0
        while True:
            self.start(now)
            if not self.running:
                break
            now, _, name = heapq.heappop(self.running)
            self.end(name, now)
            while self.running and self.running[0][0] <= now:
                self.end(heapq.heappop(self.running)[2], now)
        if len(self.ends) < len(self.jobs):
            left = next(name for name in self.jobs if name not in self.ends)
            raise ValueError(f"{left} can never start")
        return self.ends

    def may_start(self, name: str) -> None:
        job = self.jobs[name]
        alike = self.ready.setdefault((job.gpu_mem_mb, min(job.cores, self.cores)), [])
        heapq.heappush(alike, (-job.priority, next(self.order), name))

    def start(self, now: float) -> None:
        """Start whatever fits: those with a GPU first, as they wait for what is scarce."""
        waiting = [kind for kind, names in self.ready.items() if names]
        while waiting:
            mem_mb, cores = min(waiting, key=lambda kind: (not kind[0], self.ready[kind][0]))
            names = self.ready[mem_mb, cores]
            _, seq, name = names[0]
            if cores > self.left:
                waiting.remove((mem_mb, cores))
            elif mem_mb and not self.place(self.jobs[name], seq):
                waiting = [kind for kind in waiting if not kind[0] or kind[0] < mem_mb]
            else:
                heapq.heappop(names)
                self.left -= cores
                heapq.heappush(self.running, (now + self.jobs[name].seconds, seq, name))
                if not names:
                    waiting.remove((mem_mb, cores))

    def place(self, job: Planned, seq: int) -> bool:
        request = Request(job.gpu_mem_mb, max_computing=self.computing)
        chosen = choose(request, self.views, seq).chosen
        for view in chosen:
            self.views[view.gpu.index] = grant(view, job.gpu_mem_mb, seq)
            self.places[job.name] = view.gpu.index, seq
        return bool(chosen)

    def end(self, name: str, now: float) -> None:
        self.ends[name] = now
        self.left += min(self.jobs[name].cores, self.cores)
        if name in self.places:
            at, seq = self.places.pop(name)
            view = self.views[at]
            kept = tuple(one for one in view.promises if one.seq != seq)
            self.views[at] = replace(view, promises=kept)
        for other in self.followers.get(name, ()):
            self.waits[other] -= 1
            if not self.waits[other]:
                self.may_start(other)
