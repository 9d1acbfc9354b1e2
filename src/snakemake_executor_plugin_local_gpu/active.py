"""Where the scheduler plugin finds the leases of the run that the executor plugin serves."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snakemake_executor_plugin_local_gpu.job_leases import JobLeases

leases: "JobLeases | None" = None
