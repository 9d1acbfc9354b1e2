"""The folder in which leases are written down: what is in it, who may read it, who clears it."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from gpulease.executors import Lease, Pool
from gpulease.folder import scope_folder
from gpulease.ledger import Ledger
from gpulease.placement import Choice
from tests.gpu.driver.commands import Commands
from tests.gpu.driver.simulated import Host

JOB = str(Path(__file__).parent / "driver" / "simulated.py")


def test_a_ledger_that_cannot_be_used_is_named(
    host: Host, commands: Commands, tmp_path: Path
) -> None:
    host.add_gpus(24000)
    (tmp_path / "file").touch()
    blocked = commands.run(1, "true", GPULEASE_DIR=str(tmp_path / "file"))
    assert "GPULEASE_DIR" in blocked.communicate(timeout=60)[1]
    assert blocked.returncode == 1


def test_rubbish_in_the_ledger_does_no_harm(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    folder = Path(commands.environment["GPULEASE_DIR"])
    folder.mkdir()
    (folder / "x.lease").write_text('{"seq": 1, "gpus"')
    (folder / "y.lease").write_text("[]")
    (folder / "link.lease").symlink_to("/etc/passwd")
    (folder / "z.ticket").write_bytes(os.urandom(100))
    assert commands.run(24000, "true").wait(60) == 0
    assert commands.free_mb() == [24000]


def test_cleaners_of_temporary_folders_may_remove_the_lock(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    commands.run(8000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    (Path(commands.environment["GPULEASE_DIR"]) / "lock").unlink()
    assert commands.free_mb() == [16000]


def test_a_record_of_another_version_is_not_removed_while_it_is_held(
    host: Host, commands: Commands, tmp_path: Path
) -> None:
    host.add_gpus(24000)
    commands.run(8000, "sleep", "30")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    (file,) = (tmp_path / "ledger").glob("*.lease")
    record = json.loads(file.read_text())
    file.write_text(json.dumps({**record, "new": 1}))
    assert commands.free_mb() == [16000]
    file.write_text("rubbish")
    assert commands.free_mb() == [24000]
    assert file.exists()


def test_other_users_can_read_what_a_lease_uses(
    host: Host, commands: Commands, tmp_path: Path
) -> None:
    host.add_gpus(24000)
    old = os.umask(0o077)
    try:
        commands.run(8000, sys.executable, JOB, "8000", "30", "1")
    finally:
        os.umask(old)
    commands.wait_until(lambda: "use" in host.state.read_text())
    modes = {path.suffix: path.stat().st_mode & 0o777 for path in (tmp_path / "ledger").iterdir()}
    assert modes[".lease"] == modes[".root"] == modes[""] == 0o644
    assert commands.free_mb() == [16000]


def test_what_another_user_says_of_a_lease_does_not_count(
    host: Host, commands: Commands, tmp_path: Path
) -> None:
    """Only root can play two users."""
    if os.getuid():
        pytest.skip("needs root")
    host.add_gpus(24000)
    commands.run(8000, sys.executable, JOB, "8000", "30", "1")
    commands.wait_until(lambda: "use" in host.state.read_text())
    assert commands.free_mb() == [16000]
    (root,) = (tmp_path / "ledger").glob("*.root")
    os.chown(root, 65534, 65534)
    # What it uses cannot be told from a stranger's any more: it counts beside the promise.
    assert commands.free_mb() == [8000]


@pytest.mark.parametrize(("scope", "mode"), [("group", 0o3770), ("named", 0o1777)])
def test_a_shared_scope_is_open_to_those_it_is_for(
    scope: str, mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shared"
    Ledger(folder, scope)
    assert folder.stat().st_mode & 0o7777 == mode
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    Ledger(folder, scope)


def test_a_relative_folder_is_the_same_from_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPULEASE_DIR", "ledger")
    assert scope_folder("system") == Path("ledger").absolute()
    monkeypatch.delenv("GPULEASE_DIR")
    assert scope_folder("here") == Path("here").absolute()


def test_ctrl_z_waits_until_the_lock_is_given_back(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, time\n"
        "from pathlib import Path\n"
        "from gpulease.ledger import Ledger\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "with ledger.locked():\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(1)\n"
        "time.sleep(60)\n"
    )
    folder = tmp_path / "ledger"
    # Of a group of its own: in one without a parent outside of it, nobody is stopped.
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, process_group=0
    )
    try:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGTSTP)
        with Ledger(folder).locked():
            deadline = time.monotonic() + 10
            while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
                assert time.monotonic() < deadline
    finally:
        process.kill()
        process.communicate()


def test_a_job_that_takes_over_while_its_lease_is_cleared_away_does_not_run(tmp_path: Path) -> None:
    """Its shell waits for the lock, and then sees that the file is gone."""
    ledger = Ledger(tmp_path / "ledger")
    with ledger.locked():
        held = ledger.add("lease", 1, ("GPU-0",), 8000, "")
    lease = Lease((), held, Choice((), "", ()), lambda held: True)
    clearing = os.open(held.path, os.O_RDONLY)
    held.let_go()
    fcntl.flock(clearing, fcntl.LOCK_EX)
    job = subprocess.Popen(
        ["bash", "-c", lease.shell_prefix() + "echo runs"],  # noqa: S607
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(0.3)
    assert job.poll() is None
    held.path.unlink()
    os.close(clearing)
    out, err = job.communicate(timeout=30)
    assert (out, job.returncode) == ("", 1)
    assert "the lease of this job is gone" in err


@pytest.mark.parametrize("removed", range(4))
def test_whoever_dies_while_clearing_a_lease_away_leaves_it_to_the_next(
    removed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    with ledger.locked():
        held = ledger.add("lease", 1, ("GPU-0",), 8000, "")
    for mark in (".confirmed", ".idle"):
        held.path.with_suffix(mark).touch()
    held.let_go()
    unlink, left = Path.unlink, iter(range(removed))

    def die_in_time(path: Path, missing_ok: bool = False) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        unlink(path, missing_ok)

    with monkeypatch.context() as dying, ledger.locked():
        dying.setattr(Path, "unlink", die_in_time)
        with pytest.raises(KeyboardInterrupt):
            ledger.leases()
    assert len(list(ledger.folder.glob(f"{held.path.stem}.*"))) == 4 - removed
    with ledger.locked():
        assert ledger.leases() == []
    journal = ledger.folder / f"journal-{os.getuid()}.jsonl"
    assert set(ledger.folder.iterdir()) == {ledger.folder / "lock", journal}
    assert journal.read_text().count(held.path.stem) == 1


def test_a_lease_ends_also_where_the_ledger_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("GPULEASE_DIR", raising=False)
    monkeypatch.setattr("gpulease.lock.LOCK_TIMEOUT_S", 0.1)
    pool = Pool(str(tmp_path / "ledger"), {})
    with pool.ledger.locked():
        held = pool.ledger.add("lease", 1, ("GPU-0",), 8000, "")
        assert pool.end(held)
    assert " holds " in caplog.text
    with pool.ledger.locked():
        assert pool.ledger.leases() == []
