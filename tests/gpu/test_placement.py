"""Placement: the criteria for one job, and fairness between large and small ones."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gpulease.explain import explain
from gpulease.inventory import Gpu
from gpulease.placement import (
    GpuView,
    Promise,
    Request,
    Reservation,
    among_fellows,
    choose,
    grant,
    never_fits,
    reserve,
)


def gpu(index: int, total: int = 24000) -> Gpu:
    return Gpu(index, f"GPU-{index:04d}", "Model", total, total - 300)


def empty(index: int, total: int = 24000, used: int = 0) -> GpuView:
    return GpuView(gpu(index, total), total - 300 - used)


def chosen(request: Request, *views: GpuView) -> list[int]:
    return [view.gpu.index for view in choose(request, views, seq=99).chosen]


def test_least_loaded_as_a_share_of_the_total_wins() -> None:
    large_with_more_free = empty(0, 80000, used=30000)
    small_less_loaded = empty(1, 24000, used=4000)
    assert chosen(Request(8000), large_with_more_free, small_less_loaded) == [1]
    assert chosen(Request(30000), large_with_more_free, small_less_loaded) == [0]


def test_ties_go_to_the_lowest_index() -> None:
    assert chosen(Request(8000), empty(0), empty(1)) == [0]


def test_promised_memory_counts_like_used_memory() -> None:
    promised = replace(empty(0), promises=(Promise(1, 8000),))
    assert chosen(Request(8000), promised, empty(1, used=7000)) == [1]
    assert chosen(Request(8000), promised, empty(1, used=9000)) == [0]


def test_memory_that_a_lease_already_uses_is_not_counted_twice() -> None:
    half_loaded = GpuView(gpu(0), 23700 - 6000, (Promise(1, 8000, used_mb=6000),))
    assert half_loaded.free_mb == 23700 - 8000
    beyond = GpuView(gpu(0), 23700 - 9000, (Promise(1, 8000, used_mb=9000),))
    assert beyond.free_mb == 23700 - 9000


def test_two_gpus_are_distinct_and_none_where_only_one_has_room() -> None:
    assert chosen(Request(8000, gpus=2), empty(0, used=1000), empty(1), empty(2)) == [1, 2]
    assert chosen(Request(8000, gpus=2), empty(0), empty(1, used=20000)) == []


def test_excluded_and_crowded_gpus_are_out() -> None:
    assert chosen(Request(8000, exclude=("0",)), empty(0), empty(1)) == [1]
    assert chosen(Request(8000, exclude=("GPU-0000",)), empty(0), empty(1)) == [1]
    crowded = replace(empty(0), promises=(Promise(1, 10),))
    assert chosen(Request(8000, max_jobs_per_gpu=1), crowded, empty(1, used=9000)) == [1]
    assert chosen(Request(8000, max_jobs_per_gpu=2), crowded, empty(1, used=9000)) == [0]


def test_every_gpu_is_named_with_its_reason() -> None:
    views = [empty(0), empty(1, used=9000), empty(2, used=20000), empty(3, 6000)]
    line = explain(choose(Request(8000), views, 1), 8000)
    assert line.startswith("GPU 0 Model (GPU-0000) with 23700 of 24000 MB free, needs 8000 MB")
    assert "GPU 1: more loaded (39%)" in line
    assert "GPU 2: only 3700 MB free" in line
    assert "GPU 3: only 5700 MB in all" in line


def test_what_can_never_fit_is_told_with_the_numbers() -> None:
    gpus = [gpu(0), gpu(1, 80000)]
    assert never_fits(Request(30000), gpus) == ""
    assert "GPU 0 has 23700 MB, GPU 1 has 79700 MB" in never_fits(Request(90000), gpus)
    assert never_fits(Request(30000, gpus=2), gpus)
    assert never_fits(Request(30000, exclude=("1",)), gpus)
    assert "excluded" in never_fits(Request(1, exclude=("0", "1")), gpus)


def test_a_waiting_job_is_kept_the_gpu_that_lacks_least() -> None:
    busy = GpuView(gpu(0), 3700, (Promise(1, 20000, 20000),))
    busier = GpuView(gpu(1), 1700, (Promise(2, 22000, 22000),))
    assert reserve(Request(20000), [busier, busy], seq=5) == ("GPU-0000",)
    full_of_foreign = empty(2, used=10000)
    assert reserve(Request(20000), [full_of_foreign], seq=5) == ()


def test_later_jobs_may_use_what_the_waiting_one_will_not_need() -> None:
    """15000 MB will be given back, 20000 are kept: of the 8700 free now 3700 are to spare."""
    waiting = GpuView(gpu(0), 8700, (Promise(1, 15000, 15000),), (Reservation(5, 20000, since=5),))
    assert choose(Request(3700), [waiting], seq=6).chosen
    refused = choose(Request(4000), [waiting], seq=6)
    assert not refused.chosen
    assert "waits longer" in refused.others[0][1]
    assert not choose(Request(1000), [grant(waiting, 3700, 6)], seq=7).chosen
    assert choose(Request(4000), [waiting], seq=4).chosen


def test_fellows_overtake_each_other_but_for_the_one_that_is_due() -> None:
    running = GpuView(gpu(0), 8700, (Promise(1, 15000, 15000),))
    waiting = replace(running, reservations=(Reservation(5, 20000, since=5, ticket=50),))
    job = Request(4000)
    assert not choose(job, [waiting], seq=6).chosen
    assert choose(job, [among_fellows(waiting, {50}, due=0)], seq=6).chosen
    assert not choose(job, [among_fellows(waiting, {50}, due=50)], seq=6).chosen
    assert not choose(job, [among_fellows(waiting, {50}, due=50)], seq=4).chosen, (
        "whoever was first"
    )
    assert not choose(job, [among_fellows(waiting, {70}, due=50)], seq=6).chosen, "another's"
    # It itself sees what others see.
    assert among_fellows(waiting, set(), due=50) == waiting


def test_fellows_do_not_overtake_where_idle_workers_alone_are_in_the_way() -> None:
    idle = GpuView(gpu(0), 8700, (Promise(1, 15000, 15000, idle=True),))
    waiting = replace(idle, reservations=(Reservation(5, 20000, since=5, ticket=50),))
    assert not choose(Request(4000), [among_fellows(waiting, {50}, due=0)], seq=6).chosen


def test_a_turn_is_kept_where_a_waiting_job_wants_few_beside_it() -> None:
    running = GpuView(gpu(0), 79000, (Promise(1, 500),))
    waiting = replace(running, reservations=(Reservation(2, 8000, since=2, max_jobs_per_gpu=1),))
    refused = choose(Request(1000), [waiting], seq=3)
    assert not refused.chosen
    assert "its turn kept" in refused.others[0][1]
    two = replace(running, reservations=(Reservation(2, 8000, since=2, max_jobs_per_gpu=2),))
    assert choose(Request(1000), [two], seq=3).chosen
    assert not choose(Request(1000), [grant(two, 1000, 3)], seq=4).chosen


sizes = st.sampled_from([1000, 4000, 8000, 20000])


@given(
    totals=st.lists(st.sampled_from([24000, 48000, 80000]), min_size=1, max_size=4),
    steps=st.lists(st.tuples(sizes, st.integers(1, 3), st.booleans()), max_size=40),
    seed=st.randoms(use_true_random=False),
)
def test_nothing_is_promised_twice_whatever_comes_and_goes(
    totals: list[int], steps: list[tuple[int, int, bool]], seed: random.Random
) -> None:
    views = [empty(index, total) for index, total in enumerate(totals)]
    for seq, (mem_mb, gpus, end_one) in enumerate(steps, 1):
        choice = choose(Request(mem_mb, gpus=gpus), views, seq)
        taken = {view.gpu for view in choice.chosen}
        assert len(taken) in {0, gpus}
        views = [grant(p, mem_mb, seq) if p.gpu in taken else p for p in views]
        if end_one:
            n = seed.randrange(len(views))
            views[n] = replace(views[n], promises=views[n].promises[1:])
        for view in views:
            assert sum(p.mem_mb for p in view.promises) <= view.gpu.capacity_mb
            assert view.free_mb >= 0


@given(
    small=st.lists(st.sampled_from([500, 1000, 4000, 8000]), min_size=30, max_size=80),
    total=st.sampled_from([24000, 80000]),
)
def test_a_large_job_is_not_starved_by_small_ones(small: list[int], total: int) -> None:
    """Small jobs keep coming, each ends three arrivals later; the large one gets its turn."""
    large = Request(20000)
    view = empty(0, total)
    while choose(Request(4000), [view], 0).chosen:
        view = grant(view, 4000, 1)
    started = len(view.promises)
    (kept,) = reserve(large, [view], seq=2)
    view = replace(view, reservations=(Reservation(2, large.mem_mb, since=2),))
    assert kept == view.gpu.uuid
    for seq, mem_mb in enumerate(small, 3):
        if choose(Request(mem_mb), [view], seq).chosen:
            view = grant(view, mem_mb, seq)
        if seq - 3 < started:
            view = replace(view, promises=view.promises[1:])
    assert choose(large, [view], 2).chosen
