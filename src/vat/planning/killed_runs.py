"""Runs that were killed: their locks are removed, where it is sure that they are dead.

Snakemake locks what a run writes by files in `.snakemake/locks`, without a word on who has made
them; after a kill they stay and want `--unlock`. So each run leaves a mark with its process beside
them. Where every mark is that of a dead process of this host, and no other Snakemake works in the
folder, whatever lock is not older than the oldest mark is a dead run's.
"""

import atexit
import logging
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vat.files import DamagedError, Record, locked
from vat.jobs.processes import Process, begin_run, jobs_of, kill_tree

logger = logging.getLogger(__name__)

_CLOCK_SECONDS: Final = 2.0
"""By how much the times of files may differ from one another on network file systems."""


@dataclass(frozen=True, slots=True)
class Mark(Record):
    """A run's process, and whether its jobs are `remote`: these go on when their run is killed."""

    process: Process
    remote: bool = False


class Runs:
    """The runs of one folder, of which this process is one or looks on.

    `snakemake` is the folder's `.snakemake`.
    """

    def __init__(self, snakemake: Path) -> None:
        self._locks = snakemake / "locks"
        self._marks = snakemake / "vat" / "runs"
        self._here = snakemake.parent
        own = Process.own()
        self._own, self._mark = own, self._marks / f"{own.pid}-{own.started}.json"

    def enter(self) -> None:
        """Begin a run, after what killed ones have left is removed; it ends with this process."""
        begin_run()
        with locked(self._marks.with_suffix(".lock")):
            dead = self._dead()
            if dead is not None and not any(self._others_at_work()):
                self._clean_up(dead)
            Mark(self._own).write(self._mark)
        atexit.register(_leave, self._mark, os.getpid())

    def submit(self) -> None:
        """Note that jobs of this run go to other hosts."""
        Mark(self._own, remote=True).write(self._mark)

    def _dead(self) -> dict[Path, Mark] | None:
        """The marks of dead runs; None where another may be alive, or its jobs may."""
        found: dict[Path, Mark] = {}
        for path in self._marks.glob("*.json"):
            try:
                mark = Mark.read(path)
            except DamagedError as error:
                logger.warning("%s", error)
                continue
            if mark.remote and mark.process.runs() is False:
                logger.warning(
                    "A run that was killed may have jobs on other hosts; when it has none, remove"
                    " '%s' and, where Snakemake says that the folder is locked, add --unlock once.",
                    path,
                )
                return None
            if mark.process.runs() is not False:
                return None
            found[path] = mark
        return found

    def _clean_up(self, dead: Mapping[Path, Mark]) -> None:
        """End the jobs of dead runs, and remove their locks and marks."""
        for mark in dead.values():
            for job in jobs_of(mark.process):
                logger.warning("process %d of a run that was killed is ended", job)
                kill_tree(job)
        oldest = min((path.stat().st_mtime for path in dead), default=math.inf) - _CLOCK_SECONDS
        stale = [lock for lock in self._locks.glob("*.lock") if lock.stat().st_mtime >= oldest]
        for path in (*stale, *dead):
            path.unlink(missing_ok=True)
        if stale:
            logger.warning(
                "A run in '%s' was killed; it is gone, so its locks are removed, and this run goes"
                " on where it stopped.",
                self._here,
            )

    def _others_at_work(self) -> Iterator[int]:
        """Other processes of Snakemake that work in the folder, as far as this user can see."""
        here = self._here.resolve()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                named = any(word.rpartition(b"/")[2] == b"snakemake" for word in words)
                is_other = named and int(process.name) != os.getpid()
                if is_other and (process / "cwd").readlink() == here:
                    yield int(process.name)


def _leave(mark: Path, pid: int) -> None:
    # Forked children run this, too.
    if os.getpid() == pid:
        mark.unlink(missing_ok=True)
