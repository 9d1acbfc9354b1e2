"""The shared folder in which all users of the GPUs of one host write down what is promised.

One file per lease and per waiting job. A record is valid while its file is locked, and the lock is
held by the processes themselves: it ends with the last of them, however they die. Nothing
is ever decided by a process id. Whoever reads, chooses and writes holds the folder's one lock.
"""

import fcntl
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from weakref import WeakSet

from gpulease.energy import Counters
from gpulease.errors import LedgerAwayError, LedgerBusyError
from gpulease.folder import FOLDER_VARIABLE, prepare, trouble_of, user_name
from gpulease.lease_ends import end_record, lives_on, make_empty, note_end
from gpulease.lock import acquire, is_busy, unstoppable
from gpulease.records import Entry, Held, Record, read_record, write_record
from gpulease.untrusted import MOST, open_known, warn_once
from gpulease.vanished import reopen_vanished
from gpulease.wakers import WAKE_SUFFIX

logger = logging.getLogger(__name__)


class Ledger:
    """The records of one folder.

    Raises:
        LedgerError: where the folder cannot be made or does not belong to whom it should.
    """

    def __init__(self, folder: Path, scope: str = "system") -> None:
        self.folder = folder
        self.scope = scope
        self._lock_file = folder / "lock"
        self._was_held = False
        self._held: WeakSet[Held] = WeakSet()
        self.clock: Callable[[], float] = time.time
        prepare(folder, scope)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock: what is read is true until the end, and nobody else writes.

        Raises:
            LedgerBusyError: where others hold it for some seconds.
            LedgerAwayError: where the folder cannot be used now.
        """
        self._make_again()
        with unstoppable():
            try:
                fd = acquire(self._lock_file, patient=not self._was_held)
            except LedgerBusyError:
                self._was_held = True
                raise
            self._was_held = False
            try:
                yield
            finally:
                os.close(fd)

    def _make_again(self) -> None:
        if not self.folder.exists():
            logger.warning(
                "%s was removed while it was in use, and is made again; keep what cleans it away"
                " from it (gpulease init --system tells how)",
                self.folder,
            )
            prepare(self.folder, self.scope)

    def is_busy(self) -> bool:
        """Whether others hold the lock, and not just for a moment."""
        return is_busy(self._lock_file)

    def leases(self) -> list[Entry]:
        """All valid leases, oldest first; those that ended are cleared away.

        One whose file somebody removed still counts, and whoever holds it here writes it again, as
        it does the places of those that wait.

        Raises:
            LedgerAwayError: where they cannot be read now.
        """
        for held in list(self._held):
            held.write_again()
        leases = {entry.path: entry for entry in [*self._entries(".lease"), *self._vanished()]}
        return sorted(leases.values(), key=lambda e: e.record.seq)

    def _vanished(self) -> list[Entry]:
        found = []
        for path, fd in reopen_vanished(self.folder):
            try:
                record = read_record(fd, path, os.fstat(fd))
            finally:
                os.close(fd)
            if record:
                warn_once(path, "its file was removed; the lease counts as long as its job runs")
                found.append(Entry(path, record))
        return found

    def tickets(self) -> list[Entry]:
        """All waiting jobs, the longest waiting first.

        Raises:
            LedgerAwayError: where they cannot be read now.
        """
        return self._entries(".ticket")

    def count_tickets(self) -> int:
        """How many wait, at most: a look that costs little and needs no lock."""
        return self._count(".ticket")

    def has_listeners(self) -> bool:
        """Whether anybody who waits can be woken."""
        return self._count(WAKE_SUFFIX) > 0

    def _count(self, suffix: str) -> int:
        with suppress(OSError), os.scandir(self.folder) as found:
            return sum(file.name.endswith(suffix) for file in found)
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
        waited_s: float = 0.0,
        energy: Counters = ((), ()),
    ) -> Held:
        """Write a lease or a ticket, held by this process. Leases only under the lock.

        Raises:
            LedgerError: where it cannot be written, LedgerAwayError where that may pass; nothing is
                left then.
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
            waited_s=round(waited_s, 3),
            energy_j=energy[0],
            energy_at=energy[1],
        )
        held = self._write(self.folder / f"{uuid.uuid4().hex}.{kind}", record)
        self._held.add(held)
        return held

    def _write(self, path: Path, record: Record) -> Held:
        # It gets its name when it is locked: nobody takes it for one whose holder has died.
        new = path.with_suffix(".new")
        try:
            fd = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o644)
            try:
                os.fchmod(fd, 0o644)
                fcntl.flock(fd, fcntl.LOCK_SH)
                write_record(fd, record)
                if path.suffix == ".lease":
                    make_empty(path.with_suffix(".root"))
                new.rename(path)
            except OSError:
                new.unlink()
                os.close(fd)
                raise
        except OSError as error:
            raise trouble_of(error)(
                f"Nothing can be written down in {self.folder} ({error.strerror}); make room there"
                f" or set {FOLDER_VARIABLE} to another folder."
            ) from error
        return Held(path, record, fd)

    def clear(self, held: Held) -> bool:
        """Remove what was just let go, if nobody else holds it; whether it is gone. Under the lock.

        Its end is told, too, where somebody removed the file.
        """
        if held.path.suffix == ".lease" and not held.path.exists():
            note_end(held.path, held.record, self.clock(), seen=True)
            return True
        return self._entry(held.path, seen=True) is None

    def disown(self, held: Held) -> None:
        """Tell that the job of a lease has ended, of which others hold it on. Under the lock."""
        # Where it cannot be told, the job is not started again beside them.
        with suppress(OSError):
            fd = os.open(held.path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                write_record(fd, replace(held.record, job=""))
            finally:
                os.close(fd)

    def _entries(self, suffix: str) -> list[Entry]:
        try:
            names = [file.name for file in os.scandir(self.folder) if file.name.endswith(suffix)]
            found = [self._entry(self.folder / name) for name in names]
        except OSError as error:
            # What cannot be read is promised all the same.
            raise LedgerAwayError(f"{self.folder} cannot be read ({error.strerror}).") from error
        return sorted((e for e in found if e is not None), key=lambda e: e.record.seq)

    def _entry(self, path: Path, *, seen: bool = False) -> Entry | None:
        opened = open_known(path)
        if opened is None:
            return None
        fd, found = opened
        try:
            record = read_record(fd, path, found)
            if _is_held(fd):
                return Entry(path, record, found.st_mtime) if record else None
            # The lock is kept until the file is gone: a job that is just taking it over then sees
            # that, and does not run under a lease that nobody knows of.
            if record and lives_on(path, record):
                return Entry(path, record)
            end_record(path, record, self.clock(), seen=seen)
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
