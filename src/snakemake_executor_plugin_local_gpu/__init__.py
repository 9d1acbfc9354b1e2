"""Snakemake executor local-gpu: jobs run on this host, each on GPUs leased when it starts."""

from dataclasses import dataclass, field
from typing import Any

from snakemake_interface_executor_plugins.executors.real import RealExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase

from snakemake_executor_plugin_local_gpu.configurations import (
    explain_unreadable_files,
    explain_wrong_pathvars,
)
from snakemake_executor_plugin_local_gpu.source_cache import explain_refused_copies

__all__ = ["Executor", "ExecutorSettings", "common_settings"]

common_settings = CommonSettings(
    non_local_exec=False,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    auto_deploy_default_storage_provider=False,
)


explain_wrong_pathvars()
explain_unreadable_files()
explain_refused_copies()


@dataclass
class ExecutorSettings(ExecutorSettingsBase):  # type: ignore[misc]
    """What a profile can set, each as local-gpu-<name>."""

    without_gpu: str = field(
        default="cpu",
        metadata={
            "help": "Where there is no GPU: run GPU jobs on the CPU with one warning (cpu), or "
            "let them fail (error).",
            "choices": ["cpu", "error"],
        },
    )
    exclude: str = field(
        default="",
        metadata={
            "help": "GPUs not to use: indices as in nvidia-smi or beginnings of UUIDs, with "
            "commas between (0,GPU-8f2a)."
        },
    )
    max_jobs: int = field(
        default=0,
        metadata={"help": "Most jobs at a time on one GPU, whoever runs them; 0 for any number."},
    )
    compute_jobs: int = field(
        default=2,
        metadata={
            "help": "Most jobs that compute at a time on one GPU, whoever runs them, even where "
            "its memory holds more: they slow each other down. 0 for any number."
        },
    )
    default_mem_mb: int = field(
        default=8000,
        metadata={"help": "GPU memory in MB of jobs that ask for gpu but not for gpu_mem_mb."},
    )
    scope: str = field(
        default="system",
        metadata={
            "help": "With whom the GPUs are shared: all users of the host (system), the group, "
            "this user alone, or those who name the same folder."
        },
    )
    priority: int = field(
        default=0,
        metadata={
            "help": "Which of your own runs and commands go first where several wait for GPUs: "
            "those of a higher number. It changes nothing between users."
        },
    )
    confirm_s: int = field(
        default=600,
        metadata={
            "help": "Seconds that a job waits before it loads a model, where a process without a "
            "lease has taken its memory; and that jobs wait where the driver or a GPU does not "
            "answer, or the pool's lock is held."
        },
    )
    learn: str = field(
        default="yes",
        metadata={
            "help": "Whether jobs ask for the memory that earlier jobs of the same work were seen "
            "to take, instead of what they declare (yes), or always for the latter (no).",
            "choices": ["yes", "no"],
        },
    )
    enforce: str = field(
        default="warn",
        metadata={
            "help": "What to do where a job takes more memory than it has leased: say so and count "
            "it (warn), or kill it, so that it is tried again with more (kill).",
            "choices": ["warn", "kill"],
        },
    )
    idle_worker_s: int = field(
        default=300,
        metadata={
            "help": "Seconds that a worker, which serves jobs with the resource gpu_worker, keeps "
            "its model while it has nothing to do and nobody needs its memory; 0 for no workers: "
            "each job loads its own model."
        },
    )


class Executor(RealExecutor):  # type: ignore[misc]
    """Stands for the executor until it is used.

    Snakemake imports every plugin at every start, also for dry-runs and for other executors; the
    real class needs Snakemake's own local executor, which is not there yet then.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make the real executor."""
        from snakemake_executor_plugin_local_gpu.executor import LocalGpuExecutor

        return LocalGpuExecutor(*args, **kwargs)
