"""A folder is watched: whole files are subtitled at once, half-copied ones wait."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.workflow import silent_video
from vat.files import read_json

WAIT_SECONDS = 150


def until(what: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not what():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.2)


@pytest.mark.long
def test_new_files_are_subtitled_and_told_of_once(root: Path, tmp_path: Path) -> None:
    folder, told, log = tmp_path / "in", tmp_path / "told", tmp_path / "log"
    whole = silent_video(tmp_path / "made" / "late.mkv", 6).read_bytes()
    meanwhile = silent_video(tmp_path / "made" / "meanwhile.mkv", 6)
    silent_video(folder / "early.mkv", 6)
    command = [sys.executable, "-m", "vat_command.cli", "watch", "in", "--to", "none"]
    command += ["--configfile", str(root / "config/demo.yaml"), "--every", "1"]
    command += ["--on-video-done", f'echo "$VAT_NAME" >>{told}']
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=output, stderr=output
        )
    try:
        half = folder / "late.mkv"
        with half.open("wb") as file:
            file.write(whole[: len(whole) // 2])
            file.flush()
            until(lambda: "a run begins" in log.read_text(), process, log)
            locks = tmp_path / ".snakemake/locks"
            until(lambda: any(locks.glob("*.output.lock")), process, log)
            meanwhile.rename(folder / "meanwhile.mkv")
            until(lambda: "a run begins beside" in log.read_text(), process, log)
            assert not told.exists(), "the first run is at work"
            until(lambda: told.exists() and told.read_text().count("\n") == 2, process, log)
            assert set(told.read_text().split()) == {"early.mkv", "meanwhile.mkv"}
            record = next((tmp_path / "results").glob("early-*/delivery.json"))
            before = record.stat().st_mtime_ns
            # Open for writing, so that it is no part of the run.
            assert not list((tmp_path / "results").glob("late-*"))
            file.write(whole[len(whole) // 2 :])
        until(lambda: told.read_text().count("\n") == 3, process, log)
        assert told.read_text().split()[2:] == ["late.mkv"]
        assert record.stat().st_mtime_ns == before
        assert (tmp_path / "results/delivery/late.mkv").is_file()
        time.sleep(3)
        begun = log.read_text().count("a run begins")
        names = {one["name"] for one in read_json(tmp_path / "results/summary.json")["videos"]}
        assert names == {"early.mkv", "meanwhile.mkv", "late.mkv"}
        time.sleep(3)
        assert log.read_text().count("a run begins") == begun, "finished ones are done once"
        other = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert other.returncode == 2
        assert "Another vat watch" in other.stderr
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
    assert status == 0, log.read_text()
