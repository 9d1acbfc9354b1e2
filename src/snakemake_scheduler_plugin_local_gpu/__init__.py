"""Snakemake scheduler local-gpu: a job that asks for a GPU is started once it has one.

Jobs that wait for a GPU hold no cores, so that others run meanwhile. It belongs to the executor
local-gpu; with any other executor, Snakemake's own greedy scheduler decides.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from snakemake_interface_scheduler_plugins.base import SchedulerBase
from snakemake_interface_scheduler_plugins.settings import SchedulerSettingsBase

from snakemake_executor_plugin_local_gpu import active

__all__ = ["Scheduler", "SchedulerSettings"]

SchedulerSettings = SchedulerSettingsBase

TEMPORARY_AHEAD: Final = 16
"""How many temporary files may wait for their use or be in the making before no more are begun:
enough for eight GPUs to find two each, few enough for any disk (an hour of audio takes 0.3 GB)."""


class Scheduler(SchedulerBase):  # type: ignore[misc]
    """Chooses what starts now: by priority, GPU jobs first, the largest first."""

    def __post_init__(self) -> None:
        """Lift the limit on the rate of starts, which is made for clusters."""
        self._parts: dict[Any, _Part] = {}
        # Private: with a limit, Snakemake looks at all ready jobs again one second after each
        # look, so that each job that ends adds one look per second for as long as jobs wait.
        workflow = self.dag.workflow
        if workflow.local_exec:
            workflow.scheduling_settings.max_jobs_per_timespan = None

    def select_jobs(
        self,
        selectable_jobs: Sequence[Any],
        remaining_jobs: Sequence[Any],
        available_resources: Mapping[str, int | str],
        input_sizes: dict[Any, int],
    ) -> Sequence[Any] | None:
        """The jobs to start, within the resources that are available."""
        run = active.run
        if run is None:
            return None
        read = {job: run.reader.read(job) for job in selectable_jobs}
        gpu_jobs = {job: gpu_job for job, gpu_job in read.items() if gpu_job and gpu_job.on_gpu}
        free = {name: left for name, left in available_resources.items() if isinstance(left, int)}

        def rank(job: Any) -> tuple[Any, ...]:
            # Inputs that can be deleted after the job first, then large inputs (long jobs).
            sizes = [(input_sizes.get(file) or 0, file.is_flagged("temp")) for file in job.input]
            return (
                -job.priority,
                -gpu_jobs[job].request.mem_mb if job in gpu_jobs else 1,
                -sum(size for size, is_temporary in sizes if is_temporary),
                -sum(size for size, _ in sizes),
            )

        held_back = self._enough_temporary(selectable_jobs)
        ranked = sorted((job for job in selectable_jobs if job not in held_back), key=rank)
        if not gpu_jobs:
            return _first_fit(ranked, free, lambda job: True)
        with run.leases.round() as has_gpu:
            return _first_fit(
                ranked, free, lambda job: job not in gpu_jobs or has_gpu(gpu_jobs[job])
            )

    def _enough_temporary(self, ready: Sequence[Any]) -> set[Any]:
        """The jobs that are not to start now, because enough temporary files wait for their use.

        Otherwise idle cores would decode the sound of all videos while the GPUs are at the first.
        Nor are many made ready to do so, for Snakemake looks at all that is ready after each job.
        """
        parts = {job: self._part(job) for job in ready}
        makers = [job for job in ready if parts[job].makes]
        feeders = [job for job in ready if parts[job].feeds]
        # Private: which jobs run.
        running = self.dag.workflow.scheduler.running if makers else ()
        making = sum(self._part(job).makes for job in running)
        waiting = sum(part.takes for part in parts.values())
        return {
            *_beyond(makers, TEMPORARY_AHEAD - waiting - making),
            *_beyond(feeders, TEMPORARY_AHEAD - len(makers)),
        }

    def _part(self, job: Any) -> "_Part":
        """What a job has to do with temporary files; asked often, so found out once."""
        if job not in self._parts:
            # Private: only outputs are flagged, so the plan has to say it of inputs.
            takes = any(True for _ in self.dag.temp_input(job))
            feeds = any(map(_makes_temporary, self.dag.depending[job]))
            self._parts[job] = _Part(_makes_temporary(job), takes, feeds)
        return self._parts[job]


@dataclass(frozen=True, slots=True)
class _Part:
    """Whether a job makes temporary files, takes some, or feeds a job that makes some."""

    makes: bool
    takes: bool
    feeds: bool


def _makes_temporary(job: Any) -> bool:
    return any(file.is_flagged("temp") for file in job.output)


def _beyond(jobs: Sequence[Any], room: int) -> Sequence[Any]:
    """All but the first `room` jobs by priority."""
    return sorted(jobs, key=lambda job: -job.priority)[max(0, room) :]


def _first_fit(
    ranked: Sequence[Any], free: dict[str, int], can_start: Callable[[Any], bool]
) -> list[Any]:
    """The jobs that fit into the free resources, one after another."""
    selected = []
    for job in ranked:
        if free.get("_cores", 1) <= 0:
            break
        needs = job.scheduler_resources
        if all(needs.get(name, 0) <= left for name, left in free.items()) and can_start(job):
            selected.append(job)
            free = {name: left - needs.get(name, 0) for name, left in free.items()}
    return selected
