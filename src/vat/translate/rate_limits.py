"""How often a server may be asked, counted over all jobs of a run by means of files.

No process has to be there for the others: each looks into a file under a lock, notes what it takes,
and goes on. The files may lie on a network file system that has locks.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from vat.files import locked
from vat.translate.translation_memory import key_of

logger = logging.getLogger(__name__)

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
