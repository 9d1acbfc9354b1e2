"""Jobs that compute at the same time share a GPU's arithmetic, whatever its memory holds."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gpulease.inventory import Gpu
from gpulease.placement import (
    COMPUTE_JOBS,
    GpuView,
    Promise,
    Request,
    Reservation,
    choose,
    grant,
)
from snakemake_executor_plugin_local_gpu import ExecutorSettings
from tests.gpu.driver.runs import Runs
from tests.gpu.driver.simulated import Host, gpu_uuid


def view(index: int, total: int = 24000, *jobs: int, foreign: int = 0) -> GpuView:
    promises = tuple(Promise(seq, mb) for seq, mb in enumerate(jobs, 100 * index))
    return GpuView(Gpu(index, f"GPU-{index}", "Model", total, total), total - foreign, promises)


def place(views: list[GpuView], jobs: int, request: Request) -> list[int | None]:
    placed: list[int | None] = []
    for seq in range(1000, 1000 + jobs):
        choice = choose(request, views, seq)
        placed.append(choice.chosen[0].gpu.index if choice.chosen else None)
        views = [
            grant(one, request.mem_mb, seq) if one.gpu.index == placed[-1] else one for one in views
        ]
    return placed


def test_jobs_are_spread_before_they_are_stacked() -> None:
    job = Request(4000, max_computing=COMPUTE_JOBS)
    # By memory load alone, three jobs would go to the large one before the small has any.
    assert place([view(0), view(1, 80000)], 5, job) == [0, 1, 1, 0, None]
    # A stranger that is idle has memory and nothing else.
    assert place([view(0, foreign=15000), view(1)], 5, job) == [1, 0, 1, 0, None]
    assert place([view(0)], 3, Request(4000)) == [0, 0, 0], "any number"


def test_a_stranger_that_computes_takes_a_turn() -> None:
    busy = replace(view(0, foreign=1000), stranger_computes=True)
    job = Request(4000, max_computing=COMPUTE_JOBS)
    assert place([busy, view(1, foreign=9000)], 4, job) == [1, 0, 1, None]
    choice = choose(job, [busy, view(1, foreign=9000)], 1)
    assert choice.reason == "least busy (0 jobs computing, loaded 38%) of 2 with room"
    assert choice.others[0][1] == "busier (1 job computing)"


def test_every_face_has_the_same_limit() -> None:
    assert ExecutorSettings().compute_jobs == COMPUTE_JOBS


def test_idle_workers_do_not_compute() -> None:
    idle = replace(view(0), promises=(Promise(1, 4000, idle=True), Promise(2, 4000)))
    assert place([idle], 2, Request(4000, max_computing=2)) == [0, None]


def test_a_turn_goes_to_the_one_who_waits_longest() -> None:
    waits = Reservation(200, 4000, 200, max_computing=2)
    one_left = replace(view(0, 24000, 4000), reservations=(waits,))
    job = Request(4000, max_computing=2)
    assert choose(job, [one_left], 300).others[0][1] == "its turn kept for a job that waits longer"
    assert choose(job, [one_left], 200).chosen


def test_a_turn_is_not_kept_for_one_who_lacks_memory() -> None:
    waits = Reservation(200, 20000, 200, max_computing=2)
    one_left = replace(view(0, 24000, 20000), reservations=(waits,))
    assert choose(Request(4000, max_computing=2), [one_left], 300).chosen


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(1, 40), st.integers(1, 3))
def test_never_more_than_the_limit_and_never_uneven(sizes: list[int], jobs: int, most: int) -> None:
    views = [view(index, size * 10000) for index, size in enumerate(sizes)]
    placed = place(views, jobs, Request(1000, max_computing=most))
    counts = [placed.count(index) for index in range(len(sizes))]
    assert sum(counts) == min(jobs, most * len(sizes))
    assert max(counts) - min(counts) <= 1


def test_the_driver_tells_a_stranger_at_work(host: Host, python: Callable[..., str]) -> None:
    host.add_gpus(24000, 24000, 24000)
    code = (
        "from gpulease.executors import Pool; pool = Pool();\n"
        "with pool.look() as look: print([view.stranger_computes for view in look.views])"
    )
    host.set_foreign(gpu_uuid(0), 2000)
    host.set_foreign(gpu_uuid(1), 2000)
    host.add(f"busy {gpu_uuid(0)} 90", f"busy {gpu_uuid(2)} 90")
    assert python(code) == "[True, False, False]"


def test_a_run_has_two_jobs_on_a_gpu_and_more_where_wanted(host: Host, runs: Runs) -> None:
    host.add_gpus(80000)
    text = (
        "rule all:\n    input: expand('{n}', n=range(5))\n"
        "rule job:\n    output: '{n}'\n    resources: gpu=1, gpu_mem_mb=1000\n"
        "    shell: 'echo $(date +%s.%N) > {output}; sleep 0.5; date +%s.%N >> {output}'\n"
    )

    def most_at_once() -> int:
        times = [[float(t) for t in runs.read(str(n)).split()] for n in range(5)]
        return max(sum(a <= start < b for a, b in times) for start, _ in times)

    runs.run(text)
    assert most_at_once() == COMPUTE_JOBS
    runs.run(text, "--forceall", "--local-gpu-compute-jobs", "0")
    assert most_at_once() > COMPUTE_JOBS
