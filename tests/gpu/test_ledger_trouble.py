"""A full disk, a folder that is cleaned away, too many open files: no promise is forgotten."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gpulease.errors import LedgerAwayError, LedgerBusyError
from gpulease.executors import Pool, Queue, Request
from gpulease.inventory import Gpu, GpuState
from gpulease.ledger import Ledger
from gpulease.pool_trouble import TIMEOUT_VARIABLE
from tests.gpu.driver.commands import Commands
from tests.gpu.driver.runs import Runs, gpu_rule
from tests.gpu.driver.simulated import Host

SHELL = "/bin/sh"
HOLD = (
    "import fcntl, time; f = open({!r}, 'a'); fcntl.flock(f, 2); print(flush=True); time.sleep(99)"
)


class OneGpu(Pool):
    """A GPU of 24 GB."""

    def states(self) -> list[GpuState]:
        gpu = Gpu(0, "GPU-0", "Model", 24000, 24000)
        self._known = {gpu.uuid: gpu}
        return [GpuState(gpu, 24000, {})]


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OneGpu:
    monkeypatch.delenv("GPULEASE_DIR", raising=False)
    return OneGpu(str(tmp_path / "ledger"), {})


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of 256 KB, which root alone can make."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=1777", "none", str(folder)]
    if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S607


def fill(folder: Path) -> Path:
    """Leave no room."""
    big = folder / "big"
    with suppress(OSError), big.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return big


def test_a_full_disk_is_waited_for_and_fails_no_job(host: Host, runs: Runs, tmp_path: Path) -> None:
    host.add_gpus(24000)
    with small_disk(tmp_path / "disk"):
        ledger = tmp_path / "disk" / "ledger"
        Ledger(ledger)
        big = fill(tmp_path / "disk")
        run = runs.start(gpu_rule(), GPULEASE_DIR=str(ledger))
        time.sleep(8)
        assert run.poll() is None
        big.unlink()
        out, _ = run.communicate(timeout=60)
    assert run.returncode == 0, out
    assert "Nothing can be written down" in out


def test_a_lease_that_is_resized_on_a_full_disk_stays(pool: OneGpu, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk"):
        full = OneGpu(str(tmp_path / "disk" / "ledger"), {})
        lease = full.acquire(Request(8000))
        before = lease.entry.path.stat().st_size
        fill(tmp_path / "disk")
        full.resize(lease, 3000)
        with full.ledger.locked():
            (entry,) = full.ledger.leases()
        assert entry.record.mem_mb == 3000
        assert entry.record.declared_mb == 8000
        assert lease.entry.path.stat().st_size == before
        lease.release()


def test_a_record_that_cannot_be_written_is_left_as_it_was(
    pool: OneGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = pool.acquire(Request(8000))

    def no_room(fd: int, text: bytes, at: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", no_room)
        with pytest.raises(LedgerAwayError, match="cannot be written"):
            pool.resize(lease, 16000)
    assert lease.mem_mb == 8000
    assert json.loads(lease.entry.path.read_text())["mem_mb"] == 8000


def test_a_disk_that_stays_full_is_one_sentence_in_the_end(
    pool: OneGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TIMEOUT_VARIABLE, "0.2")
    queue = Queue(pool)

    def full(*_: object, **__: object) -> None:
        raise LedgerAwayError("Nothing can be written down.")

    monkeypatch.setattr(pool.ledger, "add", full)
    (first,) = queue.grant([Request(8000)])
    assert first.choice
    time.sleep(0.3)
    (last,) = queue.grant([Request(8000)])
    assert str(last.error).startswith("Nothing can be written down. It was waited for")


def test_what_cannot_be_read_now_is_not_taken_for_nothing(pool: OneGpu) -> None:
    """With no file left to open, leases of others must not seem to be none."""
    lease = pool.acquire(Request(20000))
    queue = Queue(pool)
    queue.grant([Request(8000)])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = [os.open(os.devnull, os.O_RDONLY)]
    try:
        # Enough for the lock and the folder, too few for a record.
        for left in range(6):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(opened) + 1 + left, hard))
            (outcome,) = queue.grant([Request(8000)])
            assert outcome.lease is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(opened[0])
    lease.release()


def test_a_folder_that_is_cleaned_away_is_made_again_with_all_that_is_in_it(pool: OneGpu) -> None:
    lease = pool.acquire(Request(20000))
    queue, later = Queue(pool), Queue(pool)
    queue.grant([Request(16000)])
    later.grant([Request(12000)])
    places = list(queue.places()), list(later.places())
    shutil.rmtree(pool.ledger.folder)
    assert later.grant([Request(12000)])[0].lease is None
    with pool.look() as look:
        assert [entry.record.mem_mb for entry in look.leases] == [20000]
        assert sorted(entry.record.mem_mb for entry in look.tickets) == [12000, 16000]
    lease.release()
    (first,) = queue.grant([Request(16000)])
    assert first.lease, "the place was kept"
    assert (list(queue.places()), list(later.places())) == ([], places[1])


@pytest.mark.parametrize("spoilt", [b"", b"garbage", b'{"seq": 1}', b"\0" * 70000])
def test_records_that_were_overwritten_are_written_again(spoilt: bytes, pool: OneGpu) -> None:
    lease = pool.acquire(Request(20000))
    queue = Queue(pool)
    queue.grant([Request(16000)])
    for file in pool.ledger.folder.iterdir():
        if file.suffix in {".lease", ".ticket"}:
            file.write_bytes(spoilt)
    with pool.look() as look:
        assert [entry.record.mem_mb for entry in look.leases] == [20000]
        assert [entry.record.mem_mb for entry in look.tickets] == [16000]
    lease.release()
    assert queue.grant([Request(16000)])[0].lease


def test_jobs_of_others_survive_that_the_folder_is_removed(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    commands.run(20000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [4000])
    waiting = commands.run(8000, "echo", "ran", options=("--timeout", "4"))
    commands.wait_until(lambda: bool(commands.status()["waiting"]))
    shutil.rmtree(commands.environment["GPULEASE_DIR"])
    out, err = waiting.communicate(timeout=60)
    assert (out, waiting.returncode) == ("", 1)
    assert "No GPU became free in 4 s" in err
    assert "was removed while it was in use" in err
    assert commands.free_mb() == [4000]


def test_a_lock_whose_holder_cannot_be_named_changes_hands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in containers, where the kernel tells no process: not every wait is for one."""
    ledger = Ledger(tmp_path / "ledger")
    book = tmp_path / "ledger" / "usage.json"
    book.touch()
    monkeypatch.setattr("gpulease.lock.lock_holders", lambda path: [])
    monkeypatch.setattr("gpulease.lock.LOCK_TIMEOUT_S", 0.3)
    code = HOLD.format(str(tmp_path / "ledger" / "lock"))
    with ledger.locked():
        pass
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert holder.stdout
    holder.stdout.readline()
    try:
        with pytest.raises(LedgerBusyError), ledger.locked():
            pass
        ticks = subprocess.Popen(
            [SHELL, "-c", f"for i in $(seq 40); do touch {book}; sleep 0.1; done"]
        )
        free = subprocess.Popen([SHELL, "-c", f"sleep 2; kill -9 {holder.pid}"])
        time.sleep(0.2)
        with Ledger(tmp_path / "ledger").locked():
            assert holder.wait(5) == -signal.SIGKILL
    finally:
        holder.kill()
        holder.communicate()
    for helper in (ticks, free):
        helper.wait()
