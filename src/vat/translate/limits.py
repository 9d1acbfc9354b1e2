"""What a server and a purse allow, counted over all jobs of a run by means of files.

No process has to be there for the others: each looks into a file under a lock, notes what it takes,
and goes on. The files may lie on a network file system that has locks.
"""

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final, TextIO

from vat.errors import TranslationError
from vat.files import locked
from vat.translate.memory import key_of

logger = logging.getLogger(__name__)

_SPENDING: Final = "spending.jsonl"
_MILLION: Final = 1e6
_CLOCKS_DIFFER: Final = 60.0
"""Seconds between the clocks of two hosts. What was written later than that from now was written
before the clock was set back."""

_LONG_WAIT: Final = 10.0
"""Seconds of waiting that the log mentions."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests and tokens per minute of one server, shared by everyone who names the same file.

    The file holds three moments: when the next request may be sent, until when the server wants
    nobody, and when that was written. Each request moves the first on by the time that its share of
    the limit takes, so that no minute ever holds more than was allowed.
    """

    file: Path | None
    requests: float | None = None
    tokens: float | None = None

    @classmethod
    def of_server(
        cls, folder: Path | None, address: str, requests: float | None, tokens: float | None
    ) -> "RateLimit":
        """The limit that all jobs keep which use this `folder` and server."""
        file = folder / "limits" / f"{key_of(address)[:16]}.txt" if folder else None
        return cls(file, requests, tokens)

    def wait(self, tokens: int) -> None:
        """Return when a request of so many tokens may be sent."""
        seconds = max(
            60 / self.requests if self.requests else 0.0,
            60 * tokens / self.tokens if self.tokens else 0.0,
        )
        ahead = self._take(seconds)
        while ahead > 0:
            if ahead > _LONG_WAIT:
                logger.info("the next request waits %.0f s for the server's rate limits", ahead)
            time.sleep(ahead)
            ahead = self._paused()  # the server may have asked for it in the meantime

    def pause(self, seconds: float) -> None:
        """Let nobody send a request for so long: the server asked for it."""
        if self.file is None:
            return
        with locked(self.file) as file:
            until = time.time() + seconds
            self._write(file, *(max(moment, until) for moment in self._read(file)))

    def _take(self, seconds: float) -> float:
        """Note a request of so many seconds; how long to wait before it is sent."""
        if self.file is None or (seconds == 0 and not self.file.exists()):
            return 0.0
        with locked(self.file) as file:
            now = time.time()
            moment, paused = self._read(file)
            moment = max(now, moment)
            self._write(file, moment + seconds, paused)
        return moment - now

    def _paused(self) -> float:
        """Seconds for which the server wants nobody."""
        if self.file is None:
            return 0.0
        with locked(self.file) as file:
            return self._read(file)[1] - time.time()

    @staticmethod
    def _read(file: TextIO) -> tuple[float, float]:
        file.seek(0)
        try:
            moment, paused, written = map(float, file.read().split())
        except ValueError:
            return 0.0, 0.0
        return (moment, paused) if written - time.time() < _CLOCKS_DIFFER else (0.0, 0.0)

    @staticmethod
    def _write(file: TextIO, moment: float, paused: float) -> None:
        file.seek(0)
        file.truncate()
        file.write(f"{moment:.6f} {paused:.6f} {time.time():.6f}")
        file.flush()


@dataclass(slots=True)
class Spending:
    """What all jobs have spent, line by line, and whether there is room for more.

    A request is noted with its estimated cost before it is sent and with the true one afterwards:
    what a killed job had asked for stays counted, for the server counts it, too. `run` is what
    this run has spent, `named` what all runs have for `name`.
    """

    folder: Path | None
    name: str = ""
    prices: tuple[float, float] | None = None
    max_cost: float | None = None
    run: float = 0.0
    named: float = 0.0
    _offset: int = 0
    _lock: Lock = field(default_factory=Lock)

    def cost(self, tokens: tuple[int, int]) -> float:
        """The price of input and output tokens; 0 where prices are not known."""
        prices = self.prices or (0.0, 0.0)
        return sum(count * price for count, price in zip(tokens, prices, strict=True)) / _MILLION

    def reserve(self, tokens: tuple[int, int]) -> float:
        """Note a request before it is sent; the noted cost, to be given to `settle`.

        Raises:
            TranslationError: where the run would spend more than it may.
        """
        estimate = self.cost(tokens) if self.max_cost is not None else 0.0
        if estimate == 0.0:
            return 0.0
        with self._open() as file:
            if self.run + estimate > (self.max_cost or 0.0):
                raise TranslationError(
                    f"The translation would cost more than translate.max_cost ({self.max_cost:g}):"
                    f" {self.run:.4f} is spent, and the next request may cost {estimate:.4f};"
                    " finished translations are kept, so raise the limit and run again."
                )
            self._note(file, {"name": self.name, "cost": estimate})
        return estimate

    def settle(self, tokens: tuple[int, int], reserved: float) -> None:
        """Note what an answer has truly taken."""
        if self.folder is None:
            self.run += self.cost(tokens)
            self.named += self.cost(tokens)
            return
        with self._open() as file:
            cost = self.cost(tokens) - reserved
            self._note(file, {"name": self.name, "cost": cost, "tokens": list(tokens)})

    def look(self) -> None:
        """Take in what others have noted."""
        if self.folder is not None:
            with self._open():
                pass

    @contextmanager
    def _open(self) -> Iterator[TextIO]:
        """The file of all spending under its lock, read to its end."""
        if self.folder is None:
            raise TranslationError("A cost limit needs a folder in which spending is recorded.")
        with self._lock, locked(self.folder / _SPENDING) as file:
            if os.fstat(file.fileno()).st_size < self._offset:
                self._offset, self.run, self.named = 0, 0.0, 0.0
            file.seek(self._offset)
            for line in file.read().splitlines():
                self._count(line)
            self._offset = file.tell()
            yield file

    def _count(self, line: str) -> None:
        try:
            entry = json.loads(line)
            if "run" in entry:
                self.run = 0.0
                return
            cost, name = float(entry["cost"]), entry["name"]
        except (ValueError, TypeError, KeyError):
            logger.warning("a line of %s is damaged: %s", _SPENDING, line[:80])
            return
        self.run += cost
        self.named += cost if name == self.name else 0.0

    def _note(self, file: TextIO, entry: dict[str, Any]) -> None:
        line = json.dumps(entry)
        file.write(line + "\n")
        file.flush()
        self._count(line)
        self._offset = file.tell()


def begin_run(folder: str | Path) -> TextIO:
    """Note in the file of all spending that a new run begins: `max_cost` is counted from here.

    Runs at the same time share one count, from the first one's beginning on: each that began the
    count anew would let the others spend as much again. A run lasts while the file that is returned
    is open.
    """
    with locked(Path(folder) / _SPENDING) as file:
        running = (Path(folder) / "running").open("a", encoding="utf-8")
        with suppress(BlockingIOError):
            fcntl.flock(running, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.write(json.dumps({"run": time.strftime("%Y-%m-%dT%H:%M:%S%z")}) + "\n")
        fcntl.flock(running, fcntl.LOCK_SH)
    return running
