"""One worker, as the jobs that it serves see it."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from gpulease.executors import Choice, Gpu, GpuView, Request, Worker
from snakemake_executor_plugin_local_gpu.gpu_job import GpuJob, JobName
from snakemake_executor_plugin_local_gpu.grants import Grant
from snakemake_executor_plugin_local_gpu.warmth import Warmth


class SeatOwner(Protocol):
    """The workers of a run, as one of them sees them."""

    def serving(self, seat: "Seat") -> "AbstractContextManager[Seat]":
        """While a job uses its worker."""

    def abandon(self, seat: "Seat") -> None:
        """End a worker whose job was never started."""


@dataclass(eq=False)
class Seat:
    """One worker, as a job that it serves sees it.

    Attributes:
        workers: those of the run, which it belongs to.
        worker: the process.
        asked: the job that it serves, or served last.
        choice: why the job is served there.
        served: the wildcards of all jobs that it served.
        idle_since: since when it has nothing to do (monotonic seconds); None while it serves.
        works: what it did for them.
        death: that it died while it served the last job, and how; "" where it did not.
        warmth: what its loaded model is worth to those whose turn it is.
        stopped_since: since when it is seen to be stopped while it serves (monotonic seconds).
        was_stopped: that it was ended because it was stopped, which is no failure of its job.
    """

    workers: SeatOwner
    worker: Worker
    asked: GpuJob
    choice: Choice
    served: set[tuple[str, str]] = field(default_factory=set)
    idle_since: float | None = None
    works: set[str] = field(default_factory=set)
    death: str = ""
    warmth: Warmth = field(default_factory=Warmth)
    stopped_since: float | None = None
    was_stopped: bool = False

    @property
    def job(self) -> JobName:
        """The name of the job that it serves, or served last."""
        return self.asked.name

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

    @property
    def worker_pid(self) -> int:
        """The worker's process."""
        return self.worker.pid

    def shell_prefix(self, *, bash: bool = True, strict: bool = True) -> str:
        """Shell code that puts a command at this worker's side; the lease stays the worker's."""
        return self.worker.shell_prefix()

    @property
    def fds(self) -> tuple[int, ...]:
        """None: the lease stays the worker's."""
        return ()

    def note_root(self, pid: int) -> None:
        """Nothing: the memory is the worker's."""

    def using(self) -> AbstractContextManager[Grant]:
        """While the worker serves the job."""
        return self.workers.serving(self)

    def give_up(self) -> None:
        """End the worker, whose job was never started, because the run ends."""
        self.workers.abandon(self)

    def suits(self, request: Request, threads: int) -> bool:
        """Whether the worker can serve a job: on a GPU by its memory, on the CPU by its threads."""
        if not self.is_like(request):
            return False
        return self.mem_mb >= request.mem_mb if request.gpus else self.worker.threads == threads

    def is_like(self, request: Request) -> bool:
        """Whether the worker could serve a job if it had the memory and the threads."""
        return self.worker.kind == request.kind and len(self.gpus) == request.gpus

    def may_suit(self, request: Request, views: Iterable[GpuView]) -> bool:
        """Whether it can serve a job, at least if it has back what it held before it shrank."""
        if self.suits(request, 0):
            return True
        more = request.mem_mb - self.mem_mb
        here = [view for view in views if view.gpu in self.gpus]
        shrank = self.asked.declared_mb >= request.mem_mb
        return shrank and self.is_like(request) and all(view.free_mb >= more for view in here)
