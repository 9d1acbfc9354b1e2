"""Waking those who wait, each by a pipe of its own beside its ticket.

Only the first few in the order look often at the whole ledger. The others sleep longer, and are
woken when they fit, or told that they have come among the first.
"""

import os
import select
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

WAKE_SUFFIX: Final = ".wake"
LOOK: Final = b"!"
"""Look now: something is free."""

FIRST: Final = b"f"
"""You are among the first now, who look from time to time."""


class Waker:
    """The end at which one that waits listens.

    Args:
        ticket: its ticket's file; the pipe lies beside it.
    """

    def __init__(self, ticket: Path) -> None:
        self.ticket = ticket
        self._path = ticket.with_suffix(WAKE_SUFFIX)
        self._fd = -1
        # Without it, those who wait look from time to time all the same.
        with suppress(OSError):
            os.mkfifo(self._path, 0o600)
            # Other users may wake, and not listen.
            self._path.chmod(0o622)
            # Both ends: with nobody at the other, it would seem closed at once.
            self._fd = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def wait(self, seconds: float) -> bytes:
        """Sleep until somebody wakes this one, or the time is over; what was said, or b""."""
        poll = select.poll()
        if self._fd >= 0:
            poll.register(self._fd, select.POLLIN)
        told = b""
        if poll.poll(seconds * 1000):
            with suppress(BlockingIOError):
                told = os.read(self._fd, 4096)
        # Whatever anybody wrote there.
        return FIRST if told and not told.strip(FIRST) else told and LOOK

    def close(self) -> None:
        """Listen no more."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        with suppress(OSError):
            self._path.unlink()


def wake(ticket: Path, what: bytes = LOOK) -> bool:
    """Wake the one that holds a ticket, and say what for; whether it listens."""
    with suppress(OSError):
        fd = os.open(
            ticket.with_suffix(WAKE_SUFFIX),
            os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC,
        )
        try:
            if stat.S_ISFIFO(os.fstat(fd).st_mode):
                os.write(fd, what)
                return True
        finally:
            os.close(fd)
    return False
