"""Trouble of the pool itself, and processes that do not go on: waited for, said, replaced."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from gpulease import driver
from gpulease.errors import DriverError, LedgerBusyError, LedgerError, UsageError
from gpulease.executors import Pool, Queue, Request
from gpulease.heartbeat import FRESH_S, is_stopped
from gpulease.inventory import Gpu, GpuState
from gpulease.ledger import Ledger
from gpulease.pool_trouble import TIMEOUT_VARIABLE, Patience, timeout_s
from tests.gpu.driver.commands import Commands
from tests.gpu.driver.runs import Runs
from tests.gpu.driver.simulated import Host, gpu_uuid

JOBS = """
rule all:
    input: expand("done/{n}", n=range(2))
rule work:
    output: "done/{n}"
    resources: gpu=1, gpu_mem_mb=20000
    shell: "sleep 0.5; touch {output}"
"""

JOB = Path(__file__).parent / "driver" / "simulated.py"


class OneGpu(Pool):
    """A GPU of 24 GB, which can be away."""

    away = False

    def states(self) -> list[GpuState]:
        if self.away:
            raise DriverError("The driver is away.")
        gpu = Gpu(0, "GPU-0", "Model", 24000, 24000)
        self._known = {gpu.uuid: gpu}
        return [GpuState(gpu, 24000, {})]


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OneGpu:
    monkeypatch.delenv("GPULEASE_DIR", raising=False)
    return OneGpu(str(tmp_path / "ledger"), {})


def test_a_place_without_a_look_for_a_minute_binds_nobody(pool: OneGpu) -> None:
    pool.acquire(Request(20000))
    queue = Queue(pool)
    queue.grant([Request(8000)])
    with pool.look() as look:
        (ticket,) = look.tickets
    silent = time.time() - FRESH_S - 1
    os.utime(ticket.path, (silent, silent))
    with pool.look() as look:
        assert look.tickets == []
    queue.grant([Request(8000)])
    with pool.look() as look:
        assert look.tickets == [replace(ticket, touched=look.tickets[0].touched)]


def test_a_sign_of_life_of_a_time_to_come_is_none(pool: OneGpu) -> None:
    """The clock was set back, or somebody wrote it: a place is kept for who looks again."""
    pool.acquire(Request(20000))
    queue = Queue(pool)
    queue.grant([Request(8000)])
    with pool.look() as look:
        (ticket,) = look.tickets
    for ahead_s in (FRESH_S + 10, 1e9):
        os.utime(ticket.path, (time.time() + ahead_s,) * 2)
        with pool.look() as look:
            assert look.tickets == []
    queue.grant([Request(8000)])
    with pool.look() as look:
        assert len(look.tickets) == 1


def test_a_stopped_process_is_told_from_one_that_has_its_number_now() -> None:
    process = subprocess.Popen(["sleep", "30"])  # noqa: S607
    try:
        process.send_signal(signal.SIGSTOP)
        while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)
        assert is_stopped(process.pid)
        assert is_stopped(process.pid, time.time())
        assert not is_stopped(process.pid, time.time() - 3600)
        assert not is_stopped(os.getpid())
    finally:
        process.kill()
        process.wait()


def test_a_stopped_command_keeps_no_gpu_and_goes_on_later(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    first = commands.run(20000, "sleep", "4")
    commands.wait_until(lambda: commands.free_mb() == [4000])
    stopped = commands.run(20000, "echo", "went on")
    commands.wait_until(lambda: bool(commands.status()["waiting"]))
    stopped.send_signal(signal.SIGSTOP)
    first.wait(30)
    later = commands.run(8000, "echo", "ran", options=("--timeout", "10"))
    out, err = later.communicate(timeout=60)
    assert (out, later.returncode) == ("ran\n", 0), err
    stopped.send_signal(signal.SIGCONT)
    assert stopped.communicate(timeout=30)[0] == "went on\n"


def test_a_held_lock_is_waited_for_and_its_holder_named(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    ledger = Path(runs.environment["GPULEASE_DIR"])
    Ledger(ledger)
    code = f"import fcntl, time; f = open({str(ledger / 'lock')!r}, 'a'); fcntl.flock(f, 2)"
    holder = subprocess.Popen([sys.executable, "-c", f"{code}; print(flush=True); time.sleep(99)"],
                              stdout=subprocess.PIPE)  # fmt: skip
    assert holder.stdout
    holder.stdout.readline()
    holder.send_signal(signal.SIGSTOP)
    try:
        run = runs.start(JOBS)
        time.sleep(14)
        assert not (runs.folder / "done").exists()
    finally:
        holder.kill()
        holder.communicate()
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 0, out
    assert f"Process {holder.pid}" in out
    assert "which is stopped" in out


def test_a_gpu_that_is_lost_for_seconds_fails_no_job(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    run = runs.start(JOBS)
    runs.wait_for((runs.folder / "done").exists)
    host.add(f"lost {gpu_uuid(0)}")
    time.sleep(4)
    host.forget("lost ")
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 0, out


def test_a_gpu_that_is_lost_at_the_start_is_waited_for(host: Host, runs: Runs) -> None:
    """There is one: to go on without it would take hours on the CPU."""
    host.add_gpus(24000)
    host.add(f"lost {gpu_uuid(0)}")
    run = runs.start(JOBS)
    time.sleep(4)
    assert not (runs.folder / "done").exists()
    host.forget("lost ")
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 0, out
    assert "run on the CPU" not in out
    assert "fallen off the bus" in out


def test_a_command_that_takes_more_than_it_leased_is_named(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    greedy = commands.run(4000, sys.executable, str(JOB), "9000", "30")
    commands.wait_until(lambda: commands.free_mb() == [15000])
    other = commands.run(8000, "true")
    assert "takes 9000 MB of GPU 0" in other.communicate(timeout=60)[1]
    greedy.kill()


def test_one_that_found_the_lock_held_asks_again_without_much_waiting(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    other = Ledger(tmp_path / "ledger")
    with ledger.locked():
        with pytest.raises(LedgerBusyError), other.locked():
            pass
        started = time.monotonic()
        with pytest.raises(LedgerBusyError), other.locked():
            pass
        assert time.monotonic() - started < 2
    with other.locked():
        pass


def test_trouble_that_stays_is_an_error_in_the_end(
    pool: OneGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TIMEOUT_VARIABLE, "0.2")
    queue, pool.away = Queue(pool), True
    (first,) = queue.grant([Request(8000)])
    assert first.choice
    assert first.choice.reason == "waits: The driver is away."
    time.sleep(0.3)
    (last,) = queue.grant([Request(8000)])
    assert isinstance(last.error, DriverError)
    pool.away = False
    (given,) = queue.grant([Request(8000)])
    assert given.lease


def test_patience_ends_with_the_kind_of_error_that_it_bore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TIMEOUT_VARIABLE, "0")
    error = Patience().bear(LedgerBusyError("Held."))
    assert isinstance(error, LedgerError)
    assert str(error).startswith("Held. It was waited for")


def test_a_driver_that_hangs_does_not_hang_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def hang() -> list[GpuState]:
        asked.append(time.monotonic())
        time.sleep(0.5)
        return []

    monkeypatch.setattr(driver, "read_inventory", hang)
    for _ in range(2):
        with pytest.raises(DriverError, match="has not answered"):
            driver.ask_driver(0.1)
    time.sleep(0.6)
    assert driver.ask_driver(5) == []
    assert len(asked) == 1


def test_many_wait_without_the_lock(pool: OneGpu) -> None:
    """Those far back are told what they were told, whoever holds the ledger meanwhile."""
    given = Queue(pool).grant([Request(24000)])
    waiting = [Queue(pool) for _ in range(40)]
    for queue in waiting:
        queue.grant([Request(20000)])
    with pool.ledger.locked():
        started = time.monotonic()
        outcomes = [queue.grant([Request(20000)])[0] for queue in waiting[20:]]
    assert time.monotonic() - started < 1
    assert all(outcome.choice for outcome in outcomes)
    assert given[0].lease
    given[0].lease.release()
    served = 0
    for queue in waiting:
        (outcome,) = queue.grant([Request(20000)])
        if outcome.lease:
            served += 1
            outcome.lease.release()
    # Each that is served wakes the next ones.
    assert served == len(waiting)


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf"])
def test_a_time_to_bear_trouble_that_is_none_is_one_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="GPULEASE_CONFIRM_S is"):
        timeout_s({TIMEOUT_VARIABLE: text})
