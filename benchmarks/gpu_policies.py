"""Which policy of giving GPUs to jobs runs out of memory, and how long does the work take?

    python -m benchmarks.gpu_policies [SEEDS] [--hosts 2x24,80+24] [--mixes pipeline]
        [--arrivals burst] [--cards shared] [--only gpulease,plain]

The same job mixes, in simulated time (gpu_mixes.py, gpu_simulation.py), under the ways of others
(gpu_rivals.py), and

- gpulease: this project's ledger and placement, as the scheduler local-gpu calls them;
- gpulease, PuLP: the same ledger, but who starts now and where is solved as one integer programme
  over all jobs that wait (most memory placed, then balance), by CBC through PuLP;
- gpulease, learning: as gpulease, where jobs take three eighths of what they declare, and the first
  ones teach what the next ask for (gpulease.learned);
- gpulease, taught: the same where earlier runs have taught it.

"pipeline" jobs are those of this workflow (4, 8, some 20 GB), "odd" ones fill no GPU evenly. On
cards that are "shared", jobs slow each other down, and gpulease lets two compute at a time;
"memory" is the same without: nothing but memory limits how many run.

Columns: attempts that ran out of memory, jobs lost after three of them (a policy that loses jobs
has less to do: its makespan tells nothing), makespan over a lower bound that no placement can beat,
even one that knows what jobs really take (mean and worst of the seeds), and waiting in seconds
(means of the seeds): of half the jobs, of 95 % of them, of 95 % of the jobs of the user who fared
worst of three, and of the large job that waited longest.

Ends with 1 where gpulease runs out of memory, or its makespan exceeds 1.10 of the bound (1.15 with
learning) or, by more than the 2 % that it may cost to keep memory for large jobs, that of a rival
that lost nothing.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pulp

from benchmarks import gpu_fairness
from benchmarks.gpu_mixes import HOSTS, LARGE_MB, MIXES, Kind, Mix
from benchmarks.gpu_rivals import rivals
from benchmarks.gpu_simulation import Host, Job, Policy, Result
from gpulease.executors import Choice, GpuView, Lease, Pool, Queue, Request
from gpulease.inventory import Gpu, GpuState
from gpulease.learned import ENOUGH_JOBS, Peak
from gpulease.placement import COMPUTE_JOBS
from gpulease.processes import LEASE_VARIABLE
from gpulease.records import Entry
from gpulease.views import view_gpus

TARGET, TARGET_LEARNING, PRICE = 1.10, 1.15, 1.02
USED = 3 / 8
OURS, PULP = "gpulease", "gpulease, PuLP"
LEARNING, TAUGHT = "gpulease, learning", "gpulease, taught"


class SimulatedPool(Pool):
    """The pool's real code, with a ledger of its own, over GPUs in simulated time."""

    def __init__(self, host: Host, folder: str) -> None:
        super().__init__(folder, {})
        self.host = host
        began = time.time()
        self.ledger.clock = lambda: began + host.now
        self.gpus = [
            Gpu(index, f"GPU-{index}", "simulated", mb, mb)
            for index, mb in enumerate(host.sizes_mb)
        ]
        self.leases: dict[Job, Lease] = {}

    def states(self) -> list[GpuState]:
        """What is free on each GPU."""
        states = [
            GpuState(gpu, gpu.total_mb - self.host.used_mb(gpu.index), None) for gpu in self.gpus
        ]
        self._known = {gpu.uuid: gpu for gpu in self.gpus}
        return states

    def view(
        self, states: Sequence[GpuState], leases: Sequence[Entry], tickets: Sequence[Entry]
    ) -> list[GpuView]:
        """What is promised on each GPU; jobs that run are attributed to their leases."""
        used = {run.job: run.used_mb for run in self.host.running}
        by_file = {lease.environment[LEASE_VARIABLE]: job for job, lease in self.leases.items()}
        by_place = {
            entry.record.seq: used.get(job, 0) if (job := by_file.get(str(entry.path))) else 0
            for entry in leases
        }
        return [
            replace(
                view,
                promises=tuple(replace(p, used_mb=by_place[p.seq]) for p in view.promises),
            )
            for view in view_gpus(states, leases, tickets)
        ]


class GpuLease:
    """Rounds of the queue, the largest jobs first, as the scheduler local-gpu has them."""

    def __init__(self, host: Host, compute_jobs: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.pool = SimulatedPool(host, f"{self._folder.name}/ledger")
        self._queue = Queue(self.pool)
        self._compute_jobs = compute_jobs

    def request_mb(self, job: Job) -> int:
        """What a job asks for."""
        return job.mem_mb

    def start(self, waiting: Sequence[Job], host: Host) -> list[tuple[Job, int]]:
        """One round."""
        sizes = {job: self.request_mb(job) for job in waiting}
        started = []
        with self._queue.round() as this:
            for job in sorted(waiting, key=lambda job: -sizes[job]):
                request = Request(sizes[job], max_computing=self._compute_jobs)
                waited_s = host.now - job.arrival
                asked = self.pool.ledger.clock() - waited_s
                lease = this.decide(request, asked=asked).lease
                if lease:
                    self.pool.leases[job] = lease
                    started.append((job, lease.gpus[0].index))
        return started

    def ended(self, job: Job) -> None:
        """Give the lease back."""
        self.pool.leases.pop(job).release()


class Learner(GpuLease):
    """Every job that ends teaches what the next of its kind ask for."""

    def __init__(self, host: Host, compute_jobs: int) -> None:
        super().__init__(host, compute_jobs)
        self._peaks: dict[int, Peak] = {}

    def request_mb(self, job: Job) -> int:
        """What its kind was seen to take, with a margin."""
        return self._peaks.get(job.mem_mb, Peak()).request_mb(job.mem_mb)

    def ended(self, job: Job) -> None:
        """Give the lease back, and keep what was seen."""
        super().ended(job)
        old = self._peaks.get(job.mem_mb, Peak())
        self._peaks[job.mem_mb] = Peak(max(old.peak_mb, job.used_mb), old.jobs + 1)
        for other, lease in self.pool.leases.items():
            if self.request_mb(other) < lease.mem_mb:
                self.pool.resize(lease, self.request_mb(other))


class Taught(Learner):
    """Earlier runs taught what these jobs ask for."""

    def __init__(self, host: Host, compute_jobs: int, kinds: Sequence[Kind], used: float) -> None:
        super().__init__(host, compute_jobs)
        for kind in kinds:
            self._peaks[kind.mem_mb] = Peak(kind.used_mb(used), ENOUGH_JOBS)


class WithPulp(GpuLease):
    """All jobs that wait at once: as much memory placed as possible, then evenly."""

    def start(self, waiting: Sequence[Job], host: Host) -> list[tuple[Job, int]]:
        """Solve, then lease what was decided."""
        with self.pool.look() as look:
            placed = solve(waiting, look.views, self._compute_jobs) if waiting else []
            for seq, (job, gpu) in enumerate(placed, look.seq):
                held = self.pool.ledger.add("lease", seq, (f"GPU-{gpu}",), job.mem_mb, "")
                choice = Choice((look.views[gpu],), "", ())
                self.pool.leases[job] = Lease((self.pool.gpus[gpu],), held, choice, self.pool.end)
        return placed


def solve(
    waiting: Sequence[Job], views: Sequence[GpuView], compute_jobs: int
) -> list[tuple[Job, int]]:
    """Jobs of a size are alike: how many of each size go to each GPU is all there is to decide."""
    by_size: dict[int, list[Job]] = {}
    for job in waiting:
        by_size.setdefault(job.mem_mb, []).append(job)
    gpus = range(len(views))
    least = min(by_size)
    if all(view.free_mb < least for view in views):
        return []
    problem = pulp.LpProblem("placement", pulp.LpMaximize)
    number = {
        (size, gpu): problem.add_variable(f"n_{size}_{gpu}", 0, len(jobs), pulp.LpInteger)
        for size, jobs in by_size.items()
        for gpu in gpus
    }
    top = problem.add_variable("top", 0, 1)
    problem += pulp.lpSum(size * n for (size, _), n in number.items()) / 1000 - top
    for size, jobs in by_size.items():
        problem += pulp.lpSum(number[size, gpu] for gpu in gpus) <= len(jobs)
    for gpu, view in zip(gpus, views, strict=True):
        added = pulp.lpSum(size * number[size, gpu] for size in by_size)
        problem += added <= max(0, view.free_mb)
        problem += view.load + added / view.gpu.total_mb <= top
        if compute_jobs:
            problem += pulp.lpSum(number[size, gpu] for size in by_size) <= max(
                0, compute_jobs - view.computing
            )
    problem.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=1))
    return [
        (by_size[size].pop(0), gpu)
        for (size, gpu), n in number.items()
        for _ in range(round(n.value() or 0))
    ]


def ours(mix: Mix) -> dict[str, Callable[[Host], Policy]]:
    """This project's ways for a mix."""
    most = COMPUTE_JOBS if mix.shared else 0
    if mix.used < 1:
        return {
            OURS: lambda host: GpuLease(host, most),
            LEARNING: lambda host: Learner(host, most),
            TAUGHT: lambda host: Taught(host, most, mix.kinds, mix.used),
        }
    return {OURS: lambda host: GpuLease(host, most), PULP: lambda host: WithPulp(host, most)}


def compare(
    mixes: Sequence[Mix], policies: dict[str, Callable[[Host], Policy]]
) -> dict[str, tuple[list[Result], list[float]]]:
    """Results of every policy, and their makespans over the lower bound."""
    found: dict[str, tuple[list[Result], list[float]]] = {name: ([], []) for name in policies}
    for mix in mixes:
        bound = mix.bound()
        for name, policy in policies.items():
            host = Host(mix.hosts_mb)
            result = host.run(mix.jobs(), policy(host))
            found[name][0].append(result)
            found[name][1].append(result.makespan / bound)
    return found


def row(results: Sequence[Result], ratios: Sequence[float]) -> str:
    """The columns of one policy."""
    waits = [
        [result.wait(50) for result in results],
        [result.wait(95) for result in results],
        [result.worst_user_wait(95) for result in results],
        [result.longest_wait(LARGE_MB) for result in results],
    ]
    cells = [
        str(sum(result.out_of_memory for result in results)),
        str(sum(result.lost for result in results)),
        f"{statistics.mean(ratios):.3f} ({max(ratios):.3f})",
        *(f"{statistics.mean(seconds):.0f}" for seconds in waits),
    ]
    return " | ".join(cells)


def misses(mix: Mix, found: dict[str, tuple[list[Result], list[float]]]) -> list[str]:
    """What gpulease owes in a mix, in words."""
    name, target = (LEARNING, TARGET_LEARNING) if mix.used < 1 else (OURS, TARGET)
    results, ratios = found[name]
    mean = statistics.mean(ratios)
    said = [f"{name} runs out of memory"] if any(r.out_of_memory for r in results) else []
    if mean > target:
        said.append(f"{mean:.3f} exceeds {target}")
    for other, (rival, others) in found.items():
        lost = any(result.lost or result.out_of_memory for result in rival)
        if not lost and other not in (PULP, TAUGHT) and mean > statistics.mean(others) * PRICE:
            said.append(f"{other} takes {statistics.mean(others):.3f}, {name} {mean:.3f}")
    return said


def options() -> argparse.Namespace:
    """Which part of the table is wanted; all of it where nothing is said."""

    def names(text: str) -> list[str]:
        return text.split(",")

    parser = argparse.ArgumentParser(description="Policies of giving GPUs to jobs.")
    parser.add_argument("seeds", nargs="?", type=int, default=5)
    parser.add_argument("--hosts", type=names, default=list(HOSTS))
    parser.add_argument("--mixes", type=names, default=list(MIXES))
    parser.add_argument("--arrivals", type=names, default=["burst", "Poisson"])
    parser.add_argument("--cards", type=names, default=["memory", "shared"])
    parser.add_argument("--only", type=names, default=[""], help="beginnings of policies' names")
    return parser.parse_args()


def main() -> int:
    """Print one table, and what is missed."""
    asked = options()
    others, missed = rivals(), []
    print(
        "| GPUs | sizes | arrivals | cards | takes | policy | out of memory | lost"
        " | makespan (worst) | wait p50 | p95 | worst user's p95 | longest of large |"
    )
    print("|" + "---|" * 13)
    cases = itertools.product(asked.hosts, asked.mixes, asked.arrivals, asked.cards, [1.0, USED])
    for host, kind, arrivals, cards, used in cases:
        if used < 1 and kind == "odd":
            continue  # Its small jobs fill a GPU in too many ways for the bound.
        shared, takes = cards == "shared", "all" if used == 1 else "3/8"
        mixes = [
            Mix(MIXES[kind], HOSTS[host], arrivals, shared, used, seed)
            for seed in range(asked.seeds)
        ]
        policies = {
            name: policy
            for name, policy in {**others, **ours(mixes[0])}.items()
            if name.startswith(tuple(asked.only))
        }
        found = compare(mixes, policies)
        for name, (results, ratios) in found.items():
            print(
                f"| {host} | {kind} | {arrivals} | {cards} | {takes} | {name}"
                f" | {row(results, ratios)} |",
                flush=True,
            )
        case = f"{host} {kind} {arrivals} {cards} {takes}"
        missed += [f"{case}: {said}" for said in misses(mixes[0], found)]
    print("\n".join(["", *missed]))
    whole = asked.hosts == list(HOSTS)
    return int(bool(missed) or (whole and bool(gpu_fairness.main())))


if __name__ == "__main__":
    sys.exit(main())
