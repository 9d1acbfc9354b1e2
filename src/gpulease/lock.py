"""The one lock of the shared folder: who reads, chooses and writes holds it."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gpulease.errors import LedgerBusyError
from gpulease.folder import is_at, open_shared
from gpulease.lock_holders import lock_holders, name_holders
from gpulease.usage import BOOK

LOCK_TIMEOUT_S: Final = 3.0
"""Seconds in which the lock has to change hands, where it takes milliseconds."""

_IMPATIENT_S: Final = 0.5

_MOST_S: Final = 30.0
"""Whatever else goes on meanwhile: whoever waits for so long is told who has it."""

_MOMENTS_S: Final = (0.005, 0.01, 0.02)
"""Pauses between questions whether the lock is free: a look takes about as long."""


def is_busy(path: Path) -> bool:
    """Whether others hold the lock, and not just for a moment."""
    for pause in _MOMENTS_S:
        fd = _try_lock(path)
        if fd is not None:
            os.close(fd)
            return False
        time.sleep(pause)
    return True


def acquire(path: Path, patient: bool = True) -> int:
    """Wait for the lock; the open file that holds it until it is closed.

    Args:
        path: the lock's file.
        patient: False where it was held for seconds a moment ago, and only to see whether it still
            is: whoever asks has other things to do.

    Raises:
        LedgerBusyError: where others hold it for some seconds.
    """
    timeout_s = LOCK_TIMEOUT_S if patient else min(_IMPATIENT_S, LOCK_TIMEOUT_S)
    started = time.monotonic()
    deadline = started + timeout_s
    before: object = None
    pause = 0.001
    while True:
        fd = _try_lock(path)
        if fd is not None:
            return fd
        if time.monotonic() > deadline:
            seen = _signs(path)
            before, changed = seen, before != seen
            deadline += timeout_s
            # Where many take turns at it, it is busy, and nobody holds it up.
            if changed and time.monotonic() - started < _MOST_S:
                continue
            raise LedgerBusyError(
                f"{name_holders(path)}; if it is stopped, let it go on (kill -CONT) or end it."
            )
        time.sleep(pause)
        pause = min(0.02, pause * 1.5)


@contextmanager
def unstoppable() -> Iterator[None]:
    """Have Ctrl-Z wait until this thread is done; SIGSTOP waits for nobody."""
    before = signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
    )
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _signs(path: Path) -> object:
    """What changes while the lock changes hands.

    Of processes in other containers, the kernel tells no number; whoever looks writes the book of
    use, every second.
    """
    book = 0
    with suppress(OSError):
        book = path.with_name(BOOK).stat().st_mtime_ns
    return lock_holders(path), book


def _try_lock(path: Path) -> int | None:
    fd = open_shared(path)
    with suppress(BlockingIOError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_at(fd, path):
            return fd
    os.close(fd)
    return None
