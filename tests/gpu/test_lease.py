"""Leases between processes: nothing promised twice, and void at once when their processes die."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gpulease.executors import Lease, Pool
from gpulease.folder import scope_folder
from gpulease.ledger import Ledger
from gpulease.placement import Choice
from tests.gpu.driver.commands import GPULEASE, Commands
from tests.gpu.driver.simulated import Host, gpu_uuid

JOB = str(Path(__file__).parent / "driver" / "simulated.py")


def test_a_command_sees_only_its_gpu(host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 80000)
    shown = "echo $CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER"
    out, err = commands.run(30000, "sh", "-c", shown).communicate(timeout=60)
    assert out.split() == [gpu_uuid(1), "PCI_BUS_ID"]
    assert f"sh on GPU 1 Simulated 80 ({gpu_uuid(1)}) with 80000 of 80000 MB free" in err
    assert "GPU 0: only 24000 MB in all" in err


def test_the_exit_status_is_that_of_the_command(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    failing = commands.run(1, "sh", "-c", "exit 7")
    missing = commands.run(1, "/no/such/program")
    assert (failing.wait(60), missing.wait(60)) == (7, 127)
    assert commands.free_mb() == [24000]


def test_two_gpus_are_distinct(host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 24000, 24000)
    host.set_foreign(gpu_uuid(1), 20000)
    process = commands.run(8000, "sh", "-c", "echo $CUDA_VISIBLE_DEVICES", options=("--gpus", "2"))
    out, _ = process.communicate(timeout=60)
    assert out.strip() == f"{gpu_uuid(0)},{gpu_uuid(2)}"


def test_memory_is_promised_before_it_is_used(host: Host, commands: Commands) -> None:
    """The models load half a second late; nobody counts on that memory in between."""
    host.add_gpus(24000, 24000)
    jobs = [commands.run(15000, "sh", "-c", f"sleep 0.5; exec {sys.executable} {JOB} 15000 0.2")
            for _ in range(6)]  # fmt: skip
    assert [job.communicate(timeout=120)[1].count("out of memory") for job in jobs] == [0] * 6
    assert commands.free_mb() == [24000, 24000]


def test_a_killed_job_gives_its_memory_back_at_once(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    job = commands.run(8000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    job.send_signal(signal.SIGKILL)
    job.wait(30)
    assert commands.free_mb() == [24000]
    assert not list(Path(commands.environment["GPULEASE_DIR"]).glob("*.lease"))


@pytest.mark.parametrize("closing", ["", "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-;"])
def test_a_lease_lasts_while_any_process_of_the_job_runs(
    host: Host, commands: Commands, closing: str
) -> None:
    """Also where the one that is left has closed the file that holds the lease."""
    host.add_gpus(24000)
    job = commands.run(8000, "bash", "-c", f"({closing} exec sleep 3) & echo started; sleep 60")
    assert job.stdout is not None
    assert job.stdout.readline() == "started\n"
    job.send_signal(signal.SIGKILL)
    job.wait(30)
    assert commands.free_mb() == [16000]
    commands.wait_until(lambda: commands.free_mb() == [24000])


def test_what_a_lease_uses_is_not_counted_twice(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    job = commands.run(8000, sys.executable, "-c", "import time; print('up', flush=True);"
                       "time.sleep(60)")  # fmt: skip
    assert job.stdout is not None
    job.stdout.readline()
    assert host.allocate(gpu_uuid(0), 6000, job.pid)
    assert commands.free_mb() == [16000]
    assert host.allocate(gpu_uuid(0), 3000, job.pid)
    assert commands.free_mb() == [15000]


def test_where_use_is_hidden_the_whole_lease_counts(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    host.add("processes hidden")
    job = commands.run(8000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    assert host.allocate(gpu_uuid(0), 6000, job.pid)
    assert commands.free_mb() == [10000]


def test_an_outer_choice_is_obeyed_and_never_widened(host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 80000)
    shown = commands.run(1, "sh", "-c", "echo $CUDA_VISIBLE_DEVICES", CUDA_VISIBLE_DEVICES="0",
                         CUDA_DEVICE_ORDER="PCI_BUS_ID")  # fmt: skip
    assert shown.communicate(timeout=60)[0].strip() == gpu_uuid(0)
    too_large = commands.run(
        30000, "true", CUDA_VISIBLE_DEVICES="0", CUDA_DEVICE_ORDER="PCI_BUS_ID"
    )
    assert "GPU 0 has 24000 MB" in too_large.communicate(timeout=60)[1]
    none = commands.run(1, "true", CUDA_VISIBLE_DEVICES="")
    assert "allows none" in none.communicate(timeout=60)[1]
    assert none.returncode == 1


def test_without_a_gpu_a_command_runs_on_the_cpu_if_told_so(commands: Commands) -> None:
    command = ("sh", "-c", "echo [$CUDA_VISIBLE_DEVICES]")
    refused = commands.run(1, *command)
    assert "no NVIDIA driver" in refused.communicate(timeout=60)[1]
    allowed = commands.run(1, *command, options=("--without-gpu", "cpu"))
    out, err = allowed.communicate(timeout=60)
    assert out == "[]\n"
    assert "runs on the CPU" in err


def test_waiting_ends_with_a_clear_error(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    host.set_foreign(gpu_uuid(0), 20000)
    job = commands.run(8000, "true", options=("--timeout", "1"))
    _, err = job.communicate(timeout=60)
    assert job.returncode == 1
    assert "No GPU became free in 1 s" in err
    assert "GPU 0: only 4000 MB free" in err
    assert commands.status()["waiting"] == []


def test_foreign_memory_is_seen_at_every_choice(host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 24000)
    host.set_foreign(gpu_uuid(0), 20000)
    host.set_foreign(gpu_uuid(1), 20000)
    job = commands.run(8000, "sh", "-c", "echo $CUDA_VISIBLE_DEVICES")
    commands.wait_until(lambda: len(commands.status()["waiting"]) == 1)
    host.set_foreign(gpu_uuid(1), 0)
    assert job.communicate(timeout=60)[0].strip() == gpu_uuid(1)


def test_the_memory_is_looked_at_again_before_loading(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    code = (
        "import gpulease, logging; logging.basicConfig(); print('leased', flush=True); input();"
        "gpulease.confirm(timeout_s=20); print('loaded')"
    )
    job = commands.run(8000, sys.executable, "-c", code)
    assert job.stdout is not None
    assert job.stdin is not None
    assert job.stdout.readline() == "leased\n"
    host.set_foreign(gpu_uuid(0), 20000)
    job.stdin.write("\n")
    job.stdin.flush()
    time.sleep(1.5)
    assert job.poll() is None
    host.set_foreign(gpu_uuid(0), 0)
    out, err = job.communicate(timeout=60)
    assert out == "loaded\n"
    assert "lacks 4000 of the 8000 MB leased" in err


def test_looking_again_gives_up_with_the_numbers(
    host: Host, commands: Commands, python: Callable[..., str]
) -> None:
    host.add_gpus(24000)
    code = """
import gpulease, os
with gpulease.lease(mem_mb=8000):
    from tests.gpu.driver.simulated import Host, gpu_uuid, Path
    Host(Path(os.environ["SIMULATED_GPUS"])).set_foreign(gpu_uuid(0), 20000)
    try: gpulease.confirm(timeout_s=0.1)
    except gpulease.LeaseTimeoutError as error: print(error)
"""
    assert "lacks 4000 of the 8000 MB" in python(code)


def test_those_who_look_again_do_not_wait_for_each_other(
    host: Host, python: Callable[..., str]
) -> None:
    """Three leases fill the GPU, 4000 MB are taken: two go on, the last one waits."""
    host.add_gpus(24000)
    code = """
import gpulease.executors, os, sys
from tests.gpu.driver.simulated import Host, gpu_uuid, Path
pool = gpulease.executors.Pool()
leases = [pool.acquire(gpulease.executors.Request(8000)) for _ in range(3)]
Host(Path(os.environ["SIMULATED_GPUS"])).set_foreign(gpu_uuid(0), 4000)
for lease in [leases[1], leases[2], leases[0]]:
    try: gpulease.confirm(0.1, lease.environment); print("goes on", end=" ")
    except gpulease.LeaseTimeoutError: print("waits", end=" ")
"""
    assert python(code) == "goes on waits goes on"


def test_where_use_is_hidden_those_who_look_again_do_not_wait_for_each_other(
    host: Host, python: Callable[..., str]
) -> None:
    """Two leases fill the GPU; the second looks when the first has loaded its model."""
    host.add_gpus(24000)
    host.add("processes hidden")
    code = """
import gpulease.executors, os, sys
from tests.gpu.driver.simulated import load_model
pool = gpulease.executors.Pool()
for lease in [pool.acquire(gpulease.executors.Request(12000)) for _ in range(2)]:
    for look in range(2):
        gpulease.confirm(0.1, lease.environment)
        if not look:
            load_model(12000, 1, {**os.environ, **lease.environment})
        print("goes on", end=" ")
"""
    assert python(code) == "goes on goes on goes on goes on"


def test_large_jobs_keep_their_place(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    small = commands.run(8000, "sleep", "2")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    large = commands.run(20000, "sleep", "0.5")
    commands.wait_until(lambda: len(commands.status()["waiting"]) == 1)
    late = commands.run(8000, "true")
    time.sleep(1)
    assert late.poll() is None
    assert small.wait(60) == large.wait(60) == late.wait(60) == 0


def test_a_waiting_job_that_is_killed_keeps_nothing(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    commands.run(8000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    large = commands.run(20000, "true")
    commands.wait_until(lambda: len(commands.status()["waiting"]) == 1)
    large.kill()
    large.wait(30)
    assert commands.run(8000, "true").wait(60) == 0


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
    assert len(list(ledger.folder.iterdir())) == 5 - removed
    with ledger.locked():
        assert ledger.leases() == []
    assert [path.name for path in ledger.folder.iterdir()] == ["lock"]


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


def test_a_command_whose_reader_went_away_ends_quietly(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    line = f"{' '.join(GPULEASE)} run --mem-mb 100 -- yes | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = commands.start("bash", "-c", line)
    out, err = done.communicate(timeout=60)
    assert out == "y\n141\n"
    assert "Broken pipe" not in err


def test_a_lease_that_a_container_cannot_see_is_no_reason_to_stop(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    with ledger.locked():
        held = ledger.add("lease", 1, ("GPU-0",), 8000, "")
    lease = Lease((), held, Choice((), "", ()), lambda held: True)
    held.path.unlink()
    for shell, bash in (("bash", True), ("sh", False)):
        command = lease.shell_prefix(bash=bash, strict=False) + "echo runs"
        done = subprocess.run([shell, "-c", command], capture_output=True, text=True, check=False)
        assert (done.stdout, done.returncode) == ("runs\n", 0), (shell, done.stderr)
