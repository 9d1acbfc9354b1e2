"""Who waits, and in which order: queues of several processes on one ledger, without any GPU."""

from pathlib import Path

import pytest

from gpulease.executors import Lease, Pool, Queue, Request
from gpulease.inventory import Gpu, GpuState


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
