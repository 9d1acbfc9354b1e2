"""Benchmarks of jobs that a worker serves: what the worker used is added to what Snakemake saw.

Snakemake measures the job's own process, which here only waits for the worker's answer.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

import psutil

_MB: Final = 2**20
_RESET_PEAK: Final = "5"
"""What clears a process's peak of resident memory (proc_pid_clear_refs(5))."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process used between two moments: CPU seconds, and MB of memory and of the disk.

    `rss` is the peak; `vms`, `uss` and `pss` are those at the end, while its model is loaded.
    """

    cpu: float
    rss: float
    vms: float
    uss: float
    pss: float
    read: float
    written: float


@contextmanager
def with_worker(pid: int | None, benchmark: str | None) -> Iterator[None]:
    """Add to the benchmark that the block writes what the worker `pid` uses meanwhile.

    None is where there is no worker, or no benchmark. Where the worker ends meanwhile, the job
    fails and has none either.
    """
    if pid is None or benchmark is None:
        yield
        return
    worker = psutil.Process(pid)
    with suppress(OSError):
        # Not allowed everywhere; then the peak is that of the worker's whole life.
        Path("/proc", str(pid), "clear_refs").write_text(_RESET_PEAK, encoding="ascii")
    before = _counts(worker)
    yield
    with suppress(psutil.NoSuchProcess, FileNotFoundError):
        add_usage(Path(benchmark), _usage(worker, before))


def _counts(process: psutil.Process) -> tuple[float, float, float]:
    """CPU seconds, and MB read and written, of a process and its ended children."""
    times, disk = process.cpu_times(), process.io_counters()
    cpu = times.user + times.system + times.children_user + times.children_system
    return cpu, disk.read_bytes / _MB, disk.write_bytes / _MB


def _usage(process: psutil.Process, before: tuple[float, float, float]) -> Usage:
    cpu, read, written = (now - then for now, then in zip(_counts(process), before, strict=True))
    memory = process.memory_full_info()
    status = Path("/proc", str(process.pid), "status").read_text(encoding="utf-8")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return Usage(
        cpu,
        peak / 1024,
        memory.vms / _MB,
        memory.uss / _MB,
        memory.pss / _MB,
        read,
        written,
    )


def add_usage(benchmark: Path, usage: Usage) -> None:
    """Add a worker's usage to the last record of a benchmark file, JSON lines or a table."""
    text = benchmark.read_text(encoding="utf-8")
    if benchmark.suffix == ".jsonl":
        *earlier, last = text.splitlines()
        lines = [*earlier, json.dumps(_added(json.loads(last), usage), sort_keys=True)]
        benchmark.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return
    rows = list(csv.DictReader(StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    added = _added(rows[-1], usage)
    shown = {key: f"{v:.2f}" if isinstance(v, float) else str(v) for key, v in added.items()}
    head, *earlier = text.splitlines()[:-1]
    benchmark.write_text(
        "\n".join([head, *earlier, "\t".join(shown.values())]) + "\n", encoding="utf-8"
    )


def _added(record: dict[str, Any], usage: Usage) -> dict[str, Any]:
    """The record of the job's own process with the worker's usage; NA counts as nothing."""
    more = {
        "max_rss": usage.rss,
        "max_vms": usage.vms,
        "max_uss": usage.uss,
        "max_pss": usage.pss,
        "io_in": usage.read,
        "io_out": usage.written,
        "cpu_time": usage.cpu,
        # Percent of a core times seconds, as Snakemake counts it.
        "cpu_usage": 100 * usage.cpu,
    }
    found = {key: _number(record[key]) + value for key, value in more.items() if key in record}
    seconds = _number(record["s"])
    load = _number(record["mean_load"]) + (100 * usage.cpu / seconds if seconds else 0.0)
    return record | found | {"mean_load": load}


def _number(value: Any) -> float:
    return 0.0 if value in ("NA", "-") else float(value)
