"""What jobs took, by the benchmarks that Snakemake keeps of them."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vat.planning.bound import Bound, Demand, bound
from vat.report.gpus import Bar, GpuRun

logger = logging.getLogger(__name__)

_CHAIN: Final = (
    *("download", "extract_audio", "separate", "split", "asr_chunk", "merge"),
    *("translate", "embed", "deliver"),
)
"""Rules of which each begins after the one before has ended, for the same video."""


@dataclass(frozen=True, slots=True)
class DoneJob:
    """A job that has ended well: seconds of the epoch, and how many cores it had."""

    rule: str
    video: str
    start: float
    end: float
    threads: int
    on_gpu: bool

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return self.end - self.start


def done_jobs(benchmarks: Path) -> list[DoneJob]:
    """The jobs of the benchmarks below a folder, of the last run of each; damaged ones left out."""
    found = []
    for path in sorted(benchmarks.rglob("*.jsonl")):
        try:
            record = json.loads(path.read_text(encoding="utf-8").strip().rpartition("\n")[2])
            end, resources = path.stat().st_mtime, record.get("resources") or {}
            found.append(
                DoneJob(
                    str(record["rule_name"]),
                    str(record["wildcards"].get("video", "")),
                    end - float(record["s"]),
                    end,
                    int(record.get("threads") or 1),
                    bool(resources.get("gpu")),
                )
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.info("%s tells nothing: %s", path, error)
    return found


def makespan(run: GpuRun, jobs: Sequence[DoneJob]) -> float:
    """Seconds from the first job's beginning to the last one's end."""
    bars = [bar for gpu in run.gpus for bar in gpu.bars]
    starts = [*(job.start for job in jobs), *(bar.start for bar in bars)]
    ends = [*(job.end for job in jobs), *(bar.end for bar in bars)]
    return max(ends) - min(starts) if starts else 0.0


def least(run: GpuRun, jobs: Sequence[DoneJob], cores: int | None, computing: int) -> Bound:
    """The least seconds in which a run's jobs could have ended, each taking what it took.

    The GPUs are those that had jobs, with at most `computing` at a time (0: any number); `cores`
    are those that all jobs shared, None where they did not.
    """
    seconds, memory = dict[str, float](), dict[str, int]()
    for bar in (bar for gpu in run.gpus for bar in gpu.bars):
        seconds[bar.rule] = seconds.get(bar.rule, 0.0) + bar.end - bar.start
        memory[bar.rule] = min(memory.get(bar.rule, bar.mem_mb), bar.mem_mb)
    demands = [Demand(rule, seconds[rule], max(1, memory[rule]), 0) for rule in seconds]
    demands += [Demand(job.rule, job.seconds, 0, job.threads if cores else 0) for job in jobs]
    chains = dict[str, dict[str, float]]()
    for job in jobs:
        if job.rule in _CHAIN:
            stages = chains.setdefault(job.video, {})
            stages[job.rule] = max(stages.get(job.rule, 0.0), job.seconds)
    longest = max((sum(stages.values()) for stages in chains.values()), default=0.0)
    gpus_mb = [gpu.total_mb for gpu in run.gpus]
    return bound(demands, gpus_mb, cores or 1, longest, computing)


def without_gpu(run: GpuRun, jobs: Sequence[DoneJob]) -> list[Bar]:
    """The jobs that no GPU had, as bars."""
    known = {(bar.rule, bar.video) for gpu in run.gpus for bar in gpu.bars}
    return [
        Bar(job.start, job.end, job.rule, job.video)
        for job in jobs
        if (job.rule, job.video) not in known
    ]
