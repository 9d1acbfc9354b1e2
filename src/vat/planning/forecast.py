"""What a planned run will take, told before it begins: time, GPU-hours, tokens, money, disk."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self

from vat.errors import ConfigError, VatError
from vat.files import Record, read_json
from vat.planning.batch_speeds import BATCH, batch_share
from vat.planning.bound import Bound, Demand, bound
from vat.planning.server_limits import Limits
from vat.planning.speeds import Speed, Speeds, done_jobs, speeds

_TOKENS: Final = (25.0, 10.0)
"""Input and output tokens for a second of video, assumed: speech has about 3 a second, and each
batch carries its prompt, its context and the numbers of its subtitles."""

_AUDIO_MB: Final = 0.08
"""MB for a second of temporary lossless sound, by the demo and by talks in stereo."""

_KEPT_MB: Final = 0.02
_TURBO: Final = ("large-v3", "large-v3-turbo")
_MANY: Final = 6000
"""With more jobs than this, only the expected course is rehearsed."""

_LEAST_SERVED: Final = 0.5
"""The share of the requests and tokens expected of which a bound can be sure."""


Rehearse = Callable[[Sequence["PlannedJob"], Sequence[int], int, int], Mapping[str, float]]
"""When each job ends, by name, on GPUs of so many MB, so many cores and computing jobs per GPU."""


@dataclass(frozen=True, slots=True)
class Kind(Record):
    """How the jobs of a stage run: where, with which model, and what each takes.

    `batch` is how much is done at once where the user says so, else 0; `setup` is as in `Speed`.
    """

    device: str = "cpu"
    model: str = "*"
    gpu_mem_mb: int = 0
    cores: int = 1
    batch: int = 0
    setup: str = "*"


@dataclass(frozen=True, slots=True)
class VideoWork(Record):
    """What is left to do for a video: its stages, of translations and chunks only those left.

    `seconds` is None where only the download will tell; `size_mb` is 0 there, too.
    """

    video: str
    seconds: float | None
    size_mb: float
    stages: tuple[str, ...]
    chunks: int = 0
    translations: int = 0


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One job: seconds that it is expected to take, and at least; jobs after which it may start."""

    name: str
    stage: str
    video: str
    seconds: float
    least: float
    most: float
    after: tuple[str, ...]
    gpu_mem_mb: int
    cores: int
    priority: int


@dataclass(frozen=True, slots=True)
class Host:
    """What a run has: MB of each GPU, cores, how many jobs may compute on one GPU, their models."""

    gpus_mb: Sequence[int]
    cores: int
    computing: int = 2
    names: Sequence[str] = ()

    @classmethod
    def of(cls, gpus: Sequence[tuple[str, int]], cores: int | None) -> Self:
        """A host by the names and MB of its GPUs; without a number, all cores are the run's."""
        cores = cores or len(os.sched_getaffinity(0))
        return cls([mb for _, mb in gpus], cores, names=[name for name, _ in gpus])


@dataclass(frozen=True, slots=True)
class Forecast(Record):
    """What a run will take; times in seconds, disk in MB, `gpu_hours` by stage and in total.

    `expected_range` are the least and the most by what is known of speeds, each of which `speeds`
    names with its range and source. `unknown` counts videos whose length only the download tells;
    they are left out. `tokens` and `cost` are of translation by a server; None without prices.
    """

    videos: int
    unknown: int
    hours: float
    chunks: int
    gpu_hours: dict[str, float]
    bound_seconds: float
    bounded_by: str
    expected_seconds: float
    expected_range: tuple[float, ...]
    first_video_seconds: float
    tokens: dict[str, int]
    cost: float | None
    disk_mb: dict[str, int]
    what_if: dict[str, float]
    speeds: tuple[Speed, ...]


def planned_jobs(
    videos: Sequence[VideoWork], kinds: Mapping[str, Kind], rates: Speeds
) -> list[PlannedJob]:
    """The jobs of videos whose length is known, in the order in which they depend on each other."""
    known: dict[str, Speed] = {
        stage: rates.of(stage, kind.device, kind.model, kind.setup) for stage, kind in kinds.items()
    }
    found: list[PlannedJob] = []
    for place, work in enumerate(videos):
        if work.seconds is None:
            continue
        after: tuple[str, ...] = ()
        for stage, count, sound in _steps(work, work.seconds):
            kind, speed = kinds[stage], known[stage]
            names = tuple(f"{work.video}/{stage}/{number}" for number in range(count))
            found += [
                PlannedJob(
                    name=name,
                    stage=stage,
                    video=work.video,
                    seconds=speed.seconds(sound),
                    least=speed.least(sound),
                    most=speed.most(sound),
                    after=after,
                    gpu_mem_mb=kind.gpu_mem_mb,
                    cores=kind.cores,
                    priority=len(videos) - place,
                )
                for name in names
            ]
            after = names or after
    return found


def _steps(work: VideoWork, seconds: float) -> Iterable[tuple[str, int, float]]:
    """The stages that are left, how many jobs each has, and the seconds of sound of each job."""
    for stage in work.stages:
        if stage == "asr_chunk":
            yield stage, work.chunks, seconds / max(1, work.chunks)
        else:
            yield stage, work.translations if stage == "translate" else 1, seconds


def forecast(
    videos: Sequence[VideoWork],
    kinds: Mapping[str, Kind],
    rates: Speeds,
    host: Host,
    rehearse: Rehearse,
    tokens_a_second: tuple[float, float] | None = None,
    prices: tuple[float | None, float | None] = (None, None),
    limits: Limits | None = None,
) -> Forecast:
    """What is left of a run will take, by what is known of speeds.

    `tokens_a_second` are those of a second of video where they were measured; `prices` are those
    of a million input and output tokens, `limits` those of the server.

    Raises:
        ConfigError: where no GPU of the host holds one of the jobs.
    """
    jobs = planned_jobs(videos, kinds, rates)
    try:
        ends = rehearse(jobs, host.gpus_mb, host.cores, host.computing)
        least = _bound(jobs, host)
    except ValueError as error:
        raise ConfigError(f"This run can never end here: {error}.") from error
    known = [work for work in videos if work.seconds is not None]
    seconds = sum(work.seconds or 0.0 for work in known)
    finished = {job.video: 0.0 for job in jobs}
    for job in jobs:
        finished[job.video] = max(finished[job.video], ends[job.name])
    tokens = _tokens(known, kinds, tokens_a_second or _TOKENS)
    served = _served(known, tokens, limits)
    expected = max([served, *ends.values()])
    least = max(least, Bound(served * _LEAST_SERVED, "the server's rate"), key=_seconds)
    return Forecast(
        videos=len(videos),
        unknown=len(videos) - len(known),
        hours=round(seconds / 3600, 3),
        chunks=sum(work.chunks for work in known if "asr_chunk" in work.stages),
        gpu_hours=_gpu_hours(jobs),
        bound_seconds=round(least.seconds, 1),
        bounded_by=least.by,
        expected_seconds=round(expected, 1),
        expected_range=_with_served(_range(jobs, host, rehearse, expected), served),
        first_video_seconds=round(min(finished.values(), default=0.0), 1),
        tokens=tokens,
        cost=_cost(tokens, prices),
        disk_mb=_disk(known, host),
        what_if=_what_if(jobs, kinds, host, rehearse),
        speeds=tuple(rates.of(s, one.device, one.model, one.setup) for s, one in kinds.items()),
    )


def _bound(jobs: Sequence[PlannedJob], host: Host) -> Bound:
    """The least time, by the least that each job takes."""
    sums: dict[tuple[str, int, int], float] = {}
    chains: dict[str, dict[str, float]] = {}
    for job in jobs:
        key = job.stage, job.gpu_mem_mb, job.cores
        sums[key] = sums.get(key, 0.0) + job.least
        stages = chains.setdefault(job.video, {})
        stages[job.stage] = max(stages.get(job.stage, 0.0), job.least)
    demands = [Demand(stage, total, mem, cores) for (stage, mem, cores), total in sums.items()]
    longest = max((sum(stages.values()) for stages in chains.values()), default=0.0)
    return bound(demands, host.gpus_mb, host.cores, longest, host.computing)


def _gpu_hours(jobs: Sequence[PlannedJob]) -> dict[str, float]:
    found: dict[str, float] = {"total": 0.0}
    for job in jobs:
        if job.gpu_mem_mb:
            for name in ("total", job.stage):
                found[name] = found.get(name, 0.0) + job.seconds / 3600
    return {name: round(hours, 4) for name, hours in found.items()}


def _range(
    jobs: Sequence[PlannedJob], host: Host, rehearse: Rehearse, expected: float
) -> tuple[float, ...]:
    """The least and the most seconds, by the ranges of all speeds at once."""
    if not jobs:
        return 0.0, 0.0
    if len(jobs) > _MANY:
        whole = sum(job.seconds for job in jobs) or 1.0
        shares = (sum(job.least for job in jobs) / whole, sum(job.most for job in jobs) / whole)
        return tuple(round(expected * share, 1) for share in shares)
    versions = (
        [replace(job, seconds=job.least) for job in jobs],
        [replace(job, seconds=job.most) for job in jobs],
    )
    ends = [rehearse(one, host.gpus_mb, host.cores, host.computing) for one in versions]
    return tuple(round(max(one.values()), 1) for one in ends)


def _seconds(found: Bound) -> float:
    return found.seconds


def _served(videos: Sequence[VideoWork], tokens: Mapping[str, int], limits: Limits | None) -> float:
    """For how long the server's limits make the translations last."""
    spoken = sum((work.seconds or 0.0) * work.translations for work in videos)
    return limits.seconds(tokens, spoken) if limits else 0.0


def _with_served(found: tuple[float, ...], served: float) -> tuple[float, ...]:
    """The range where the server's limits count, of whose work half to twice is expected."""
    low, high = found
    return max(low, round(served * _LEAST_SERVED, 1)), max(high, round(served / _LEAST_SERVED, 1))


def _what_if(
    jobs: Sequence[PlannedJob], kinds: Mapping[str, Kind], host: Host, rehearse: Rehearse
) -> dict[str, float]:
    """The expected seconds with one more GPU, batches of 8, and Whisper's faster model."""
    if not jobs or len(jobs) > _MANY:
        return {}
    found = {}
    if host.gpus_mb and any(job.gpu_mem_mb for job in jobs):
        more = [*host.gpus_mb, max(host.gpus_mb)]
        ends = rehearse(jobs, more, host.cores, host.computing)
        found["one more GPU"] = round(max(ends.values()), 1)
    asr = kinds.get("asr_chunk")
    shares = dict[str, float]()
    if asr and asr.device == "gpu" and 0 < asr.batch < BATCH:
        shares[f"asr.batch_size {BATCH}"] = batch_share(asr.model, asr.batch)
    if asr and asr.model == _TURBO[0]:
        shares[f"asr.model {_TURBO[1]}"] = 1 / 2.2
    for what, share in shares.items():
        quick = [
            replace(job, seconds=job.seconds * share) if job.stage == "asr_chunk" else job
            for job in jobs
        ]
        ends = rehearse(quick, host.gpus_mb, host.cores, host.computing)
        found[what] = round(max(ends.values()), 1)
    return found


def _tokens(
    videos: Sequence[VideoWork], kinds: Mapping[str, Kind], rates: tuple[float, float]
) -> dict[str, int]:
    """Tokens of translation by a server; none by a local model."""
    kind = kinds.get("translate")
    if kind is None or kind.device != "server":
        return {"input": 0, "output": 0}
    spoken = sum((work.seconds or 0.0) * work.translations for work in videos)
    return {"input": round(spoken * rates[0]), "output": round(spoken * rates[1])}


def _cost(tokens: Mapping[str, int], prices: tuple[float | None, float | None]) -> float | None:
    if prices[0] is None or prices[1] is None:
        return None
    return round((tokens["input"] * prices[0] + tokens["output"] * prices[1]) / 1e6, 4)


def _disk(videos: Sequence[VideoWork], host: Host) -> dict[str, int]:
    """MB at the end, and at the peak: the temporary sound of as many videos as are worked on."""
    end = sum(
        (work.size_mb if "embed" in work.stages else 0.0) + _KEPT_MB * (work.seconds or 0.0)
        for work in videos
    )
    sounds = sorted((work.seconds or 0.0 for work in videos), reverse=True)
    at_once = sounds[: host.cores + 2 * len(host.gpus_mb)]
    return {"end": round(end), "peak": round(end + _AUDIO_MB * sum(at_once))}


def forecast_of(
    left: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, Mapping[str, Any]],
    host: Host,
    rehearse: Rehearse,
    options: Mapping[str, Any],
    benchmarks: Path,
    results: Path,
    resources: Path,
    journal: Path | None = None,
) -> Forecast:
    """The forecast of what is `left`, by what runs in these folders have taken so far.

    `options` is the configuration's `translate` section. Where the host has no GPU, the CPU does
    the work of jobs that may have one.

    Raises:
        ConfigError: where no GPU of the host holds one of the jobs.
    """
    known = {stage: Kind.from_json(kind) for stage, kind in kinds.items()}
    if not host.gpus_mb:
        known = {
            stage: replace(kind, device="cpu", gpu_mem_mb=0) if kind.device == "gpu" else kind
            for stage, kind in known.items()
        }
    sounds = _sounds(results)
    done = done_jobs(benchmarks, sounds, gpus=bool(host.gpus_mb), journal=journal)
    found = speeds(done, resources / "learned" / "speeds.csv", host.names)
    videos = [VideoWork.from_json(work) for work in left]
    prices = options["input_price"], options["output_price"]
    limits = Limits(*(options[one.name] for one in fields(Limits)))
    rates = token_rates(results, sounds)
    return forecast(videos, known, found, host, rehearse, rates, prices, limits)


def _sounds(results: Path) -> dict[str, float]:
    """Seconds of each video that was looked at before."""
    found = {}
    for path in sorted(results.glob("*/media.json")):
        try:
            found[path.parent.name] = float(read_json(path)["duration"])
        except (VatError, KeyError, TypeError, ValueError):
            continue
    return found


def token_rates(results: Path, seconds: Mapping[str, float]) -> tuple[float, float] | None:
    """Input and output tokens for a second of video, by the translations that were made here."""
    found, spoken = [0, 0], 0.0
    for video, length in seconds.items():
        for report in sorted((results / video / "translations").glob("*.json")):
            try:
                tokens = read_json(report)["tokens"]
            except (VatError, KeyError, TypeError):
                continue
            if tokens["input"]:
                found = [found[0] + tokens["input"], found[1] + tokens["output"]]
                spoken += length
    return (found[0] / spoken, found[1] / spoken) if spoken else None
