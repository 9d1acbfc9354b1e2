"""Snakemake scheduler local-gpu: a job that asks for a GPU is started once it has one.

Jobs that wait for a GPU hold no cores, so that others run meanwhile. It belongs to the executor
local-gpu; with any other executor, Snakemake's own greedy scheduler decides.
"""

from snakemake_interface_scheduler_plugins.settings import (
    SchedulerSettingsBase as SchedulerSettings,
)

from snakemake_scheduler_plugin_local_gpu.scheduler import Scheduler

__all__ = ["Scheduler", "SchedulerSettings"]
