"""Which idle workers have to go, so that those who wait get their memory: without any I/O."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gpulease.placement import GpuView, Reservation

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Idle(Generic[T]):
    """One worker that has nothing to do.

    Attributes:
        worker: whatever stands for it.
        gpus: UUIDs of its devices.
        mem_mb: MB that it holds on each.
        since: when it became idle; those that are idle longest go first.
    """

    worker: T
    gpus: tuple[str, ...]
    mem_mb: int
    since: float


def needed(
    views: Sequence[GpuView],
    idle: Sequence[Idle[T]],
    serves: Callable[[Idle[T], Reservation], bool],
) -> list[Idle[T]]:
    """The idle workers whose memory somebody waits for, and on whose device it is kept for them.

    Args:
        views: the devices.
        idle: the workers of this owner that have nothing to do.
        serves: whether a worker can do what the reservation is for: such a job takes the worker,
            and needs no memory.
    """
    gone: list[Idle[T]] = []
    for view in views:
        here = [w for w in idle if view.gpu.uuid in w.gpus and w not in gone]
        here.sort(key=lambda worker: worker.since)
        free = view.free_mb + sum(w.mem_mb for w in gone if view.gpu.uuid in w.gpus)
        leases, ahead = len(view.promises), 0
        for reservation in sorted(view.reservations, key=lambda r: r.seq):
            taker = next((worker for worker in here if serves(worker, reservation)), None)
            if taker:
                here.remove(taker)
                continue
            ahead += reservation.mem_mb
            most = view.most_jobs(reservation.max_jobs_per_gpu)
            while here and (free < ahead or 0 < most <= leases):
                worker = here.pop(0)
                gone.append(worker)
                free += worker.mem_mb
                leases -= 1
    return gone
