"""The end of a run: what became of each video, what deserves a look, and how to go on.

A job's log is all that it said, so that the warnings of all stages are in one place. A video is
`done` where all its results are there, `failed` where a job of this run ended in an error, and
`waiting` otherwise.
"""

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vat.files import DamagedError, StrPath, damaged, read_json, write_json
from vat.jobs.addresses import masked, scrubbed
from vat.jobs.messages import sentence
from vat.jobs.processes import COMMAND_VARIABLE
from vat.planning.sources import Video
from vat.planning.weights import record_models

DONE, FAILED, WAITING = "done", "failed", "waiting"

_LINE: Final = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (WARNING|ERROR) vat[\w.]*: (.*)")
_RAISED: Final = re.compile(r"[\w.]*(?:Error|Exception)\b.*")
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

    `shared` has log and error of what failed for all videos, such as the fetching of a model.
    """

    outcomes: Sequence[Outcome]
    shared: Sequence[tuple[str, str]]
    tokens: tuple[int, int]
    cost: float | None

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
        return {"videos": videos, "shared": shared, "tokens": tokens, "cost": self.cost}


def tell_end(
    videos: Mapping[str, Video],
    last: Sequence[Path],
    folders: tuple[Path, Path],
    since: float,
    runs_log: Path | None,
    models: Mapping[str, str],
    streams: Streams = _untold,
) -> str:
    """Write summary.json and models.json below the results, and say the former for people.

    `last` are the last files of every video's chain, `folders` those of results and logs, `since`
    is when the run began (seconds of the epoch), `runs_log` what Snakemake itself wrote, and
    `models` are the folders of the models by their use. `streams` tells what became of the streams
    of the video in a folder.
    """
    names = {slug: one.title or _called(one) for slug, one in videos.items()}
    wanted = {slug: [path for path in last if slug in path.parts] for slug in videos}
    found = summarise(names, wanted, folders, since, streams)
    untold = ""
    try:
        found.write(folders[0] / "summary.json")
        record_models(models, folders[0] / "models.json")
    except OSError as error:
        untold = f"\nThe summary of this run is not written: {sentence(error)}"
    said = runs_log.read_text(encoding="utf-8", errors="replace") if runs_log else ""
    return "\n".join(lines(found, command_typed(), folders[0], stopped=_STOPPED in said)) + untold


def command_typed() -> list[str]:
    """What was typed to start this run, without keys."""
    typed = shlex.split(os.environ.get(COMMAND_VARIABLE, ""))
    return [scrubbed(word) for word in typed or ["snakemake", *sys.argv[1:]]]


def _called(video: Video) -> str:
    return masked(video.source) if video.remote else Path(video.source).name


def summarise(
    names: Mapping[str, str],
    wanted: Mapping[str, Sequence[Path]],
    folders: tuple[Path, Path],
    since: float,
    streams: Streams = _untold,
) -> Summary:
    """What became of the videos, whose names are given by slug.

    `wanted` has the last files of each video's chain, `folders` are those of results and logs. What
    failed did so after `since` (seconds of the epoch), when the run began; `streams` as above.
    """
    results, logs = folders
    outcomes = []
    for video, name in names.items():
        found = [(log, *_read(log)) for log in sorted((logs / video).rglob("*.log"))]
        done = all(path.exists() for path in wanted[video])
        failures = [
            (log, error) for log, _, error in found if error and log.stat().st_mtime >= since
        ]
        log, error = failures[0] if failures and not done else (None, "")
        state = DONE if done else FAILED if failures else WAITING
        said = [*_of_records(results / video), *(one for _, some, _ in found for one in some)]
        warnings = list(dict.fromkeys(said))
        told = streams(results / video)
        outcomes.append(Outcome(video, name, state, error, str(log or ""), warnings, told))
    common = [log for log in sorted(logs.rglob("*.log")) if not {*names} & {*log.parts}]
    ended = [(log, _read(log)[1]) for log in common if log.stat().st_mtime >= since]
    shared = [(str(log), error) for log, error in ended if error]
    return Summary(outcomes, shared, *_spent(results, names))


def lines(summary: Summary, command: Sequence[str], results: Path, *, stopped: bool) -> list[str]:
    """The summary for people, each line printable; `command` is what the run was started with."""
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
    told.append(f"Results: {results}")
    if len(summary.of(DONE)) < len(summary.outcomes):
        told.append(f"To go on: {again}")
    # A video's name may hold control characters, which a terminal would obey.
    return ["".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in t) for t in told]


def _read(log: Path) -> tuple[list[str], str]:
    """The warnings of a job's log, and the error that ended the job, if one did."""
    warnings, error = list[str](), ""
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := _LINE.match(line):
            level, text = match.groups()
            error = text if level == "ERROR" else error
            warnings += [text] if level == "WARNING" else []
        elif _RAISED.match(line):
            error = line
    return warnings, error


def _of_records(folder: Path) -> Iterator[str]:
    """What the transcript of a video warns of, and which of its records are damaged."""
    for path in (folder / "transcript.json", *_reports(folder)):
        try:
            yield from (one["text"] for one in _json(path).get("warnings", []))
        except DamagedError as error:
            yield str(error)


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
