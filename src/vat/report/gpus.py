"""Who had which GPU in a run, from the lines that the executor writes about each lease."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vat.timeline import Interval, length, union


@dataclass(slots=True)
class GpuUse:
    """What one GPU did in a run.

    `held` are the spans of its leases in seconds of the epoch, `seconds` those of each rule's jobs;
    `most_mb` is its largest lease, of `total_mb`, both in MB.
    """

    name: str
    total_mb: int = 0
    most_mb: int = 0
    jobs: int = 0
    held: list[Interval] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def used_seconds(self) -> float:
        """Seconds in which somebody held it."""
        return length(union(self.held))


def read_uses(file: Path, since: float) -> tuple[list[GpuUse], float]:
    """The GPUs of a run that began at `since`, and the seconds that its jobs' span took.

    Lines that are damaged, as after a power cut, are left out.

    Raises:
        OSError: where the file cannot be read.
    """
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    return uses(_events(lines), since)


def _events(lines: Iterable[str]) -> Iterable[Mapping[str, Any]]:
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def uses(events: Iterable[Mapping[str, Any]], since: float) -> tuple[list[GpuUse], float]:
    """What `read_uses` tells, of events that were read."""
    found = dict[str, GpuUse]()
    for event in events:
        if event.get("time", 0) < since or not event.get("gpu"):
            continue
        if event["event"] == "granted":
            name = f"GPU {event['index']} ({event['name']})"
            use = found.setdefault(event["gpu"], GpuUse(name))
            use.total_mb = event["total_mb"]
            use.most_mb = max(use.most_mb, event["mem_mb"])
        elif event["event"] == "released" and event["gpu"] in found:
            use = found[event["gpu"]]
            use.jobs += 1
            use.held.append((event["time"] - event["seconds"], event["time"]))
            rule = event["rule"]
            use.seconds[rule] = use.seconds.get(rule, 0.0) + event["seconds"]
    held = [span for use in found.values() for span in use.held]
    whole = max(end for _, end in held) - min(start for start, _ in held) if held else 0.0
    return sorted(found.values(), key=lambda use: use.name), whole
