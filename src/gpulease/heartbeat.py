"""Whether those who wait still look: only they may keep memory from others.

A job that waits touches its ticket at every look. One that was stopped (Ctrl-Z), swapped out or
hangs does not, and must not keep a GPU empty.
"""

import os
import time
from contextlib import suppress
from typing import Final

import psutil

FRESH_S: Final = 60.0
"""Seconds without a sign of life after which a place binds nobody: three of them were left out."""

_SUSPECT_S: Final = 3.0
"""Seconds without a look after which it is worth asking whether the process is stopped."""

# Start times come in ticks of 10 ms and file times from a clock that can be set.
_SLACK_S: Final = 2.0


def beat(fd: int) -> None:
    """Tell that whoever holds this ticket has just looked."""
    # Where it cannot be told, the place is lost and nothing else.
    with suppress(OSError):
        os.utime(fd)


def is_looking(touched: float, pid: int, asked: float) -> bool:
    """Whether the holder of a ticket looked within a minute, and is not stopped.

    Args:
        touched: when the ticket was last touched, in seconds since 1970.
        pid: the process that wrote it.
        asked: when it did, in seconds since 1970.
    """
    # A time to come is no sign of life: the clock was set back, or somebody wrote it.
    silent_s = abs(time.time() - touched)
    if silent_s > FRESH_S:
        return False
    return silent_s < _SUSPECT_S or not is_stopped(pid, asked)


def is_stopped(pid: int, known_since: float | None = None) -> bool:
    """Whether a process is stopped by a signal.

    Args:
        pid: its number, as it is counted here.
        known_since: a time at which it ran, in seconds since 1970: a process that started later
            has the number second-hand.
    """
    if not _shows_stopped(pid):
        return False
    with suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        if known_since is None or process.create_time() <= known_since + _SLACK_S:
            return process.status() == psutil.STATUS_STOPPED
    return False


def _shows_stopped(pid: int) -> bool:
    """A look that costs little: hundreds are asked about, and hardly one is."""
    with suppress(OSError):
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(fd, 4096).rpartition(b")")[2].split()[:1] == [b"T"]
        finally:
            os.close(fd)
    return False
