"""Who holds the lock of a file, for people: as the kernel lists it."""

from pathlib import Path

import psutil


def name_holders(path: Path) -> str:
    """Who has locked a file, to begin a sentence with."""
    names = [_name(pid) for pid in lock_holders(path)]
    if not names:
        return f"Another process holds {path} (fuser {path} finds it)"
    return f"{' and '.join(names)} {'hold' if len(names) > 1 else 'holds'} {path}"


def lock_holders(path: Path) -> list[int]:
    """Their process ids, as far as they are of this namespace."""
    try:
        found = path.stat()
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return []
    # Of file systems that do not tell their device there, such as btrfs, the inode has to do.
    inode = f":{found.st_ino}"
    pids = set()
    for line in lines:
        words = line.split()
        if "->" not in words and "FLOCK" in words and words[5].endswith(inode):
            pids.add(int(words[4]))
    return sorted(pid for pid in pids if pid > 0)


def _name(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        stopped = ", which is stopped," if process.status() == psutil.STATUS_STOPPED else ""
        return f"Process {pid} ({process.name()}){stopped}"
    except psutil.Error:
        return f"Process {pid}"
