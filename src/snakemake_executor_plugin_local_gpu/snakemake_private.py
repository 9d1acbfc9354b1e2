"""All that the plugins use of Snakemake beyond its plugin interfaces.

Each item says why it is needed and what public way there is. tests/gpu/test_snakemake_private.py
has a test of each, which fails where Snakemake changes it.
"""

import inspect
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from snakemake.exceptions import SpawnedJobError
from snakemake.executors import local
from snakemake.settings.types import DeploymentMethod
from snakemake.shell import shell

__all__ = [
    "LocalExecutor",
    "ShellPrefix",
    "SpawnedJobError",
    "discount_attempt",
    "forbid_retries",
    "has_own_environment",
    "has_retries",
    "is_command",
    "is_container",
    "is_run_directive",
    "journal_file",
    "learned_file",
    "lift_rate_limit",
    "names_modules",
    "shell_executable",
    "wake_scheduler",
    "wildcards",
    "with_prefix",
]

# Snakemake's own executor, of which ours is a subclass: it runs scripts and shell commands in its
# own process. Public way: RealExecutor and format_job_exec, which start another Snakemake for each
# job (about 2 s). cached_or_run, which ours replaces, is what its threads run for a job.
LocalExecutor: Final = local.Executor

# The place of a job's environment modules among the arguments of run_wrapper: the one argument by
# which a command gets a prefix inside its conda environment or container. Public way: none; a job
# that asks for its lease itself would hold cores while it waits.
_ENV_MODULES: Final = list(inspect.signature(local.run_wrapper).parameters).index("env_modules")
_NO_MODULES: Final = "none, but a GPU or a worker"

# What Snakemake asks before a script, to run it by a Python that environment modules bring. Without
# modules there is none to find, whatever PATH says: the script is run by Snakemake's own. Public
# way: none, as the item above.
_PYTHON_QUESTION: Final = "echo $PATH"


class ShellPrefix:
    """Puts shell code before the command of one job, in the place of its environment modules.

    Args:
        prefix: shell code that ends with a newline.
        modules: the job's environment modules; None where it has none.
    """

    def __init__(self, prefix: str, modules: Any) -> None:
        self._prefix = prefix
        self._modules = modules

    def shellcmd(self, cmd: str) -> str:
        """The command with the prefix before it; Snakemake calls this."""
        if not self._modules and cmd.strip().endswith(_PYTHON_QUESTION):
            return "echo"
        prefixed = f"{self._prefix}{cmd}"
        return str(self._modules.shellcmd(prefixed)) if self._modules else prefixed

    def __str__(self) -> str:
        """The job's environment modules, which Snakemake tells the user it activates."""
        return str(self._modules) if self._modules else _NO_MODULES


def with_prefix(args: Sequence[Any], prefix: str) -> list[Any]:
    """The arguments of a command with shell code put before it."""
    prefixed = list(args)
    prefixed[_ENV_MODULES] = ShellPrefix(prefix, prefixed[_ENV_MODULES])
    return prefixed


def names_modules(record: logging.LogRecord) -> bool:
    """Whether a line of log may be shown: not the one on modules where there are none.

    Snakemake ends it with the text of what stands in their place. Public way: none.
    """
    return not record.getMessage().endswith(_NO_MODULES)


def is_command(run_func: Callable[..., None]) -> bool:
    """Whether cached_or_run is to run a job in this process, and not in one of its own (run:).

    Public way: none; cached_or_run is told nothing else of it.
    """
    return run_func is local.run_wrapper


def shell_executable(job: Any) -> str:
    """The shell that runs a job's command; "" for the system's.

    Public way: for wrappers snakemake.shell is; that it may be chosen by a resource is documented.
    """
    return str(job.resources.get("shell_exec") or shell.get_executable() or "")


def wake_scheduler(workflow: Any) -> None:
    """Make the job scheduler look again at what is ready.

    It sleeps on this semaphore until a job ends; memory that others give back is no event that
    Snakemake knows. Public way: none.
    """
    workflow.scheduler._open_jobs.release()


def has_retries(job: Any) -> bool:
    """Whether a job that failed is about to be tried again. Public way: none."""
    return bool(job.restart_times > job.attempt - 1)


def forbid_retries(job: Any) -> None:
    """Let a job that failed not be tried again.

    The scheduler compares these two after handle_job_error. Public way: the number of retries of
    the profile or the rule, which cannot depend on why a job failed.
    """
    job.attempt = job.restart_times + 1


def discount_attempt(job: Any) -> None:
    """Let a job that failed be started again, with as many retries as before.

    Public way: none, as above.
    """
    job.attempt -= 1


def wildcards(job: Any) -> dict[str, str]:
    """A job's wildcards. Public way: format_wildcards, which has to be told their names."""
    return {key: str(value) for key, value in job.wildcards_dict.items()}


def is_run_directive(job: Any) -> bool:
    """Whether a job is Python code in the snakefile. Public way: none."""
    return bool(job.is_run)


def is_container(workflow: Any, job: Any) -> bool:
    """Whether a job runs in a container.

    Public way: is_containerized tells it of the rule, not whether containers are in use.
    """
    methods = workflow.deployment_settings.deployment_method
    return bool(DeploymentMethod.APPTAINER in methods and job.container_img_url)


def has_own_environment(workflow: Any, job: Any) -> bool:
    """Whether a job runs in an environment made for it: container, conda, modules.

    Public way: none that tells which are in use.
    """
    methods = workflow.deployment_settings.deployment_method
    return is_container(workflow, job) or bool(
        (DeploymentMethod.CONDA in methods and job.conda_env)
        or (DeploymentMethod.ENV_MODULES in methods and job.env_modules)
    )


def journal_file(workflow: Any) -> Path:
    """Where the events of GPUs are written, in the folder that the user chose for logs.

    Public way: <logs> in a rule's output or params; an executor has no rule.
    """
    return Path(workflow.pathvars.apply("<logs>/gpu/placements.jsonl"))


def learned_file(workflow: Any) -> Path:
    """Where what GPU jobs were seen to take is kept, in the folder that the user chose.

    Public way: as for journal_file.
    """
    return Path(workflow.pathvars.apply("<resources>/learned/gpu_memory.json"))


def lift_rate_limit(dag: Any) -> None:
    """Take away the limit on the rate of starts, which is made for clusters, from local runs.

    With one, Snakemake looks at all ready jobs again one second after each look, so that each job
    that ends adds one look per second for as long as jobs wait. Public way: none; no value of
    --max-jobs-per-timespan says "no limit".
    """
    # The interface promises no workflow.
    workflow = getattr(dag, "workflow", None)
    if workflow and workflow.local_exec:
        workflow.scheduling_settings.max_jobs_per_timespan = None
