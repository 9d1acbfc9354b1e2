"""Containers beside others on one host: real process-id namespaces, and how the host sees them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gpulease.processes import knows_driver_pids, use_by_lease, use_in_doubt
from gpulease.root_processes import Root, describe, parse, read_facts
from tests.gpu.driver.commands import GPULEASE, Commands
from tests.gpu.driver.simulated import Host, gpu_uuid

CONTAINER = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
CONFIRM = (
    "import gpulease, logging; logging.basicConfig(); print('leased', flush=True); input();"
    "gpulease.confirm(timeout_s=8); print('loaded')"
)


def can_contain() -> bool:
    """Whether this user may make namespaces, and the tests run in the first one."""
    if not shutil.which("unshare") or not knows_driver_pids():
        return False
    return subprocess.run([*CONTAINER, "true"], capture_output=True, check=False).returncode == 0


containers = pytest.mark.skipif(
    not can_contain(), reason="needs unshare --pid, root, and the host's own process ids"
)


def pid_of(command: str) -> int:
    """The host's number of the process with this command line."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except OSError:
                continue
            if line == command:
                return int(folder.name)
    return 0


def stranger(host: Host, commands: Commands, mb: int, *wrapper: str) -> int:
    """A process without a lease that uses the first GPU."""
    seconds = str(4000 + len(commands.started))
    process = commands.start(*wrapper, "sleep", seconds)
    commands.wait_until(lambda: pid_of(f"sleep {seconds}") > 0)
    assert host.allocate(gpu_uuid(0), mb, pid_of(f"sleep {seconds}"))
    return process.pid


@containers
def test_a_lease_in_a_container_owns_nothing_that_others_use(
    host: Host, commands: Commands
) -> None:
    """Its first process is number 1 there, which on the host is everybody's ancestor."""
    host.add_gpus(24000)
    commands.start(*CONTAINER, *GPULEASE, "run", "--mem-mb", "16000", "--", "sleep", "311")
    commands.wait_until(lambda: commands.free_mb() == [8000])
    stranger(host, commands, 7000)
    assert commands.free_mb() == [1000]
    late = commands.run(8000, "true", options=("--timeout", "1"))
    assert "only 1000 MB free" in late.communicate(timeout=60)[1]


@containers
def test_what_a_lease_in_a_container_uses_is_told_from_the_host(
    host: Host, commands: Commands
) -> None:
    host.add_gpus(24000)
    job = f"true; {' '.join(GPULEASE)} run --mem-mb 10000 -- sh -c 'sleep 312; true'"
    commands.start(*CONTAINER, "sh", "-c", job)
    commands.wait_until(lambda: pid_of("sleep 312") > 0)
    commands.wait_until(lambda: commands.free_mb() == [14000])
    assert host.allocate(gpu_uuid(0), 9000, pid_of("sleep 312"))
    assert commands.free_mb() == [14000]


@containers
def test_no_job_of_the_host_fails_for_what_a_container_leased(
    host: Host, commands: Commands
) -> None:
    host.add_gpus(24000)
    commands.start(*CONTAINER, *GPULEASE, "run", "--mem-mb", "10000", "--", "sleep", "313")
    commands.wait_until(lambda: commands.free_mb() == [14000])
    mine = commands.run(10000, sys.executable, "-c", CONFIRM)
    assert mine.stdout is not None
    mine.stdout.readline()
    assert host.allocate(gpu_uuid(0), 10000, pid_of("sleep 313"))
    out, err = mine.communicate("\n", timeout=60)
    assert (out, mine.returncode) == ("loaded\n", 0), err


@containers
@pytest.mark.parametrize("server", [False, True])
def test_what_may_be_a_leases_own_is_waited_for_and_then_believed(
    server: bool, host: Host, commands: Commands, tmp_path: Path
) -> None:
    """A container that something else started for a lease, and the server of CUDA MPS."""
    host.add_gpus(24000)
    commands.run(10000, "sleep", "314")
    commands.wait_until(lambda: commands.free_mb() == [14000])
    mine = commands.run(10000, sys.executable, "-c", CONFIRM)
    assert mine.stdout is not None
    mine.stdout.readline()
    if server:
        program = str(tmp_path / "nvidia-cuda-mps-server")
        shutil.copy(shutil.which("sleep") or "", program)
        assert host.allocate(gpu_uuid(0), 10000, commands.start(program, "315").pid)
    else:
        stranger(host, commands, 10000, *CONTAINER)
    out, err = mine.communicate("\n", timeout=60)
    assert (out, mine.returncode) == ("loaded\n", 0), err
    assert "this job goes on" in err


@containers
def test_what_a_plain_process_took_is_a_strangers(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    commands.run(10000, "sleep", "316")
    commands.wait_until(lambda: commands.free_mb() == [14000])
    mine = commands.run(10000, sys.executable, "-c", CONFIRM.replace("=8", "=1"))
    assert mine.stdout is not None
    mine.stdout.readline()
    stranger(host, commands, 10000)
    _, err = mine.communicate("\n", timeout=60)
    assert "lacks 6000 of the 10000 MB leased, which a process without a lease has taken" in err
    assert mine.returncode == 1


@containers
def test_a_container_and_the_host_share_the_folder(host: Host, commands: Commands) -> None:
    """The documented set-up: each sees the other's leases, and waits for their end."""
    host.add_gpus(24000)
    first = commands.run(16000, "sleep", "317")
    commands.wait_until(lambda: commands.free_mb() == [8000])
    inside = commands.start(*CONTAINER, *GPULEASE, "run", "--mem-mb", "16000", "--", "echo", "in")
    commands.wait_until(lambda: len(commands.status()["waiting"]) == 1)
    first.kill()
    assert inside.communicate(timeout=60)[0] == "in\n"
    assert commands.free_mb() == [24000]


@pytest.mark.parametrize("what", ["pid", "started", "uid"])
def test_a_process_is_a_leases_first_only_if_all_agrees(what: str) -> None:
    root = parse(describe(os.getpid()), os.getuid())
    assert root is not None
    used = {os.getpid(): 500}
    if knows_driver_pids():
        assert use_by_lease(used, {"a.lease": root}) == {"a.lease": 500}
    facts = read_facts(os.getpid())
    assert facts is not None
    assert root.is_process(facts)
    kept = {key: getattr(root, key) for key in ("pid", "namespace", "started", "uid")}
    other = Root(**{**kept, what: kept[what] + 1})
    assert not other.is_process(facts)
    assert use_by_lease(used, {"a.lease": other}) == {}


@pytest.mark.parametrize("note", ["", "1", "1\n\n", "x\ny\nz", "1\npid:[1]\n1 (a) R", "-\n" * 9])
def test_a_note_of_another_kind_is_none(note: str) -> None:
    assert parse(note, 0) is None


def test_a_process_that_nobody_can_see_may_be_a_leases() -> None:
    gone = subprocess.Popen(["true"])  # noqa: S607
    gone.wait()
    assert use_in_doubt({gone.pid: 300, os.getpid(): 200}, {}) in {300, 500}
