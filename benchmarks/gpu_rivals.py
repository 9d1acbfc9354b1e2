"""How others give GPUs to jobs: as scripts do, as Snakemake does, and as a ledger does."""

import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from benchmarks.gpu_simulation import Host, Job, Policy


def fits(job: Job, room: Sequence[int]) -> int | None:
    """The GPU with the most room, if that is enough."""
    gpu = max(range(len(room)), key=lambda gpu: (room[gpu], -gpu))
    return gpu if job.mem_mb <= room[gpu] else None


class RoundRobin:
    """Two jobs per GPU, dealt in turn."""

    def __init__(self, host: Host) -> None:
        self._turn = itertools.count()

    def start(self, waiting: Sequence[Job], host: Host) -> list[tuple[Job, int]]:
        """The jobs in their order while there are slots."""
        slots = 2 * len(host.sizes_mb) - len(host.running)
        return [(job, next(self._turn) % len(host.sizes_mb)) for job in waiting[:slots]]

    def ended(self, job: Job) -> None:
        """Nothing is remembered."""


class Exclusive:
    """One job per GPU: the first of those that wait which fits into it."""

    def __init__(self, host: Host) -> None:
        pass

    def start(self, waiting: Sequence[Job], host: Host) -> list[tuple[Job, int]]:
        """The jobs in their order on idle GPUs."""
        busy = {run.gpu for run in host.running}
        idle = [gpu for gpu in range(len(host.sizes_mb)) if gpu not in busy]
        return list(zip(waiting, idle, strict=False))

    def ended(self, job: Job) -> None:
        """Nothing is remembered."""


class Emptiest:
    """The GPU with the most free memory at the start of each job, if that is enough for it.

    What is started at one moment is known to whoever starts it; what was started before, and has
    not loaded its model yet, is not: nothing is reserved.
    """

    def __init__(self, host: Host) -> None:
        pass

    def start(self, waiting: Sequence[Job], host: Host) -> list[tuple[Job, int]]:
        """The jobs that fit beside what is used now, in their order."""
        free = [mb - host.used_mb(gpu) for gpu, mb in enumerate(host.sizes_mb)]
        started = []
        for job in waiting:
            gpu = fits(job, free)
            if gpu is not None:
                free[gpu] -= job.mem_mb
                started.append((job, gpu))
        return started

    def ended(self, job: Job) -> None:
        """Nothing is remembered."""


class SnakemakePool:
    """`--resources gpu_mem_mb=SUM`: as many as the sum of all GPUs holds, each on the emptiest."""

    def __init__(self, host: Host) -> None:
        self._left = sum(host.sizes_mb)

    def start(self, waiting: Sequence[Job], host: Host) -> list[tuple[Job, int]]:
        """The jobs that the pool holds."""
        free = [mb - host.used_mb(gpu) for gpu, mb in enumerate(host.sizes_mb)]
        started = []
        for job in waiting:
            if job.mem_mb <= self._left:
                gpu = max(range(len(free)), key=lambda gpu: (free[gpu], -gpu))
                self._left -= job.mem_mb
                free[gpu] -= job.mem_mb
                started.append((job, gpu))
        return started

    def ended(self, job: Job) -> None:
        """The pool has its memory back."""
        self._left += job.mem_mb


class StaticResource:
    """`--resources gpu0_mb=… gpu1_mb=…`: each job has its GPU by its number, before the run."""

    def __init__(self, host: Host) -> None:
        self._left = list(host.sizes_mb)
        self._turn = itertools.count()
        self._gpu: dict[Job, int] = {}

    def start(self, waiting: Sequence[Job], host: Host) -> list[tuple[Job, int]]:
        """The jobs that their own GPU's resource holds, in their order."""
        started = []
        for job in waiting:
            if job not in self._gpu:
                large = [g for g, mb in enumerate(host.sizes_mb) if mb >= job.mem_mb]
                self._gpu[job] = large[next(self._turn) % len(large)]
            gpu = self._gpu[job]
            if job.mem_mb <= self._left[gpu]:
                self._left[gpu] -= job.mem_mb
                started.append((job, gpu))
        return started

    def ended(self, job: Job) -> None:
        """Its GPU has its memory back."""
        self._left[self._gpu[job]] += job.mem_mb


class PlainLedger:
    """What is promised on each GPU is known; the largest first, and nothing is kept for anybody."""

    def __init__(self, host: Host) -> None:
        self._left = list(host.sizes_mb)
        self._gpu: dict[Job, int] = {}

    def start(self, waiting: Sequence[Job], host: Host) -> list[tuple[Job, int]]:
        """The jobs that fit beside what is promised."""
        started = []
        for job in sorted(waiting, key=lambda job: -job.mem_mb):
            gpu = fits(job, self._left)
            if gpu is not None:
                self._left[gpu] -= job.mem_mb
                self._gpu[job] = gpu
                started.append((job, gpu))
        return started

    def ended(self, job: Job) -> None:
        """The GPU has its memory back."""
        self._left[self._gpu.pop(job)] += job.mem_mb


class Reslock:
    """The package reslock itself, with its own state file, over the simulated driver."""

    def __init__(self, host: Host) -> None:
        import reslock
        from reslock import nvml

        self._nvml: Any = nvml
        nvml._pynvml, nvml._initialized = _driver(host), True
        nvml._total_cache = None
        self._folder = tempfile.TemporaryDirectory()
        self._pool = reslock.ResourcePool(f"{self._folder.name}/state.json")
        self._pool.set_resources(
            {f"gpu_GPU-{gpu}_vram_mb": mb for gpu, mb in enumerate(host.sizes_mb)}
        )
        self._leases: dict[Job, Any] = {}

    def start(self, waiting: Sequence[Job], host: Host) -> list[tuple[Job, int]]:
        """The jobs that it gives a lease, asked in their order; it keeps nothing for anybody."""
        refused = float("inf")
        started = []
        for job in waiting:
            if job.mem_mb >= refused:
                continue
            self._nvml._free_cache_at = 0.0
            lease = self._pool.try_acquire(vram_mb=[job.mem_mb])
            if lease is None:
                refused = job.mem_mb
                continue
            self._leases[job] = lease
            started.append((job, int(lease.gpu_uuids[0].removeprefix("GPU-"))))
        return started

    def ended(self, job: Job) -> None:
        """Give the lease back."""
        self._leases.pop(job).release()


def _driver(host: Host) -> SimpleNamespace:
    """What reslock asks pynvml for."""
    mb = 1024 * 1024

    def memory(gpu: int) -> SimpleNamespace:
        total, used = host.sizes_mb[gpu], host.used_mb(gpu)
        return SimpleNamespace(total=total * mb, used=used * mb, free=(total - used) * mb)

    return SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: len(host.sizes_mb),
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetUUID=lambda gpu: f"GPU-{gpu}",
        nvmlDeviceGetMemoryInfo=memory,
    )


def _installed() -> Iterator[tuple[str, Callable[[Host], Policy]]]:
    yield from (
        ("round robin", RoundRobin),
        ("emptiest", Emptiest),
        ("Snakemake pool", SnakemakePool),
        ("exclusive", Exclusive),
        ("static resource", StaticResource),
        ("plain ledger", PlainLedger),
    )
    try:
        import reslock  # noqa: F401
    except ImportError:
        print("reslock is not installed: pip install reslock==0.12.3 adds its rows.\n")
        return
    yield "reslock", Reslock


def rivals() -> dict[str, Callable[[Host], Policy]]:
    """All of them by name; reslock where it is installed."""
    return dict(_installed())
