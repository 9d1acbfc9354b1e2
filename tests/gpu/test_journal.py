"""The journal: one line for each lease that ended, none lost, none twice, none of another's."""

import errno
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpulease import journal
from gpulease.journal import Ended, append, parse, read_journal
from gpulease.ledger import Ledger
from gpulease.pool import Pool
from gpulease.usage import Book, read_book, write_book

ME = os.getuid()
ONE = Ended("a", "run 1", "asr", ("GPU-0",), 8000, 8000.0, 100.0, 101.0, 101.0)


def raw_lines(folder: Path) -> list[str]:
    files = folder.glob("journal-*")
    return [line for file in files for line in file.read_text().split("\n") if line]


def names(folder: Path) -> list[str]:
    return [ended.lease for _, ended in read_journal(folder)]


def end_lease(ledger: Ledger, *, died: bool = False) -> str:
    with ledger.locked():
        held = ledger.add("lease", ledger.next_seq(), ("GPU-0",), 8000, "asr", waited_s=2.5)
    held.let_go()
    with ledger.locked():
        assert ledger.leases() == [] if died else ledger.clear(held)
    return held.path.stem


@pytest.mark.parametrize("died", [True, False])
def test_a_lease_that_ended_is_told_once(died: bool, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    name = end_lease(ledger, died=died)
    with ledger.locked():
        assert ledger.leases() == []
    ((uid, ended),) = read_journal(ledger.folder)
    assert (uid, ended.lease, ended.gpus, ended.mem_mb) == (ME, name, ("GPU-0",), 8000)
    assert (ended.label, ended.waited_s) == ("asr", 2.5)
    assert ended.start <= ended.seen <= ended.time <= time.time()
    assert died or ended.unsure_s == 0
    assert json.loads(raw_lines(ledger.folder)[0])["event"] == "ended"


def test_no_line_for_one_that_waited(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    with ledger.locked():
        held = ledger.add("ticket", 1, (), 8000, "")
    held.let_go()
    with ledger.locked():
        assert ledger.tickets() == []
    assert raw_lines(ledger.folder) == []


def test_a_lease_whose_file_was_removed_is_told_by_its_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GPULEASE_DIR", raising=False)
    pool = Pool(str(tmp_path / "ledger"), {})
    with pool.ledger.locked():
        held = pool.ledger.add("lease", 1, ("GPU-0",), 8000, "")
    held.path.unlink()
    assert pool.end(held)
    assert names(pool.ledger.folder) == [held.path.stem]


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_whoever_dies_while_writing_leaves_it_to_the_next(cut: int, tmp_path: Path) -> None:
    """Half a line is not a line, and spoils none after it."""
    append(tmp_path, ME, ONE)
    file = tmp_path / f"journal-{ME}.jsonl"
    file.write_bytes(file.read_bytes()[:-cut])
    append(tmp_path, ME, replace(ONE, lease="b"))
    append(tmp_path, ME, ONE)
    append(tmp_path, ME, ONE)
    assert sorted(names(tmp_path)) == ["a", "b"]
    assert sum('"lease": "a"' in line and bool(parse(line.encode())) for line in
               raw_lines(tmp_path)) == 1  # fmt: skip


def test_on_a_full_disk_the_record_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path / "ledger")
    end_lease(ledger)
    before = raw_lines(ledger.folder)
    write = os.write

    def fill(fd: int, data: bytes) -> int:
        return write(fd, data[:10])

    with monkeypatch.context() as full:
        full.setattr(os, "write", fill)
        name = end_lease(ledger, died=True)
    assert raw_lines(ledger.folder) == before
    assert (ledger.folder / f"{name}.lease").exists()
    with ledger.locked():
        assert ledger.leases() == []
    assert len(names(ledger.folder)) == 2
    assert not (ledger.folder / f"{name}.lease").exists()


@pytest.mark.parametrize("thing", ["fifo", "folder", "link", "second name", "of another"])
def test_what_is_no_journal_of_the_user_is_not_written(thing: str, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    place, precious = ledger.folder / f"journal-{ME}.jsonl", tmp_path / "precious"
    precious.write_text("mine\n")

    def touch_for_another() -> None:
        place.touch()
        os.chown(place, 65534, 65534)

    things: dict[str, Callable[[], object]] = {
        "fifo": lambda: os.mkfifo(place),
        "folder": place.mkdir,
        "link": lambda: place.symlink_to(precious),
        "second name": lambda: place.hardlink_to(precious),
        "of another": touch_for_another,
    }
    if thing == "of another" and ME:
        pytest.skip("only root can play two users")
    things[thing]()
    name = end_lease(ledger, died=True)
    assert precious.read_text() == "mine\n"
    assert not (ledger.folder / f"{name}.lease").exists()
    assert names(ledger.folder) == []


WRONG: dict[str, list[object]] = {
    "lease": [None, 7], "gpus": ["GPU", [1], ["x"] * 2000, None], "mem_mb": [-1, "8", 1 << 60],
    "start": [102.0, -1, "now", None], "seen": [99.0, 102.0], "time": [1e300, float("nan")],
    "waited_s": [-1.0], "mb_s": [-1.0, float("inf")], "energy_j": [[1.0, 2.0], ["x"], 5],
}  # fmt: skip


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, vs in WRONG.items() for v in vs])
def test_lines_that_cannot_be_are_ignored(key: str, value: object, tmp_path: Path) -> None:
    append(tmp_path, ME, ONE)
    with (tmp_path / f"journal-{ME}.jsonl").open("a") as file:
        file.write(json.dumps({**asdict(ONE), "lease": "b", key: value}) + "\n")
    assert names(tmp_path) == ["a"]


@given(st.binary(max_size=300))
def test_no_line_stops_the_reader(line: bytes) -> None:
    assert parse(line) is None or isinstance(parse(line), Ended)


def test_the_user_is_the_owner_of_the_file_whatever_its_name(tmp_path: Path) -> None:
    append(tmp_path, ME, ONE)
    mine = tmp_path / f"journal-{ME}.jsonl"
    (tmp_path / f"journal-{ME + 1}.jsonl").write_bytes(mine.read_bytes())
    assert [uid for uid, _ in read_journal(tmp_path)] == [ME]


def test_old_lines_go_with_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LARGEST", 2000)
    monkeypatch.setattr(journal, "KEPT", 3)
    for number in range(60):
        assert append(tmp_path, ME, replace(ONE, lease=f"{number:03}"))
        # Once more, as by one who died before it could remove the record.
        assert append(tmp_path, ME, replace(ONE, lease=f"{number:03}"))
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [f"journal-{ME}.jsonl{end}" for end in ("", ".1", ".2", ".3")]
    assert all(path.stat().st_size < 3000 for path in tmp_path.iterdir())
    kept = sorted(names(tmp_path))
    assert kept == [f"{number:03}" for number in range(60 - len(kept), 60)]
    assert len(raw_lines(tmp_path)) == len(kept) >= 15


def test_of_a_user_only_he_and_root_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others leave the record; that they missed it is in the book, and the line tells it."""
    ledger = Ledger(tmp_path / "ledger")
    now = time.time()
    ledger.clock = lambda: now
    with ledger.locked():
        held = ledger.add("lease", 1, ("GPU-0",), 8000, "")
    book = Book(time=now + 10, seen={held.path.stem: (ME, "", 1.0)})
    held.let_go()
    with monkeypatch.context() as other, ledger.locked():
        other.setattr(os, "getuid", lambda: ME + 1)
        assert ledger.leases() == []
    book.charge([], now + 20)
    write_book(ledger.folder, book)
    assert names(ledger.folder) == []
    ledger.clock = lambda: now + 5000
    with ledger.locked():
        assert ledger.leases() == []
    ((_, ended),) = read_journal(ledger.folder)
    assert ended.end - ended.start == pytest.approx(15, abs=0.01)
    assert ended.unsure_s == pytest.approx(5, abs=0.01)
    write_book(ledger.folder, book)
    assert read_book(ledger.folder).gone == {}


def test_roots_line_is_in_the_users_file(tmp_path: Path) -> None:
    if ME:
        pytest.skip("only root can play two users")
    assert append(tmp_path, 65534, ONE)
    assert append(tmp_path, 65534, replace(ONE, lease="b"))
    assert (tmp_path / "journal-65534.jsonl").stat().st_uid == 65534
    assert [uid for uid, _ in read_journal(tmp_path)] == [65534, 65534]


def test_trouble_that_does_not_pass_keeps_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(journal, "_write", refuse)
    assert append(tmp_path, ME, ONE)
    monkeypatch.setattr(journal, "_write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        append(tmp_path, ME, ONE)


def lease_for_ever(folder: Path, told: Path) -> None:
    """Lease and give back; the name of each lease is told before it is given back."""
    ledger = Ledger(folder)
    fd = os.open(told, os.O_WRONLY | os.O_APPEND)
    while True:
        with ledger.locked():
            ledger.leases()
            held = ledger.add("lease", ledger.next_seq(), ("GPU-0",), 8000, "")
            os.write(fd, f"{held.path.stem}\n".encode())
        held.let_go()
        with ledger.locked():
            ledger.clear(held)


def test_under_kills_no_line_is_lost_and_none_is_twice(tmp_path: Path) -> None:
    chance = random.Random(7)
    told, folder = tmp_path / "told", tmp_path / "ledger"
    told.touch()
    ledger = Ledger(folder)

    def start() -> BaseProcess:
        job = get_context("fork").Process(target=lease_for_ever, args=(folder, told), daemon=True)
        job.start()
        return job

    jobs = [start() for _ in range(3)]
    for _ in range(40):
        before, deadline = told.stat().st_size, time.monotonic() + 30
        while told.stat().st_size == before:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.01))
        place = chance.randrange(len(jobs))
        jobs[place].kill()
        jobs[place].join()
        jobs[place] = start()
    for job in jobs:
        job.kill()
        job.join()
    with ledger.locked():
        assert ledger.leases() == []
    lines = [ended for line in raw_lines(folder) if (ended := parse(line.encode()))]
    counted = Counter(ended.lease for ended in lines)
    given_out = set(told.read_text().split())
    assert len(given_out) >= 40
    assert given_out <= set(counted)
    assert set(counted.values()) == {1}


def test_what_is_not_counted_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    lease = end_lease(ledger)
    with (ledger.folder / f"journal-{ME}.jsonl").open("ab") as file:
        file.write(b"garbage\n\xff\n")
    assert names(ledger.folder) == [lease]
    assert "2 of 3 lines" in caplog.text

    def refuse(path: Path, uid: int, flags: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(journal, "_open", refuse)
    assert names(ledger.folder) == []
    assert "cannot be read (Permission denied), and its leases are not counted" in caplog.text
