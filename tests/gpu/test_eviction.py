"""Which idle workers have to go, and for whom memory is kept where there are some."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gpulease.inventory import Gpu
from gpulease.placement import GpuView, Promise, Request, Reservation, reserve
from gpulease.workers.eviction import Idle, needed


def view(free: int, *idle_mb: int, waiting: tuple[Reservation, ...] = (), gpu: int = 0) -> GpuView:
    promises = tuple(Promise(10 + n, mb, mb, idle=True) for n, mb in enumerate(idle_mb))
    return GpuView(Gpu(gpu, f"GPU-{gpu}", "Model", 80000, 80000), free, promises, waiting)


def waits(seq: int, mem_mb: int, max_jobs_per_gpu: int = 0) -> Reservation:
    return Reservation(seq, mem_mb, since=99, max_jobs_per_gpu=max_jobs_per_gpu)


def workers(*idle_mb: int, gpu: int = 0) -> list[Idle[str]]:
    return [Idle(f"{gpu}.{n}", (f"GPU-{gpu}",), mb, float(n)) for n, mb in enumerate(idle_mb)]


def gone(
    views: list[GpuView], idle: list[Idle[str]], serving: dict[int, str] | None = None
) -> list[str]:
    found = needed(views, idle, lambda w, r: (serving or {}).get(r.seq) == w.worker)
    return [worker.worker for worker in found]


def test_nobody_has_to_go_where_nobody_waits_or_there_is_room() -> None:
    idle = workers(8000, 8000)
    assert gone([view(0, 8000, 8000)], idle) == []
    assert gone([view(9000, 8000, 8000, waiting=(waits(1, 9000),))], idle) == []


def test_as_many_go_as_are_needed_the_longest_idle_first() -> None:
    idle = workers(8000, 8000, 8000)
    assert gone([view(0, *[8000] * 3, waiting=(waits(1, 8000),))], idle) == ["0.0"]
    assert gone([view(0, *[8000] * 3, waiting=(waits(1, 9000),))], idle) == ["0.0", "0.1"]
    two = (waits(2, 8000), waits(1, 8000))
    assert gone([view(0, *[8000] * 3, waiting=two)], idle) == ["0.0", "0.1"]


def test_workers_on_other_devices_stay() -> None:
    views = [view(0, 8000), view(0, 8000, gpu=1, waiting=(waits(1, 4000),))]
    assert gone(views, workers(8000) + workers(8000, gpu=1)) == ["1.0"]


def test_a_job_that_a_worker_can_serve_evicts_nobody() -> None:
    idle = workers(8000, 8000)
    waiting = (waits(1, 8000),)
    assert gone([view(0, 8000, 8000, waiting=waiting)], idle, {1: "0.1"}) == []
    both = (*waiting, waits(2, 8000))
    assert gone([view(0, 8000, 8000, waiting=both)], idle, {1: "0.1"}) == ["0.0"]


def test_a_limit_of_jobs_per_gpu_counts_too() -> None:
    waiting = (waits(1, 1000, 2),)
    assert gone([view(9000, 8000, 8000, waiting=waiting)], workers(8000, 8000)) == ["0.0"]
    assert gone([view(9000, 8000, waiting=waiting)], workers(8000)) == []


def test_memory_is_kept_where_idle_workers_give_it() -> None:
    """Rather than where a job that runs has to end, although less is lacking there."""
    running = view(7000, 8000)
    running = replace(running, promises=(replace(running.promises[0], idle=False),))
    assert reserve(Request(8000), [running, view(0, 8000, gpu=1)], seq=99) == ("GPU-1",)


def test_an_idle_worker_younger_than_the_job_that_waits_will_go_as_well() -> None:
    """It would never end of itself."""
    assert reserve(Request(10000), [view(2000, 8000)], seq=1) == ("GPU-0",)


@given(
    st.integers(0, 30000),
    st.lists(st.integers(1, 20000), max_size=5),
    st.lists(st.integers(1, 30000), max_size=4),
)
def test_whoever_waits_has_room_after_it_or_all_are_gone(
    free: int, idle_mb: list[int], wanted: list[int]
) -> None:
    waiting = tuple(waits(seq, mb) for seq, mb in enumerate(wanted))
    idle = workers(*idle_mb)
    evicted = needed([view(free, *idle_mb, waiting=waiting)], idle, lambda w, r: False)
    room = free + sum(worker.mem_mb for worker in evicted)
    assert room >= sum(wanted) or len(evicted) == len(idle)
    if evicted:
        assert room - evicted[-1].mem_mb < sum(wanted)
