"""What happened to whom on which GPU, as lines for people and as JSON lines for programs."""

import json
import logging
import time
from pathlib import Path
from typing import Any, Literal

from gpulease.executors import Choice, Gpu, Lease, Worker, explain, joules_of, name_gpu
from snakemake_executor_plugin_local_gpu.gpu_job import JobName
from snakemake_executor_plugin_local_gpu.grants import Grant

Event = Literal["granted", "waiting", "released", "evicted", "resized", "over"]


class Journal:
    """The log of one run.

    Args:
        file: where the JSON lines go; made with its folder at the first event.
        logger: where the lines for people go.
    """

    def __init__(self, file: Path, logger: logging.Logger) -> None:
        self.file = file
        self._logger = logger

    def granted(self, job: JobName, lease: Grant) -> None:
        """A job got its GPUs."""
        said = f"{job} on {explain(lease.choice, lease.mem_mb)}"
        for view in lease.choice.chosen:
            gpu = view.gpu
            line = self._write(
                job,
                "granted",
                gpu=gpu.uuid,
                index=gpu.index,
                name=gpu.name,
                mem_mb=lease.mem_mb,
                free_mb=view.free_mb,
                total_mb=gpu.total_mb,
                worker_pid=lease.worker_pid,
                energy_j=joules_of(gpu),
                reason=lease.choice.reason,
                others={other.uuid: why for other, why in lease.choice.others},
            )
            self._say(said, line)
            said = ""

    def waiting(self, job: JobName, mem_mb: int, choice: Choice) -> None:
        """A job found no room."""
        line = self._write(
            job,
            "waiting",
            gpu=None,
            index=None,
            mem_mb=mem_mb,
            free_mb=None,
            reason=choice.reason,
            others={other.uuid: why for other, why in choice.others},
        )
        self._say(f"{job} {explain(choice)}", line)

    def released(
        self, job: JobName, lease: Grant, ended: float, seconds: float, used_mb: int, reason: str
    ) -> None:
        """A job was over at the time `ended`, after so many seconds, and with it its lease.

        Its processes were seen to take `used_mb` at most; 0 where the driver does not tell.
        """
        for gpu in lease.gpus:
            line = self._write(
                job,
                "released",
                gpu=gpu.uuid,
                index=gpu.index,
                mem_mb=lease.mem_mb,
                free_mb=None,
                seconds=round(seconds, 3),
                used_mb=used_mb or None,
                worker_pid=lease.worker_pid,
                energy_j=joules_of(gpu),
                reason=reason,
                time=round(ended, 3),
            )
            said = f"{job} gave back {lease.mem_mb} MB of {name_gpu(gpu)} after {seconds:.0f} s"
            self._say(f"{said}: {reason}", line)

    def stopped(self, job: JobName, worker: Worker, seconds: float) -> None:
        """A worker was stopped by a signal while it served a job."""
        self._logger.warning(
            f"The worker '{worker.kind}' (process {worker.pid}) of {job} is stopped. If it does not"
            f" go on within {seconds:.0f} s (kill -CONT {worker.pid}), it is ended and replaced."
        )

    def evicted(self, job: JobName, worker: Worker, ended: float, reason: str) -> None:
        """A worker was ended, and with it its lease; `job` is the one that it served last."""
        for gpu in worker.gpus:
            self._logger.info(
                f"The worker '{worker.kind}' (process {worker.pid}) gave back {worker.mem_mb} MB of"
                f" {name_gpu(gpu)}: {reason}"
            )
            self._write(
                job,
                "evicted",
                gpu=gpu.uuid,
                index=gpu.index,
                mem_mb=worker.mem_mb,
                free_mb=None,
                worker=worker.kind,
                worker_pid=worker.pid,
                reason=reason,
                time=round(ended, 3),
            )

    def resized(self, job: JobName, lease: Lease, before_mb: int) -> None:
        """A lease holds less from now on; `job` runs under it, or was served last by its worker."""
        for gpu in lease.gpus:
            reason = "its work was seen to take less"
            line = self._write(
                job,
                "resized",
                gpu=gpu.uuid,
                index=gpu.index,
                mem_mb=lease.mem_mb,
                before_mb=before_mb,
                free_mb=None,
                reason=reason,
            )
            held = f"{lease.mem_mb} of {before_mb} MB of {name_gpu(gpu)}"
            self._say(f"{job} keeps {held}: {reason}", line)

    def over(self, job: JobName, gpu: Gpu, used_mb: int, mem_mb: int, *, killed: bool) -> None:
        """A job was seen to take more than was leased."""
        self._write(
            job,
            "over",
            gpu=gpu.uuid,
            index=gpu.index,
            mem_mb=mem_mb,
            used_mb=used_mb,
            free_mb=None,
            reason="killed" if killed else "counted",
        )

    def _say(self, said: str, line: dict[str, Any]) -> None:
        """Tell people; whoever shows the run reads the `lease` of the record."""
        self._logger.info(said, extra={"lease": line})

    def _write(self, job: JobName, event: Event, **facts: Any) -> dict[str, Any]:
        line = {
            "time": round(time.time(), 3),
            "event": event,
            "rule": job.rule,
            "wildcards": dict(job.wildcards),
            "jobid": job.jobid,
            **facts,
        }
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            # The job itself needs no journal.
            self._logger.warning(f"{self.file} cannot be written ({error.strerror}).")
        return line
