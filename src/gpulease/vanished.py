"""Leases whose file has gone from the folder although their jobs still hold it.

Whoever owns the folder, and cleaners of /tmp, can remove any file in it. The lock on the file, and
what was written into it, last as long as the job's processes: they carry the promise.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

# /proc/locks, proc(5): "1: FLOCK  ADVISORY  READ 1234 fd:01:5678 0 EOF".
_SHARED_LOCK: Final = re.compile(r"^\d+: FLOCK +ADVISORY +READ +(\d+) \w+:\w+:(\d+) ", re.MULTILINE)
_GONE: Final = " (deleted)"
_not_ours: Final[set[int]] = set()


def reopen_vanished(folder: Path) -> list[tuple[Path, int]]:
    """The name that each had, and an open file; to be closed by the caller.

    Only the processes of this user can be looked into; root sees all.
    """
    with suppress(OSError):
        present = {entry.inode() for entry in os.scandir(folder)}
        unknown = {
            inode: pid
            for pid, inode in _shared_locks()
            if inode not in present and inode not in _not_ours
        }
        found = [(inode, _reopen(folder, inode, pid)) for inode, pid in unknown.items()]
        _not_ours.update(inode for inode, opened in found if opened is None)
        return [opened for _, opened in found if opened]
    return []


def _shared_locks() -> list[tuple[int, int]]:
    # In few pieces: the kernel starts anew for each.
    with Path("/proc/locks").open("rb", buffering=0) as file:
        text = b"".join(iter(lambda: file.read(1 << 20), b"")).decode(errors="replace")
    return [(int(found[1]), int(found[2])) for found in _SHARED_LOCK.finditer(text)]


def _reopen(folder: Path, inode: int, pid: int) -> tuple[Path, int] | None:
    if not _may_look_into(pid):
        return None
    # Whoever took the lock may have closed the file and left it to the programs it started.
    for file in _files(pid, inode) or (each for other in _pids() for each in _files(other, inode)):
        with suppress(OSError):
            name = str(file.readlink())
            path = Path(name.removesuffix(_GONE))
            ours = name.endswith(f".lease{_GONE}") and path.parent == folder
            return (path, os.open(file, os.O_RDONLY | os.O_CLOEXEC)) if ours else None
    return None


def _may_look_into(pid: int) -> bool:
    with suppress(OSError):
        return os.getuid() in {0, Path(f"/proc/{pid}").stat().st_uid}
    return False


def _pids() -> list[int]:
    found = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [pid for pid in found if _may_look_into(pid)]


def _files(pid: int, inode: int) -> list[Path]:
    found = []
    with suppress(OSError):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if file.stat().st_ino == inode:
                    found.append(file)
    return found
