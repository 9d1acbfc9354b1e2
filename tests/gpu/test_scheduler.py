"""The scheduler plugin's choice among ready jobs, without running any."""

import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake.scheduling import greedy
from snakemake_interface_scheduler_plugins.interfaces.dag import DAGSchedulerInterface

from gpulease.executors import Learned, Pool
from gpulease.inventory import Gpu, GpuState
from snakemake_executor_plugin_local_gpu import ExecutorSettings, active
from snakemake_executor_plugin_local_gpu.job_leases import JobLeases
from snakemake_executor_plugin_local_gpu.job_reader import JobReader
from snakemake_executor_plugin_local_gpu.journal import Journal
from snakemake_executor_plugin_local_gpu.learning import Learning
from snakemake_executor_plugin_local_gpu.places import Places
from snakemake_executor_plugin_local_gpu.workers import Workers
from snakemake_scheduler_plugin_local_gpu import Scheduler
from snakemake_scheduler_plugin_local_gpu.temporaries import TEMPORARY_AHEAD


class InputFile(str):
    """An input or output as Snakemake hands it to schedulers: a path that knows its flags."""

    __slots__ = ()

    def is_flagged(self, name: str) -> bool:
        return name == "temp" and self.startswith("temp")


class Rule:
    name = "work"


class Job:
    """A ready job, as far as schedulers look at it."""

    rule = Rule()
    attempt = 1
    threads = 1

    def __init__(
        self,
        jobid: int,
        priority: int = 0,
        files: Sequence[str] = (),
        makes: Sequence[str] = (),
        **needs: int,
    ):
        self.jobid = jobid
        self.priority = priority
        self.input = [InputFile(file) for file in files]
        self.output = [InputFile(file) for file in makes]
        self.feeds: list[Job] = []
        self.after: list[Job] = []
        if any(file.is_flagged("temp") for file in self.input):
            self.after = [Job(10_000 + jobid, makes=files)]
        self.resources = self.scheduler_resources = {"_cores": 1, **needs}
        self.wildcards_dict = {"n": str(jobid)}

    def is_group(self) -> bool:
        return False


class Plan(DAGSchedulerInterface):  # type: ignore[misc]
    """A plan as Snakemake promises it to schedulers, with no more than that."""

    workflow = SimpleNamespace(local_exec=False)

    def needrun_jobs(self) -> list[Job]:
        return []

    def finished(self, job: Job) -> bool:
        return False

    def job_dependencies(self, job: Job) -> list[Job]:
        return job.after


class FourGpus(Pool):
    def states(self) -> list[GpuState]:
        gpus = [Gpu(index, f"GPU-{index}", "Model", 24000, 24000) for index in range(4)]
        return [GpuState(gpu, 24000, {}) for gpu in gpus]


@pytest.fixture
def leases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[JobLeases]:
    monkeypatch.delenv("GPULEASE_DIR", raising=False)
    caplog.set_level(logging.INFO)
    journal = Journal(tmp_path / "placements.jsonl", logging.getLogger("run"))
    pool = FourGpus(str(tmp_path / "ledger"), {})
    settings = ExecutorSettings()
    places = Places()
    learned = Learned(tmp_path / "learned.json")
    learning = Learning(settings, pool, journal, logging.getLogger("run"), learned)
    workers = Workers(settings, pool, journal, {}, lambda: None, places, learning)
    made = JobLeases(pool, journal, lambda: None, workers, places)
    reader = JobReader(settings, pool, lambda job: True, print, learning)
    monkeypatch.setattr(active, "run", active.Run(reader, made))
    yield made
    made.stop()


def select(
    jobs: Sequence[Job],
    sizes: dict[Any, int] | None = None,
    cores: int = 8,
    running: Sequence[Job] = (),
) -> list[int]:
    scheduler = Scheduler(Plan(), None, logging.getLogger("run"))
    if running:
        assert scheduler.select_jobs(running, running, {"_cores": 64}, {}) == running
    remaining = [*jobs, *(after for job in jobs for after in job.feeds)]
    chosen = scheduler.select_jobs(jobs, remaining, {"_cores": cores}, sizes or {})
    assert chosen is not None
    return [job.jobid for job in chosen]


def gpu_job(jobid: int, mem_mb: int, **more: Any) -> Job:
    return Job(jobid, gpu=1, gpu_mem_mb=mem_mb, **more)


@pytest.mark.usefixtures("leases")
def test_large_gpu_jobs_come_first_then_others() -> None:
    jobs = [Job(1), gpu_job(2, 4000), gpu_job(3, 20000), gpu_job(4, 8000)]
    assert select(jobs, cores=3) == [3, 4, 2]


@pytest.mark.usefixtures("leases")
def test_priority_comes_before_everything() -> None:
    jobs = [gpu_job(1, 20000), gpu_job(2, 4000, priority=5), Job(3, priority=9)]
    assert select(jobs, cores=2) == [3, 2]


@pytest.mark.usefixtures("leases")
def test_only_jobs_that_have_a_gpu_are_started() -> None:
    jobs = [*(gpu_job(n, 20000) for n in range(6)), Job(6)]
    assert select(jobs) == [0, 1, 2, 3, 6]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.integers(1, 4),
            st.lists(st.sampled_from(["a", "b", "temp1", "temp2"]), max_size=3, unique=True),
        ),
        max_size=12,
    ),
    st.integers(1, 12),
)
def test_jobs_without_gpu_are_chosen_as_snakemake_would(facts: list[Any], cores: int) -> None:
    jobs = [
        Job(number, priority, files, _cores=threads)
        for number, (priority, threads, files) in enumerate(facts)
    ]
    sizes = {InputFile(name): size for name, size in zip("ab", (3, 7), strict=True)}
    sizes |= {InputFile("temp1"): 2, InputFile("temp2"): 5}
    theirs = greedy.Scheduler.__new__(greedy.Scheduler)
    theirs.settings = greedy.SchedulerSettings()
    expected = theirs.select_jobs(jobs, jobs, {"_cores": cores}, sizes) if jobs else []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(active, "run", SimpleNamespace(reader=NoGpus(), ended=set()))
        assert set(select(jobs, sizes, cores)) == {job.jobid for job in expected}


class NoGpus:
    def read(self, job: Job) -> None:
        return None


@pytest.mark.usefixtures("leases")
def test_ten_thousand_ready_jobs_take_a_tenth_of_a_second() -> None:
    sizes = [4000, 8000, 20000]
    jobs = [gpu_job(n, sizes[n % 3]) if n % 2 else Job(n) for n in range(10_000)]
    seconds = []
    for _ in range(7):
        started = time.process_time()
        assert len(select(jobs, cores=1000)) > 900
        seconds.append(time.process_time() - started)
    # The fastest of several, in CPU time: what the choice costs, not what else the machine does.
    assert min(seconds) < 0.1


@pytest.mark.usefixtures("leases")
def test_temporary_files_are_not_made_far_ahead_of_their_use() -> None:
    makers = [Job(n, priority=n, makes=["temp"]) for n in range(100)]
    assert select(makers, cores=64) == list(range(99, 99 - TEMPORARY_AHEAD, -1))
    users = [gpu_job(1000 + n, 20000, files=["temp"]) for n in range(TEMPORARY_AHEAD - 3)]
    chosen = select([*makers, Job(2000), *users], cores=64)
    assert [number for number in chosen if number < 100] == [99, 98, 97]
    assert 2000 in chosen
    chosen = select(makers, cores=64, running=[Job(3000, makes=["temp"]), Job(3001)])
    assert len(chosen) == TEMPORARY_AHEAD - 1
    crowd = [gpu_job(1000 + n, 20000, files=["temp"]) for n in range(50)]
    assert [number for number in select([*makers, *crowd], cores=64) if number < 1000] == []


def test_jobs_that_ended_or_are_offered_again_are_not_in_the_making(leases: JobLeases) -> None:
    run = active.run
    assert run
    scheduler = Scheduler(Plan(), None, logging.getLogger("run"))

    def chosen(jobs: list[Job]) -> int:
        selected = scheduler.select_jobs(jobs, jobs, {"_cores": 64}, {})
        assert selected is not None
        return len(selected)

    first, second = ([Job(n + m, makes=["temp"]) for n in range(16)] for m in (0, 100))
    assert chosen(first) == TEMPORARY_AHEAD
    assert chosen(second) == 0
    run.ended.update(first[:3])
    assert chosen(second) == 3
    assert chosen([*second[3:], first[3]]) == 1


def test_what_a_checkpoint_adds_to_the_plan_is_seen(leases: JobLeases) -> None:
    scheduler = Scheduler(Plan(), None, logging.getLogger("run"))
    feeders = [Job(n) for n in range(TEMPORARY_AHEAD + 4)]
    before = scheduler.select_jobs(feeders, feeders, {"_cores": 0}, {})
    assert before == []
    later = Job(5000, makes=["temp"])
    later.after = [*feeders]
    chosen = scheduler.select_jobs(feeders, [*feeders, later], {"_cores": 64}, {})
    assert chosen is not None
    assert len(chosen) == TEMPORARY_AHEAD


@pytest.mark.usefixtures("leases")
def test_makers_of_temporary_files_are_not_made_ready_far_ahead() -> None:
    feeders = [Job(n, priority=n) for n in range(100)]
    for job in feeders:
        job.feeds = [Job(5000, makes=["temp"])]
        job.feeds[0].after = [job]
    makers = [Job(1000 + n, makes=["temp"]) for n in range(TEMPORARY_AHEAD - 2)]
    chosen = select([*feeders, *makers, Job(2000)], cores=64)
    assert [number for number in chosen if number < 1000] == [99, 98]
    assert 2000 in chosen


def test_only_local_starts_have_no_rate() -> None:
    # With a rate, every job that ends adds one look per second at all that are ready.
    for local, expected in ((True, None), (False, "100/1s")):
        workflow = SimpleNamespace(
            local_exec=local, scheduling_settings=SimpleNamespace(max_jobs_per_timespan="100/1s")
        )
        Scheduler(SimpleNamespace(workflow=workflow), None, logging.getLogger("run"))
        assert workflow.scheduling_settings.max_jobs_per_timespan == expected


def test_without_the_executor_snakemakes_own_scheduler_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(active, "run", None)
    scheduler = Scheduler.__new__(Scheduler)
    assert scheduler.select_jobs([Job(1)], [Job(1)], {"_cores": 1}, {}) is None
