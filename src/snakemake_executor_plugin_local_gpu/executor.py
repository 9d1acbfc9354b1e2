"""Snakemake's local executor, with GPUs: each job waits for its lease and runs under it."""

import os
import re
import subprocess
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from gpulease import GpuLeaseError, UnknownGpuError, is_out_of_memory
from gpulease.executors import TIMEOUT_VARIABLE, WORKER_VARIABLE, Learned, Pool, split_names
from snakemake_executor_plugin_local_gpu import ExecutorSettings, active
from snakemake_executor_plugin_local_gpu import snakemake_private as private
from snakemake_executor_plugin_local_gpu.benchmarks import with_worker
from snakemake_executor_plugin_local_gpu.gpu_job import GpuJob
from snakemake_executor_plugin_local_gpu.grants import Grant
from snakemake_executor_plugin_local_gpu.job_leases import JobLeases
from snakemake_executor_plugin_local_gpu.job_reader import JobReader
from snakemake_executor_plugin_local_gpu.journal import Journal
from snakemake_executor_plugin_local_gpu.learning import Learning
from snakemake_executor_plugin_local_gpu.places import Places
from snakemake_executor_plugin_local_gpu.workers import Workers

# The text of a failed command is the rule's, not what went wrong (subprocess.CalledProcessError).
_COMMAND: Final = re.compile(r"Command '.*' returned non-zero exit status", re.DOTALL)
_STATUS: Final = re.compile(r"returned non-zero exit status (\d+)")
FINAL_STATUS: Final = 65
"""Exit status by which a job's command says that no other attempt would do better: EX_DATAERR of
sysexits.h, wrong input."""
# So often a job is started again, beside its retries, whose worker was stopped and replaced.
_MOST_RESTARTS: Final = 3
_LOG_END_BYTES: Final = 200_000


class LocalGpuExecutor(private.LocalExecutor):  # type: ignore[misc]
    """Runs jobs as processes on this host."""

    def __post_init__(self) -> None:
        """Read what the user allows, then hide all GPUs from jobs that do not ask for one."""
        super().__post_init__()
        settings = self.workflow.executor_settings or ExecutorSettings()
        pool = Pool(settings.scope, dict(os.environ), f"snakemake {uuid.uuid4().hex}")
        try:
            pool.check_exclusions(split_names(settings.exclude))
        except UnknownGpuError as error:
            raise WorkflowError(f"local-gpu-exclude: {error}") from None
        except GpuLeaseError as error:
            # Jobs wait for the driver; those that need no GPU do not.
            self.logger.warning(f"{error} So local-gpu-exclude is not looked at.")
        self.logger.addFilter(private.names_modules)
        journal = Journal(private.journal_file(self.workflow), self.logger)
        self._visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        os.environ[TIMEOUT_VARIABLE] = str(settings.confirm_s)
        # Not one that this Snakemake itself was started by.
        os.environ.pop(WORKER_VARIABLE, None)
        places = Places()
        learned = Learned(private.learned_file(self.workflow))
        self.learning = Learning(settings, pool, journal, self.logger, learned)
        warn = self.logger.warning
        self.reader = JobReader(settings, pool, self._runs_here, warn, self.learning)
        self.warm = Workers(
            settings, pool, journal, os.environ, self._wake_scheduler, places, self.learning
        )
        self.leases = JobLeases(pool, journal, self._wake_scheduler, self.warm, places)
        self._out_of_memory: set[Any] = set()
        self._worker_died: set[Any] = set()
        self._final: set[Any] = set()
        self._restarts: dict[Any, int] = {}
        self._run = active.Run(self.reader, self.leases)
        active.run = self._run

    def _wake_scheduler(self) -> None:
        private.wake_scheduler(self.workflow)

    def run_job(self, job: Any) -> None:
        """Start a job; where its files cannot be handled, it alone fails, and not the whole run."""
        try:
            super().run_job(job)
        except (WorkflowError, OSError) as error:
            self.leases.give_up(job.jobid)
            self.logger.error(str(error))
            self.report_job_error(SubmittedJobInfo(job=job))

    def cached_or_run(self, job: Any, run_func: Callable[..., None], *args: Any) -> None:
        """Run a job, on a worker's thread, under its lease."""
        gpu_job = self.reader.read(job)
        if gpu_job is None:
            try:
                super().cached_or_run(job, run_func, *args)
            except Exception as error:
                self._note_final(job, error)
                raise
            return
        before, grant = _log_sizes(job), None
        try:
            with self._granting(gpu_job) as grant:
                if private.is_command(run_func):
                    prefix = self._shell_prefix(job, grant)
                    with with_worker(grant.worker_pid, job.benchmark):
                        super().cached_or_run(job, run_func, *private.with_prefix(args, prefix))
                else:
                    super().cached_or_run(job, self._spawn_leased, job, grant)
        except GpuLeaseError as error:
            raise WorkflowError(str(error)) from error
        except Exception as error:
            self._note_final(job, error)
            if grant and grant.death:
                self._worker_died.add(job)
                if grant.was_stopped:
                    self._restarts[job] = self._restarts.get(job, 0) + 1
                self.logger.error(f"{grant.death} in job {job.jobid} ({job.rule.name}).")
            told = _COMMAND.sub("", str(error))
            if is_out_of_memory(f"{told}\n{_new_log_text(job, before)}"):
                self._out_of_memory.add(job)
                if grant:
                    models = {gpu.name for gpu in grant.gpus}
                    self.learning.ran_out(gpu_job, grant.mem_mb, models)
            raise

    def _note_final(self, job: Any, error: Exception) -> None:
        """Remember a job whose command ended with the status of what no other attempt mends."""
        statuses = _STATUS.findall(str(error))
        if statuses and int(statuses[-1]) == FINAL_STATUS:
            self._final.add(job)

    def _granting(self, job: GpuJob) -> AbstractContextManager[Grant]:
        return self.leases.held(job) if job.on_gpu else self.warm.on_cpu(job)

    def _shell_prefix(self, job: Any, grant: Grant) -> str:
        return grant.shell_prefix(
            bash=Path(private.shell_executable(job)).name == "bash",
            strict=not private.is_container(self.workflow, job),
        )

    def _runs_here(self, job: Any) -> bool:
        return not private.has_own_environment(self.workflow, job)

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
            raise private.SpawnedJobError

    def handle_job_success(self, job: Any) -> None:
        """Tell the scheduler that a job ended."""
        super().handle_job_success(job)
        self._run.ended.add(job)

    def handle_job_error(self, job: Any) -> None:
        """Let a GPU job be tried again only where its GPU's memory was full, or its worker died."""
        super().handle_job_error(job)
        self._run.ended.add(job)
        if job in self._out_of_memory:
            self._out_of_memory.discard(job)
            self.logger.info(f"The GPU's memory was full in job {job.jobid} ({job.rule.name}).")
        elif job in self._worker_died:
            self._worker_died.discard(job)
            if 0 < self._restarts.get(job, 0) <= _MOST_RESTARTS:
                self.logger.info(f"Job {job.jobid} ({job.rule.name}) is started again.")
                private.discount_attempt(job)
        elif job in self._final:
            self._final.discard(job)
            if private.has_retries(job):
                self.logger.info(
                    f"Another attempt at job {job.jobid} ({job.rule.name}) would fail as well; it"
                    " is not tried again."
                )
                private.forbid_retries(job)
        elif self._waits_for_gpu(job) and private.has_retries(job):
            self.logger.info(
                f"Job {job.jobid} ({job.rule.name}) did not fail for lack of GPU memory; it is not"
                " tried again."
            )
            private.forbid_retries(job)

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
        self.learning.stop()
        super().shutdown()
        active.run = None
        # Another workflow may follow in the same process.
        del os.environ["CUDA_VISIBLE_DEVICES"]
        if self._visible is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = self._visible


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
