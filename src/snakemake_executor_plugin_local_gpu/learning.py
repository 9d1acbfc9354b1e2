"""What this run learns of the memory of its jobs, and what it does where one takes too much."""

import logging
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from gpulease import GpuLeaseError
from gpulease.executors import (
    Learned,
    Lease,
    Observer,
    Pool,
    Request,
    Use,
    attributed,
    name_gpu,
    split_names,
    with_margin,
)
from snakemake_executor_plugin_local_gpu import ExecutorSettings
from snakemake_executor_plugin_local_gpu.gpu_job import GpuJob
from snakemake_executor_plugin_local_gpu.journal import Journal

ENOUGH_LOOKS: Final = 4
"""How often a job with a process of its own must have been seen for its peak to count: its memory
is gone when it ends, and between two looks it may have taken more."""


class Learning:
    """Measures the leases of one run, and keeps what was learnt for the next ones.

    Args:
        settings: the executor's settings.
        pool: the GPUs.
        journal: where it is written.
        logger: where it is said.
        learned: the table of peaks.
    """

    def __init__(
        self,
        settings: ExecutorSettings,
        pool: Pool,
        journal: Journal,
        logger: logging.Logger,
        learned: Learned,
    ) -> None:
        self._learns = settings.learn == "yes"
        self._kills = settings.enforce == "kill"
        self._exclude = Request(0, exclude=split_names(settings.exclude))
        self._pool = pool
        self._journal = journal
        self._logger = logger
        self._learned = learned
        self._observer = Observer(pool, self._over, self._stopped)
        self._jobs: dict[Lease, GpuJob] = {}
        self._deaths: dict[Lease, str] = {}
        self._models: tuple[str, ...] = ()
        self._told: set[tuple[str, int]] = set()

    def version(self) -> object:
        """What changes whenever a job might ask for something else than before."""
        return self._learned.version() if self._learns else None

    def request_mb(self, work: str, declared_mb: int) -> int:
        """MB that a job of this work asks for."""
        if not (self._learns and work):
            return declared_mb
        mem_mb = self._learned.request_mb(work, declared_mb, self._gpu_models())
        if mem_mb != declared_mb and (work, mem_mb) not in self._told:
            self._told.add((work, mem_mb))
            self._logger.info(
                f"Jobs of '{work}' ask for {mem_mb} MB of a GPU instead of the {declared_mb} MB"
                " declared: that is what earlier ones were seen to take, with a margin."
            )
        return mem_mb

    def _gpu_models(self) -> tuple[str, ...]:
        if not self._models:
            with suppress(GpuLeaseError):
                gpus = [state.gpu for state in self._pool.states()]
                self._models = tuple({g.name for g in gpus if not self._exclude.excludes(g)})
        return self._models

    def begin(self, lease: Lease, job: GpuJob) -> None:
        """A job begins under this lease, or with a worker that holds it."""
        self._jobs[lease] = job
        self._observer.watch(lease)

    def served(self, lease: Lease, job: GpuJob, *, alone: bool) -> None:
        """A worker has served a job well, and is still there to be measured.

        Args:
            lease: the worker's.
            job: the job.
            alone: whether the worker has done nothing but the job's work.
        """
        use = self._observer.look(lease)
        if alone:
            self._learn(job, use, looks=1)
        self._shrink([(lease, job)])

    def finished(self, lease: Lease, job: GpuJob) -> None:
        """A job that held a lease of its own has ended well."""
        self._learn(job, self.end(lease), looks=ENOUGH_LOOKS)

    def _learn(self, job: GpuJob, use: Use, looks: int) -> None:
        if self._learns and job.work and use.gpu and use.looks >= looks:
            self._learned.note_peak(job.work, use.gpu.name, use.peak_mb)
            self._shrink([(lease, one) for lease, one in self._jobs.copy().items()])

    def _shrink(self, leases: Iterable[tuple[Lease, GpuJob]]) -> None:
        """Let leases hold no more than their work is known to take, nor less than was seen."""
        for lease, job in leases:
            if not (self._learns and job.work):
                continue
            seen = self._observer.seen(lease)
            need = self.request_mb(job.work, job.declared_mb)
            need = max(need, with_margin(seen.peak_mb) if seen.looks else need)
            before = lease.mem_mb
            if need < before:
                try:
                    self._pool.resize(lease, need)
                except GpuLeaseError as error:
                    self._logger.warning(str(error))
                    return
                self._journal.resized(job.name, lease, before)

    def used_mb(self, lease: Lease) -> int:
        """The most that a lease's processes were seen to take so far; 0 where nothing was seen."""
        return self._observer.seen(lease).peak_mb

    def end(self, lease: Lease) -> Use:
        """A lease is over; what its processes were seen to take."""
        self._jobs.pop(lease, None)
        self._deaths.pop(lease, None)
        return self._observer.forget(lease)

    def ran_out(self, job: GpuJob, mem_mb: int, models: set[str]) -> None:
        """A job ran out of memory, with so much leased, on these models of GPU."""
        if self._learns and job.work:
            for model in models:
                self._learned.note_short(job.work, model, mem_mb)

    def death(self, lease: Lease) -> str:
        """What was killed in the job because it took too much; "" where nothing was."""
        return self._deaths.get(lease, "")

    def stop(self) -> None:
        """End with the run."""
        self._observer.stop()

    def _stopped(self, lease: Lease, pid: int) -> None:
        """A process of a job is stopped; workers are seen to by themselves."""
        job = self._jobs.get(lease)
        if job and not job.kind:
            self._logger.warning(
                f"Process {pid} of {job.name} is stopped, and its GPU waits for it; kill -CONT"
                f" {pid} lets it go on."
            )

    def _over(self, lease: Lease, use: Use) -> None:
        """A job takes more than it has leased."""
        job = self._jobs.get(lease)
        if job is None or use.gpu is None:
            return
        leased = lease.mem_mb
        told = f"{use.peak_mb} MB of {name_gpu(use.gpu)}, more than the {leased} MB leased"
        self._logger.warning(
            f"{job.name} takes {told}; "
            + ("it is killed." if self._kills else "others may run out of memory.")
            + " Declare what it needs (gpu_mem_mb)."
        )
        self._journal.over(job.name, use.gpu, use.peak_mb, leased, killed=self._kills)
        try:
            if self._kills:
                self._deaths[lease] = f"A process that took {told}, was killed"
                self.ran_out(job, leased, {use.gpu.name})
                _kill(attributed(lease.entry, self._pool))
            else:
                # What it holds is what it takes, so that nobody else counts on it.
                self._pool.resize(lease, use.peak_mb)
        except GpuLeaseError as error:
            self._logger.warning(str(error))


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
