"""What do planning and scheduling cost, from ten videos to a thousand?

    python benchmarks/dag.py [VIDEOS ...]

Dry runs of folders of 10, 100 and 1,000 videos of 10 chunks each (or as many as are named); then
real runs of about 1,000 and 10,000 jobs whose scripts only write their outputs; then dry runs of a
thousand finished videos, without and with ten new ones. The profile is local-gpu. CPU time is
Snakemake's own, without its jobs; the cost of a job is without the start and the planning.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from stub_workflow import Cost, make_videos, make_workflow, snakemake

# 18 jobs a video.
SMALL: Final = 56
LARGE: Final = 556
# More jobs at a time than cores, since stubs do nothing: what is measured is Snakemake.
CORES: Final = ("--cores", "16")


class Bench:
    """One workflow of stubs, and the table of what its runs took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "workflow").mkdir()
        self.snakefile = make_workflow(folder / "workflow")
        print("| what | jobs | s | CPU s | MB | ms per job | CPU ms per job |")
        print("|---|---|---|---|---|---|---|")

    def videos(self, name: str, numbers: range) -> Path:
        """Add videos to the folder of this name."""
        return make_videos(self.folder / f"{name}-videos", numbers)

    def plan(self, what: str, name: str) -> Cost:
        """A dry run."""
        videos, results = self._places(name)
        cost = snakemake(self.snakefile, results, videos, "-n")
        print(f"{_start(what, cost)} | |", flush=True)
        return cost

    def run(self, what: str, name: str) -> tuple[float, float]:
        """A real run; wall and CPU ms per job."""
        videos, results = self._places(name)
        plan = snakemake(self.snakefile, results, videos, "-n", "--quiet", "all")
        cost = snakemake(self.snakefile, results, videos, *CORES)
        jobs = cost.jobs()
        wall = (cost.seconds - plan.seconds) / jobs * 1000
        cpu = (cost.cpu_seconds - plan.cpu_seconds) / jobs * 1000
        print(f"{_start(what, cost)} {wall:.1f} | {cpu:.1f} |", flush=True)
        return wall, cpu

    def _places(self, name: str) -> tuple[Path, Path]:
        results = self.folder / f"{name}-results"
        results.mkdir(exist_ok=True)
        return self.folder / f"{name}-videos", results


def _start(what: str, cost: Cost) -> str:
    jobs = f"{cost.jobs():,}"
    return f"| {what} | {jobs} | {cost.seconds:.1f} | {cost.cpu_seconds:.1f} | {cost.mb} |"


def main() -> int:
    """Print one table; 1 where a target is missed."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sizes = [int(text) for text in sys.argv[1:]] or [10, 100, 1000]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for size in sizes:
            bench.videos(str(size), range(size))
            plan = bench.plan(f"dry run, {size} videos", str(size))
        bench.videos("small", range(SMALL))
        small = bench.run(f"run, {SMALL} videos", "small")
        bench.videos("large", range(LARGE))
        large = bench.run(f"run, {LARGE} videos", "large")
        bench.videos("large", range(LARGE, sizes[-1]))
        bench.run(f"run, the others of {sizes[-1]} videos", "large")
        bench.plan(f"dry run, {sizes[-1]} finished videos", "large")
        bench.videos("large", range(sizes[-1], sizes[-1] + 10))
        more = bench.plan(f"dry run, 10 more than {sizes[-1]} finished", "large")
    growth = [after / before for before, after in zip(small, large, strict=True)]
    print(
        f"\nFrom {SMALL} to {LARGE} videos a job costs {growth[0]:.2f} times as much wall time and"
    )
    print(f"{growth[1]:.2f} times as much of Snakemake's CPU time.")
    slow = max(plan.seconds, more.seconds) > 30 or plan.mb > 500
    return int(slow or large[0] > 15 or growth[0] > 1.3)


if __name__ == "__main__":
    sys.exit(main())
