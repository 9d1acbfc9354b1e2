"""Long work says how far it is, in the log and on a terminal."""

import logging
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.media import FFMPEG, make_video
from vat.errors import ConfigError
from vat.jobs import log
from vat.media.ffmpeg import FfmpegError, ffmpeg_path, progress_line, run_ffmpeg

ENCODE = """
import sys, vat.media.ffmpeg, vat.jobs.log
vat.media.ffmpeg.PROGRESS_SECONDS = vat.jobs.log.TERMINAL_SECONDS = 0.3
with vat.jobs.log.job_log(sys.argv[1]):
    print("of the job itself")
    vat.media.ffmpeg.run_ffmpeg(
        ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x48:d=2", "-f", "null", "-"],
        ffmpeg=sys.argv[2], total_seconds=2.0, task="embed a\\x1b[31m\\nb.mkv",
    )
"""
PROGRESS = r"embed a.*?b\.mkv: \d+ % done, \d\.\d times real time, 0:00:0\d left"


@pytest.mark.parametrize(
    ("done", "speed", "total", "line"),
    [
        (30, 2.0, 120, "25 % done, 2.0 times real time, 0:00:45 left"),
        (0, 0.0, 120, "0 % done, 0.0 times real time"),
        (121, 2.0, 120, "100 % done, 2.0 times real time, 0:00:00 left"),
        (10, 0.5, 7210, "0 % done, 0.5 times real time, 4:00:00 left"),
        (30, 2.0, None, "30 s done, 2.0 times real time"),
    ],
)
def test_progress_in_words(done: float, speed: float, total: float | None, line: str) -> None:
    assert progress_line(done, speed, total) == line


def test_the_log_and_a_terminal_show_progress(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    log = tmp_path / "job.log"
    command = [sys.executable, "-c", ENCODE, str(log), FFMPEG]
    subprocess.run(command, stdout=theirs, stderr=theirs, check=True)
    os.close(theirs)
    os.set_blocking(ours, False)
    terminal = os.read(ours, 100_000).decode()
    os.close(ours)
    assert len(re.findall(PROGRESS, log.read_text(), re.DOTALL)) >= 2
    assert re.search(PROGRESS, terminal)
    assert "of the job itself" not in terminal
    # A hostile name must not steer the terminal.
    assert "\x1b" not in terminal


def test_without_a_terminal_nothing_leaves_the_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENCODE, str(tmp_path / "job.log"), FFMPEG]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout + done.stderr == b""


def test_a_terminal_that_is_gone_stops_no_job(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ours, theirs = pty.openpty()
    handler = log._Terminal(theirs)
    handler.last -= log.TERMINAL_SECONDS
    os.close(ours)
    os.close(theirs)
    log.PROGRESS.addHandler(handler)
    log.PROGRESS.info("half")
    assert handler not in log.PROGRESS.handlers
    assert "the terminal is gone" in caplog.text


def test_a_failure_says_what_ffmpeg_said_last() -> None:
    with pytest.raises(FfmpegError, match=r"nowhere\.mkv.*No such file"):
        run_ffmpeg(["-i", "file:nowhere.mkv", "-f", "null", "-"], ffmpeg=FFMPEG)


def test_where_ffmpeg_is() -> None:
    assert ffmpeg_path("bundled") == FFMPEG
    assert ffmpeg_path(FFMPEG) == FFMPEG
    with pytest.raises(ConfigError, match="no ffmpeg at '/no/such'"):
        ffmpeg_path("/no/such")


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ("ffmpeg version 5.1.9-0+deb12u1 Copyright", "version 5, and results need 9 or newer"),
        ("ffmpeg version n8.0-23-gd1f31a8 Copyright", "set ffmpeg to bundled"),
        ("ffmpeg version 10.1 Copyright", ""),
        ("ffmpeg version N-121938-g8f9e1b7 Copyright", ""),
        ("avconv", "is no ffmpeg"),
    ],
)
def test_an_ffmpeg_that_shifts_subtitles_is_refused(tmp_path: Path, says: str, fault: str) -> None:
    own = tmp_path / "ffmpeg"
    own.write_text(f"#!/bin/sh\necho '{says}'\n")
    own.chmod(0o700)
    if not fault:
        assert ffmpeg_path(str(own)) == str(own)
        return
    with pytest.raises(ConfigError, match=fault):
        ffmpeg_path(str(own))
    own.write_bytes(b"\x7fELF")
    with pytest.raises(ConfigError, match="does not run"):
        ffmpeg_path(str(own))


def test_a_failure_is_told_without_the_parts_of_the_program(tmp_path: Path) -> None:
    source = make_video(tmp_path / "v.mkv", 1)
    with pytest.raises(FfmpegError) as error:
        run_ffmpeg(["-i", str(source), "-c:v", "copy", str(tmp_path / "x.ogg")], ffmpeg=FFMPEG)
    assert "nsupported codec" in str(error.value)
    for word in ("0x", "Task finished", "Conversion failed", "["):
        assert word not in str(error.value)
    assert "0x" in error.value.said
