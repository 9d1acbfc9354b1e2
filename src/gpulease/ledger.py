"""The shared folder in which all users of the GPUs of one host write down what is promised.

One file per lease and per waiting job. A record is valid while its file is locked, and the lock is
held by the processes themselves: it ends with the last of them, however they die. Nothing
is ever decided by a process id. Whoever reads, chooses and writes holds the folder's one lock.
"""

import fcntl
import functools
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from weakref import WeakSet

from gpulease.errors import LedgerBusyError, LedgerError
from gpulease.folder import FOLDER_VARIABLE, is_at, open_shared, prepare, user_name
from gpulease.lock_holders import lock_holders, name_holders
from gpulease.processes import marked_process
from gpulease.roots import Root, parse
from gpulease.untrusted import (
    MOST,
    MOST_BYTES,
    as_object,
    is_mark,
    known_fields,
    open_regular,
    read_owned,
    warn_once,
)
from gpulease.vanished import reopen_vanished

logger = logging.getLogger(__name__)

LOCK_TIMEOUT_S: Final = 3.0
"""Seconds in which the lock has to change hands, where it takes milliseconds."""

_BESIDE: Final = (".root", ".confirmed", ".idle", ".wake")


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


@dataclass(frozen=True, slots=True)
class Entry:
    """A valid record and its file."""

    path: Path
    record: Record

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
        """Replace what the record says; its lock stays. Only under the ledger's lock."""
        with self._lock:
            self.record = record
            if self.fd >= 0:
                for fd in (self.fd, *self._again):
                    _write(fd, record)

    def write_again(self) -> None:
        """Put the record back where somebody removed it. Only under the ledger's lock.

        The new file is held by this process alone; those that hold the old one keep that.
        """
        with self._lock:
            if self.fd < 0 or self.path.exists():
                return
            logger.warning("%s was removed while its job runs; it is written again", self.path)
            with suppress(OSError):
                fd = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o644)
                os.fchmod(fd, 0o644)
                fcntl.flock(fd, fcntl.LOCK_SH)
                _write(fd, self.record)
                self._again.append(fd)

    def let_go(self) -> None:
        """Give up this process's hold; the record stays valid while others hold it."""
        with self._lock:
            if self.fd >= 0:
                for fd in (self.fd, *self._again):
                    os.close(fd)
                self.fd = -1


class Ledger:
    """The records of one folder.

    Raises:
        LedgerError: where the folder cannot be made or does not belong to whom it should.
    """

    def __init__(self, folder: Path, scope: str = "system") -> None:
        self.folder = folder
        self.scope = scope
        self._held: WeakSet[Held] = WeakSet()
        self.clock: Callable[[], float] = time.time
        prepare(folder, scope)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock: what is read is true until the end, and nobody else writes.

        Raises:
            LedgerBusyError: where others hold it for some seconds.
        """
        fd = self._acquire()
        try:
            yield
        finally:
            os.close(fd)

    def _acquire(self) -> int:
        path = self.folder / "lock"
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        holders: list[int] | None = None
        pause = 0.001
        while True:
            fd = open_shared(path)
            with suppress(BlockingIOError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if is_at(fd, path):
                    return fd
            os.close(fd)
            if time.monotonic() > deadline:
                before, holders = holders, lock_holders(path)
                deadline += LOCK_TIMEOUT_S
                # Where many take turns at it, it is busy, and nobody holds it up.
                if before is None or before != holders:
                    continue
                raise LedgerBusyError(f"{name_holders(path)}; end it if it is stopped.")
            time.sleep(pause)
            pause = min(0.02, pause * 1.5)

    def leases(self) -> list[Entry]:
        """All valid leases, oldest first; those that ended are cleared away.

        One whose file somebody removed still counts, and whoever holds it here writes it again.
        """
        for held in list(self._held):
            held.write_again()
        leases = {entry.path: entry for entry in [*self._entries(".lease"), *self._vanished()]}
        return sorted(leases.values(), key=lambda e: e.record.seq)

    def _vanished(self) -> list[Entry]:
        found = []
        for path, fd in reopen_vanished(self.folder):
            try:
                record = _read(fd, path)
            finally:
                os.close(fd)
            if record:
                warn_once(path, "its file was removed; the lease counts as long as its job runs")
                found.append(Entry(path, record))
        return found

    def tickets(self) -> list[Entry]:
        """All waiting jobs, the longest waiting first."""
        return self._entries(".ticket")

    def count_tickets(self) -> int:
        """How many wait, at most: a look that costs little and needs no lock."""
        with suppress(OSError), os.scandir(self.folder) as found:
            return sum(file.name.endswith(".ticket") for file in found)
        return 0

    def next_seq(self, entries: Sequence[Entry] | None = None) -> int:
        """A number after those of all valid records, where these are not given. Under the lock."""
        if entries is None:
            entries = [*self.leases(), *self.tickets()]
        places = [place for e in entries for place in (e.record.seq, e.record.since)]
        # Whoever writes himself a place near the limit must not push all others beyond it.
        last = max((place for place in places if place < MOST // 2), default=0)
        # Microseconds since the host started: who joins without the lock has a number as well.
        return max(last + 1, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)

    def add(
        self,
        kind: str,
        seq: int,
        gpus: tuple[str, ...],
        mem_mb: int,
        label: str,
        max_jobs_per_gpu: int = 0,
        since: int = 0,
        declared_mb: int = 0,
        max_computing: int = 0,
        run: str = "",
        priority: int = 0,
        job: str = "",
        only_on: tuple[str, ...] = (),
    ) -> Held:
        """Write a lease or a ticket, held by this process. Leases only under the lock.

        Raises:
            LedgerError: where it cannot be written; nothing is left then.
        """
        record = Record(
            seq=seq,
            gpus=gpus,
            mem_mb=mem_mb,
            label=label,
            user=user_name(os.getuid()),
            uid=os.getuid(),
            pid=os.getpid(),
            time=round(self.clock(), 3),
            max_jobs_per_gpu=max_jobs_per_gpu,
            since=since,
            declared_mb=declared_mb,
            max_computing=max_computing,
            run=run,
            priority=priority,
            job=job,
            only_on=only_on,
        )
        path = self.folder / f"{uuid.uuid4().hex}.{kind}"
        # It gets its name when it is locked: nobody takes it for one whose holder has died.
        new = path.with_suffix(".new")
        try:
            fd = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o644)
            try:
                os.fchmod(fd, 0o644)
                fcntl.flock(fd, fcntl.LOCK_SH)
                _write(fd, record)
                if kind == "lease":
                    _make_empty(path.with_suffix(".root"))
                new.rename(path)
            except OSError:
                new.unlink()
                os.close(fd)
                raise
        except OSError as error:
            raise LedgerError(
                f"Nothing can be written down in {self.folder} ({error.strerror}); make room there"
                f" or set {FOLDER_VARIABLE} to another folder."
            ) from error
        held = Held(path, record, fd)
        if kind == "lease":
            self._held.add(held)
        return held

    def clear(self, path: Path) -> bool:
        """Remove a record if nobody holds it any more; whether it is gone. Only under the lock."""
        return self._entry(path) is None

    def _entries(self, suffix: str) -> list[Entry]:
        found = [self._entry(path) for path in self.folder.glob(f"*{suffix}")]
        return sorted((e for e in found if e is not None), key=lambda e: e.record.seq)

    def _entry(self, path: Path) -> Entry | None:
        fd = open_regular(path)
        if fd is None:
            return None
        try:
            record = _read(fd, path)
            if _is_held(fd):
                return Entry(path, record) if record else None
            # The lock is kept until the file is gone: a job that is just taking it over then sees
            # that, and does not run under a lease that nobody knows of.
            if record and _lives_on(path, record):
                return Entry(path, record)
            _remove(path)
            return None
        finally:
            os.close(fd)


def _is_held(fd: int) -> bool:
    """Whether others hold the lock; where they do not, it is this process's until it closes."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _lives_on(path: Path, record: Record) -> bool:
    """Whether processes are left that do not hold the lock; only their own user can see them."""
    if path.suffix != ".lease" or os.getuid() not in {0, record.uid}:
        return False
    return marked_process(path) is not None


def _remove(path: Path) -> None:
    # In a sticky folder only the owner may; a record that nobody holds does no harm. The record
    # goes last: whoever dies on the way leaves it to the next reader, and nothing without it.
    for name in (*(path.with_suffix(end) for end in _BESIDE), path):
        with suppress(OSError):
            name.unlink()


def _make_empty(path: Path) -> None:
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)
    os.fchmod(fd, 0o644)
    os.close(fd)


def _write(fd: int, record: Record) -> None:
    text = json.dumps(asdict(record)).encode()
    os.ftruncate(fd, 0)
    os.pwrite(fd, text, 0)


def _read(fd: int, path: Path) -> Record | None:
    found = os.fstat(fd)
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
