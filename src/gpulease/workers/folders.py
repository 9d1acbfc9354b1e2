"""The folders of workers, and what is left of those whose owners are dead."""

import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

_ROOT: Final = Path("/tmp")  # noqa: S108
"""Not $TMPDIR: the path of a socket may have 107 bytes."""

_PREFIX: Final = "gpulease-worker-"
_PID: Final = "pid"
_GAVE_WAY: Final = "gave-way"
_FIELDS: Final = 4
_START_FIELD: Final = 19
"""The place behind a process's name in /proc/PID/stat (proc_pid_stat(5), field 22)."""


def new_folder() -> Path:
    """A folder of this process's own.

    An owner removes its workers' folders, and a worker its own when its owner has died; where both
    are killed at once, `end_orphans` of another run does. Its name tells the owner: process, start
    and the namespace of its number, for containers may share the folder and see no others'
    processes.
    """
    own = str(os.getpid())
    name = f"{_PREFIX}{_namespace()}-{own}-{_start_of(own)}-"
    return Path(tempfile.mkdtemp(prefix=name, dir=_ROOT))


def note_process(folder: Path, pid: int) -> None:
    """Tell which process is the worker of a folder."""
    (folder / _PID).write_text(f"{pid} {_start_of(str(pid))}")


def note_giving_way(folder: Path) -> None:
    """Tell that the worker of a folder ended because its owner was stopped and others waited."""
    (folder / _GAVE_WAY).touch()


def gave_way(folder: Path) -> bool:
    """Whether that is so."""
    return (folder / _GAVE_WAY).exists()


def end_orphans() -> None:
    """End this user's workers whose owners are dead, and remove their folders.

    A worker ends with its owner, unless it cannot: it was stopped, or hangs in native code. Then it
    would keep its lease and its memory for ever.
    """
    for folder in _orphaned():
        with suppress(OSError, ValueError):
            pid, start = (folder / _PID).read_text().split()
            if start and _start_of(pid) == start:
                logger.warning(
                    "Worker process %s outlived its run, stopped or hanging, and is ended.",
                    pid,
                )
                os.killpg(int(pid), signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _orphaned() -> Iterator[Path]:
    here = _namespace()
    for folder in _ROOT.glob(f"{_PREFIX}*"):
        fields = folder.name.removeprefix(_PREFIX).split("-")
        if len(fields) != _FIELDS or fields[0] != here or not fields[1].isdecimal():
            continue
        with suppress(OSError):
            # Anybody can make a folder with such a name, and write any number into it.
            if folder.lstat().st_uid == os.getuid() and _start_of(fields[1]) != fields[2]:
                yield folder


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return "0"


def _start_of(pid: str) -> str:
    """When a process started, in clock ticks after the host did; "" where there is none.

    psutil gives it by a clock that can be set.
    """
    try:
        after = Path("/proc", pid, "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if after[0] in (b"Z", b"X") else after[_START_FIELD].decode()
