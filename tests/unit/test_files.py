"""Files appear whole or not at all, and a job's log has everything that was said."""

import errno
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vat.errors import DiskError
from vat.files import (
    DamagedError,
    Record,
    atomic_path,
    read_json,
    scratch_folder,
    write_json,
    write_once,
    write_text,
)
from vat.timeline import Chunks


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "sub" / "a.flac"
    with atomic_path(target) as part:
        part.write_text("half")
        assert not target.exists()
        assert part.suffix == ".flac"
    assert target.read_text() == "half"
    assert list(target.parent.iterdir()) == [target]


@dataclass(frozen=True, slots=True)
class Inner(Record):
    pair: tuple[float, float]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Outer(Record):
    one: Inner
    several: tuple[Inner, ...]
    pairs: tuple[tuple[float, float], ...]
    facts: Mapping[str, Any]

    @property
    def length(self) -> int:
        return len(self.several)


def test_a_record_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    inner = Inner((0.1, 2.0))
    record = Outer(inner, (inner, Inner((1, 2), "x")), ((3.0, 4.0),), {"list": [1, {"a": None}]})
    record.write(tmp_path / "a.json")
    assert Outer.read(tmp_path / "a.json") == record
    assert read_json(tmp_path / "a.json") == {
        "one": {"pair": [0.1, 2.0], "name": None},
        "several": [{"pair": [0.1, 2.0], "name": None}, {"pair": [1, 2], "name": "x"}],
        "pairs": [[3.0, 4.0]],
        "facts": {"list": [1, {"a": None}]},
    }


def test_a_record_takes_its_own_keys_only() -> None:
    assert Inner.from_json({"pair": [1, 2], "unknown": 3}) == Inner((1, 2))
    with pytest.raises(TypeError, match="pair"):
        Inner.from_json({"name": "x"})


def test_a_failure_keeps_the_old_file_and_leaves_no_other(tmp_path: Path) -> None:
    target = tmp_path / "a"
    write_text(target, "old")
    with pytest.raises(OSError, match="full"), atomic_path(target) as part:  # noqa: PT012
        part.write_text("new")
        raise OSError("No space left on device: full")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    (tmp_path / f".part-{process.pid}-a.json").write_text("half")
    (tmp_path / f".part-{os.getpid()}-b.json").write_text("another file, still written")
    write_text(tmp_path / "a.json", "whole")
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", f".part-{os.getpid()}-b.json"}


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(OSError, match="No space left"), atomic_path(tmp_path / "a") as part:  # noqa: PT012
        part.symlink_to("/dev/full")
        part.write_text("x" * 100)
    assert list(tmp_path.iterdir()) == []


def test_json_keeps_characters_and_refuses_what_is_no_number(tmp_path: Path) -> None:
    value = {"text": "测试 🎬 \u2028 {x}", "list": [1, 2.5, None]}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value
    assert "测试" in (tmp_path / "a.json").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b.json", float("nan"))


def test_json_holds_names_that_are_no_utf8(tmp_path: Path) -> None:
    value = {os.fsdecode(b"caf\xe9 \\udc"): [os.fsdecode(b"\xc3\x28\xff"), "é \\udce9"]}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value
    assert "é" in (tmp_path / "a.json").read_bytes().decode("utf-8")


def test_a_name_without_room_for_a_prefix(tmp_path: Path) -> None:
    target = tmp_path / ("y" * 251 + ".srt")
    with atomic_path(target) as part:
        assert part.suffix == ".srt"
        part.write_text("whole")
        orphan = part.with_name(part.name.replace(str(os.getpid()), "999999999"))
        orphan.write_text("of a dead writer")
    with atomic_path(target) as part:
        assert not orphan.exists()
        part.write_text("again")
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.read_text() == "again"


def in_log(tmp_path: Path, body: str) -> tuple[int, str]:
    code = "from vat.jobs.log import job_log\nimport os, sys\nfrom vat.errors import VatError\n"
    code += f"with job_log({str(tmp_path / 'logs' / 'job.log')!r}):\n    {body}\n"
    status = subprocess.run([sys.executable, "-c", code], check=False).returncode
    return status, (tmp_path / "logs" / "job.log").read_text()


def test_a_log_has_what_children_and_native_code_say(tmp_path: Path) -> None:
    body = "os.system('echo child; echo error >&2'); os.write(2, b'native\\n'); print('python')"
    status, text = in_log(tmp_path, body)
    assert status == 0
    for word in ("child", "error", "native", "python"):
        assert word in text


def test_an_error_for_the_user_is_one_line(tmp_path: Path) -> None:
    status, text = in_log(tmp_path, "raise VatError('The file is empty; replace it.')")
    assert status == 1
    assert text.count("\n") == 1
    assert text.endswith("The file is empty; replace it.\n")


def test_a_bug_keeps_its_traceback(tmp_path: Path) -> None:
    status, text = in_log(tmp_path, "1 / 0")
    assert status == 1
    assert "ZeroDivisionError" in text
    assert "Traceback" in text
    assert os.linesep in text


def test_of_two_writers_the_first_stays(tmp_path: Path) -> None:
    assert write_once(tmp_path / "a/b.txt", "one\n")
    assert not write_once(tmp_path / "a/b.txt", "two\n")
    assert (tmp_path / "a/b.txt").read_text() == "one\n"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_without_links_a_file_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert write_once(tmp_path / "b.txt", "one\n")
    assert not write_once(tmp_path / "b.txt", "two\n")
    assert (tmp_path / "b.txt").read_text() == "one\n"
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]


def test_a_full_disk_is_named_with_what_is_missing(tmp_path: Path) -> None:
    with (
        pytest.raises(DiskError, match=r"The disk '.*' is full.* MB are missing\. Free"),
        atomic_path(tmp_path / "a", 10**15),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "\0\0", '"text"', "[1]", "{}"])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DamagedError, match=r"a\.json' is damaged.*run again"):
        Chunks.read(tmp_path / "a.json")
    with pytest.raises(DamagedError, match="is missing"):
        Chunks.read(tmp_path / "b.json")


def test_the_scratch_folder_of_a_killed_process_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = (
        "import os, signal\nfrom vat.files import scratch_folder\n"
        "with scratch_folder() as folder:\n"
        "    (folder / 'file').touch()\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    (left,) = tmp_path.iterdir()
    strange = tmp_path / "vat-scratch-link"
    strange.symlink_to(tmp_path)
    with scratch_folder() as young:
        assert left.is_dir(), "it may have a process that has not locked it yet"
        for folder in (left, young):
            os.utime(folder, (0, 0))
        with scratch_folder() as folder:
            assert {*tmp_path.iterdir()} == {young, folder, strange}
    assert [*tmp_path.iterdir()] == [strange]
