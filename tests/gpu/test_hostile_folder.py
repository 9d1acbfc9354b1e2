"""Whatever anybody puts into the pool's folder stops nobody, and nothing of it is believed."""

import fcntl
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from gpulease.errors import LedgerError
from gpulease.ledger import Ledger
from gpulease.records import Entry
from gpulease.untrusted import MOST, printable
from tests.gpu.driver.commands import GPULEASE, Commands
from tests.gpu.driver.simulated import Host, gpu_uuid


def socket_at(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        # The path of a socket may be no longer.
        made.bind(f"/proc/self/fd/{os.open(path.parent, os.O_PATH)}/{path.name}")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


GOOD = {
    "seq": 1, "gpus": [gpu_uuid(0)], "mem_mb": 9000, "label": "x", "user": "u", "uid": 0, "pid": 1,
    "time": 1.0, "max_jobs_per_gpu": 0, "since": 0,
}  # fmt: skip
THINGS: dict[str, Callable[[Path], object]] = {
    "fifo": os.mkfifo,
    "folder": Path.mkdir,
    "socket": socket_at,
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "huge": huge,
    "unreadable": lambda path: path.touch(0o000),
    "empty": Path.touch,
    "nested": lambda path: path.write_text("[" * 60000),
    "many digits": lambda path: path.write_text(json.dumps(GOOD).replace("9000", "9" * 5000)),
    "no object": lambda path: path.write_text("[1, 2]"),
    "no text": lambda path: path.write_bytes(bytes(range(256))),
}
WRONG: dict[str, list[object]] = {
    "seq": ["1", None, -1, MOST, 1.5, True],
    "gpus": ["GPU", None, [1], [["a"]], {"a": 1}, ["x" * 999], ["x"] * 2000],
    "mem_mb": [-9000, "9000", [9000], float("nan"), MOST],
    "label": [None, 7, {"a": 1}, ["x"]],
    "time": ["now", float("nan"), float("inf"), -1, None],
    "pid": ["1", {}],
    "since": ["0", -1],
}


@pytest.mark.parametrize("suffix", [".lease", ".ticket", ".root", ".idle", ".confirmed", ".new"])
@pytest.mark.parametrize("thing", THINGS)
def test_nothing_in_the_folder_stops_anyone(thing: str, suffix: str, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    with ledger.locked():
        held = ledger.add("lease", 1, ("GPU-0",), 8000, "mine")
    name = held.path if suffix in {".root", ".idle", ".confirmed"} else ledger.folder / "x.lease"
    held.path.with_suffix(".root").unlink()
    THINGS[thing](name.with_suffix(suffix))
    with ledger.locked():
        (entry,) = ledger.leases()
        assert (entry.path, entry.record.label, entry.root()) == (held.path, "mine", None)
        assert ledger.tickets() == []
        assert ledger.next_seq() > 1
        assert isinstance(entry.idle, bool)


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, vs in WRONG.items() for v in vs])
def test_a_record_of_wrong_types_is_ignored_with_one_warning(
    key: str, value: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    file = ledger.folder / "x.lease"
    file.write_text(json.dumps({**GOOD, key: value}))
    with file.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_SH)
        with ledger.locked():
            assert [ledger.leases() for _ in range(3)] == [[], [], []]
    assert caplog.text.count("not a record that this version can read") == 1


def test_a_record_of_another_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    file = ledger.folder / "x.lease"
    older = {key: GOOD[key] for key in GOOD if key not in {"since", "max_jobs_per_gpu"}}
    file.write_text(json.dumps({**older, "newer": {"a": [1]}}))
    with file.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_SH)
        with ledger.locked():
            (entry,) = ledger.leases()
            assert (entry.record.mem_mb, entry.record.since) == (9000, 0)


def test_the_last_place_cannot_be_taken(tmp_path: Path) -> None:
    """Whoever writes himself the highest of all places pushes nobody beyond what is read."""
    ledger = Ledger(tmp_path / "ledger")
    file = ledger.folder / "x.lease"
    file.write_text(json.dumps({**GOOD, "seq": MOST - 1}))
    with file.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_SH)
        with ledger.locked():
            held = ledger.add("lease", ledger.next_seq(), ("GPU-0",), 8000, "mine")
            assert held.path in {entry.path for entry in ledger.leases()}


@pytest.mark.parametrize("thing", ["fifo", "folder", "socket", "dangling link", "link to a device"])
def test_a_lock_that_is_no_regular_file_is_named(thing: str, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    THINGS[thing](ledger.folder / "lock")
    with pytest.raises(LedgerError, match=r"ledger/lock .*ask its owner, \S+, to remove it"):
        ledger.locked().__enter__()


def test_marks_count_only_from_the_leases_owner(tmp_path: Path) -> None:
    if os.getuid():
        pytest.skip("only root can play two users")
    ledger = Ledger(tmp_path / "ledger")
    with ledger.locked():
        held = ledger.add("lease", 1, ("GPU-0",), 8000, "")
    entry = Entry(held.path, held.record)
    for name in ("idle", "confirmed"):
        mark = held.path.with_suffix(f".{name}")
        mark.touch()
        assert getattr(entry, name)
        os.chown(mark, 65534, 65534)
        assert not getattr(entry, name)


def test_the_user_is_the_files_owner_whatever_it_claims(
    host: Host, commands: Commands, tmp_path: Path
) -> None:
    if os.getuid():
        pytest.skip("only root can play two users")
    host.add_gpus(24000)
    ledger = Ledger(tmp_path / "ledger")
    file = ledger.folder / "x.lease"
    file.write_text(json.dumps({**GOOD, "user": "root", "uid": 0}))
    os.chown(file, 65534, 65534)
    with file.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_SH)
        (lease,) = commands.status()["gpus"][0]["leases"]
    assert lease["user"] == "nobody"


def test_status_prints_no_control_characters(
    host: Host, commands: Commands, tmp_path: Path
) -> None:
    host.add_gpus(24000)
    ledger = Ledger(tmp_path / "ledger")
    file = ledger.folder / "x.lease"
    file.write_text(json.dumps({**GOOD, "label": "\x1b[31mred\nGPU 1 \u202e free\x07\ud800"}))
    with file.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_SH)
        shown = commands.start(*GPULEASE, "status").communicate(timeout=60)[0]
    assert "?[31mred?GPU 1 ? free??" in shown
    assert all(letter.isprintable() for letter in shown.replace("\n", ""))


def test_what_is_printable_stays() -> None:
    assert printable("asr_chunk é 中文") == "asr_chunk é 中文"
    assert len(printable("x" * 1000)) == 200


def test_a_job_does_not_wait_at_a_fifo_in_its_leases_place(
    host: Host, commands: Commands, tmp_path: Path
) -> None:
    """Only the folder's owner can put one there; the shell refuses instead of hanging."""
    from gpulease.leases import Lease
    from gpulease.placement import Choice

    ledger = Ledger(tmp_path / "ledger")
    with ledger.locked():
        held = ledger.add("lease", 1, ("GPU-0",), 8000, "")
    lease = Lease((), held, Choice((), "", ()), lambda held: True)
    for path in (held.path.with_suffix(".root"), held.path):
        path.unlink()
        os.mkfifo(path)
        lease.note_root(os.getpid())
        for shell, bash in (("bash", True), ("sh", False)):
            prefix = lease.shell_prefix(bash=bash)
            done = commands.start(shell, "-c", prefix + "echo runs")
            out, _ = done.communicate(timeout=20)
            assert out == ("" if path == held.path else "runs\n"), shell
