"""A folder that is watched: runs are started for what is new in it, once it is whole."""

import fcntl
import logging
import os
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from glob import escape
from pathlib import Path
from typing import Final, TextIO

from vat.errors import UsageError
from vat.jobs.messages import is_of_system, sentence
from vat.planning.sources import is_url
from vat_command.download_options import DownloadOptions, download_options
from vat_command.folder_look import Look, Mark, Settling, marks_of
from vat_command.snakemake_call import LOCAL, Wishes, environment, in_a_line, snakemake_call
from vat_command.told import Told

logger = logging.getLogger(__name__)

_RETRY_SECONDS: Final = 300.0
_LONGEST_RETRY_SECONDS: Final = 3600.0
_FOLLOWING_RETRY: Final = 2
_MOST_RUNS: Final = 3
"""Runs at a time; each plans and holds its own jobs in memory."""

_MOST_TYPED: Final = 100_000
"""Characters of settings; Linux takes 128 KiB in one word of a command."""

_IN_LINES: Final = {"TTY_COMPATIBLE": "0"}
"""Has rich write lines on a terminal, too: of two runs, each would draw over the other."""

_ALL_AND_PAGES: Final = "all pages"
"""Targets of a run that tells of all videos, also where nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is watched, and how: seconds between looks, and who is told of finished videos.

    `words` are those that were typed after `vat`.
    """

    words: Sequence[str]
    wishes: Wishes
    every: float = 20.0
    hook: str = ""


@dataclass(slots=True)
class Retry:
    """When a run that failed is tried again, though nothing is new: later each time."""

    clock: Callable[[], float] = time.monotonic
    _seconds: float = 0.0
    _due: float | None = None

    def note(self, status: int) -> None:
        """Take note of how a run ended."""
        if status == 0:
            self._seconds, self._due = 0.0, None
            return
        longer = max(_RETRY_SECONDS, self._seconds * _FOLLOWING_RETRY)
        self._seconds = min(longer, _LONGEST_RETRY_SECONDS)
        self._due = self.clock() + self._seconds

    def is_due(self) -> bool:
        """Whether it is time."""
        return self._due is not None and self.clock() >= self._due


@dataclass(slots=True)
class Run:
    """A run at work.

    `is_whole` where it is one over all that the folders hold; `has_planned` once it has locked what
    it will write. It may be over all that was there until then.
    """

    process: subprocess.Popen[bytes]
    is_whole: bool
    began: float
    has_planned: bool = False


@dataclass(slots=True)
class Watch:
    """Looks at folders, runs the workflow for what is new, and tells of what is done.

    What comes while a run is at work has a run of its own beside it, over these videos alone:
    Snakemake locks the files that a run writes, not the folder. When no run is left, one over
    everything brings summary and pages up to date.
    """

    asked: Asked
    home: Path
    here: Path
    told: Told
    stop: threading.Event = field(default_factory=threading.Event)
    retry: Retry = field(default_factory=Retry)
    settling: Settling = field(default_factory=Settling)
    _handled: Mapping[Path, Mark] = field(default_factory=dict)
    _runs: list[Run] = field(default_factory=list)
    _begun: set[Path] = field(default_factory=set)
    _left_out: set[Path] = field(default_factory=set)
    _may_begin_beside: bool = True
    _were_beside: bool = False
    _trouble: str = ""

    def go_on(self) -> None:
        """Look again and again, until `stop` is set; then end what is at work."""
        self.told.begin()
        try:
            while not self.stop.is_set():
                self._look_and_run()
                self.told.tell()
                self.stop.wait(self.asked.every)
        finally:
            for run in self._runs:
                run.process.send_signal(signal.SIGINT)
            for run in self._runs:
                run.process.wait()

    def _look_and_run(self) -> None:
        """One look, and a run if there is a reason; what hinders them is said once, and awaited."""
        try:
            look = self.look()
            away = ", ".join(str(folder) for folder in self._folders() if not _is_folder(folder))
            self._say(f"waiting for {away} to come back" if away else "")
            self._note_ends()
            if self._runs:
                self._begin_beside(look)
            else:
                self._begin(look)
        except UsageError as error:
            self._say(sentence(error))
        except OSError as error:
            if not is_of_system(error):
                raise
            self._say(sentence(error))

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            logger.warning("%s", trouble)
        self._trouble = trouble

    def _note_ends(self) -> None:
        """See which runs have ended, and how."""
        for run in [*self._runs]:
            status = run.process.poll()
            if status is None:
                continue
            self._runs.remove(run)
            if run.is_whole:
                self.retry.note(status)
            elif status:
                # Most often it wants a model that another run is fetching.
                self._may_begin_beside = False

    def _begin(self, look: Look) -> None:
        """Begin a run over all that is whole, where something is new or one is tried again."""
        now = {**look.whole, **_edits(self.here / self.asked.wishes.out)}
        if look.whole and (now != self._handled or self.retry.is_due()):
            new = len(now.items() - self._handled.items())
            logger.info("a run begins: %d files are new or changed, of %d", new, len(now))
            wishes = self._wishes_without(look.unfinished)
            # Runs beside each other have told each of its own videos.
            wishes = replace(wishes, target=_ALL_AND_PAGES) if self._were_beside else wishes
            self._runs.append(Run(self.start(wishes), True, time.time()))
            self._handled, self._begun, self._may_begin_beside = now, {*look.whole}, True
            self._left_out, self._were_beside = {*look.unfinished}, False

    def _begin_beside(self, look: Look) -> None:
        """Begin a run over what has come since the others began, where nothing speaks against it.

        A name that another video has, too, waits: what both are called is for a run over both.
        """
        if not self._all_have_planned():
            # A run that plans may have found these, too.
            self._begun |= {*look.whole, *look.unfinished} - self._left_out
            return
        known = Counter(self._name(path) for path in (*look.whole, *look.unfinished))
        fresh = [
            path for path in look.whole if path not in self._begun and known[self._name(path)] == 1
        ]
        others = [path for path in (*look.whole, *look.unfinished) if path not in fresh]
        wishes = self._wishes_without(others)
        folders = [name for name in wishes.sources if self._has(self.here / name, fresh)]
        small = sum(map(len, wishes.settings)) < _MOST_TYPED
        if fresh and small and self._may_begin_beside and len(self._runs) < _MOST_RUNS:
            logger.info("a run begins beside the others: %d files are new", len(fresh))
            self._begun |= {*fresh}
            wishes = replace(wishes, sources=folders, rest=[*wishes.rest, *_some_cores(wishes)])
            self._runs.append(Run(self.start(wishes), False, time.time()))
            self._were_beside = True

    def _all_have_planned(self) -> bool:
        """Whether what the runs at work are over is settled, by the locks of Snakemake.

        Runs begin one after another, so that a new lock is the newest run's.
        """
        locks = self.here / self.asked.wishes.out / ".snakemake/locks"
        times = [0.0]
        for lock in locks.glob("*.output.lock"):
            # A run that ends removes the locks of the others, too.
            with suppress(FileNotFoundError):
                times.append(lock.stat().st_mtime)
        for run in self._runs:
            run.has_planned = run.has_planned or max(times) >= run.began
        return all(run.has_planned for run in self._runs)

    def _name(self, path: Path) -> str:
        """What a video is called where it is delivered, by its place in its folder."""
        inside = next((f for f in self._folders() if path.is_relative_to(f)), path.parent)
        return str(path.relative_to(inside).with_suffix("")).casefold()

    @staticmethod
    def _has(folder: Path, files: Sequence[Path]) -> bool:
        return any(path.is_relative_to(folder) for path in files)

    def look(self) -> Look:
        """What the folders hold now.

        Raises:
            OSError, UsageError: where the user's own settings cannot be read.
        """
        out = self.here / self.asked.wishes.out
        skip = [out / "results", out / "resources"]
        recursive = self._options().recursive
        return self.settling.look(marks_of(self._folders(), skip, recursive=recursive))

    def start(self, wishes: Wishes) -> subprocess.Popen[bytes]:
        """Begin a run."""
        call = snakemake_call(wishes, self.home, self.here)
        variables = environment(self.asked.words) | _IN_LINES
        # In a session of its own: Ctrl-C reaches it once, by this process.
        return subprocess.Popen(call, env=variables, start_new_session=True)

    def _folders(self) -> list[Path]:
        return [self.here / name for name in self.asked.wishes.sources]

    def _wishes_without(self, unfinished: Sequence[Path]) -> Wishes:
        """The wishes, without folders that are away and files that are still written."""
        wishes = self.asked.wishes
        there = [name for name in wishes.sources if _is_folder(self.here / name)]
        # Without a source, a run would be one over something else.
        wishes = replace(wishes, sources=there or wishes.sources)
        if not unfinished:
            return wishes
        inside = [
            str(path.relative_to(folder))
            for path in unfinished
            for folder in self._folders()
            if path.is_relative_to(folder)
        ]
        left = [*self._options().exclude, *map(escape, inside)]
        return replace(wishes, settings=[*wishes.settings, f"download.exclude={in_a_line(left)}"])

    def _options(self) -> DownloadOptions:
        return download_options(self.asked.wishes, self.here)


def _names_cores(options: Sequence[str]) -> bool:
    """Whether the user's own options for Snakemake say how many cores a run has."""
    return any(re.match(r"-[cj]|--(cores|jobs)\b", option) for option in options)


def _some_cores(wishes: Wishes) -> list[str]:
    """Half of this host's cores, for a run beside one that has them all by the usual profile."""
    if wishes.profile != LOCAL or _names_cores(wishes.rest):
        return []
    return ["--cores", str(max(1, len(os.sched_getaffinity(0)) // 2))]


def _is_folder(path: Path) -> bool:
    """Whether a folder is there and can be reached."""
    with suppress(OSError):
        return path.is_dir()
    return False


def _edits(out: Path) -> dict[Path, Mark]:
    """The user's corrections, which are a reason for a run as well."""
    found = dict[Path, Mark]()
    for path in (out / "edits").glob("*/*.*"):
        with suppress(OSError):
            status = path.stat()
            found[path] = status.st_size, status.st_mtime_ns
    return found


def watch(asked: Asked, home: Path, here: Path) -> int:
    """Watch until told to stop by SIGINT or SIGTERM; the exit status.

    Raises:
        OSError: where the disk or its permissions do not allow it.
        UsageError: where no folder is named, the results are watched already, or the user's own
            settings cannot be read.
    """
    _check(asked, here)
    download_options(asked.wishes, here)
    out = here / asked.wishes.out
    told = Told(asked.hook, out / "results", out / ".snakemake" / "vat" / "told.json")
    one = Watch(asked, home, here, told)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: one.stop.set())
    with _alone(out / ".snakemake" / "vat" / "watch.lock"):
        logger.info("watching %s; Ctrl-C ends it", ", ".join(asked.wishes.sources))
        one.go_on()
    return 0


def _check(asked: Asked, here: Path) -> None:
    if not asked.wishes.sources:
        raise UsageError("Name the folder to watch: vat watch FOLDER --to zh.")
    for name in asked.wishes.sources:
        if is_url(name) or not (here / name).is_dir():
            raise UsageError(f"'{name}' is no folder; vat watch wants folders.")


@contextmanager
def _alone(path: Path) -> Iterator[TextIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"Another vat watch works in '{path.parents[2]}'; end it, or name another --out."
            ) from None
        yield file
