"""A job that needs a GPU or a worker, as a value that knows nothing of Snakemake."""

from collections.abc import Mapping
from dataclasses import dataclass

from gpulease.executors import Request


@dataclass(frozen=True, slots=True)
class JobName:
    """One job, as a person would name it."""

    rule: str
    wildcards: Mapping[str, str]
    jobid: int

    def __str__(self) -> str:
        """The rule with its wildcards."""
        wildcards = ", ".join(f"{key}={value}" for key, value in self.wildcards.items())
        return f"{self.rule} (job {self.jobid}{', ' if wildcards else ''}{wildcards})"


@dataclass(frozen=True, slots=True)
class GpuJob:
    """One attempt of a job.

    Attributes:
        name: how people call it; its number tells it from all other jobs of the run.
        request: what it asks for; no GPUs where a worker on the CPU serves it.
        attempt: how often it was tried, with this time; from 1 on.
        threads: CPU threads.
        identity: the same for this job in every run, and for no other: its folder and its files.
        work: what it has in common with the jobs from whose memory its own is learnt; "" where
            nothing is.
        priority: as the workflow has it; those of a run with a higher one are not overtaken.
    """

    name: JobName
    request: Request
    attempt: int
    threads: int
    work: str = ""
    identity: str = ""
    priority: int = 0

    @property
    def declared_mb(self) -> int:
        """MB that it declares, whatever it asks for."""
        return self.request.declared_mb or self.request.mem_mb

    @property
    def kind(self) -> str:
        """The kind of worker that serves it; "" where it does its work itself."""
        return self.request.kind

    @property
    def on_gpu(self) -> bool:
        """Whether it waits for a GPU."""
        return self.request.gpus > 0
