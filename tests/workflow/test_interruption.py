"""A run that is killed is finished by the same command, and repeats no finished work."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.helpers.workflow import Workflow, demo


def start(root: Path, directory: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "snakemake", "--directory", str(directory), *one_video()]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=root, stdout=quiet, stderr=quiet, start_new_session=True)


def one_video(*arguments: str) -> list[str]:
    """The demo with the video that has the most chunks."""
    return demo(*arguments, "--config", "videos=demo/clean.mp4")


def words(directory: Path) -> dict[Path, int]:
    found = directory.glob("results/*/words/????.json")
    return {path: path.stat().st_mtime_ns for path in found}


def test_a_killed_run_goes_on_where_it_was(root: Path, workflow: Workflow, tmp_path: Path) -> None:
    process = start(root, tmp_path)
    limit = time.monotonic() + 120
    while len(words(tmp_path)) < 2 and time.monotonic() < limit:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = words(tmp_path)
    assert len(before) >= 2
    lock = workflow(tmp_path, *one_video("--unlock"))
    assert lock.status == 0, lock.output
    run = workflow(tmp_path, *one_video())
    assert run.status == 0, run.output
    after = words(tmp_path)
    assert len(after) > len(before)
    # The job that was running when the kill came is the only one that may be repeated.
    repeated = [path for path in before if after[path] != before[path]]
    assert len(repeated) <= 1
    assert not list(tmp_path.rglob(".part-*"))


def test_ctrl_c_says_that_the_same_command_goes_on(
    root: Path, workflow: Workflow, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "snakemake", "--directory", str(tmp_path), *one_video()]
    process = subprocess.Popen(
        command,
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    limit = time.monotonic() + 120
    while not list(tmp_path.glob("results/*/media.json")) and time.monotonic() < limit:
        time.sleep(0.05)
    # What the terminal does: all that runs in the foreground is told.
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Stopped; the same command goes on." in said
    assert "Videos: 0 done, 0 failed, 1 waiting." in said
    assert "To go on: snakemake --directory" in said
    assert "Traceback" not in said
    assert "FAILED" not in said
    summary = json.loads((tmp_path / "results/summary.json").read_text("utf-8"))
    assert [one["state"] for one in summary["videos"]] == ["waiting"]
    again = workflow(tmp_path, *one_video())
    assert again.status == 0, again.output
