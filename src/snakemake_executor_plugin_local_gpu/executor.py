"""Snakemake's local executor, with GPUs: each job waits for its lease and runs under it.

What is private to Snakemake and used here is named in a comment, and tested: the order of the
arguments of run_wrapper, cached_or_run, spawn_job, and the semaphore of the job scheduler.
"""

import inspect
import logging
import os
import re
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from snakemake.exceptions import SpawnedJobError, WorkflowError
from snakemake.executors import local
from snakemake.settings.types import DeploymentMethod
from snakemake.shell import shell
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from gpulease import Pool, is_out_of_memory
from gpulease.client import WORKER_VARIABLE
from gpulease.errors import GpuLeaseError
from gpulease.second_look import TIMEOUT_VARIABLE
from snakemake_executor_plugin_local_gpu import ExecutorSettings, active
from snakemake_executor_plugin_local_gpu.gpu_job import GpuJob
from snakemake_executor_plugin_local_gpu.grants import Grant
from snakemake_executor_plugin_local_gpu.job_leases import JobLeases
from snakemake_executor_plugin_local_gpu.job_reader import JobReader
from snakemake_executor_plugin_local_gpu.journal import Journal
from snakemake_executor_plugin_local_gpu.places import Places
from snakemake_executor_plugin_local_gpu.workers import Workers

_ENV_MODULES: Final = list(inspect.signature(local.run_wrapper).parameters).index("env_modules")
_NO_MODULES: Final = "none, but a GPU or a worker"
# What Snakemake asks before a script, to run it by a Python that environment modules bring. Without
# modules there is none to find, whatever PATH says: the script is run by Snakemake's own.
_PYTHON_QUESTION: Final = "echo $PATH"
# The text of a failed command is the rule's, not what went wrong (subprocess.CalledProcessError).
_COMMAND: Final = re.compile(r"Command '.*' returned non-zero exit status", re.DOTALL)
_LOG_END_BYTES: Final = 200_000


class LocalGpuExecutor(local.Executor):  # type: ignore[misc]
    """Runs jobs as processes on this host."""

    def __post_init__(self) -> None:
        """Read what the user allows, then hide all GPUs from jobs that do not ask for one."""
        super().__post_init__()
        settings = self.workflow.executor_settings or ExecutorSettings()
        pool = Pool(settings.scope, dict(os.environ))
        file = Path(self.workflow.pathvars.apply("<logs>/gpu/placements.jsonl"))
        self.logger.addFilter(_names_modules)
        journal = Journal(file, self.logger)
        self._visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        os.environ[TIMEOUT_VARIABLE] = str(settings.confirm_s)
        # Not one that this Snakemake itself was started by.
        os.environ.pop(WORKER_VARIABLE, None)
        places = Places()
        self.reader = JobReader(settings, pool, self._runs_here, self.logger.warning)
        self.warm = Workers(settings, pool, journal, os.environ, self._wake_scheduler, places)
        self.leases = JobLeases(pool, journal, self._wake_scheduler, self.warm, places)
        self._out_of_memory: set[Any] = set()
        self._worker_died: set[Any] = set()
        active.run = active.Run(self.reader, self.leases)

    def _wake_scheduler(self) -> None:
        # Private: the scheduler sleeps on this semaphore until a job ends. Memory that others
        # give back is no event that Snakemake knows.
        self.workflow.scheduler._open_jobs.release()

    def run_job(self, job: Any) -> None:
        """Start a job; one whose input has vanished fails alone. Snakemake ends the run there."""
        try:
            super().run_job(job)
        except WorkflowError as error:
            self.leases.give_up(job.jobid)
            self.logger.error(str(error))
            self.report_job_error(SubmittedJobInfo(job=job))

    def cached_or_run(self, job: Any, run_func: Callable[..., None], *args: Any) -> None:
        """Run a job, on a worker's thread, under its lease."""
        gpu_job = self.reader.read(job)
        if gpu_job is None:
            super().cached_or_run(job, run_func, *args)
            return
        before, grant = _log_sizes(job), None
        try:
            with self._granting(gpu_job) as grant:
                if run_func is local.run_wrapper:
                    wrapped = list(args)
                    wrapped[_ENV_MODULES] = LeasedShell(
                        grant,
                        wrapped[_ENV_MODULES],
                        job.resources.get("shell_exec") or shell.get_executable() or "",
                        self._strict(job),
                    )
                    super().cached_or_run(job, run_func, *wrapped)
                else:
                    super().cached_or_run(job, self._spawn_leased, job, grant)
        except GpuLeaseError as error:
            raise WorkflowError(str(error)) from error
        except Exception as error:
            if grant and grant.death:
                self._worker_died.add(job)
                self.logger.error(f"{grant.death} in job {job.jobid} ({job.rule.name}).")
            told = _COMMAND.sub("", str(error))
            if is_out_of_memory(f"{told}\n{_new_log_text(job, before)}"):
                self._out_of_memory.add(job)
            raise

    def _granting(self, job: GpuJob) -> AbstractContextManager[Grant]:
        return self.leases.held(job) if job.on_gpu else self.warm.on_cpu(job)

    def _strict(self, job: Any) -> bool:
        methods = self.workflow.deployment_settings.deployment_method
        return not (DeploymentMethod.APPTAINER in methods and job.container_img_url)

    def _runs_here(self, job: Any) -> bool:
        methods = self.workflow.deployment_settings.deployment_method
        return self._strict(job) and not (
            (DeploymentMethod.CONDA in methods and job.conda_env)
            or (DeploymentMethod.ENV_MODULES in methods and job.env_modules)
        )

    def _spawn_leased(self, job: Any, grant: Grant) -> None:
        """Run a job with a run: directive, which Snakemake does in a process of its own."""
        # A whole command line, quoted by Snakemake.
        process = subprocess.Popen(  # noqa: S602
            self.format_job_exec(job),
            shell=True,
            env={**os.environ, **grant.environment},
            pass_fds=grant.fds,
        )
        grant.note_root(process.pid)
        if process.wait():
            raise SpawnedJobError

    def handle_job_error(self, job: Any) -> None:
        """Let a GPU job be tried again only where its GPU's memory was full, or its worker died."""
        super().handle_job_error(job)
        if job in self._out_of_memory:
            self._out_of_memory.discard(job)
            self.logger.info(f"The GPU's memory was full in job {job.jobid} ({job.rule.name}).")
        elif job in self._worker_died:
            self._worker_died.discard(job)
        elif self._waits_for_gpu(job) and job.restart_times > job.attempt - 1:
            self.logger.info(
                f"Job {job.jobid} ({job.rule.name}) did not fail for lack of GPU memory; it is not"
                " tried again."
            )
            job.attempt = job.restart_times + 1

    def _waits_for_gpu(self, job: Any) -> bool:
        gpu_job = self.reader.read(job)
        return bool(gpu_job and gpu_job.on_gpu)

    def cancel(self) -> None:
        """Stop what waits for a GPU, then what Snakemake's own executor stops."""
        self.leases.stop()
        self.warm.stop()
        super().cancel()

    def shutdown(self) -> None:
        """End with the run."""
        self.leases.stop()
        self.warm.stop()
        super().shutdown()
        active.run = None
        # Another workflow may follow in the same process.
        del os.environ["CUDA_VISIBLE_DEVICES"]
        if self._visible is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = self._visible


class LeasedShell:
    """Puts the shell command of one job under its lease.

    Snakemake hands it through to the shell in the place of the job's environment modules, the
    one argument of a job by which a command gets a prefix inside its conda environment.
    """

    def __init__(self, grant: Grant, modules: Any, executable: str, strict: bool) -> None:
        self._grant = grant
        self._modules = modules
        self._bash = Path(executable).name == "bash"
        self._strict = strict

    def shellcmd(self, cmd: str) -> str:
        """The command with the lease's variables and hold before it."""
        if not self._modules and cmd.strip().endswith(_PYTHON_QUESTION):
            return "echo"
        leased = f"{self._grant.shell_prefix(bash=self._bash, strict=self._strict)}{cmd}"
        return str(self._modules.shellcmd(leased)) if self._modules else leased

    def __str__(self) -> str:
        """The job's environment modules, which Snakemake tells the user it activates."""
        return str(self._modules) if self._modules else _NO_MODULES


def _names_modules(record: logging.LogRecord) -> bool:
    """Whether a line of log may be shown: not the one on modules where there are none."""
    return not record.getMessage().endswith(_NO_MODULES)


def _log_sizes(job: Any) -> dict[str, int]:
    return {str(log): Path(log).stat().st_size for log in job.log if Path(log).is_file()}


def _new_log_text(job: Any, before: dict[str, int]) -> str:
    """The end of what a job wrote into its logs, as far as it was not there before."""
    texts = []
    for log in job.log:
        try:
            raw = Path(log).read_bytes()
        except OSError:
            continue
        old = before.get(str(log), 0)
        texts.append((raw[old:] if len(raw) > old else raw)[-_LOG_END_BYTES:])
    return b"\n".join(texts).decode(errors="replace")
