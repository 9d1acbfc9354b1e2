"""Locks go only where it is sure that their run is dead."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vat.jobs.processes import RUN_VARIABLE, Process, descendants, kill_tree, started
from vat.planning.killed_runs import Mark, Runs
from vat.planning.leftovers import set_damaged_aside


@pytest.fixture(autouse=True)
def _own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_VARIABLE, "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    locks = tmp_path / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("results/a\n")
    return tmp_path / ".snakemake"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        yield process
        kill_tree(process.pid)


def mark(folder: Path, process: Process, *, remote: bool = False) -> Path:
    path = folder / "vat" / "runs" / "1.json"
    Mark(process, remote).write(path)
    return path


def is_locked(folder: Path) -> bool:
    return bool(list((folder / "locks").iterdir()))


def dead() -> Process:
    return replace(Process.own(), started=1)


def test_locks_of_a_dead_run_go(folder: Path) -> None:
    path = mark(folder, dead())
    os.utime(path, (0, time.time() - 60))
    Runs(folder).enter()
    assert not is_locked(folder)
    assert not path.exists()


def test_locks_of_an_earlier_start_of_the_host_go(folder: Path) -> None:
    mark(folder, replace(Process.own(), boot="another"))
    Runs(folder).enter()
    assert not is_locked(folder)


@pytest.mark.parametrize("change", [{}, {"host": "another"}, {"namespace": "pid:[1]"}])
def test_locks_of_a_run_that_may_be_alive_stay(folder: Path, change: dict[str, Any]) -> None:
    mark(folder, replace(Process.own(), **change))
    Runs(folder).enter()
    assert is_locked(folder)


def test_locks_stay_while_jobs_may_run_elsewhere(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mark(folder, dead(), remote=True)
    Runs(folder).enter()
    assert is_locked(folder)
    assert "--unlock" in caplog.text


def test_locks_that_nobody_has_marked_stay(folder: Path) -> None:
    Runs(folder).enter()
    assert is_locked(folder)


def test_locks_that_are_older_than_the_run_stay(folder: Path) -> None:
    os.utime(folder / "locks" / "0.output.lock", (0, time.time() - 3600))
    mark(folder, dead())
    Runs(folder).enter()
    assert is_locked(folder)


def test_a_damaged_mark_is_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    mark(folder, dead()).write_bytes(b"\0\0")
    Runs(folder).enter()
    assert is_locked(folder)
    assert "1.json' is damaged" in caplog.text


def test_a_run_has_a_mark_of_its_own(folder: Path) -> None:
    runs = Runs(folder)
    runs.enter()
    (path,) = (folder / "vat" / "runs").iterdir()
    assert Mark.read(path).process.runs() is True
    assert os.environ[RUN_VARIABLE].split()[0] == str(os.getpid())
    runs.submit()
    assert Mark.read(path).remote


def test_a_tree_of_processes_is_killed(sleeper: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 10
    while not (family := list(descendants(sleeper.pid))):
        assert time.monotonic() < limit
    kill_tree(sleeper.pid)
    sleeper.wait()
    while any(started(pid) for pid in family):
        assert time.monotonic() < limit
    assert started(sleeper.pid) is None


def test_only_damaged_files_are_set_aside(tmp_path: Path) -> None:
    texts = {"a": "", "b": '{"a": [1', "c": "\0" * 9, "d": "[]\n", "e": json.dumps({"a": 1})}
    (tmp_path / "words").mkdir()
    for name, text in texts.items():
        (tmp_path / "words" / f"{name}.json").write_text(text)
    set_damaged_aside([tmp_path, tmp_path / "none"])
    left = {path.name for path in (tmp_path / "words").iterdir()}
    assert left == {"a.json.damaged", "b.json.damaged", "c.json.damaged", "d.json", "e.json"}
