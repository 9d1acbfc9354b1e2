"""What is written down of one lease or one job that waits, and the file that holds it valid."""

import errno
import fcntl
import functools
import json
import logging
import os
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from gpulease.errors import LedgerAwayError
from gpulease.folder import user_name
from gpulease.root_processes import Root, parse
from gpulease.untrusted import (
    MOST_BYTES,
    as_object,
    is_mark,
    known_fields,
    read_owned,
    warn_once,
)

logger = logging.getLogger(__name__)

_ROOM: Final = 256
"""Bytes by which a record may grow in its place."""


@dataclass(frozen=True, slots=True)
class Record:
    """One lease, or one job that waits for a lease.

    Attributes:
        seq: place in the order of all records.
        gpus: UUIDs: those leased, or those on which memory is kept for the waiting job.
        mem_mb: MB on each of them.
        label: for people, such as the rule's name.
        user: who asked; of a record that was read, the owner of its file, whatever it claims.
        uid: their number.
        pid: the process that asked (for people; never used to tell whether it lives).
        time: when, in seconds since 1970.
        max_jobs_per_gpu: most leases on each device, as the one who asked wants it; 0 for any.
        since: of a waiting job: it waits for the end of leases of a lower place than this.
        max_computing: most jobs that compute on each device, as the one who asked wants it.
        declared_mb: MB that the job declares, where it was learnt that others suit; 0 where not.
        run: what it belongs to: one run of a workflow, or one session of a shell.
        priority: among those of a user that wait, higher ones go first.
        more: of a waiting job: how many like it wait with it, behind the same place.
        only_on: of a waiting job: UUIDs of the devices that it may have; empty where all.
        rests: of a waiting job: it could not start now, and keeps its place alone.
        job: of a lease: which job has it, however often it is started; "" where nobody cares.
        waited_s: of a lease: seconds for which its job had waited.
        mb_s: of a lease that was resized: MB times seconds on each device until then.
        resized: when that was, in seconds since 1970.
        energy_j: of a lease: by device, joules that it had used then; 0 where that is not told.
        energy_at: when that was read, in seconds since 1970.
    """

    seq: int
    gpus: tuple[str, ...]
    mem_mb: int
    label: str
    user: str
    uid: int
    pid: int
    time: float
    max_jobs_per_gpu: int = 0
    since: int = 0
    declared_mb: int = 0
    max_computing: int = 0
    run: str = ""
    priority: int = 0
    job: str = ""
    more: int = 0
    only_on: tuple[str, ...] = ()
    rests: bool = False
    waited_s: float = 0.0
    mb_s: float = 0.0
    resized: float = 0.0
    energy_j: tuple[float, ...] = ()
    energy_at: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A valid record and its file.

    Attributes:
        path: the file.
        record: what it says.
        touched: when its holder last touched it, in seconds since 1970; those that wait do at every
            look.
    """

    path: Path
    record: Record
    touched: float = 0.0

    @property
    def confirmed(self) -> bool:
        """Whether the lease's memory was looked at again before a model was loaded into it."""
        return is_mark(self.path.with_suffix(".confirmed"), self.record.uid)

    @property
    def idle(self) -> bool:
        """Whether it is the lease of a worker that has nothing to do."""
        return is_mark(self.path.with_suffix(".idle"), self.record.uid)

    def root(self) -> Root | None:
        """The lease's first process, once its owner has noted it."""
        text = read_owned(self.path.with_suffix(".root"), self.record.uid)
        return parse(text, self.record.uid) if text else None


class Held:
    """A record that this process keeps valid, by an open and locked file."""

    def __init__(self, path: Path, record: Record, fd: int) -> None:
        self.path = path
        self.record = record
        self.fd = fd
        self._again: list[int] = []
        # Once closed, its number may be another file's.
        self._lock = threading.Lock()

    def keep_over_exec(self) -> None:
        """Let the programs that this process becomes or starts hold the lock as well."""
        os.set_inheritable(self.fd, True)

    def rewrite(self, record: Record) -> None:
        """Replace what the record says; its lock stays. Only under the ledger's lock.

        Raises:
            LedgerAwayError: where it cannot be written; it says what it said then.
        """
        with self._lock:
            if self.fd >= 0:
                try:
                    for fd in (self.fd, *self._again):
                        write_record(fd, record)
                except OSError as error:
                    raise LedgerAwayError(
                        f"{self.path} cannot be written ({error.strerror}); make room there."
                    ) from error
            self.record = record

    def write_again(self) -> None:
        """Put the record back where somebody removed or spoilt it. Only under the ledger's lock.

        A new file is held by this process alone; those that hold the old one keep that.
        """
        with self._lock:
            if self.fd < 0:
                return
            if self.path.exists():
                self._mend()
                return
            doing = "runs" if self.path.suffix == ".lease" else "waits"
            logger.warning("%s was removed while its job %s; it is written again", self.path, doing)
            with suppress(OSError):
                fd = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o644)
                os.fchmod(fd, 0o644)
                fcntl.flock(fd, fcntl.LOCK_SH)
                write_record(fd, self.record)
                self._again.append(fd)

    def _mend(self) -> None:
        for fd in (self.fd, *self._again):
            with suppress(OSError):
                found = _parsed(os.pread(fd, MOST_BYTES, 0), self.record.uid)
                wanted = (self.record.seq, self.record.gpus, self.record.mem_mb)
                if found is None or (found.seq, found.gpus, found.mem_mb) != wanted:
                    logger.warning("%s was overwritten; it is written again", self.path)
                    os.ftruncate(fd, 0)
                    write_record(fd, self.record)

    def let_go(self) -> None:
        """Give up this process's hold; the record stays valid while others hold it."""
        with self._lock:
            if self.fd >= 0:
                for fd in (self.fd, *self._again):
                    os.close(fd)
                self.fd = -1


def write_record(fd: int, record: Record) -> None:
    """Replace what an open file says.

    Raises:
        OSError: where it cannot be written; an older record is left as it was.
    """
    # Never cut, and with room from the start: on a full disk, nobody gets back what was freed, and
    # a record that is cut short promises nothing. JSON ends in as many blanks as one likes.
    text = json.dumps(asdict(record)).encode()
    size = os.fstat(fd).st_size
    text = text.ljust(size or len(text) + _ROOM)
    if os.pwrite(fd, text, 0) < len(text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_record(fd: int, path: Path, found: os.stat_result) -> Record | None:
    """The record in an open file of which this is known; None, with a warning, where it is none."""
    record = _parsed(os.pread(fd, MOST_BYTES, 0), found.st_uid)
    # Empty: its writer is about to fill it, or died on the way.
    if record is None and found.st_size:
        warn_once(path, "it is not a record that this version can read")
    return record


# All that wait are read at every look, and hardly any has changed.
@functools.lru_cache(maxsize=4096)
def _parsed(raw: bytes, uid: int) -> Record | None:
    try:
        known = known_fields(Record, as_object(raw) or {}, signed=("priority",))
        return Record(**{**known, "uid": uid, "user": user_name(uid)})
    except (ValueError, TypeError):
        return None
