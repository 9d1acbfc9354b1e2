"""How long each stage takes for a second of video: learnt from earlier runs, or assumed."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vat.files import Record, write_text

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

KEY: Final = ("stage", "device", "model", "setup", "on")
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

    def __init__(self, known: "pd.DataFrame", here: Sequence[str] = ()) -> None:
        self._known = known
        self._here = [*here]

    def of(self, stage: str, device: str, model: str = _ANY, setup: str = _ANY) -> Speed:
        """The speed of a stage: that of the model where it is known, else that of any.

        What was measured with this setup and on a GPU of this host comes before the rest.

        Raises:
            KeyError: where the shipped table lacks the stage.
        """
        table = self._known
        fits = table[(table.stage == stage) & table.model.isin([model, _ANY])]
        for kind in (device, "cpu"):
            found = fits[fits.device == kind]
            if len(found):
                ranked = found.assign(
                    named=found.model == model,
                    same=found.setup == setup,
                    near=found.on.isin(self._here),
                )
                order = ["measured", "named", "same", "near"]
                best = ranked.sort_values(order, ascending=False, kind="stable").iloc[0]
                return Speed(
                    *(str(best.stage), str(best.device), str(best.model)),
                    *(float(best.start), float(best.rate), float(best.low), float(best.high)),
                    str(best.source),
                    bool(best.measured),
                    str(best.setup),
                    str(best.on),
                )
        raise KeyError(stage)

    def table(self) -> "pd.DataFrame":
        """All of them."""
        return self._known


def speeds(done: Iterable[Done], stored: Path, here: Sequence[str] = ()) -> Speeds:
    """What was learnt from jobs that were done here, and what was assumed for the rest.

    `here` are the GPUs of the host by model. `stored` is the table of what was learnt before; it is
    written anew, and its rows count where there are no newer ones.
    """
    import pandas as pd

    learnt = pd.DataFrame([_fit(*one) for one in _groups(done)], columns=_columns())
    before = _read(stored) if stored.exists() else learnt.iloc[:0]
    both = pd.concat([one for one in (learnt, before) if len(one)] or [learnt])
    both = both.drop_duplicates(list(KEY), keep="first")
    if len(learnt):
        write_text(stored, both.to_csv(index=False))
    text = files("vat").joinpath("data", "speeds.tsv").read_text(encoding="utf-8")
    shipped = pd.read_csv(StringIO(text), sep="\t").assign(measured=False, setup=_ANY, on=_ANY)
    return Speeds(pd.concat([one for one in (both, shipped) if len(one)], ignore_index=True), here)


def _columns() -> list[str]:
    return [*KEY, "start", "rate", "low", "high", "source", "measured"]


def _read(stored: Path) -> "pd.DataFrame":
    """The stored table; empty where it is damaged."""
    import pandas as pd

    try:
        found = pd.read_csv(stored)
        # Tables of earlier versions know neither.
        found = found.assign(**{name: _ANY for name in ("setup", "on") if name not in found})
        return found[_columns()].astype({"measured": bool})
    except (ValueError, KeyError, OSError) as error:
        logger.warning("'%s' is damaged and is made anew: %s", stored, error)
        return pd.DataFrame(columns=_columns())


def _groups(done: Iterable[Done]) -> Iterator[tuple[tuple[str, ...], "pd.DataFrame"]]:
    import pandas as pd

    table = pd.DataFrame(
        [(d.stage, d.device, d.model, d.setup, d.on, d.sound, d.seconds) for d in done]
    )
    if not len(table):
        return
    table.columns = pd.Index([*KEY, "sound", "seconds"])
    for key, group in table[table.sound > 0].groupby(list(KEY)):
        yield tuple(map(str, key)), group


def _fit(key: tuple[str, ...], jobs: "pd.DataFrame") -> list[Any]:
    """A line through what jobs took by the length of their sound; neither part below zero."""
    import numpy as np

    sound, seconds = jobs.sound.to_numpy(float), jobs.seconds.to_numpy(float)
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
    source = f"{len(jobs)} jobs on this host"
    return [*key, start, rate, low, high, source, True]


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
