"""Whose turn it is: the order of all that wait for GPUs, without any I/O.

Turns go round among users, then among the runs of a user, then to who waits longest. Whoever used
the GPUs more of late waits longer for each turn, and never for ever: each second of waiting
outweighs ten of use.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Final

HALF_LIFE_S: Final = 4 * 3600.0
"""Seconds after which use counts half. Fair-share schedulers take hours to weeks; people at one
host see each other's use of a day, and a morning's should weigh little in the evening."""

WAIT_WEIGHT: Final = 10.0
"""Seconds of one GPU's use that a second of waiting outweighs: a user who used a GPU for six hours
more than another waits 36 minutes at most for each turn."""

HELD_S: Final = 60.0
"""Seconds of use that count in advance for a GPU that is held: the first to come is not served
with all that becomes free in one moment."""


@dataclass(frozen=True, slots=True)
class Party:
    """A user, or one run of a user, and what it had.

    Attributes:
        used_s: seconds of a whole GPU, those of long ago counting less.
        last_turn: when it was last given something, in seconds since 1970.
        held: GPUs that it holds now, by the share of their memory.
    """

    used_s: float = 0.0
    last_turn: float = 0.0
    held: float = 0.0

    def after(self, seconds: float) -> "Party":
        """What counts of it so much later."""
        return replace(self, used_s=self.used_s * 0.5 ** (max(0.0, seconds) / HALF_LIFE_S))

    def at_most(self, used_s: float) -> "Party":
        """The same with no more use than can be."""
        return self if self.used_s <= used_s else replace(self, used_s=used_s)


@dataclass(frozen=True, slots=True)
class Waiter:
    """One place in the queue.

    Attributes:
        seq: its number, higher for those who came later.
        uid: whose it is.
        run: what it belongs to: one workflow run, or one session of a shell.
        priority: higher goes first among those of a user.
        time: when it came, in seconds since 1970.
    """

    seq: int
    uid: int
    run: str = ""
    priority: int = 0
    time: float = 0.0

    @property
    def user(self) -> str:
        """The name of its user among parties."""
        return str(self.uid)

    @property
    def of_run(self) -> str:
        """The name of its run among parties."""
        return f"{self.uid}/{self.run}"


_NEW: Final = Party()
_by_key: Final = itemgetter(0)

Key = tuple[float, int, int, float, str, int]


@dataclass
class Turns:
    """The order of those who wait at one moment; each turn that is taken changes it.

    Attributes:
        parties: users and runs by their names.
        waiting: who waits.
        now: the moment, in seconds since 1970.
    """

    parties: dict[str, Party]
    waiting: list[Waiter]
    now: float
    _first: dict[str, float] = field(default_factory=dict)
    _keys: list[Key] = field(default_factory=list)
    _scores: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put all in order."""
        for waiter in self.waiting:
            self._note(waiter)
        self._sort()

    def place(self, waiter: Waiter) -> int:
        """How many of those who wait go before one, who need not be among them."""
        return bisect_left(self._keys, self._key(waiter))

    def order(self) -> list[Waiter]:
        """All that wait, the next one first."""
        return self.waiting

    def add(self, waiter: Waiter) -> None:
        """Somebody begins to wait."""
        self.waiting.append(waiter)
        self._note(waiter)
        self._sort()

    def take(self, waiter: Waiter, gpus: float) -> None:
        """Somebody was given GPUs, of which this is the sum of the shares, and waits no more."""
        for name in (waiter.user, waiter.of_run):
            party = self.parties.get(name, Party())
            self.parties[name] = replace(party, last_turn=self.now, held=party.held + gpus)
        self.waiting = [other for other in self.waiting if other.seq != waiter.seq]
        self._sort()

    def _note(self, waiter: Waiter) -> None:
        for name in (waiter.user, waiter.of_run):
            self._first[name] = min(self._first.get(name, waiter.time), waiter.time)

    def _sort(self) -> None:
        self._scores.clear()
        keyed = sorted(((self._key(waiter), waiter) for waiter in self.waiting), key=_by_key)
        self._keys = [key for key, _ in keyed]
        self.waiting = [waiter for _, waiter in keyed]

    def _key(self, waiter: Waiter) -> Key:
        return (
            self._score(waiter.user, waiter),
            waiter.uid,
            -waiter.priority,
            self._score(waiter.of_run, waiter),
            waiter.run,
            waiter.seq,
        )

    def _score(self, name: str, waiter: Waiter) -> float:
        known = self._scores.get(name)
        if known is not None:
            return known
        party = self.parties.get(name, _NEW)
        since = max(party.last_turn, self._first.get(name, waiter.time))
        waited = max(0.0, self.now - since)
        score = party.used_s + HELD_S * party.held - WAIT_WEIGHT * waited
        if name in self._first:
            self._scores[name] = score
        return score


def with_held(
    parties: Mapping[str, Party], held: Iterable[tuple[Waiter, float]]
) -> dict[str, Party]:
    """The parties with the shares of GPUs that their leases hold now."""
    found = {name: replace(party, held=0.0) for name, party in parties.items()}
    for holder, gpus in held:
        for name in (holder.user, holder.of_run):
            party = found.get(name, Party())
            found[name] = replace(party, held=party.held + gpus)
    return found
