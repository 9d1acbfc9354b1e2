"""Who had which GPU in a run, from the lines that the executor writes about each lease."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vat.timeline import Interval, length, union


@dataclass(frozen=True, slots=True)
class Bar:
    """A job on a device: seconds of the epoch, MB that were promised to it, and MB that it took.

    `used_mb` is the most that was seen; 0 where the driver does not tell.
    """

    start: float
    end: float
    rule: str
    video: str
    mem_mb: int = 0
    used_mb: int = 0


@dataclass(slots=True)
class GpuUse:
    """What one GPU did in a run.

    `most_mb` is its largest lease, of `total_mb`, and `used_mb` the most that a job was seen to
    take, all in MB. `bars` are its jobs, `kept` the spans and MB of leases of workers that had
    nothing to do, `energy_j` the joules that it used between the first and the last word of it;
    None where the driver does not tell.
    """

    name: str
    total_mb: int = 0
    most_mb: int = 0
    bars: list[Bar] = field(default_factory=list)
    kept: list[Bar] = field(default_factory=list)
    counter: list[float] = field(default_factory=list)

    @property
    def jobs(self) -> int:
        """How many jobs it had."""
        return len(self.bars)

    @property
    def used_mb(self) -> int:
        """The most MB that one job was seen to take; 0 where nothing was seen."""
        return max((bar.used_mb for bar in self.bars), default=0)

    @property
    def used_seconds(self) -> float:
        """Seconds in which somebody held it."""
        return length(union((bar.start, bar.end) for bar in self.bars))

    @property
    def energy_j(self) -> float | None:
        """Joules between the first and the last reading of its counter."""
        return max(self.counter) - min(self.counter) if len(self.counter) > 1 else None

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each rule's jobs, in the order of their names."""
        found = dict[str, float]()
        for bar in sorted(self.bars, key=lambda one: one.rule):
            found[bar.rule] = found.get(bar.rule, 0.0) + bar.end - bar.start
        return found


@dataclass(frozen=True, slots=True)
class GpuRun:
    """The GPUs of a run, and when jobs `waited` for one (seconds of the epoch)."""

    gpus: tuple[GpuUse, ...] = ()
    waited: tuple[Interval, ...] = ()

    @property
    def span(self) -> Interval:
        """From the first job's beginning to the last one's end; (0, 0) without jobs."""
        bars = [bar for gpu in self.gpus for bar in gpu.bars]
        if not bars:
            return 0.0, 0.0
        return min(bar.start for bar in bars), max(bar.end for bar in bars)

    @property
    def seconds(self) -> float:
        """How long that is."""
        start, end = self.span
        return end - start


def read_uses(file: Path, since: float) -> GpuRun:
    """The GPUs of a run that began at `since` (seconds of the epoch).

    Lines that are damaged, as after a power cut, are left out.

    Raises:
        OSError: where the file cannot be read.
    """
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    return uses(event for event in _events(lines) if event.get("time", 0) >= since)


def _events(lines: Iterable[str]) -> Iterable[Mapping[str, Any]]:
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def uses(events: Iterable[Mapping[str, Any]]) -> GpuRun:
    """What `read_uses` tells, of events that were read; what is no event is left out."""
    told = _Told()
    for event in events:
        with suppress(KeyError, TypeError, ValueError):
            told.take(event)
    ordered = sorted(told.found.values(), key=lambda use: use.name)
    return GpuRun(tuple(ordered), tuple(union(told.waited)))


@dataclass(slots=True)
class _Told:
    """What was told so far: the GPUs, workers that are idle and since when, and who waits."""

    found: dict[str, GpuUse] = field(default_factory=dict)
    idle: dict[tuple[str, int], float] = field(default_factory=dict)
    asked: dict[int, float] = field(default_factory=dict)
    waited: list[Interval] = field(default_factory=list)

    def take(self, event: Mapping[str, Any]) -> None:
        """Note one event.

        Raises:
            KeyError, TypeError, ValueError: where it is none.
        """
        kind, gpu, time = event["event"], event.get("gpu"), float(event["time"])
        if kind == "waiting":
            self.asked.setdefault(event.get("jobid", 0), time)
        if not gpu:
            return
        worker = gpu, event.get("worker_pid") or 0
        if kind == "granted":
            use = self.found.setdefault(gpu, GpuUse(f"GPU {event['index']} ({event['name']})"))
            use.total_mb = int(event["total_mb"])
            use.most_mb = max(use.most_mb, int(event["mem_mb"]))
            if event.get("jobid", 0) in self.asked:
                self.waited.append((self.asked.pop(event.get("jobid", 0)), time))
            _keep(use, self.idle.pop(worker, None), event)
        elif kind == "released" and gpu in self.found:
            self.found[gpu].bars.append(_bar(event))
            if worker[1]:
                self.idle[worker] = time
        elif kind == "evicted" and gpu in self.found:
            _keep(self.found[gpu], self.idle.pop(worker, None), event)
        if gpu in self.found and event.get("energy_j"):
            self.found[gpu].counter.append(float(event["energy_j"]))


def _keep(use: GpuUse, since: float | None, event: Mapping[str, Any]) -> None:
    """Note for how long a worker that had nothing to do kept its lease."""
    if since is not None and event["time"] > since:
        use.kept.append(Bar(since, event["time"], "", "", event["mem_mb"]))


def _bar(event: Mapping[str, Any]) -> Bar:
    end, seconds = event["time"], event["seconds"]
    video = (event.get("wildcards") or {}).get("video", "")
    used = event.get("used_mb") or 0
    return Bar(end - seconds, end, event["rule"], video, event["mem_mb"], used)
