"""The pool's folder: made by root for all, and what is said of those that are no good."""

# ruff: noqa: S108

import errno
import fcntl
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import gpulease
from gpulease import folder_check
from gpulease.errors import LedgerError
from gpulease.folder_check import (
    Mount,
    check_folder,
    find_doubt,
    mount_is_a_containers,
    mount_of,
)
from gpulease.ledger import Ledger
from gpulease.processes import knows_driver_pids
from tests.gpu.driver.commands import GPULEASE, Commands
from tests.gpu.driver.simulated import Host, gpu_uuid

FOLDER = Path("/tmp/gpulease")
MOUNTS = """\
22 1 254:0 / / rw,relatime - {kind} overlay rw
40 22 0:30 {root} /tmp rw,relatime shared:1 master:2 - ext4 /dev/vda rw
41 22 0:31 / /tmp/other\\040place rw - nfs4 server:/x rw
garbage
"""


@pytest.mark.parametrize(
    ("mount", "words"),
    [
        (Mount("/", "/home", "nfs4"), "network file system (nfs4)"),
        (Mount("/", "/home", "fuse.sshfs"), "network file system (fuse.sshfs)"),
        (Mount("/", "/home", "virtiofs"), "network file system (virtiofs)"),
        (Mount("/tmp/systemd-private-1a-x.service-b/tmp", "/tmp", "ext4"), "PrivateTmp"),
        (Mount("/systemd-private-1a-x.service-b/tmp", "/tmp", "tmpfs"), "PrivateTmp"),
        (Mount("/tmp/tmp-inst/ann", "/tmp", "ext4"), "pam_namespace"),
        (Mount("/tmp.inst/ann", "/tmp", "ext4"), "pam_namespace"),
        (Mount("/", "/", "overlay"), "-v /tmp/gpulease:/tmp/gpulease"),
    ],
)
def test_a_doubtful_folder_is_told_with_the_remedy(mount: Mount, words: str) -> None:
    doubt = find_doubt(FOLDER, mount)
    assert words in doubt
    assert doubt.startswith(str(FOLDER))
    assert doubt.count(". ") == 0


@pytest.mark.parametrize(
    "mount",
    [None, Mount("/", "/", "ext4"), Mount("/", "/tmp", "tmpfs"), Mount("/tmp", "/tmp", "xfs"),
     Mount("/tmp/gpulease", "/tmp/gpulease", "ext4"), Mount("/installed", "/tmp", "ext4")],
)  # fmt: skip
def test_a_plain_folder_is_no_reason_to_speak(mount: Mount | None) -> None:
    assert find_doubt(FOLDER, mount) == ""


def test_the_mount_of_a_folder_is_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "mountinfo"
    file.write_text(MOUNTS.format(kind="overlay", root="/x/systemd-private-a/tmp"))
    assert mount_of(FOLDER, file) == Mount("/x/systemd-private-a/tmp", "/tmp", "ext4")
    assert mount_of(Path("/srv"), file) == Mount("/", "/", "overlay")
    assert mount_of(Path("/tmp/other place/x"), file) == Mount("/", "/tmp/other place", "nfs4")
    assert mount_of(FOLDER, tmp_path / "none") is None


def test_a_private_tmp_is_found(tmp_path: Path, host: Host, commands: Commands) -> None:
    """With real mounts: another folder in the place of this one, as systemd does it."""
    private = tmp_path / "systemd-private-1-x.service-2" / "tmp"
    private.mkdir(parents=True)
    seen = tmp_path / "tmp"
    seen.mkdir()
    if not shutil.which("unshare") or os.getuid():
        pytest.skip("needs unshare --mount and root")
    host.add_gpus(24000)
    script = f"mount --bind {private} {seen} && exec {' '.join(GPULEASE)} status"
    unshared = ["unshare", "--mount", "sh", "-c", script]
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:  # noqa: S607
        pytest.skip("unshare --mount is not allowed here")
    job = commands.start(*unshared, GPULEASE_DIR=f"{seen}/gpulease")
    _, err = job.communicate(timeout=60)
    assert err.count("is private to this service or user") == 1


def in_own_mounts(commands: Commands, script: str, folder: Path) -> subprocess.Popen[str]:
    """A command of a shell that has mounts of its own, with this folder as the pool's."""
    if not shutil.which("unshare") or os.getuid():
        pytest.skip("needs unshare --mount and root")
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:  # noqa: S607
        pytest.skip("unshare --mount is not allowed here")
    return commands.start("unshare", "--mount", "sh", "-c", script, GPULEASE_DIR=str(folder))


def test_a_tmp_of_its_own_is_found_whatever_it_is_called(
    tmp_path: Path, host: Host, commands: Commands
) -> None:
    """A temporary file system, as of systemd (PrivateTmp=disconnected), Apptainer, bubblewrap."""
    host.add_gpus(24000)
    seen = tmp_path / "tmp"
    seen.mkdir()
    mount = f"mount -t tmpfs none {seen} && exec {' '.join(GPULEASE)} status"
    _, err = in_own_mounts(commands, mount, seen / "gpulease").communicate(timeout=60)
    assert err.count("mounts of its own: others promise the same memory again") == 1
    assert "set GPULEASE_DIR to a folder" in err


def test_other_mounts_that_leave_the_folder_alone_are_no_reason_to_speak(
    tmp_path: Path, host: Host, commands: Commands
) -> None:
    host.add_gpus(24000)
    (tmp_path / "other").mkdir()
    mount = f"mount -t tmpfs none {tmp_path / 'other'} && exec {' '.join(GPULEASE)} status"
    _, err = in_own_mounts(commands, mount, tmp_path / "gpulease").communicate(timeout=60)
    assert "promise" not in err


def test_a_ledger_of_the_same_name_in_another_tmp_is_named(
    tmp_path: Path, host: Host, commands: Commands
) -> None:
    if not knows_driver_pids():
        pytest.skip("the driver's process ids mean nothing in a container")
    host.add_gpus(24000)
    seen = tmp_path / "tmp"
    seen.mkdir()
    script = (
        f"mount -t tmpfs none {seen} && exec {' '.join(GPULEASE)} run --mem-mb 8000 -- sleep 60"
    )
    other = in_own_mounts(commands, script, seen / "gpulease")
    commands.wait_until(lambda: Path(f"/proc/{other.pid}/comm").read_text() == "sleep\n")
    assert host.allocate(gpu_uuid(0), 7000, other.pid)
    job = commands.run(100, "true", GPULEASE_DIR=str(seen / "gpulease"))
    _, err = job.communicate(timeout=60)
    assert f"Process {other.pid} on GPU 0 has its lease in /proc/{other.pid}/root{seen}" in err


@pytest.mark.parametrize(
    ("mount", "nested", "own"),
    [
        (Mount("/", "/tmp", "tmpfs"), True, True),
        (Mount("/", "/", "tmpfs"), True, True),
        (Mount("/", "/tmp", "tmpfs"), False, False),
        (Mount("/gpulease", "/tmp/gpulease", "tmpfs"), True, False),
        (Mount("/", "/tmp", "ext4"), True, False),
        (None, True, False),
    ],
)
def test_a_containers_own_tmp_is_told_from_a_folder_that_was_mounted(
    mount: Mount | None, nested: bool, own: bool
) -> None:
    assert mount_is_a_containers(mount, nested=nested, folder=FOLDER) == own


@pytest.mark.parametrize("failure", [None, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_folder_without_locks_is_refused(
    failure: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock(fd: int, how: int) -> None:
        if failure:
            raise OSError(failure, "no locks")

    monkeypatch.setattr(fcntl, "flock", lock)
    monkeypatch.setattr(folder_check, "_told", set())
    with pytest.raises(LedgerError, match="Locks do not work in"):
        check_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_root_makes_a_folder_that_no_user_owns(commands: Commands, tmp_path: Path) -> None:
    if os.getuid():
        refused = commands.start(*GPULEASE, "init", "--system")
        assert "sudo gpulease init --system" in refused.communicate(timeout=60)[1]
        pytest.skip("the rest needs root")
    folder = tmp_path / "ledger"
    for _ in range(2):
        made = commands.start(*GPULEASE, "init", "--system")
        out, err = made.communicate(timeout=60)
        assert made.returncode == 0, err
        assert f"d {folder} 1777 root root -\nx {folder}\n" in out
        assert (folder.stat().st_uid, folder.stat().st_mode & 0o7777) == (0, 0o1777)


def test_root_takes_the_folder_over_from_its_first_user(
    host: Host, commands: Commands, tmp_path: Path
) -> None:
    if os.getuid():
        pytest.skip("needs root")
    host.add_gpus(24000)
    commands.run(16000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [8000])
    folder = tmp_path / "ledger"
    os.chown(folder, 65534, 65534)
    assert commands.start(*GPULEASE, "init", "--system").wait(60) == 0
    assert folder.stat().st_uid == 0
    assert commands.free_mb() == [8000]


@pytest.mark.parametrize("thing", ["fifo", "link", "open to all"])
def test_root_takes_nothing_over_that_cannot_be_trusted(
    thing: str, commands: Commands, tmp_path: Path
) -> None:
    if os.getuid():
        pytest.skip("needs root")
    folder = tmp_path / "ledger"
    if thing == "fifo":
        os.mkfifo(folder)
    elif thing == "link":
        folder.symlink_to("/etc")
    else:
        folder.mkdir()
        folder.chmod(0o777)
        os.chown(folder, 65534, 65534)
    before = folder.lstat()
    job = commands.start(*GPULEASE, "init", "--system")
    _, err = job.communicate(timeout=60)
    assert job.returncode == 1
    assert str(folder) in err
    assert "Traceback" not in err
    after = folder.lstat()
    assert (before.st_uid, before.st_mode) == (after.st_uid, after.st_mode)


def test_no_other_user_can_remove_leases_from_roots_folder(tmp_path: Path) -> None:
    if os.getuid():
        pytest.skip("needs root")
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    ledger = Ledger(tmp_path / "ledger")
    with ledger.locked():
        held = ledger.add("lease", 1, ("GPU-0",), 8000, "")
    code = f"import os; os.setuid(65534); os.unlink({str(held.path)!r})"
    done = subprocess.run([GPULEASE[0], "-c", code], capture_output=True, text=True, check=False)
    assert "PermissionError" in done.stderr
    assert held.path.exists()


def test_the_version_is_that_of_the_distribution(root: Path) -> None:
    project = tomllib.loads((root / "packaging/gpulease/pyproject.toml").read_text())
    assert project["project"]["version"] == gpulease.__version__


def test_two_ledgers_for_one_gpu_are_named(host: Host, commands: Commands, tmp_path: Path) -> None:
    if not knows_driver_pids():
        pytest.skip("the driver's process ids mean nothing in a container")
    host.add_gpus(24000)
    other = commands.run(8000, "sleep", "60", GPULEASE_DIR=str(tmp_path / "other"))
    lease = tmp_path / "other"
    commands.wait_until(lambda: bool(list(lease.glob("*.lease"))))
    commands.wait_until(lambda: Path(f"/proc/{other.pid}/comm").read_text() == "sleep\n")
    assert host.allocate(gpu_uuid(0), 7000, other.pid)
    job = commands.run(100, "true")
    _, err = job.communicate(timeout=60)
    assert f"has its lease in {lease}, not in {tmp_path / 'ledger'}" in err
    alone = commands.run(100, "true", GPULEASE_DIR=str(lease))
    assert "has its lease in" not in alone.communicate(timeout=60)[1]
