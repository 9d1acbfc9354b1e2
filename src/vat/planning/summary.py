"""The end of a run: what became of each video, what deserves a look, and how to go on.

What jobs warned of and their errors are in the records beside their logs (`vat.jobs.job_end`), what
deserves a look for as long as a result is there in that result's own. A video is `done` where all
its results are there, `failed` where a job of this run ended in an error, and `waiting` otherwise.
"""

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from vat.files import DamagedError, StrPath, damaged, read_json, write_json
from vat.jobs.addresses import masked, scrubbed
from vat.jobs.job_end import KILLED, JobEnd, end_of
from vat.jobs.messages import sentence
from vat.jobs.processes import COMMAND_VARIABLE
from vat.planning.sources import Video
from vat.planning.weights import record_models

DONE, FAILED, WAITING = "done", "failed", "waiting"

_STOPPED: Final = "Terminating processes on user request"
"""What Snakemake logs after Ctrl-C."""

_SHOWN: Final = 5
"""Warnings of one video on the terminal; the file has all."""


Streams = Callable[[Path], Sequence[Mapping[str, Any]]]
"""What tells what became of the streams of the video whose results are in a folder."""


def _untold(folder: Path) -> Sequence[Mapping[str, Any]]:
    return ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one video.

    `video` is its slug, `name` what people call it; `error` the one sentence of the failure and
    `log` the file with the rest, both empty unless `state` is "failed". `streams` tells what became
    of each stream of the source.
    """

    video: str
    name: str
    state: str
    error: str
    log: str
    warnings: Sequence[str]
    streams: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a run's videos; tokens are input and output, `cost` None without prices.

    `gpu_hours` are those in which a job held a GPU, of each GPU. `shared` has log and error of what
    failed for all videos, such as the fetching of a model.
    """

    outcomes: Sequence[Outcome]
    shared: Sequence[tuple[str, str]]
    tokens: tuple[int, int]
    cost: float | None
    gpu_hours: float = 0.0

    def of(self, state: str) -> list[Outcome]:
        """The videos in one state."""
        return [one for one in self.outcomes if one.state == state]

    def write(self, path: StrPath) -> None:
        """Write it as a JSON file."""
        write_json(path, self.to_json())

    def to_json(self) -> dict[str, Any]:
        """A JSON object: the videos with their states, tokens and cost."""
        videos = [
            {
                "video": one.video,
                "name": one.name,
                "state": one.state,
                "error": one.error or None,
                "log": one.log or None,
                "warnings": list(one.warnings),
                "streams": list(one.streams),
            }
            for one in self.outcomes
        ]
        tokens = {"input": self.tokens[0], "output": self.tokens[1]}
        shared = [{"log": log, "error": error} for log, error in self.shared]
        spent = {"tokens": tokens, "cost": self.cost, "gpu_hours": round(self.gpu_hours, 4)}
        return {"videos": videos, "shared": shared, **spent}


def tell_end(
    videos: Mapping[str, Video],
    last: Sequence[Path],
    folders: tuple[Path, Path],
    since: float,
    runs_log: Path | None,
    models: Mapping[str, str],
    streams: Streams = _untold,
    gpu_hours: float = 0.0,
) -> str:
    """Write summary.json and models.json below the results, and say the former for people.

    `last` are the last files of every video's chain, `folders` those of results and logs, `since`
    is when the run began (seconds of the epoch), `runs_log` what Snakemake itself wrote, and
    `models` are the folders of the models by their use. `streams` tells what became of the streams
    of the video in a folder, `gpu_hours` are those in which a job held a GPU.
    """
    said = runs_log.read_text(encoding="utf-8", errors="replace") if runs_log else ""
    stopped = _STOPPED in said
    names = {slug: one.title or _called(one, folders[0]) for slug, one in videos.items()}
    wanted = {slug: [path for path in last if slug in path.parts] for slug in videos}
    found = summarise(names, wanted, folders, since, streams, stopped=stopped)
    found = replace(found, gpu_hours=gpu_hours)
    untold = ""
    try:
        found.write(folders[0] / "summary.json")
        record_models(models, folders[0] / "models.json")
    except OSError as error:
        untold = f"\nThe summary of this run is not written: {sentence(error)}"
    results = folders[0].absolute()
    told = lines(found, command_typed(), results, _places(found, results), stopped=stopped)
    return "\n".join(told) + untold


def command_typed() -> list[str]:
    """What was typed to start this run, without keys."""
    typed = shlex.split(os.environ.get(COMMAND_VARIABLE, ""))
    return [scrubbed(word) for word in typed or ["snakemake", *sys.argv[1:]]]


def _called(video: Video, results: Path) -> str:
    """What people call a video; a fetched one has its name from the site."""
    if not video.remote:
        return Path(video.source).name
    with suppress(DamagedError):
        if name := _json(results / video.slug / "media.json").get("name"):
            return str(name)
    return masked(video.source)


def summarise(
    names: Mapping[str, str],
    wanted: Mapping[str, Sequence[Path]],
    folders: tuple[Path, Path],
    since: float,
    streams: Streams = _untold,
    *,
    stopped: bool = False,
) -> Summary:
    """What became of the videos, whose names are given by slug.

    `wanted` has the last files of each video's chain, `folders` are those of results and logs. What
    failed did so after `since` (seconds of the epoch), when the run began; `streams` as above, and
    `stopped` is whether the user ended it.
    """
    results, logs = folders
    outcomes = []
    for video, name in names.items():
        jobs = sorted((logs / video).rglob("*.log"))
        found = [(log, _ended(log, stopped=stopped)) for log in jobs]
        done = all(path.exists() for path in wanted[video])
        failures = [(log, end.error) for log, end in found if end.error and _is_of(log, since)]
        log, error = failures[0] if failures and not done else (None, "")
        state = DONE if done else FAILED if failures else WAITING
        said = [*_of_records(results / video), *(one for _, end in found for one in end.warnings)]
        told, damage = _streams_of(results / video, streams)
        warnings = list(dict.fromkeys([*said, *damage]))
        outcomes.append(Outcome(video, name, state, error, str(log or ""), warnings, told))
    common = [log for log in sorted(logs.rglob("*.log")) if not {*names} & {*log.parts}]
    ended = [(log, _ended(log, stopped=stopped)) for log in common if _is_of(log, since)]
    shared = [(str(log), end.error) for log, end in ended if end.error]
    return Summary(outcomes, shared, *_spent(results, names))


def _places(summary: Summary, results: Path) -> Iterator[str]:
    """Where people find what they look for next."""
    if summary.of(DONE):
        if (results / "delivery").is_dir():
            yield f"Videos and subtitles: {results / 'delivery'}"
        yield f"To look through and correct them: vat review, or {results / 'report/index.html'}"
    if Path("edits").is_dir():
        yield f"Corrections are taken from: {Path('edits').absolute()}"


def lines(
    summary: Summary,
    command: Sequence[str],
    results: Path,
    places: Iterable[str] = (),
    *,
    stopped: bool,
) -> list[str]:
    """The summary for people, each line printable; `command` is what the run was started with.

    `places` are lines about where to find things.
    """
    counts = [f"{len(summary.of(state))} {state}" for state in (DONE, FAILED, WAITING)]
    again = shlex.join(command)
    told = ["Stopped; the same command goes on."] if stopped else []
    told.append(f"Videos: {', '.join(counts)}.")
    for one in summary.of(FAILED):
        told += [f"FAILED {one.name}: {one.error}", f"  log: {one.log}"]
    for log, error in summary.shared:
        told += [f"FAILED for all videos: {error}", f"  log: {log}"]
    for one in summary.outcomes:
        told += [f"WARNING {one.name}: {text}" for text in one.warnings[:_SHOWN]]
        if more := len(one.warnings) - _SHOWN:
            told += [f"WARNING {one.name}: {more} more, in summary.json"] * (more > 0)
    if any(summary.tokens):
        price = "" if summary.cost is None else f", cost {summary.cost:.4f}"
        told.append(f"Translation: {summary.tokens[0]} + {summary.tokens[1]} tokens{price}.")
    if summary.gpu_hours:
        told.append(f"GPUs: {summary.gpu_hours:.2f} hours.")
    told += [f"Results: {results}", *places]
    if len(summary.of(DONE)) < len(summary.outcomes):
        told.append(f"To go on: {again}")
    # A video's name may hold control characters, which a terminal would obey.
    return ["".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in t) for t in told]


def _ended(log: Path, *, stopped: bool) -> JobEnd:
    """How a job ended; one that the user stopped has no error of its own."""
    end = end_of(log)
    return replace(end, error="") if stopped and end.error == KILLED else end


def _is_of(log: Path, since: float) -> bool:
    """Whether the job with a log has run since then."""
    return log.stat().st_mtime >= since


def _of_records(folder: Path) -> Iterator[str]:
    """What the transcript of a video warns of, and which of its records are damaged."""
    for path in (folder / "transcript.json", *_reports(folder)):
        try:
            yield from (one["text"] for one in _json(path).get("warnings", []))
        except DamagedError as error:
            yield str(error)


def _streams_of(
    folder: Path, streams: Streams
) -> tuple[Sequence[Mapping[str, Any]], Sequence[str]]:
    """What became of a video's streams; none, and what is said of it, where that is damaged."""
    try:
        return streams(folder), ()
    except DamagedError as error:
        return (), [str(error)]


def _reports(folder: Path) -> list[Path]:
    """The records of a video's translations."""
    return sorted((folder / "translations").glob("*.json"))


def _spent(results: Path, videos: Mapping[str, str]) -> tuple[tuple[int, int], float | None]:
    """Tokens and cost of the translations of all videos."""
    reports = list[Mapping[str, Any]]()
    for path in (path for video in videos for path in _reports(results / video)):
        # A damaged one is among the video's warnings.
        with suppress(DamagedError):
            reports.append(_json(path))
    tokens = [report.get("tokens", {"input": 0, "output": 0}) for report in reports]
    costs = [report["cost"] for report in reports if report.get("cost") is not None]
    told = (sum(one["input"] for one in tokens), sum(one["output"] for one in tokens))
    return told, sum(costs) if costs else None


def _json(path: Path) -> Mapping[str, Any]:
    """A stage's record; an empty one where the stage has not run.

    Raises:
        DamagedError: where it is none.
    """
    record: Mapping[str, Any] = read_json(path) if path.exists() else {}
    if not isinstance(record, Mapping):
        raise damaged(path, "no record")
    return record
