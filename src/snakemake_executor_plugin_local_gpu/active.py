"""Where the scheduler plugin finds what the executor plugin knows of the run that it serves."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snakemake_executor_plugin_local_gpu.job_leases import JobLeases
    from snakemake_executor_plugin_local_gpu.job_reader import JobReader


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the executor.

    Attributes:
        reader: tells what its jobs ask for.
        leases: which of them hold which GPUs.
        ended: Snakemake's jobs that ended, well or not, since the scheduler last asked.
    """

    reader: "JobReader"
    leases: "JobLeases"
    ended: set[Any] = field(default_factory=set)


run: Run | None = None
