"""Runs that are killed, however: the same command goes on, and nothing is done twice at a time."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers.workflow import Workflow, demo
from vat.jobs.processes import descendants, kill_tree


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it never came to that"
        time.sleep(0.02)


@pytest.fixture
def start(root: Path, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    started = []

    def begin() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "snakemake", "--directory", str(tmp_path), *demo()]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(
            command, cwd=root, stdout=quiet, stderr=quiet, start_new_session=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        kill_tree(process.pid)
        process.wait()


def scripts(directory: Path) -> list[int]:
    """The jobs that run in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            here = (process / "cwd").readlink() == directory
        except OSError:
            continue
        if here and b".snakemake/scripts" in command:
            found.append(int(process.name))
    return found


def test_the_jobs_of_a_killed_run_end_and_the_same_command_goes_on(
    start: Callable[[], subprocess.Popen[bytes]], workflow: Workflow, tmp_path: Path
) -> None:
    process = start()
    until(lambda: scripts(tmp_path))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until(lambda: not scripts(tmp_path), 10)
    assert list((tmp_path / ".snakemake/locks").glob("*.lock"))
    run = workflow(tmp_path, *demo("--until", "download"))
    assert run.status == 0, run.output
    assert "its locks are removed" in run.output
    assert not list((tmp_path / ".snakemake/vat/runs").iterdir())


def test_jobs_that_were_stopped_are_ended_by_the_next_run(
    start: Callable[[], subprocess.Popen[bytes]], workflow: Workflow, tmp_path: Path
) -> None:
    process = start()
    until(lambda: scripts(tmp_path))
    stopped = scripts(tmp_path)
    for job in stopped:
        os.kill(job, signal.SIGSTOP)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert set(scripts(tmp_path)) >= set(stopped)
    run = workflow(tmp_path, *demo("--until", "download"))
    assert run.status == 0, run.output
    assert not scripts(tmp_path)


def test_a_run_at_work_keeps_its_locks(
    start: Callable[[], subprocess.Popen[bytes]], workflow: Workflow, tmp_path: Path
) -> None:
    start()
    until(lambda: scripts(tmp_path))
    locks = set((tmp_path / ".snakemake/locks").glob("*.lock"))
    run = workflow(tmp_path, *demo())
    assert run.status != 0
    assert "cannot be locked" in run.output
    assert locks <= set((tmp_path / ".snakemake/locks").glob("*.lock"))


def test_the_end_of_the_terminal_is_a_wish_to_end(
    start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = start()
    until(lambda: scripts(tmp_path))
    family = list(descendants(process.pid))
    os.kill(process.pid, signal.SIGHUP)
    assert process.wait(60) != -signal.SIGHUP
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), 10)
    assert not list((tmp_path / ".snakemake/locks").glob("*.lock"))
    assert not list(tmp_path.rglob(".part-*"))


def test_damaged_results_are_made_anew(
    workflow: Workflow, finished_demo: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished_demo, copy, symlinks=True)
    (words,) = list(copy.glob("results/clean-*/words/0001.json"))
    (cues,) = list(copy.glob("results/clean-*/subtitles/zh.json"))
    (record,) = list(copy.glob("results/delivery/.vat/clean-*.json"))
    whole = {path: path.read_bytes() for path in (cues, record)}
    words.write_bytes(b"")
    cues.write_bytes(whole[cues][:40])
    record.write_bytes(b"\0" * 20)
    run = workflow(copy, *demo())
    assert run.status == 0, run.output
    assert "Traceback" not in run.output
    assert f"{words.name}' is damaged" in run.output
    assert f"{cues.name}' is damaged" in run.output
    # No job needs the words again.
    assert words.with_name("0001.json.damaged").exists()
    assert run.jobs()["translate"] == 1
    assert "asr_chunk" not in run.jobs()
    assert {path: path.read_bytes() for path in whole} == whole
