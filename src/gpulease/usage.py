"""Who used how much of the GPUs of late: one small file in the ledger's folder.

Every user may write it, and only under the ledger's lock. What is not true in it costs a turn and
nothing else, so nothing that it says is trusted further than that. Leases are charged whenever
somebody looks, so what counts where many wait is exact; of a lease whose end nobody saw, half of
the time since it was last seen is charged.
"""

import json
import math
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from gpulease.turns import HALF_LIFE_S, Party, Waiter

BOOK: Final = "usage.json"
"""Its name."""

_MOST_BYTES: Final = 1 << 20
_KEPT_S: Final = 3600.0
_LEAST_S: Final = 1.0
"""Use below which a user is forgotten, an hour after the last turn."""

_MOST_GONE: Final = 512


@dataclass(frozen=True, slots=True)
class Holding:
    """A lease as it is charged: whose, and the sum of its shares of GPUs' memory."""

    name: str
    holder: Waiter
    gpus: float


@dataclass
class Book:
    """What the file says.

    Attributes:
        time: when it was last brought up to date, in seconds since 1970.
        parties: users and runs by name.
        seen: the leases of that time: user, run, share.
        gone: leases that ended unseen and whose users have not noted it yet: when each was last
            seen, and when it was first missed.
    """

    time: float = 0.0
    parties: dict[str, Party] = field(default_factory=dict)
    seen: dict[str, tuple[int, str, float]] = field(default_factory=dict)
    gone: dict[str, tuple[float, float]] = field(default_factory=dict)

    def charge(self, holdings: Sequence[Holding], now: float) -> None:
        """Bring it up to date with the leases that there are now."""
        passed = max(0.0, now - self.time) if self.time else 0.0
        self.parties = {name: party.after(passed) for name, party in self.parties.items()}
        self._forget_what_is_to_come(now)
        left = dict(self.seen)
        for held in holdings:
            if left.pop(held.name, None):
                self._add(held.holder, held.gpus * passed)
        self.gone.update(dict.fromkeys(left, (self.time, now)))
        while len(self.gone) > _MOST_GONE:
            del self.gone[next(iter(self.gone))]
        for uid, run, gpus in left.values():
            self._add(Waiter(0, uid, run), gpus * min(passed / 2, HALF_LIFE_S))
        self.seen = {h.name: (h.holder.uid, h.holder.run, h.gpus) for h in holdings}
        self.time = now
        self.parties = {
            name: party
            for name, party in self.parties.items()
            if party.used_s >= _LEAST_S or now - party.last_turn < _KEPT_S
        }

    def _forget_what_is_to_come(self, now: float) -> None:
        """Let no turn be later than now: the clock was set back, or somebody wrote it."""
        for name, party in self.parties.items():
            if party.last_turn > now:
                self.parties[name] = replace(party, last_turn=now)

    def end(self, name: str, now: float) -> bool:
        """Charge one lease that has just ended, whoever else looks when; whether it was known."""
        if name not in self.seen:
            return False
        uid, run, gpus = self.seen.pop(name)
        self._add(Waiter(0, uid, run), gpus * max(0.0, now - self.time))
        return True

    def turn(self, waiter: Waiter) -> None:
        """Note that somebody was given something just now."""
        for name in (waiter.user, waiter.of_run):
            party = self.parties.get(name, Party())
            self.parties[name] = Party(party.used_s, self.time)

    def _add(self, holder: Waiter, seconds: float) -> None:
        for name in (holder.user, holder.of_run):
            party = self.parties.get(name, Party())
            self.parties[name] = Party(party.used_s + seconds, party.last_turn)


def read_book(folder: Path) -> Book:
    """What is known; nothing where the file is missing or not what it should be."""
    with suppress(OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        fd = os.open(folder / BOOK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if stat.S_ISREG(os.fstat(fd).st_mode):
                return _parse(json.loads(os.pread(fd, _MOST_BYTES, 0)))
        finally:
            os.close(fd)
    return Book()


def write_book(folder: Path, book: Book) -> None:
    """Write it; where that is not possible, turns go by age. Only under the ledger's lock."""
    path = folder / BOOK
    text = json.dumps(
        {
            "time": book.time,
            "parties": {n: (round(p.used_s, 3), p.last_turn) for n, p in book.parties.items()},
            "seen": book.seen,
            "gone": {n: t for n, t in book.gone.items() if (folder / f"{n}.lease").exists()},
        }
    ).encode()
    with suppress(OSError):
        fd = _open(path)
        try:
            if stat.S_ISREG(os.fstat(fd).st_mode):
                os.pwrite(fd, text, 0)
                os.ftruncate(fd, len(text))
        finally:
            os.close(fd)


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    with suppress(FileNotFoundError):
        # Without O_CREAT, which sticky folders refuse for files of others.
        return os.open(path, flags)
    fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
    os.fchmod(fd, 0o666)
    return fd


def _parse(raw: Mapping[str, Any]) -> Book:
    parties = {
        str(name): Party(max(0.0, float(used)), float(last))
        for name, (used, last) in raw["parties"].items()
    }
    seen = {
        str(name): (int(uid), str(run), float(gpus))
        for name, (uid, run, gpus) in raw["seen"].items()
    }
    gone = {str(n): (float(seen), float(end)) for n, (seen, end) in raw.get("gone", {}).items()}
    numbers = [raw["time"], *(gpus for *_, gpus in seen.values())]
    numbers += [number for pair in gone.values() for number in pair]
    numbers += [number for p in parties.values() for number in (p.used_s, p.last_turn)]
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError("a number without end")
    return Book(float(raw["time"]), parties, seen, gone)
