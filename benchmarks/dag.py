"""What do planning and scheduling cost, from ten videos to a thousand?

    python -m benchmarks.dag [VIDEOS ...]

Dry runs of folders of 10, 100 and 1,000 videos of 10 chunks each (or as many as are named); then
real runs of about 1,000 and 10,000 jobs whose scripts only write their outputs; then dry runs of a
thousand finished videos, without and with ten new ones; then real runs of remote videos, whose
chunks are planned once each is fetched, in one go and fetched before all else. The profile is
local-gpu. CPU time is Snakemake's own, without its jobs; the cost of a job is without the start and
the planning.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.stub_workflow import (
    CHUNKS,
    Cost,
    make_urls,
    make_videos,
    make_workflow,
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


class Bench:
    """One workflow of stubs, and the table of what its runs took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "workflow").mkdir()
        self.snakefile = make_workflow(folder / "workflow", STUBS)
        self.sources: dict[str, Path] = {}
        print("| what | jobs | s | CPU s | MB | ms per job | CPU ms per job |")
        print("|---|---|---|---|---|---|---|")

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
        print(f"{_start(what, cost)} | |", flush=True)
        return cost

    def run(self, what: str, name: str, *arguments: str) -> tuple[float, float]:
        """A real run; wall and CPU ms per job."""
        videos, results = self._places(name)
        plan = snakemake(self.snakefile, results, videos, "-n", "--quiet", "all", *arguments)
        cost = snakemake(self.snakefile, results, videos, *CORES, *arguments)
        jobs = cost.jobs()
        wall = (cost.seconds - plan.seconds) / jobs * 1000
        cpu = (cost.cpu_seconds - plan.cpu_seconds) / jobs * 1000
        print(f"{_start(what, cost)} {wall:.1f} | {cpu:.1f} |", flush=True)
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


def main() -> int:
    """Print one table; 1 where a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("videos", nargs="*", type=int, default=[10, 100, 1000], metavar="VIDEOS")
    sizes = sorted(parser.parse_args().videos)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    finished = max(LARGE, sizes[-1])
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for size in sizes:
            bench.videos(str(size), range(size))
            plan = bench.plan(f"dry run, {size} videos", str(size))
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
        run_urls(bench)
    growth = [after / before for before, after in zip(small, large, strict=True)]
    print(
        f"\nFrom {SMALL} to {LARGE} videos a job costs {growth[0]:.2f} times as much wall time and"
    )
    print(f"{growth[1]:.2f} times as much of Snakemake's CPU time.")
    slow = max(plan.seconds, more.seconds) > 30 or plan.mb > 500
    return int(slow or large[0] > 15 or growth[0] > 1.3)


if __name__ == "__main__":
    sys.exit(main())
