"""What does a job cost more under the executor and scheduler local-gpu than under Snakemake's own?

    python -m benchmarks.executor_overhead [JOBS ...]

Runs trivial jobs (`touch`) in one Snakemake run each, in turn under Snakemake's own local executor
with its greedy scheduler and under local-gpu, twice over, and compares the medians of wall and
CPU time per job. On a host with an NVIDIA driver, a third column has jobs that lease a GPU.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 2
SNAKEFILE = """
rule all:
    input: expand("done/{{n}}", n=range({jobs}))
rule work:
    output: "done/{{n}}"
    {resources}
    shell: "touch {{output}}"
"""
KINDS = {
    "local": (["--executor", "local", "--scheduler", "greedy"], ""),
    "local-gpu": (["--executor", "local-gpu", "--scheduler", "local-gpu"], ""),
    "local-gpu, each job with a lease": (
        ["--executor", "local-gpu", "--scheduler", "local-gpu"],
        "resources: gpu=1, gpu_mem_mb=100",
    ),
}


def run(kind: str, jobs: int) -> tuple[float, float]:
    """Wall and CPU seconds of one run, without the start of Snakemake."""
    arguments, resources = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        snakefile = Path(folder, "Snakefile")
        snakefile.write_text(SNAKEFILE.format(jobs=1, resources=resources))
        start = _measure(arguments, folder)
        snakefile.write_text(SNAKEFILE.format(jobs=jobs + 1, resources=resources))
        whole = _measure(arguments, folder)
    return whole[0] - start[0], whole[1] - start[1]


def _measure(arguments: list[str], folder: str) -> tuple[float, float]:
    cores = str(os.cpu_count() or 1)
    command = [sys.executable, "-m", "snakemake", "--cores", cores, "--quiet", "all", *arguments]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, cpu


def has_gpu() -> bool:
    """Whether leases can be had here."""
    from gpulease import GpuLeaseError
    from gpulease.executors import Pool

    try:
        return bool(Pool().states())
    except GpuLeaseError:
        return False


def main() -> int:
    """Print one table; 1 where the plugins cost more than a tenth."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sizes = [int(text) for text in sys.argv[1:]] or [1000, 3000]
    kinds = [kind for kind in KINDS if "lease" not in kind or has_gpu()]
    print("| jobs | executor | wall ms per job | CPU ms per job | wall ratio | CPU ratio |")
    print("|---|---|---|---|---|---|")
    too_slow = False
    for jobs in sizes:
        times: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
        for _ in range(ROUNDS):
            for kind in kinds:
                times[kind].append(run(kind, jobs))
        base = [statistics.median(column) for column in zip(*times["local"], strict=True)]
        for kind in kinds:
            wall, cpu = (statistics.median(column) for column in zip(*times[kind], strict=True))
            print(
                f"| {jobs} | {kind} | {wall / jobs * 1000:.1f} | {cpu / jobs * 1000:.1f}"
                f" | {wall / base[0]:.2f} | {cpu / base[1]:.2f} |",
                flush=True,
            )
            too_slow = too_slow or (kind == "local-gpu" and wall > 1.1 * base[0])
    return int(too_slow)


if __name__ == "__main__":
    sys.exit(main())
