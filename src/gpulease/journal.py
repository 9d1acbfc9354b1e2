"""What became of leases: a line of JSON for each that ended, in files of their users.

Each user has files of his own in the pool's folder, `journal-UID.jsonl` and older ones with a
number behind that: whoever owns a file is who used the GPUs, whatever its lines claim, and nobody
can write into another's. A line is written once, under the ledger's lock, before the lease's record
is removed; whoever dies between the two leaves both, and the line is not written again.
"""

import errno
import functools
import json
import logging
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from gpulease.untrusted import (
    MOST_BYTES,
    PASSING,
    as_object,
    known_fields,
    printable,
    warn_once,
)

logger = logging.getLogger(__name__)

LARGEST: Final = 4 << 20
"""Bytes from which on a new file is begun: about ten thousand leases."""

KEPT: Final = 8
"""Older files that are kept of each user."""

_FILE: Final = re.compile(r"journal-(\d{1,10})\.jsonl(?:\.(\d))?")
_TAIL: Final = 1 << 18
"""Bytes at the end in which the line of a record that is still there is looked for."""

_told: Final[set[str]] = set()


@dataclass(frozen=True, slots=True)
class Ended:
    """A lease that ended; times in seconds since 1970.

    Attributes:
        lease: the name of its record, which no other lease has.
        run: what it belonged to.
        label: for people.
        gpus: UUIDs of its devices.
        mem_mb: MB on each of them, at last.
        mb_s: MB times seconds on each of them.
        start: when it was given.
        seen: when it was last known to be held.
        time: when its end was noticed.
        waited_s: seconds for which its job had waited.
        energy_j: by device, joules that this had used at the time `energy_at`; 0 where the driver
            does not tell.
        energy_end_j: the same at the time `energy_end_at`.
    """

    lease: str
    run: str
    label: str
    gpus: tuple[str, ...]
    mem_mb: int
    mb_s: float
    start: float
    seen: float
    time: float
    waited_s: float = 0.0
    energy_j: tuple[float, ...] = ()
    energy_at: tuple[float, ...] = ()
    energy_end_j: tuple[float, ...] = ()
    energy_end_at: tuple[float, ...] = ()

    @property
    def end(self) -> float:
        """When it ended, as far as that is known: in the middle of the time in which it did."""
        return (self.seen + self.time) / 2

    @property
    def unsure_s(self) -> float:
        """By how many seconds its end may have been earlier or later."""
        return (self.time - self.seen) / 2


def append(folder: Path, uid: int, ended: Ended) -> bool:
    """Write the line of a lease, unless it is there. Only under the ledger's lock.

    Args:
        folder: the ledger's.
        uid: the lease's user: this process's, or any where that is root's.
        ended: what to write.

    Returns:
        False where it may be possible later, as on a full disk.
    """
    path = folder / f"journal-{uid}.jsonl"
    try:
        if not _is_written(path, uid, ended.lease):
            _rotate(path)
            _write(path, uid, json.dumps({"event": "ended", **asdict(ended)}).encode() + b"\n")
    except OSError as error:
        if path.name not in _told:
            _told.add(path.name)
            logger.warning(
                "%s cannot be written (%s); gpulease account will lack leases until it can.",
                path,
                error.strerror or error,
            )
        return error.errno not in PASSING
    _told.discard(path.name)
    return True


def read_journal(folder: Path, since: float = 0.0) -> Iterator[tuple[int, Ended]]:
    """The leases that ended since a time, with their users, each once.

    It needs no lock: files that are renamed meanwhile are met twice rather than not at all.
    """
    files: list[tuple[int, int, str]] = []
    with suppress(OSError), os.scandir(folder) as found:
        for file in found:
            if name := _FILE.fullmatch(file.name):
                files.append((int(name[1]), int(name[2] or 0), file.name))
    known: set[tuple[int, str]] = set()
    for uid, _, file_name in sorted(files):
        for ended in _lines(folder / file_name, uid, since):
            if ended.time >= since and (uid, ended.lease) not in known:
                known.add((uid, ended.lease))
                yield uid, ended


def _lines(path: Path, uid: int, since: float) -> tuple[Ended, ...]:
    try:
        fd = _open(path, uid, os.O_RDONLY)
    except FileNotFoundError:
        return ()
    except OSError as error:
        # That it is another's was told.
        if error.errno != errno.EPERM:
            warn_once(path, f"it cannot be read ({error.strerror}), and its leases are not counted")
        return ()
    try:
        found = os.fstat(fd)
        # Its last line is not younger than the file.
        if found.st_mtime < since:
            return ()
        return _parsed(fd, (str(path), found.st_ino, found.st_size, found.st_mtime_ns))
    except OSError as error:
        warn_once(path, f"it cannot be read ({error.strerror}), and its leases are not counted")
        return ()
    finally:
        os.close(fd)


class _Cached:
    """An open file that counts as its facts: who looks again and again reads what has changed."""

    def __init__(self, fd: int, facts: tuple[str, int, int, int]) -> None:
        self.fd = fd
        self.facts = facts

    def __hash__(self) -> int:
        return hash(self.facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Cached) and other.facts == self.facts


def _parsed(fd: int, facts: tuple[str, int, int, int]) -> tuple[Ended, ...]:
    return _parsed_once(_Cached(fd, facts))


@functools.lru_cache(maxsize=64)
def _parsed_once(file: _Cached) -> tuple[Ended, ...]:
    lines = [line for line in _tail(file.fd, 2 * LARGEST).split(b"\n") if line]
    found = tuple(ended for line in lines if (ended := parse(line)))
    if len(found) < len(lines):
        logger.warning(
            "%d of %d lines of %s tell of no lease, and are not counted",
            len(lines) - len(found),
            len(lines),
            printable(file.facts[0], 4096),
        )
    return found


def parse(line: bytes) -> Ended | None:
    """The lease that a line tells of; None where it tells of none, or what cannot be."""
    if len(line) > MOST_BYTES:
        return None
    try:
        ended = Ended(**known_fields(Ended, as_object(line) or {}))
    except (ValueError, TypeError):
        return None
    counts = {len(ended.energy_j), len(ended.energy_at), len(ended.gpus)}
    counts |= {len(ended.energy_end_j), len(ended.energy_end_at)}
    if not ended.start <= ended.seen <= ended.time or not counts <= {0, len(ended.gpus)}:
        return None
    return ended


def _is_written(path: Path, uid: int, lease: str) -> bool:
    """Whether its line is among the last ones, also where a new file was begun after it."""
    sought = json.dumps(lease).encode()
    for file in (path, path.with_name(f"{path.name}.1")):
        try:
            fd = _open(file, uid, os.O_RDONLY)
        except OSError:
            continue
        try:
            lines = _tail(fd, _TAIL).split(b"\n")
        finally:
            os.close(fd)
        # One that a full disk cut short does not count.
        for line in lines:
            if sought in line and (ended := parse(line)) and ended.lease == lease:
                return True
    return False


def _tail(fd: int, most: int) -> bytes:
    size = os.fstat(fd).st_size
    return os.pread(fd, most, max(0, size - most))


def _rotate(path: Path) -> None:
    with suppress(FileNotFoundError):
        if path.lstat().st_size < LARGEST:
            return
        names = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, KEPT + 1))]
        # Where another user took a name, lines go on in the large file.
        with suppress(PermissionError, IsADirectoryError):
            for old, new in reversed(list(pairwise(names))):
                with suppress(FileNotFoundError):
                    old.rename(new)


def _write(path: Path, uid: int, line: bytes) -> None:
    fd = _open_or_make(path, uid)
    try:
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            line = b"\n" + line
        if os.write(fd, line) < len(line):
            os.ftruncate(fd, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(fd)


def _open_or_make(path: Path, uid: int) -> int:
    flags = os.O_RDWR | os.O_APPEND
    # Without O_CREAT, which sticky folders refuse even root for files of others.
    with suppress(FileNotFoundError):
        return _open(path, uid, flags)
    fd = os.open(path, flags | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    os.fchmod(fd, 0o644)
    if uid != os.getuid():
        os.fchown(fd, uid, -1)
    return fd


def _open(path: Path, uid: int, flags: int) -> int:
    """Open a user's file.

    Raises:
        OSError: where there is none, or something else in its place.
    """
    fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(fd)
    # A second name would let others have this user write into any file of his.
    if stat.S_ISREG(found.st_mode) and found.st_uid == uid and found.st_nlink == 1:
        return fd
    os.close(fd)
    warn_once(path, "it is not a file of the user in its name alone")
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))
