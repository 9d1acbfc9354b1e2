"""The files beside a record, and its end: the line that tells of a lease, and all files that go."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from gpulease.energy import counters
from gpulease.journal import Ended, append
from gpulease.processes import marked_process
from gpulease.records import Record
from gpulease.usage import read_book

_BESIDE: Final = (".root", ".confirmed", ".idle", ".wake")


def end_record(path: Path, record: Record | None, now: float, *, seen: bool) -> None:
    """Write the line of a lease that nobody holds, and remove its files. Only under the lock.

    Of a user's lease only he can, and root: nobody else may write his journal.

    Args:
        path: the record's file.
        record: what it said; None where that cannot be read.
        now: seconds since 1970.
        seen: whether its end was seen just now.
    """
    if record and os.getuid() not in {0, record.uid}:
        return
    if record and path.suffix == ".lease" and not note_end(path, record, now, seen=seen):
        # The record, which does no harm, is kept for whoever can write its line.
        return
    # The record goes last: whoever dies on the way leaves it to the next reader, and nothing
    # without it.
    for name in (*(path.with_suffix(end) for end in _BESIDE), path):
        with suppress(OSError):
            name.unlink()


def note_end(path: Path, record: Record, now: float, *, seen: bool) -> bool:
    """Write the line of a lease that ended, unless it is there; False where that may work later.

    The arguments are those of `end_record`.
    """
    begin, end = (now, now) if seen else _between(path, record, now)
    return append(path.parent, record.uid, told(path, record, begin, end))


def _between(path: Path, record: Record, now: float) -> tuple[float, float]:
    """When somebody last saw it held, and when first not any more."""
    book = read_book(path.parent)
    if path.stem in book.gone:
        return book.gone[path.stem]
    return (book.time if path.stem in book.seen else record.time), now


def told(path: Path, record: Record, seen: float, end: float) -> Ended:
    """What the journal tells of a lease.

    Args:
        path: the record's file.
        record: what it says.
        seen: when it was last known to be held, in seconds since 1970.
        end: when its end was noticed.
    """
    # Clocks are set, and books are written by anybody.
    end = max(record.time, end)
    seen = min(max(record.time, seen), end)
    resized = min(max(record.time, record.resized), end)
    joules, at = counters(record.gpus) if any(record.energy_j) else ((), ())
    return Ended(
        lease=path.stem,
        run=record.run,
        label=record.label,
        gpus=record.gpus,
        mem_mb=record.mem_mb,
        mb_s=round(record.mb_s + record.mem_mb * max(0.0, (seen + end) / 2 - resized), 3),
        start=record.time,
        seen=round(seen, 3),
        time=round(end, 3),
        waited_s=record.waited_s,
        energy_j=record.energy_j,
        energy_at=record.energy_at,
        energy_end_j=joules,
        energy_end_at=at,
    )


def lives_on(path: Path, record: Record) -> bool:
    """Whether processes are left that do not hold the lock; only their own user can see them."""
    if path.suffix != ".lease" or os.getuid() not in {0, record.uid}:
        return False
    return marked_process(path) is not None


def make_empty(path: Path) -> None:
    """Make a file that all can read and this user fill.

    Raises:
        OSError: where it is there, or cannot be made.
    """
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)
    os.fchmod(fd, 0o644)
    os.close(fd)
