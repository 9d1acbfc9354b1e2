"""How long each stage takes for a second of video: learnt from earlier runs, or assumed."""

import csv
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.resources import files
from io import StringIO
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from vat.files import Record, write_text

logger = logging.getLogger(__name__)

KEY: Final = ("stage", "device", "model", "setup", "on")
_NUMBERS: Final = ("start", "rate", "low", "high")
_COLUMNS: Final = (*KEY, *_NUMBERS, "source", "measured")
_ANY: Final = "*"
_BY_MODEL: Final = ("asr_chunk", "separate")
"""Stages whose speed depends on the model more than on all else."""

_FEW: Final = 4
"""From so many jobs of unlike lengths on, what a job takes before it begins is told apart."""

_UNLIKE: Final = 1.5
_LEAST_SPREAD: Final = 0.1
_LOW, _HIGH = 0.1, 0.9
"""Quantiles of what jobs took, in shares of what was expected."""


@dataclass(frozen=True, slots=True)
class Speed(Record):
    """What a stage takes on a device: seconds for each job, and for each second of its sound.

    `setup` is its compute type and batch size, `on` the model of the GPU; "*" for any. `low` and
    `high` are the range of `rate`. `measured` tells whether this host's own runs are where it comes
    from; `source` says where else.
    """

    stage: str
    device: str
    model: str
    start: float
    rate: float
    low: float
    high: float
    source: str
    measured: bool = False
    setup: str = _ANY
    on: str = _ANY

    def seconds(self, sound: float) -> float:
        """What one job with so many seconds of sound is expected to take."""
        return self.start + self.rate * sound

    def least(self, sound: float) -> float:
        """What it takes at least."""
        return self.start * min(1.0, self.low / self.rate if self.rate else 1.0) + self.low * sound

    def most(self, sound: float) -> float:
        """What it takes at most, as far as is known."""
        return (
            self.start * max(1.0, self.high / self.rate if self.rate else 1.0) + self.high * sound
        )


@dataclass(frozen=True, slots=True)
class Done:
    """A job that was done: seconds of its sound, and what it took; see `Speed` for the others."""

    stage: str
    device: str
    model: str
    sound: float
    seconds: float
    setup: str = _ANY
    on: str = _ANY


class Speeds:
    """The speeds that are known, measured ones first; `here` are the GPUs of the host by model."""

    def __init__(self, known: Sequence[Speed], here: Sequence[str] = ()) -> None:
        self._known = [*known]
        self._here = [*here]

    def of(self, stage: str, device: str, model: str = _ANY, setup: str = _ANY) -> Speed:
        """The speed of a stage: that of the model where it is known, else that of any.

        What was measured with this setup and on a GPU of this host comes before the rest.

        Raises:
            KeyError: where the shipped table lacks the stage.
        """

        def rank(one: Speed) -> tuple[bool, ...]:
            same, near = one.setup == setup, one.on in self._here
            return one.measured, one.model == model, same, near

        fits = [one for one in self._known if one.stage == stage and one.model in (model, _ANY)]
        for kind in (device, "cpu"):
            if found := [one for one in fits if one.device == kind]:
                # Of equals the first.
                return max(found, key=rank)
        raise KeyError(stage)


def speeds(done: Iterable[Done], stored: Path, here: Sequence[str] = ()) -> Speeds:
    """What was learnt from jobs that were done here, and what was assumed for the rest.

    `here` are the GPUs of the host by model. `stored` is the table of what was learnt before; it is
    written anew, and its rows count where there are no newer ones.
    """
    learnt = [_fit(jobs) for jobs in _groups(done)]
    before = _read(stored) if stored.exists() else []
    both = dict[Any, Speed]()
    for one in [*learnt, *before]:
        both.setdefault(_key(one), one)
    if learnt:
        write_text(stored, _table(both.values()))
    text = files("vat").joinpath("data", "speeds.tsv").read_text(encoding="utf-8")
    shipped = map(_speed, csv.DictReader(StringIO(text), delimiter="\t"))
    return Speeds([*both.values(), *shipped], here)


_key = attrgetter(*KEY)


def _table(known: Iterable[Speed]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, known))
    return text.getvalue()


def _speed(row: Mapping[str, str]) -> Speed:
    """A row of a table; those of earlier versions know neither setup nor GPU."""
    start, rate, low, high = (float(row[name]) for name in _NUMBERS)
    return Speed(
        *(row["stage"], row["device"], row["model"]),
        *(start, rate, low, high),
        row["source"],
        measured=row.get("measured") == "True",
        setup=row.get("setup", _ANY),
        on=row.get("on", _ANY),
    )


def _read(stored: Path) -> list[Speed]:
    """The stored table; empty where it is damaged."""
    try:
        with stored.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            if "stage" not in (table.fieldnames or ()):
                raise ValueError("it has no column 'stage'")
            return [_speed(row) for row in table]
    except (ValueError, TypeError, KeyError, OSError, csv.Error) as error:
        logger.warning("'%s' is damaged and is made anew: %s", stored, error)
        return []


def _groups(done: Iterable[Done]) -> Iterator[list[Done]]:
    """Jobs whose speed is the same one."""
    jobs = sorted((job for job in done if job.sound > 0), key=_key)
    for _, group in groupby(jobs, _key):
        yield [*group]


def _fit(jobs: Sequence[Done]) -> Speed:
    """A line through what jobs took by the length of their sound; neither part below zero."""
    import numpy as np

    sound = np.array([job.sound for job in jobs])
    seconds = np.array([job.seconds for job in jobs])
    start, rate = 0.0, float(seconds.sum() / sound.sum())
    if len(jobs) >= _FEW and sound.max() > _UNLIKE * sound.min():
        slope, base = np.polyfit(sound, seconds, 1)
        if slope >= 0 and base >= 0:
            start, rate = float(base), float(slope)
        elif slope < 0:
            start, rate = float(seconds.mean()), 0.0
    shares = seconds / np.maximum(start + rate * sound, 1e-9)
    low = min(float(np.quantile(shares, _LOW)), 1 - _LEAST_SPREAD) * rate
    high = max(float(np.quantile(shares, _HIGH)), 1 + _LEAST_SPREAD) * rate
    source, one = f"{len(jobs)} jobs on this host", jobs[0]
    return Speed(
        *(one.stage, one.device, one.model),
        *(start, rate, low, high),
        source,
        measured=True,
        setup=one.setup,
        on=one.on,
    )


def done_jobs(
    benchmarks: Path,
    sounds: Mapping[str, float],
    *,
    gpus: bool,
    journal: Path | None = None,
) -> Iterator[Done]:
    """The jobs that Snakemake's extended benchmarks tell of, for videos of known seconds.

    `gpus` tells whether this host has any; without, a job that may have one was done by the CPU.
    The `journal` of leases tells which model of GPU a job had.
    """
    had = _gpus_of_jobs(journal) if journal and journal.is_file() else {}
    records = list(_records(benchmarks))
    parts: dict[str, int] = {}
    for record in records:
        if record["rule_name"] == "asr_chunk":
            video = record["wildcards"]["video"]
            parts[video] = parts.get(video, 0) + 1
    for record in records:
        stage, video = record["rule_name"], record["wildcards"].get("video")
        if video not in sounds:
            continue
        sound = sounds[video] / (parts[video] if stage == "asr_chunk" else 1)
        device, model = _device(record, gpus), _model(record)
        on = had.get((stage, *sorted(record["wildcards"].items())), _ANY)
        setup = _setup(record)
        yield Done(
            *(stage, device, model, sound, float(record["s"]), setup),
            on=on if device == "gpu" else _ANY,
        )


def _records(benchmarks: Path) -> Iterator[dict[str, Any]]:
    """The last line of each benchmark; a damaged one tells nothing."""
    for path in sorted(benchmarks.rglob("*.jsonl")):
        try:
            record = json.loads(path.read_text(encoding="utf-8").strip().rpartition("\n")[2])
            float(record["s"])
            if isinstance(record["wildcards"], dict) and isinstance(record["rule_name"], str):
                yield record
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.info("%s tells nothing: %s", path, error)


def _gpus_of_jobs(journal: Path) -> dict[tuple[Any, ...], str]:
    """The model of the GPU that each job had last, by its rule and wildcards."""
    found = {}
    for line in journal.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            event = json.loads(line)
            if event["event"] == "granted":
                found[event["rule"], *sorted(event["wildcards"].items())] = str(event["name"])
    return found


def _setup(record: Mapping[str, Any]) -> str:
    """Compute type and batch size of recognition, which its resource `gpu_work` names."""
    work = str((record.get("resources") or {}).get("gpu_work") or "").split()
    return " ".join(work[-2:]) if len(work) > 2 else _ANY


def _device(record: Mapping[str, Any], gpus: bool) -> str:
    if gpus and record.get("resources", {}).get("gpu"):
        return "gpu"
    settings = record.get("params", {}).get("settings") or {}
    if record["rule_name"] == "translate" and settings.get("backend") in ("auto", "openai"):
        return "server"
    if record["rule_name"] == "embed" and settings.get("mode") in ("burn", "both"):
        return "burn"
    return "cpu"


def _model(record: Mapping[str, Any]) -> str:
    settings = record.get("params", {}).get("settings") or {}
    named = settings.get("model") if record["rule_name"] in _BY_MODEL else None
    return str(named) if named else _ANY
