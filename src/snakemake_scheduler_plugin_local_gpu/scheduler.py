"""Chooses which ready jobs start now."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from snakemake_interface_scheduler_plugins.base import SchedulerBase

from snakemake_executor_plugin_local_gpu import active
from snakemake_scheduler_plugin_local_gpu.temporaries import Temporaries


class Scheduler(SchedulerBase):  # type: ignore[misc]
    """Chooses what starts now: by priority, GPU jobs first, the largest first."""

    def __post_init__(self) -> None:
        """Lift the limit on the rate of starts, which is made for clusters."""
        # It imports Snakemake's local executor, which is not there yet when plugins are imported.
        from snakemake_executor_plugin_local_gpu.snakemake_private import lift_rate_limit

        self._temporaries = Temporaries(self.dag)
        self._running: set[Any] = set()
        lift_rate_limit(self.dag)

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

        self._running -= {*run.ended, *selectable_jobs}
        run.ended.clear()
        held_back = self._temporaries.held_back(selectable_jobs, remaining_jobs, self._running)
        ranked = sorted((job for job in selectable_jobs if job not in held_back), key=rank)
        if gpu_jobs:
            with run.leases.round() as has_gpu:
                selected = _first_fit(
                    ranked, free, lambda job: job not in gpu_jobs or has_gpu(gpu_jobs[job])
                )
        else:
            selected = _first_fit(ranked, free, lambda job: True)
        self._running.update(selected)
        return selected


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
