"""Do people who share GPUs get equal parts of them, and how long does each wait?

    python -m benchmarks.gpu_fairness

In simulated time, with the pool's own ledger, turns and placement:

- three users with equal wishes, who come one second after another, each with work for hours.
  Columns: Jain's index of the GPU memory-time that each had while all three still waited (1 where
  all had the same, 1/3 where one had all), and the 95th percentile of waiting, in minutes, of each;
- one job of one user behind sixty of another: how many jobs end between its coming and its start.

Ends with 1 where the index is below 0.95, or where the single job waits for more than two ends.
"""

import heapq
import itertools
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gpulease.executors import Lease, Pool, Queue, Request
from gpulease.inventory import Gpu, GpuState

LEAST_INDEX = 0.95
MOST_ENDS = 2
HOSTS = {"2x24": (24000,) * 2, "8x24": (24000,) * 8, "80+24": (80000, 24000)}
MIXES = {
    "equal jobs": ((8000, 60.0),),
    "pipeline": ((8000, 60.0), (4000, 30.0), (20000, 120.0)),
    "short and long": ((8000, 20.0), (8000, 300.0)),
}


@dataclass(eq=False)
class Wish:
    """One job: whose, when it comes, what it needs, and what became of it (seconds)."""

    user: str
    arrival: float
    mem_mb: int
    seconds: float
    started: float = -1.0


class SharedHost(Pool):
    """The GPUs as one user sees them, in simulated time."""

    def __init__(self, folder: str, user: str, sizes_mb: Sequence[int], clock: "Clock") -> None:
        super().__init__(folder, {}, user)
        self.ledger.clock = clock
        self._gpus = [Gpu(n, f"GPU-{n}", "simulated", mb, mb) for n, mb in enumerate(sizes_mb)]

    def states(self) -> list[GpuState]:
        """Memory is used by leases alone."""
        self._known = {gpu.uuid: gpu for gpu in self._gpus}
        return [GpuState(gpu, gpu.total_mb, {}) for gpu in self._gpus]


class Clock:
    """The simulated time, in seconds."""

    now = 1.0

    def __call__(self) -> float:
        """The time now."""
        return self.now


def simulate(wishes: Sequence[Wish], sizes_mb: Sequence[int]) -> int:
    """Run all jobs; how many ended between the coming of the last one and its start."""
    clock, ends = Clock(), 0
    with tempfile.TemporaryDirectory() as folder:
        users = list(dict.fromkeys(wish.user for wish in wishes))
        pools = {user: SharedHost(folder + "/ledger", user, sizes_mb, clock) for user in users}
        queues = {user: Queue(pool) for user, pool in pools.items()}
        waiting: list[Wish] = []
        order = itertools.count()
        events: list[tuple[float, int, Wish, Lease | None]] = []
        for wish in wishes:
            heapq.heappush(events, (wish.arrival, next(order), wish, None))
        while events:
            clock.now, _, wish, lease = heapq.heappop(events)
            if lease:
                lease.release()
                ends += wishes[-1].started < 0 and clock.now > wishes[-1].arrival
            else:
                waiting.append(wish)
            if events and events[0][0] == clock.now:
                continue
            for one, given in _start(waiting, queues):
                one.started = clock.now
                waiting.remove(one)
                heapq.heappush(events, (clock.now + one.seconds, next(order), one, given))
    return ends


def _start(waiting: Sequence[Wish], queues: Mapping[str, Queue]) -> list[tuple[Wish, Lease]]:
    """Let users ask in one order again and again, until nobody is given anything."""
    started: list[tuple[Wish, Lease]] = []
    left = list(waiting)
    while True:
        before = len(started)
        for user, queue in queues.items():
            with queue.round() as this:
                for wish in [wish for wish in left if wish.user == user]:
                    lease = this.decide(Request(wish.mem_mb)).lease
                    if lease:
                        started.append((wish, lease))
                        left.remove(wish)
        if len(started) == before:
            return started


def jain(shares: Sequence[float]) -> float:
    """Jain's index of fairness."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 0.0


def shares(wishes: Sequence[Wish]) -> list[float]:
    """The memory-time of each user until the first of them has nothing left to wait for."""
    users = list(dict.fromkeys(wish.user for wish in wishes))
    until = min(max(w.started for w in wishes if w.user == user) for user in users)
    return [
        sum(
            wish.mem_mb * max(0.0, min(wish.started + wish.seconds, until) - wish.started)
            for wish in wishes
            if wish.user == user
        )
        for user in users
    ]


def waits(wishes: Sequence[Wish]) -> str:
    """The 95th percentile of waiting of each user, in minutes."""
    users = list(dict.fromkeys(wish.user for wish in wishes))
    found = []
    for user in users:
        times = sorted(wish.started - wish.arrival for wish in wishes if wish.user == user)
        found.append(f"{times[int(0.95 * (len(times) - 1))] / 60:.0f}")
    return ", ".join(found)


def equal_wishes(kinds: Sequence[tuple[int, float]], gpus: int, seed: int = 1) -> list[Wish]:
    """Three users with the same jobs, each in an order of its own."""
    jobs = [kind for kind, _ in zip(itertools.cycle(kinds), range(30 * gpus), strict=False)]
    wishes = []
    for number, user in enumerate(("anna", "bob", "carl")):
        random.Random(f"{seed} {user}").shuffle(jobs)
        wishes += [Wish(user, 1.0 + number, mb, seconds) for mb, seconds in jobs]
    return wishes


def flood() -> list[Wish]:
    """One job behind sixty of another user."""
    flood = [Wish("anna", 1.0, 8000, 60.0 + number) for number in range(60)]
    return [*flood, Wish("bob", 2.0, 8000, 60.0)]


def main() -> int:
    """Print one table."""
    failed = False
    print("| GPUs | jobs | Jain's index | waiting (p95) of each user, minutes |")
    print("|---|---|---|---|")
    for (host, sizes_mb), (mix, kinds) in itertools.product(HOSTS.items(), MIXES.items()):
        wishes = equal_wishes(kinds, len(sizes_mb))
        simulate(wishes, sizes_mb)
        index = jain(shares(wishes))
        failed |= index < LEAST_INDEX
        print(f"| {host} | {mix} | {index:.3f} | {waits(wishes)} |", flush=True)
    for host, sizes_mb in HOSTS.items():
        ends = simulate(flood(), sizes_mb)
        failed |= ends > MOST_ENDS
        print(f"On {host}, a single job behind sixty of another user starts after {ends} ends.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
