"""Reads what a Snakemake job asks for; all behind it sees a GpuJob."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from snakemake_interface_common.exceptions import WorkflowError

from gpulease import GpuLeaseError, NoGpuError
from gpulease.executors import Pool, Request, split_names
from snakemake_executor_plugin_local_gpu import ExecutorSettings
from snakemake_executor_plugin_local_gpu.gpu_job import GpuJob, JobName
from snakemake_executor_plugin_local_gpu.learning import Learning
from snakemake_executor_plugin_local_gpu.snakemake_private import is_run_directive, wildcards

# How much more GPU memory a job is given after it ran out, by attempt.
_GROWTH: Final = {1: 1.0, 2: 1.5}
_GROWTH_LATER: Final = 2.0


class JobReader:
    """Makes one GpuJob of each attempt of a job.

    Args:
        settings: the executor's settings.
        pool: the GPUs.
        runs_here: whether a job runs in Snakemake's own environment, not in one made for it.
        warn: tells the user something once.
        learning: what earlier jobs of the same work were seen to take.
    """

    def __init__(
        self,
        settings: ExecutorSettings,
        pool: Pool,
        runs_here: Callable[[Any], bool],
        warn: Callable[[str], None],
        learning: Learning,
    ) -> None:
        self._settings = settings
        self._default_mb = settings.default_mem_mb
        self._exclude = split_names(settings.exclude)
        self._pool = pool
        self._runs_here = runs_here
        self._warn = warn
        self._learning = learning
        self._read: dict[Any, tuple[object, GpuJob]] = {}
        self._first_mem_mb: dict[Any, int] = {}
        self._first_asked_mb: dict[Any, int] = {}
        self._lock = threading.Lock()
        self._without_gpu: bool | None = None

    def read(self, job: Any) -> GpuJob | None:
        """What a job asks for; None where it needs neither a GPU nor a worker.

        Raises:
            WorkflowError: where it asks for something that is no number.
        """
        version = self._learning.version()
        known_as, known = self._read.get(job, (None, None))
        if known is None or known.attempt != job.attempt or known_as != version:
            if job.is_group():
                return None
            on_gpu, kind = self._wants_gpu(job), self._kind(job)
            if not on_gpu and not kind:
                return None
            work = self._work(job, kind) if on_gpu else ""
            request = self._request(job, kind, work) if on_gpu else Request(0, 0, kind=kind)
            name = JobName(job.rule.name, wildcards(job), job.jobid)
            known = GpuJob(
                name, request, job.attempt, job.threads, work, _identity(job), job.priority
            )
            self._read[job] = version, known
        return known

    def _wants_gpu(self, job: Any) -> bool:
        """Whether a job is to be given a GPU: it asks for one, and there are any."""
        return _number(job, "gpu", 0) > 0 and not self._runs_without()

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

    def _kind(self, job: Any) -> str:
        """The kind of worker that a job names; "" where it does its work itself.

        A job in a conda environment or container, or with a run: directive, does.
        """
        kind = job.resources.get("gpu_worker", "")
        if not isinstance(kind, str) or kind in {"", "none"} or self._settings.idle_worker_s <= 0:
            return ""
        return "" if is_run_directive(job) or not self._runs_here(job) else kind

    def _work(self, job: Any, kind: str) -> str:
        """What a job has in common with those that take as much memory; "" where that is unknown.

        A rule can name it (gpu_work): model, type, batch. Jobs of one worker have its model in
        common, and what they declare for it.
        """
        named = job.resources.get("gpu_work", "")
        if isinstance(named, str) and named:
            return f"{job.rule.name} {named}"
        declared = self._first_mem_mb.get(job, _number(job, "gpu_mem_mb", self._default_mb))
        return f"{job.rule.name} {kind} {declared}" if kind else ""

    def _request(self, job: Any, kind: str, work: str) -> Request:
        """What a job asks for, with more memory each time it ran out of it."""
        declared = _number(job, "gpu_mem_mb", self._default_mb)
        gpus = _number(job, "gpu", 1)
        first = self._first_mem_mb.setdefault(job, declared)
        learnt = self._learnt(job, work, first)
        grown = int(max(first, learnt) * _GROWTH.get(job.attempt, _GROWTH_LATER))
        mem_mb = learnt if job.attempt == 1 else max(declared, grown)
        if mem_mb > first:
            # There may be no larger GPU; then it is given all of the largest.
            mem_mb = max(first, min(mem_mb, self._largest_mb(gpus)))
        return Request(
            mem_mb,
            gpus,
            self._exclude,
            self._settings.max_jobs,
            job.rule.name,
            kind,
            self._settings.compute_jobs,
            priority=max(0, self._settings.priority),
            declared_mb=0 if mem_mb == first else first,
        )

    def _learnt(self, job: Any, work: str, declared: int) -> int:
        """What a job asks for in its first attempt, from which later ones grow."""
        if job.attempt == 1:
            self._first_asked_mb[job] = self._learning.request_mb(work, declared)
        return self._first_asked_mb.get(job, declared)

    def _largest_mb(self, gpus: int) -> int:
        """MB that so many of the GPUs which jobs may use have when they are empty; 0 if too few."""
        request = Request(0, exclude=self._exclude)
        try:
            found = [state.gpu for state in self._pool.states()]
        except GpuLeaseError:
            return 0
        sizes = sorted((g.capacity_mb for g in found if not request.excludes(g)), reverse=True)
        return sizes[gpus - 1] if len(sizes) >= gpus else 0


def _identity(job: Any) -> str:
    """What tells a job from all others of the host, in whichever run it is started."""
    facts = [str(Path.cwd()), job.rule.name, *sorted(map(str, wildcards(job).items()))]
    return hashlib.sha256("\n".join([*facts, *map(str, job.output)]).encode()).hexdigest()[:32]


def _number(job: Any, resource: str, default: int) -> int:
    given = job.resources.get(resource, default)
    if isinstance(given, int) and given >= 0:
        return given
    raise WorkflowError(
        f"Rule {job.rule.name}: the resource {resource} is {given!r}; give a whole number"
        f"{' of MB' if resource.endswith('_mb') else ''} from 0 on."
    )
