"""An idle worker whose owner is stopped (Ctrl-Z) gives way by itself: nobody else would end it."""

import fcntl
import logging
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from gpulease.heartbeat import is_stopped
from gpulease.workers.folders import note_giving_way

logger = logging.getLogger(__name__)

STOPPED_S: Final = 10.0
"""Seconds for which the owner has to be stopped: who presses Ctrl-Z by mistake goes on sooner."""

_LOOKED_S: Final = 25.0
"""Those who wait touch their tickets at least so often."""


class GivingWay:
    """Tells an idle worker when to give its memory to others.

    Args:
        folder: the worker's.
        lease: the worker's, and the open file that holds it; None without a GPU.
    """

    def __init__(self, folder: Path, lease: tuple[Path, int] | None) -> None:
        self._folder = folder
        self._lease = lease
        self._owner = os.getppid()
        self._since: float | None = None

    def is_due(self) -> bool:
        """Whether the owner is stopped while somebody waits; to be asked every few seconds."""
        if self._lease is None or not is_stopped(self._owner):
            self._since = None
            return False
        if self._since is None:
            self._since = time.monotonic()
        return time.monotonic() - self._since > STOPPED_S and _somebody_waits(self._lease[0].parent)

    def let_go(self) -> None:
        """Give up the lease, which the stopped owner holds by the same open file."""
        if self._lease:
            logger.warning(
                "Process %d, which started this worker (process %d), is stopped, and others wait"
                " for its memory: it ends.",
                self._owner,
                os.getpid(),
            )
            with suppress(OSError):
                note_giving_way(self._folder)
                fcntl.flock(self._lease[1], fcntl.LOCK_UN)


def _somebody_waits(folder: Path) -> bool:
    """Whether anybody looked for memory of late; the owner, who is stopped, did not."""
    with suppress(OSError), os.scandir(folder) as files:
        for file in files:
            if file.name.endswith(".ticket"):
                with suppress(OSError):
                    if abs(time.time() - file.stat(follow_symlinks=False).st_mtime) < _LOOKED_S:
                        return True
    return False
