"""What the page of a folder tells of GPUs and cores: timeline, use, energy, the least time."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from vat.files import read_json, write_json
from vat.report.gpus import GpuRun, read_uses
from vat.report.jobs import DoneJob, least, makespan, without_gpu
from vat.report.run import Run
from vat.report.timeline_picture import DARK, LIGHT, timeline

_KEPT: Final = ("since", "cores", "computing")
_FORECAST_SECONDS: Final = 86_400
"""A forecast that is older than this when the run begins was made for another run."""


def machine_facts(run: Run, jobs: Sequence[DoneJob]) -> dict[str, Any]:
    """What the page needs: `gpus`, `pictures` for light and dark, `seconds`, `least`, `forecast`.

    `jobs` are those of all runs of the folder. Without matplotlib there are no pictures.

    Raises:
        OSError: where the journal of the GPUs cannot be read.
    """
    run, gpus, own = _with_jobs(run, jobs)
    seconds = makespan(gpus, own)
    found: dict[str, Any] = {"gpus": gpus, "seconds": seconds, "least": None, "pictures": []}
    found["forecast"] = _forecast(run)
    if seconds:
        found["least"] = least(gpus, own, run.cores, run.computing)
    if seconds and find_spec("matplotlib"):
        others = without_gpu(gpus, own)
        found["pictures"] = [_inline(timeline(gpus, others, theme)) for theme in (LIGHT, DARK)]
    return found


def _with_jobs(run: Run, jobs: Sequence[DoneJob]) -> tuple[Run, GpuRun, list[DoneJob]]:
    """The run with its jobs, or the last one that had any: a look at the pages has none."""
    record = run.results / "report" / "last_run.json"
    gpus, own = _of_run(run, jobs)
    if gpus.gpus or own:
        write_json(record, {key: getattr(run, key) for key in _KEPT})
    elif record.is_file():
        run = replace(run, **{key: read_json(record)[key] for key in _KEPT})
        gpus, own = _of_run(run, jobs)
    return run, gpus, own


def _of_run(run: Run, jobs: Sequence[DoneJob]) -> tuple[GpuRun, list[DoneJob]]:
    gpus = read_uses(run.logs / "gpu" / "placements.jsonl", run.since)
    return gpus, [job for job in jobs if job.end >= run.since]


def _inline(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _forecast(run: Run) -> dict[str, Any] | None:
    """What was foretold of this run, if anything was shortly before it began."""
    path: Path = run.results / "forecast.json"
    if not path.is_file() or not 0 <= run.since - path.stat().st_mtime <= _FORECAST_SECONDS:
        return None
    told = read_json(path)
    moment = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    keys = ("bound_seconds", "expected_seconds", "bounded_by")
    return {key: told[key] for key in keys} | {"made": f"{moment:%Y-%m-%d %H:%M}"}
