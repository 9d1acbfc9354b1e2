"""The ffmpeg program: where it is, and how it is run."""

import logging
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import IO, Final

from vat.errors import ConfigError, VatError
from vat.jobs.log import PROGRESS
from vat.jobs.processes import die_with_parent
from vat.jobs.progress import PROGRESS_SECONDS

logger = logging.getLogger(__name__)

LOCAL_ONLY: Final = ("-protocol_whitelist", "file,crypto,data")
"""Stands before a local input: a playlist in disguise must not open the network."""

OLDEST: Final = 9
"""Earlier versions write other times into Matroska than those that they are given: with 6.0, 7.0.2
and 8.0, two of the demo's three videos are refused, as their subtitles are 23 ms early."""

_VERSION: Final = re.compile(r"ffmpeg version n?(\d+)\.")
_VERSION_SECONDS: Final = 20.0

_KEPT_LINES = 3

_SPEAKER: Final = re.compile(r"^(?:\[[^]]* @ 0x[0-9a-f]+\] ?)+")
_HOLLOW: Final = re.compile(
    r"Task finished with|Terminating thread|Conversion failed|Error (?:muxing|submitting|writing)"
    r"|Last message repeated|Error sending frames|Nothing was written|Could not write header"
    r"|This is deprecated|Error opening output"
)
"""What ffmpeg says of itself after it has said what is wrong."""


class FfmpegError(VatError):
    """ffmpeg ended with an error; the message tells why, and `said` is all that it said."""

    def __init__(self, message: str, said: str = "") -> None:
        """Take the sentence and the whole output."""
        super().__init__(message)
        self.said = said


def ffmpeg_path(choice: str) -> str:
    """The program's absolute path for "bundled", "system" or a path of its own.

    Raises:
        ConfigError: where there is none, or one that is too old.
    """
    if choice == "bundled":
        from imageio_ffmpeg import get_ffmpeg_exe

        try:
            return str(get_ffmpeg_exe())
        except RuntimeError:
            raise ConfigError(
                "The installation has no ffmpeg for this machine; set ffmpeg to system, where there"
                f" is one of version {OLDEST} or newer."
            ) from None
    found = shutil.which("ffmpeg" if choice == "system" else str(Path(choice).expanduser()))
    if found is None:
        raise ConfigError(
            f"There is no ffmpeg at '{choice}'; set ffmpeg to bundled, system, or the path of one."
        )
    _check_version(found)
    return found


def _check_version(ffmpeg: str) -> None:
    """See that a program is ffmpeg and not too old; the number of a nightly build is not known."""
    try:
        command = [ffmpeg, "-hide_banner", "-version"]
        said = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VERSION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise ConfigError(f"'{ffmpeg}' does not run; set ffmpeg to bundled.") from None
    if not said.stdout.startswith("ffmpeg version"):
        raise ConfigError(f"'{ffmpeg}' is no ffmpeg; set ffmpeg to bundled.")
    version = _VERSION.match(said.stdout)
    if version and int(version[1]) < OLDEST:
        raise ConfigError(
            f"The ffmpeg at '{ffmpeg}' is version {version[1]}, and results need {OLDEST} or newer:"
            " earlier ones shift subtitles; set ffmpeg to bundled."
        )


def run_ffmpeg(
    arguments: Sequence[str],
    *,
    ffmpeg: str,
    cwd: Path | None = None,
    total_seconds: float | None = None,
    task: str = "ffmpeg",
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run ffmpeg and return what it wrote to stderr; log percent, speed and time left meanwhile.

    `total_seconds` is the length of the output, by which percents are counted; `task` says in the
    progress what is being done. `environment` is added to the process's own.

    Raises:
        FfmpegError: where it ends with an error, with the reason.
    """
    command = [ffmpeg, "-hide_banner", "-nostdin", "-y", "-v", "warning", "-nostats"]
    command += ["-progress", "pipe:1", *arguments]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as messages,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=messages,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            text=True,
            errors="replace",
            # One system call and no lock of Python's, so that other threads do not matter.
            preexec_fn=die_with_parent,  # noqa: PLW1509
        ) as process,
    ):
        if process.stdout is not None:
            _follow(process.stdout, total_seconds, task)
        status = process.wait()
        messages.seek(0)
        said = messages.read()
    lines = list(dict.fromkeys(line.strip() for line in said.splitlines() if line.strip()))
    if lines:
        logger.info("output of ffmpeg:\n%s", "\n".join(lines))
    if status != 0:
        raise FfmpegError(_reason(lines, status), said)
    return said


def _reason(lines: Sequence[str], status: int) -> str:
    """Why ffmpeg failed, in its own words, without the parts of the program that say so."""
    plain = dict.fromkeys(_SPEAKER.sub("", line) for line in lines)
    said = [line for line in plain if line and not _HOLLOW.search(line)]
    return " / ".join(said[:_KEPT_LINES]) or f"ffmpeg failed with the status {status}"


def complaint(arguments: Sequence[str], *, ffmpeg: str, limit_seconds: float) -> str | None:
    """What ffmpeg says against a trial of something that may not work; None where it works."""
    try:
        done = subprocess.run(
            [ffmpeg, "-hide_banner", "-nostdin", "-y", "-v", "error", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=limit_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {limit_seconds:.0f} s"
    if done.returncode == 0:
        return None
    return done.stderr.strip() or f"status {done.returncode}"


def _follow(progress: IO[str], total_seconds: float | None, task: str) -> None:
    """Read ffmpeg's progress to its end and log a line every few seconds."""
    last = time.monotonic()
    done, speed = 0.0, 0.0
    for line in progress:
        key, _, value = line.strip().partition("=")
        if key == "out_time_us" and value.lstrip("-").isdecimal():
            done = int(value) / 1e6
        elif key == "speed" and (match := re.match(r"[\d.]+", value)):
            speed = float(match[0])
        elif key == "progress" and time.monotonic() - last >= PROGRESS_SECONDS:
            last = time.monotonic()
            PROGRESS.info("%s: %s", task, progress_line(done, speed, total_seconds))


def progress_line(done: float, speed: float, total_seconds: float | None) -> str:
    """What has been done, in words; `done` in seconds of media, `speed` in multiples of real time.

    The time left is left out while ffmpeg knows no speed yet.
    """
    pace = f"{speed:.1f} times real time"
    if not total_seconds:
        return f"{done:.0f} s done, {pace}"
    percent = f"{min(100.0, 100 * done / total_seconds):.0f} % done, {pace}"
    if not speed:
        return percent
    left = timedelta(seconds=round(max(0.0, total_seconds - done) / speed))
    return f"{percent}, {left} left"
