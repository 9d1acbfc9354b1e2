"""Leases whose files somebody removed: the memory is promised to nobody else."""

import shutil
import sys
from pathlib import Path

import pytest

from gpulease.ledger import Ledger
from tests.gpu.driver.commands import Commands
from tests.gpu.driver.simulated import Host


@pytest.mark.parametrize("all_of_it", [False, True])
@pytest.mark.parametrize("inherited", [False, True])
def test_a_lease_whose_file_is_removed_still_counts(
    inherited: bool, all_of_it: bool, host: Host, commands: Commands, tmp_path: Path
) -> None:
    """A folder's owner can remove what others wrote, and cleaners of /tmp remove old files."""
    host.add_gpus(24000)
    command = ("bash", "-c", "sleep 60 & wait") if inherited else ("sleep", "60")
    job = commands.run(16000, *command)
    commands.wait_until(lambda: commands.free_mb() == [8000])
    if all_of_it:
        shutil.rmtree(tmp_path / "ledger")
    else:
        next((tmp_path / "ledger").glob("*.lease")).unlink()
    assert commands.free_mb() == [8000]
    second = commands.run(16000, "echo", "second", options=("--timeout", "1"))
    out, err = second.communicate(timeout=60)
    assert out == ""
    assert "its file was removed; the lease counts as long as its job runs" in err
    job.kill()
    if not inherited:
        assert commands.free_mb() == [24000]


def test_its_holder_writes_it_again_for_all(
    host: Host, commands: Commands, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    with ledger.locked():
        held = ledger.add("lease", 1, ("GPU-0",), 8000, "mine")
    held.path.unlink()
    with ledger.locked():
        (entry,) = ledger.leases()
        assert (entry.path, entry.record) == (held.path, held.record)
        assert held.path.exists()
    assert "was removed while its job runs; it is written again" in caplog.text
    held.let_go()
    with ledger.locked():
        assert ledger.leases() == []
    assert not held.path.exists()


def test_a_smaller_record_in_its_place_is_not_believed(
    host: Host, commands: Commands, tmp_path: Path
) -> None:
    host.add_gpus(24000)
    commands.run(16000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [8000])
    (file,) = (tmp_path / "ledger").glob("*.lease")
    text = file.read_text()
    file.unlink()
    file.write_text(text.replace("16000", "1"))
    assert commands.free_mb() == [8000]


def test_files_that_others_hold_are_not_leases(tmp_path: Path) -> None:
    """Any program may share the lock of a file that was removed."""
    code = (
        "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_SH);"
        "import os; os.unlink(sys.argv[1]); print(1, flush=True); input()"
    )
    commands = Commands({})
    ledger = Ledger(tmp_path / "ledger")
    for name in (tmp_path / "x.lease", ledger.folder / "x"):
        process = commands.start(sys.executable, "-c", code, str(name))
        assert process.stdout is not None
        process.stdout.readline()
    with ledger.locked():
        assert ledger.leases() == []
    commands.end()
