"""The one lock of the shared folder: who reads, chooses and writes holds it."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from gpulease.errors import LedgerBusyError
from gpulease.folder import is_at, open_shared
from gpulease.lock_holders import lock_holders, name_holders

LOCK_TIMEOUT_S: Final = 3.0
"""Seconds in which the lock has to change hands, where it takes milliseconds."""

_IMPATIENT_S: Final = 0.5

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
    deadline = time.monotonic() + timeout_s
    holders: list[int] | None = None
    pause = 0.001
    while True:
        fd = _try_lock(path)
        if fd is not None:
            return fd
        if time.monotonic() > deadline:
            before, holders = holders, lock_holders(path)
            deadline += timeout_s
            # Where many take turns at it, it is busy, and nobody holds it up.
            if before is None or before != holders:
                continue
            raise LedgerBusyError(f"{name_holders(path)}; end it if it is stopped.")
        time.sleep(pause)
        pause = min(0.02, pause * 1.5)


def _try_lock(path: Path) -> int | None:
    fd = open_shared(path)
    with suppress(BlockingIOError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_at(fd, path):
            return fd
    os.close(fd)
    return None
