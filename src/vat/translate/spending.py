"""What translations cost and may cost at most, counted over all jobs of a run in one file.

No process has to be there for the others: each looks into the file under a lock, notes what it
spends, and goes on. The file may lie on a network file system that has locks.
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

logger = logging.getLogger(__name__)

_SPENDING: Final = "spending.jsonl"
_MILLION: Final = 1e6


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
