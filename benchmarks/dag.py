"""What do planning and scheduling cost, from ten videos to a thousand?

    python -m benchmarks.dag [VIDEOS ...] [--plan]

Dry runs of folders of 10, 100 and 1,000 videos of 10 chunks each (or as many as are named), beside
those of a bare Snakefile with the same jobs and without VAT: what the ratios are more than 1, VAT
has added. With --plan that is all; else there follow real runs of about 1,000 and 10,000 jobs whose
scripts only write their outputs; then dry runs of a thousand finished videos, without and with ten
new ones; then real runs of remote videos, whose chunks are planned once each is fetched, in one go
and fetched before all else. The profile is local-gpu. CPU time is Snakemake's own, without its
jobs; the cost of a job is without the start and the planning.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from benchmarks.stub_workflow import (
    CHUNKS,
    Cost,
    make_urls,
    make_videos,
    make_workflow,
    plan_without_vat,
    snakemake,
)

# 18 jobs a video.
SMALL: Final = 56
LARGE: Final = 556
# So few, since the cost of one grows with their number.
URLS: Final = (40, 80)
STUBS: Final = {
    "count_chunks": f"""echo '{{"chunks": {CHUNKS}}}' > "${{snakemake_output[chunk_count]}}"\n"""
}
# More jobs at a time than cores, since stubs do nothing: what is measured is Snakemake.
CORES: Final = ("--cores", "16")
# Of seconds and of MB of the largest plan to those without VAT.
MOST_TIMES: Final = 1.3
# Each plan is made so often, in turn with the other one, and the fastest counts.
ROUNDS: Final = 2


@dataclass(frozen=True)
class Ratios:
    """How many times as much a plan takes with VAT as without: seconds, CPU seconds, memory."""

    seconds: float
    cpu_seconds: float
    mb: float


class Bench:
    """One workflow of stubs, and the table of what its runs took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "workflow").mkdir()
        self.snakefile = make_workflow(folder / "workflow", STUBS)
        self.sources: dict[str, Path] = {}
        print(
            "| what | jobs | s | CPU s | MB | s, ratio | CPU, ratio | MB, ratio "
            "| ms per job | CPU ms per job |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|")

    def videos(self, name: str, numbers: range) -> None:
        """Add videos to the folder of this name."""
        self.sources[name] = make_videos(self.folder / f"{name}-videos", numbers)

    def urls(self, name: str, count: int) -> None:
        """Make the sheet of this name."""
        self.sources[name] = make_urls(self.folder / f"{name}.tsv", count)

    def plan(self, what: str, name: str) -> Cost:
        """A dry run."""
        videos, results = self._places(name)
        cost = snakemake(self.snakefile, results, videos, "-n")
        print(f"{_start(what, cost)} | | | | |", flush=True)
        return cost

    def compare(self, size: int) -> tuple[Cost, Ratios]:
        """Dry runs without VAT and with it; what it takes with VAT, and how many times as much."""
        name = str(size)
        self.videos(name, range(size))
        videos, results = self._places(name)
        pairs = [
            (
                plan_without_vat(self.snakefile, results, size),
                snakemake(self.snakefile, results, videos, "-n"),
            )
            for _ in range(ROUNDS)
        ]
        bare, plan = (min(side, key=lambda cost: cost.seconds) for side in zip(*pairs, strict=True))
        if bare.by_rule() != plan.by_rule():
            raise SystemExit(f"Not the same jobs: {bare.by_rule()} and {plan.by_rule()}")
        ratios = Ratios(
            plan.seconds / bare.seconds, plan.cpu_seconds / bare.cpu_seconds, plan.mb / bare.mb
        )
        cells = " | ".join(f"{ratio:.2f}" for ratio in astuple(ratios))
        print(f"{_start(f'without VAT, {name} videos', bare)} 1 | 1 | 1 | | |")
        print(f"{_start(f'dry run, {name} videos', plan)} {cells} | | |", flush=True)
        return plan, ratios

    def run(self, what: str, name: str, *arguments: str) -> tuple[float, float]:
        """A real run; wall and CPU ms per job."""
        videos, results = self._places(name)
        plan = snakemake(self.snakefile, results, videos, "-n", "--quiet", "all", *arguments)
        cost = snakemake(self.snakefile, results, videos, *CORES, *arguments)
        jobs = cost.jobs()
        wall = (cost.seconds - plan.seconds) / jobs * 1000
        cpu = (cost.cpu_seconds - plan.cpu_seconds) / jobs * 1000
        print(f"{_start(what, cost)} | | | {wall:.1f} | {cpu:.1f} |", flush=True)
        return wall, cpu

    def _places(self, name: str) -> tuple[Path, Path]:
        results = self.folder / f"{name}-results"
        results.mkdir(exist_ok=True)
        return self.sources[name], results


def _start(what: str, cost: Cost) -> str:
    jobs = f"{cost.jobs():,}"
    return f"| {what} | {jobs} | {cost.seconds:.1f} | {cost.cpu_seconds:.1f} | {cost.mb} |"


def run_urls(bench: Bench) -> None:
    """Remote videos, in one go and fetched before all else."""
    for count in URLS:
        bench.urls(f"{count}-urls", count)
        bench.run(f"run, {count} URLs", f"{count}-urls")
    bench.urls("fetched", URLS[-1])
    bench.run(f"run, {URLS[-1]} URLs, fetching alone", "fetched", "--until", "count_chunks")
    bench.run(f"run, {URLS[-1]} URLs that are fetched", "fetched")


def run_local(bench: Bench, finished: int) -> tuple[str, bool]:
    """Real runs of local videos, and plans of many that are finished.

    What is to be said of their growth, and whether all is fast enough.
    """
    bench.videos("small", range(SMALL))
    small = bench.run(f"run, {SMALL} videos", "small")
    bench.videos("large", range(LARGE))
    large = bench.run(f"run, {LARGE} videos", "large")
    if finished > LARGE:
        bench.videos("large", range(LARGE, finished))
        bench.run(f"run, the others of {finished} videos", "large")
    bench.plan(f"dry run, {finished} finished videos", "large")
    bench.videos("large", range(finished, finished + 10))
    more = bench.plan(f"dry run, 10 more than {finished} finished", "large")
    growth = [after / before for before, after in zip(small, large, strict=True)]
    text = (
        f"From {SMALL} to {LARGE} videos a job costs {growth[0]:.2f} times as much wall time and\n"
        f"{growth[1]:.2f} times as much of Snakemake's CPU time."
    )
    return text, more.seconds <= 30 and large[0] <= 15 and growth[0] <= 1.3


def verdict(size: int, ratios: Ratios) -> str:
    """What is to be said of the largest plan."""
    is_lean = max(ratios.seconds, ratios.mb) <= MOST_TIMES
    return (
        f"Planning {size} videos takes {ratios.seconds:.2f} times the time "
        f"({ratios.cpu_seconds:.2f} times the CPU time) and {ratios.mb:.2f} times\n"
        f"the memory that it takes without VAT: "
        f"{'at most' if is_lean else 'MORE THAN'} {MOST_TIMES}."
    )


def main() -> int:
    """Print one table; 1 where a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("videos", nargs="*", type=int, default=[10, 100, 1000], metavar="VIDEOS")
    parser.add_argument("--plan", action="store_true", help="only compare the plans")
    wanted = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    growth, is_fast = "", True
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for size in sorted(wanted.videos):
            plan, ratios = bench.compare(size)
        if not wanted.plan:
            growth, is_fast = run_local(bench, max(LARGE, size))
            run_urls(bench)
    print(f"\n{verdict(size, ratios)}\n{growth}")
    is_lean = max(ratios.seconds, ratios.mb) <= MOST_TIMES
    return int(not (is_lean and is_fast and plan.seconds <= 30 and plan.mb <= 500))


if __name__ == "__main__":
    sys.exit(main())
