"""What does it cost to wait for a GPU among many, and how soon is one had that becomes free?

    python -m benchmarks.gpu_waiting [--waiting 300] [--gpus 64] [--seconds 20]

So many processes come at once and wait for the GPUs of a simulated driver, which are all leased, as
`gpulease run` waits; then the GPUs are released, ten a second. Columns, in seconds (median, 99th
percentile, most): the first decision of each (one call of Queue.grant: all crowd at the door), the
later ones, from when each has had its first, those of them that looked at the ledger, and from a
GPU's release to its next lease; and the CPU time of each waiter in the second half of the time in
which nothing happens, in ms per second.

Ends with 1 where a later decision takes longer than 0.5 s at the 99th percentile, a GPU that was
released is not given away, or a process failed.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gpulease.executors import POLL_S, Lease, Pool, Queue, Request
from gpulease.wakers import wake
from tests.gpu.driver.simulated import Host, build

TARGET_S = 0.5
MEM_MB = 20000
PACE_S = 0.1
GRACE_S = 10.0
"""Seconds after the last release in which all are given away."""

_END = "end"


def options() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description="Waiting among many.")
    parser.add_argument("--waiting", type=int, default=300)
    parser.add_argument("--gpus", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20.0)
    return parser.parse_args()


def main() -> int:
    """Print one row; all is measured in a process that starts with the simulated driver."""
    asked = options()
    if "SIMULATED_GPUS" in os.environ:
        return measure(asked.waiting, asked.gpus, asked.seconds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        host = Host(folder / "host.txt")
        host.add("driver ok")
        host.add_gpus(*[24000] * asked.gpus)
        simulated = host.environment(build(folder / "lib"), folder / "ledger")
        kept = {key: text for key, text in os.environ.items() if not key.startswith("CUDA_")}
        command = [sys.executable, "-m", "benchmarks.gpu_waiting", *sys.argv[1:]]
        return os.spawnve(os.P_WAIT, sys.executable, command, {**kept, **simulated})  # noqa: S606


def measure(waiting: int, gpus: int, seconds: float) -> int:
    """Have all wait, then release the GPUs one after another."""
    pool = Pool()
    pool.wait_for_driver()
    held = [pool.acquire(Request(MEM_MB)) for _ in range(gpus)]
    first_release = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        children = []
        for number in range(waiting):
            children.append(os.fork())
            if children[-1] == 0:
                _wait(held, folder, number)
        cpu = _quiet_cpu(children, first_release)
        releases = _release(held[:waiting])
        time.sleep(GRACE_S)
        ended = time.monotonic()
        (folder / _END).touch()
        for ticket in pool.ledger.folder.glob("*.ticket"):
            wake(ticket)
        codes = [os.waitpid(pid, 0)[1] for pid in children]
        found = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    # Those that end give GPUs back, which others may still be given.
    grants = sorted(one["granted"] for one in found if (one["granted"] or ended) < ended)
    failed = sum(code != 0 for code in codes)
    return _report(found, grants, releases, f"{waiting}, {gpus}", failed, cpu)


def _quiet_cpu(pids: Sequence[int], end: float) -> float:
    """CPU time of each process in the second half of the time until then, as a share of it."""
    time.sleep(max(0.0, (end - time.monotonic()) / 2))
    began, before = time.monotonic(), _cpu_s(pids)
    time.sleep(max(0.0, end - time.monotonic()))
    return (_cpu_s(pids) - before) / (time.monotonic() - began) / len(pids)


def _cpu_s(pids: Sequence[int]) -> float:
    words = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in words) / os.sysconf("SC_CLK_TCK")


def _wait(held: Sequence[Lease], folder: Path, number: int) -> None:
    """One that waits, until it is given a GPU, which it keeps to the end."""
    for lease in held:
        os.close(lease.fd)
    queue, request = Queue(Pool()), Request(MEM_MB, label="waiter")
    decisions: list[tuple[float, float, bool]] = []
    looks = CountedLooks(queue)
    granted = None
    while not (folder / _END).exists():
        began, before = time.monotonic(), looks.number
        if granted is None:
            (outcome,) = queue.grant([request])
            now = time.monotonic()
            decisions.append((now, now - began, looks.number > before))
            granted = now if outcome.lease else None
        queue.wait(POLL_S)
    found = {"decisions": decisions, "granted": granted}
    (folder / f"{number}.json").write_text(json.dumps(found))
    os._exit(0)


class CountedLooks:
    """How often a queue looked at the whole ledger."""

    def __init__(self, queue: Queue) -> None:
        self.number = 0
        self._look = queue.pool.look
        queue.pool.look = self._counted  # type: ignore[method-assign]

    def _counted(self) -> Any:
        self.number += 1
        return self._look()


def _release(held: Sequence[Lease]) -> list[float]:
    """Give all back, ten a second; when each was free."""
    releases = []
    for lease in held:
        releases.append(time.monotonic())
        lease.release()
        time.sleep(PACE_S)
    return releases


def _report(
    found: Sequence[Any],
    grants: Sequence[float],
    releases: Sequence[float],
    case: str,
    failed: int,
    cpu: float,
) -> int:
    """The row."""
    first = [one["decisions"][0][1] for one in found]
    all_there = max(one["decisions"][0][0] for one in found)
    later = [
        each for one in found for each in one["decisions"][1:] if each[0] - each[1] > all_there
    ]
    decisions = [seconds for _, seconds, _ in later]
    looks = [seconds for _, seconds, looked in later if looked]
    # As one queue: a GPU that nobody takes makes all later ones late.
    handed = [given - free for free, given in zip(releases, grants, strict=False)]
    left = len(releases) - len(grants)
    row = {
        "waiting, GPUs": case,
        "first, s": _spread(first),
        "later": len(decisions),
        "later, s": _spread(decisions),
        "looks": len(looks),
        "looks, s": _spread(looks),
        "handed on": f"{len(grants)} of {len(releases)}",
        "handed on, s": _spread(handed),
        "CPU, ms per s": f"{cpu * 1000:.2f}",
        "failed": failed,
    }
    print(f"| {' | '.join(row)} |\n{'|---' * len(row)}|")
    print(f"| {' | '.join(map(str, row.values()))} |")
    return int(bool(failed) or bool(left) or _percentile(decisions, 99) > TARGET_S)


def _percentile(seconds: Sequence[float], percent: int) -> float:
    return sorted(seconds)[min(len(seconds) - 1, len(seconds) * percent // 100)]


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return ""
    return f"{_percentile(seconds, 50):.3f}, {_percentile(seconds, 99):.2f}, {max(seconds):.2f}"


if __name__ == "__main__":
    sys.exit(main())
