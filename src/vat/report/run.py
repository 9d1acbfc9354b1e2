"""A run that has ended: where its files are, and what is known of it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from vat.planning.sources import Video
from vat.planning.summary import tell_end
from vat.report.gpus import read_uses


class Asked(Protocol):
    """What is asked of the plan."""

    def finished(self, wildcards: Any) -> list[str]:
        """The last file of every chain, with Snakemake's variables."""

    def made_with(self) -> Mapping[str, Any]:
        """Versions, configuration and the like."""

    def streams(self, folder: Path) -> Sequence[Mapping[str, Any]]:
        """What became of the streams of the video whose results are in a folder."""

    def terms_of(self, video: str, language: str) -> Sequence[Path]:
        """The user's glossaries for a video and a language."""


def _unknown() -> Mapping[str, Any]:
    return {}


def _no_tables(video: str, language: str) -> Sequence[Path]:
    return ()


def _no_streams(folder: Path) -> Sequence[Mapping[str, Any]]:
    return ()


@dataclass(frozen=True, slots=True)
class Run:
    """The folders of a run, and what a look at these does not tell.

    `since` is when it began, in seconds of the epoch; `last` are the files that it was to end with:
    they tell whose corrections are in force. `cores` are those that all jobs shared, None where
    they did not, as on a cluster; at most `computing` of them computed on a GPU at a time (0: any
    number). `made_with` tells versions, configuration and the like, `glossary` the user's tables of
    terms for a video and a language, `streams` what became of a video's streams.
    """

    results: Path
    logs: Path
    since: float
    last: Sequence[Path] = ()
    benchmarks: Path | None = None
    cores: int | None = None
    computing: int = 0
    made_with: Callable[[], Mapping[str, Any]] = _unknown
    glossary: Callable[[str, str], Sequence[Path]] = _no_tables
    streams: Callable[[Path], Sequence[Mapping[str, Any]]] = _no_streams

    @classmethod
    def of(
        cls,
        ask: Asked,
        place: Callable[[str], str],
        since: float,
        cores: int | None,
        executor: object,
    ) -> Self:
        """The run of a plan; `place` gives the path behind one with Snakemake's variables."""
        results, logs, benchmarks = (
            Path(place(name)) for name in ("<results>", "<logs>", "<benchmarks>")
        )
        last = [Path(place(path)) for path in ask.finished(None)]
        machine = benchmarks, cores, getattr(executor, "compute_jobs", None) or 0
        return cls(results, logs, since, last, *machine, ask.made_with, ask.terms_of, ask.streams)

    @classmethod
    def shown(
        cls, results: str, logs: str, benchmarks: str, facts: Mapping[str, Any], now: float
    ) -> Self:
        """A run that makes nothing, at the time `now`; `facts` are those of the plan."""

        def glossary(video: str, language: str) -> list[Path]:
            return [*map(Path, facts["glossaries"].get(f"{video} {language}", ()))]

        last = [Path(path) for path in facts["last"]]
        folders = Path(results), Path(logs), now, last, Path(benchmarks)
        return cls(*folders, made_with=lambda: facts["made_with"], glossary=glossary)

    def told(
        self, videos: Mapping[str, Video], runs_log: Sequence[str], models: Mapping[str, str]
    ) -> str:
        """What is said at the end; the same goes to summary.json (see `summary.tell_end`)."""
        own = Path(runs_log[0]) if runs_log else None
        folders = self.results, self.logs
        hours = 0.0
        # Where the file cannot be read, the pages say so.
        with suppress(OSError):
            used = read_uses(self.logs / "gpu" / "placements.jsonl", self.since).gpus
            hours = sum(gpu.used_seconds for gpu in used) / 3600
        return tell_end(videos, self.last, folders, self.since, own, models, self.streams, hours)
