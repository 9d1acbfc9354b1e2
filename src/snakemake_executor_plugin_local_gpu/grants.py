"""What a job can be given: a lease of its own, or a worker's, behind one protocol."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from gpulease import GpuLeaseError
from gpulease.executors import Choice, Gpu


class Grant(Protocol):
    """GPUs that a job has: its own lease, or its worker's."""

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The devices."""

    @property
    def mem_mb(self) -> int:
        """MB on each."""

    @property
    def choice(self) -> Choice:
        """Why these."""

    @property
    def environment(self) -> dict[str, str]:
        """What shows a process these devices and no others."""

    @property
    def fds(self) -> tuple[int, ...]:
        """The open files that a process of the job has to inherit."""

    @property
    def death(self) -> str:
        """What died in the job and how, to begin a sentence with; "" where nothing did."""

    @property
    def was_stopped(self) -> bool:
        """Whether its worker was ended because it was stopped, which is no failure of the job."""

    @property
    def worker_pid(self) -> int | None:
        """The process that does the job's work, where that is not one of its own."""

    def shell_prefix(self, *, bash: bool = True, strict: bool = True) -> str:
        """Shell code that gives them to a command."""

    def note_root(self, pid: int) -> None:
        """Tell which process is the job's first, where the memory that it uses is the job's."""

    def using(self) -> "AbstractContextManager[Grant]":
        """While the job uses it; given back in the end.

        What is yielded is what the job has: its worker, where one had to be started.

        Raises:
            WorkerError: where its worker cannot be started.
        """

    def give_up(self) -> None:
        """Give it back: the job does not start after all."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job's request: a grant, or the reason to wait, or an error for good.

    None of them where the run was stopped meanwhile.
    """

    grant: Grant | None = None
    choice: Choice | None = None
    error: GpuLeaseError | None = None
