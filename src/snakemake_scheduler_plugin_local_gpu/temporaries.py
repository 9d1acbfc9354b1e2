"""How far ahead of their use temporary files are made."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from snakemake_interface_executor_plugins.jobs import GroupJobExecutorInterface
from snakemake_interface_scheduler_plugins.interfaces.dag import DAGSchedulerInterface

TEMPORARY_AHEAD: Final = 16
"""How many temporary files may wait for their use or be in the making before no more are begun:
enough for eight GPUs to find two each, few enough for any disk (an hour of audio takes 0.3 GB)."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Whether a job makes temporary files, or takes some."""

    makes: bool
    takes: bool


class Temporaries:
    """The temporary files of one run's plan."""

    def __init__(self, dag: DAGSchedulerInterface) -> None:
        self._dag = dag
        self._parts: dict[Any, _Part] = {}
        self._known: frozenset[Any] = frozenset()
        self._feeders: set[Any] = set()

    def held_back(
        self, ready: Sequence[Any], remaining: Iterable[Any], running: Collection[Any]
    ) -> set[Any]:
        """The jobs that are not to start now, because enough temporary files wait for their use.

        Otherwise idle cores would decode the sound of all videos while the GPUs are at the first.
        Nor are many made ready to do so, for Snakemake looks at all that is ready after each job.

        Args:
            ready: the jobs that could start.
            remaining: all jobs that have not started yet.
            running: the jobs that run.
        """
        self._learn_feeders(remaining)
        parts = {job: self._part(job) for job in ready}
        makers = [job for job in ready if parts[job].makes]
        feeders = [job for job in ready if job in self._feeders]
        making = sum(self._part(job).makes for job in running) if makers else 0
        waiting = sum(part.takes for part in parts.values())
        return {
            *_beyond(makers, TEMPORARY_AHEAD - waiting - making),
            *_beyond(feeders, TEMPORARY_AHEAD - len(makers)),
        }

    def _learn_feeders(self, remaining: Iterable[Any]) -> None:
        """Find out again which jobs feed one that makes temporary files, where the plan grew.

        A checkpoint makes it grow; Snakemake calls dag_updated of no scheduler then.
        """
        now = frozenset(remaining)
        if not now <= self._known:
            self._feeders = {
                feeder
                for job in now
                if _makes_temporary(job)
                for feeder in self._dag.job_dependencies(job)
            }
            self._known = now

    def _part(self, job: Any) -> _Part:
        """What a job has to do with temporary files; asked often, so found out once."""
        if job not in self._parts:
            self._parts[job] = _Part(_makes_temporary(job), self._takes_temporary(job))
        return self._parts[job]

    def _takes_temporary(self, job: Any) -> bool:
        # Only outputs are flagged, so those who made the inputs have to be asked.
        members = job.jobs if isinstance(job, GroupJobExecutorInterface) else (job,)
        inputs = set(job.input)
        return any(
            file in inputs and file.is_flagged("temp")
            for member in members
            for maker in self._dag.job_dependencies(member)
            for file in maker.output
        )


def _makes_temporary(job: Any) -> bool:
    return any(file.is_flagged("temp") for file in job.output)


def _beyond(jobs: Sequence[Any], room: int) -> Sequence[Any]:
    """All but the first `room` jobs by priority."""
    return sorted(jobs, key=lambda job: -job.priority)[max(0, room) :]
