"""Who waits, and in which order: queues of several processes on one ledger, without any GPU."""

from pathlib import Path

import pytest

from gpulease.executors import Lease, Pool, Queue, Request
from gpulease.inventory import Gpu, GpuState
from gpulease.placement import OVERTAKEN_S


class OneGpu(Pool):
    """A GPU of 24 GB and what strangers use of it."""

    foreign_mb = 0

    def states(self) -> list[GpuState]:
        return [GpuState(Gpu(0, "GPU-0", "Model", 24000, 24000), 24000 - self.foreign_mb, {})]


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OneGpu:
    monkeypatch.delenv("GPULEASE_DIR", raising=False)
    return OneGpu(str(tmp_path / "ledger"), {})


def ask(queue: Queue, mem_mb: int, max_jobs: int = 0) -> Lease | None:
    return queue.grant([Request(mem_mb, max_jobs_per_gpu=max_jobs)])[0].lease


class Stream:
    """Small jobs that come again and again, each of which lasts three steps."""

    def __init__(self, pool: Pool, mem_mb: int = 8000) -> None:
        self.queue = Queue(pool)
        self.mem_mb = mem_mb
        self.running: list[tuple[int, Lease]] = []
        self.now = 0

    def step(self) -> None:
        self.now += 1
        for started, lease in [*self.running]:
            if self.now - started >= 3:
                lease.release()
                self.running.remove((started, lease))
        granted = ask(self.queue, self.mem_mb)
        if granted:
            self.running.append((self.now, granted))


def steps_until(queue: Queue, stream: Stream, mem_mb: int, max_jobs: int = 0) -> Lease:
    for _ in range(12):
        stream.step()
        lease = ask(queue, mem_mb, max_jobs)
        if lease:
            return lease
    pytest.fail("The job is starved.")


def test_each_of_several_large_jobs_gets_its_turn(pool: OneGpu) -> None:
    stream, first, second = Stream(pool), Queue(pool), Queue(pool)
    for _ in range(2):
        stream.step()
    assert ask(first, 20000) is None
    assert ask(second, 20000) is None
    lease = steps_until(first, stream, 20000)
    stream.step()
    assert ask(second, 20000) is None
    lease.release()
    steps_until(second, stream, 20000).release()


def test_a_job_that_came_while_a_stranger_had_the_gpu_gets_its_turn(pool: OneGpu) -> None:
    stream, large = Stream(pool), Queue(pool)
    pool.foreign_mb = 14000
    stream.step()
    assert ask(large, 20000) is None
    pool.foreign_mb = 0
    steps_until(large, stream, 20000).release()


def test_a_job_that_wants_to_be_alone_gets_its_turn(pool: OneGpu) -> None:
    stream, alone = Stream(pool, mem_mb=1000), Queue(pool)
    stream.step()
    assert ask(alone, 1000, max_jobs=1) is None
    steps_until(alone, stream, 1000, max_jobs=1).release()


class OneRun(Stream):
    """The small jobs of a run whose process also asks for large ones."""

    large: Lease | None = None
    due: Request | None = None

    def step(self, *larges: tuple[Request, float]) -> None:
        self.now += 1
        for started, lease in [*self.running]:
            if self.now - started >= 3:
                lease.release()
                self.running.remove((started, lease))
        with self.queue.round() as this:
            for large, asked in larges:
                self.large = self.large or this.decide(large, asked=asked).lease
            granted = this.decide(Request(self.mem_mb)).lease
        self.due = self.queue.places().get(this.due)
        if granted:
            self.running.append((self.now, granted))


def test_jobs_of_one_run_overtake_each_other_for_a_while(pool: OneGpu) -> None:
    """Memory that is kept stands empty, and within a run nobody gains by that until it lasts."""
    now, run, large = 1e9, OneRun(pool), Request(20000)
    pool.ledger.clock = lambda: now
    run.step()
    for _ in range(9):
        run.step((large, 1e9))
        assert len(run.running) == min(3, run.now)
    now += OVERTAKEN_S
    for _ in range(3):
        run.step((large, 1e9))
    assert run.large


def test_memory_is_kept_for_one_large_job_of_a_run_at_a_time(pool: OneGpu) -> None:
    now, run = 1e9, OneRun(pool, 4000)
    pool.ledger.clock = lambda: now
    first, second = (Request(20000), 1e9 - OVERTAKEN_S), (Request(16000), 1e9 - OVERTAKEN_S)
    for _ in range(3):
        run.step()
    run.step(first, second)
    assert run.due == first[0]
    for _ in range(3):
        run.step(first, second)
    assert run.large
    assert run.large.mem_mb == 20000


def test_a_job_of_higher_priority_is_not_overtaken_within_its_run(pool: OneGpu) -> None:
    queue = Queue(pool)
    blocker = ask(Queue(pool), 8000)
    assert blocker
    for rank, may in ((0, True), (1, False)):
        with queue.round() as this:
            assert not this.decide(Request(20000), rank=rank).lease
            lease = this.decide(Request(9000)).lease
        assert bool(lease) is may
        if lease:
            lease.release()


def test_another_run_is_not_overtaken(pool: OneGpu) -> None:
    run, other = OneRun(pool), Queue(pool)
    run.step()
    assert ask(other, 20000) is None
    run.step()
    assert len(run.running) == 1
    assert ask(other, 20000) is None
    steps_until(other, run, 20000).release()


def test_a_thousand_sizes_do_not_hold_a_thousand_files(pool: OneGpu, tmp_path: Path) -> None:
    blocker = ask(Queue(pool), 24000)
    assert blocker
    queue = Queue(pool)
    outcomes = queue.grant([Request(mb) for mb in range(1000, 2000)])
    assert all(outcome.choice and not outcome.lease for outcome in outcomes)
    assert len(list((tmp_path / "ledger").glob("*.ticket"))) <= 16
    blocker.release()
    leases = [o.lease for o in queue.grant([Request(mb) for mb in range(1000, 2000)])]
    assert sum(lease is not None for lease in leases) > 10


def test_a_queue_that_rests_keeps_its_place_and_no_memory(pool: OneGpu) -> None:
    blocker, resting, later = ask(Queue(pool), 24000), Queue(pool), Queue(pool)
    assert blocker
    assert ask(resting, 20000) is None
    assert ask(later, 8000) is None
    place = min(resting.places())
    blocker.release()
    assert ask(later, 8000) is None
    resting.rest()
    lease = ask(later, 8000)
    assert lease
    assert ask(resting, 20000) is None
    assert min(resting.places()) == place
    assert ask(Queue(pool), 8000) is None
    lease.release()
    assert ask(resting, 20000)
