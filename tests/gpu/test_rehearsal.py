"""A run in simulated time keeps what the pool promises, and loses no job."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpulease.executors import rehearse


@dataclass(frozen=True)
class Task:
    name: str
    seconds: float
    after: tuple[str, ...] = ()
    gpu_mem_mb: int = 0
    cores: int = 1
    priority: int = 0


def test_jobs_wait_for_those_before_them_and_for_cores() -> None:
    jobs = [Task("a", 2), Task("b", 3, ("a",)), Task("c", 4), Task("d", 1, ("b", "c"))]
    assert rehearse(jobs, (), 2) == {"a": 2, "b": 5, "c": 4, "d": 6}
    assert max(rehearse(jobs, (), 1).values()) == 10


def test_gpu_jobs_wait_for_memory_and_are_spread() -> None:
    jobs = [Task(str(at), 10, gpu_mem_mb=8000) for at in range(4)]
    assert max(rehearse(jobs, (24000, 24000), 8).values()) == 10
    assert sorted(rehearse(jobs, (10000, 10000), 8).values()) == [10, 10, 20, 20]
    assert sorted(rehearse(jobs, (80000,), 8, 2).values()) == [10, 10, 20, 20]
    assert max(rehearse(jobs, (80000,), 8, 0).values()) == 10


def test_a_higher_priority_goes_first() -> None:
    jobs = [Task("late", 5), Task("first", 5, priority=1)]
    assert rehearse(jobs, (), 1) == {"first": 5, "late": 10}


@pytest.mark.parametrize(
    "jobs", [[Task("a", 1, ("b",)), Task("b", 1, ("a",))], [Task("a", 1, gpu_mem_mb=30000)]]
)
def test_what_can_never_start_is_named(jobs: list[Task]) -> None:
    with pytest.raises(ValueError, match="a can never start"):
        rehearse(jobs, (24000,), 4)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 30), st.sampled_from([0, 0, 4000, 8000, 20000]), st.integers(0, 5)
        ),
        min_size=1,
        max_size=30,
    ),
    st.lists(st.sampled_from([24000, 40000, 80000]), min_size=1, max_size=3),
    st.integers(1, 6),
)
def test_no_job_is_lost_and_no_core_is_taken_twice(
    given_jobs: list[tuple[int, int, int]], gpus: list[int], cores: int
) -> None:
    jobs = [
        Task(str(at), seconds, (str(at - before),) if before and at >= before else (), memory)
        for at, (seconds, memory, before) in enumerate(given_jobs)
    ]
    ends = rehearse(jobs, gpus, cores)
    assert ends.keys() == {job.name for job in jobs}
    begins = {job.name: ends[job.name] - job.seconds for job in jobs}
    for job in jobs:
        assert all(begins[job.name] >= ends[other] for other in job.after)
    for moment in begins.values():
        here = [job for job in jobs if begins[job.name] <= moment < ends[job.name]]
        assert len(here) <= cores
        assert sum(job.gpu_mem_mb for job in here) <= sum(gpus)
        assert sum(job.gpu_mem_mb > 0 for job in here) <= 2 * len(gpus)
    assert max(ends.values()) <= sum(job.seconds for job in jobs) + 1e-6
