"""What is told of a run: with what its results are made, and what Snakemake's own report shows."""

import re
import sys
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from vat.errors import VatError
from vat.files import read_json
from vat.planning.plan import Plan
from vat.planning.provenance import provenance
from vat.planning.streams import recorded_streams
from vat.planning.summary import DONE, FAILED, WAITING

_OPTION: Final = "--report"


class ReportAnswers:
    """The answers about reports for one plan."""

    _plan: Plan
    _config: Mapping[str, Any]
    _results: Path
    results: str

    @abstractmethod
    def finished(self, wildcards: Any) -> list[str]:
        """The last file of every chain."""

    def made_with(self) -> dict[str, Any]:
        """What the results are made with: versions, commit, configuration, prompts and tables."""
        return provenance(self._config, *self._plan.made_with(), self._plan.bases[-1])

    def streams(self, folder: Path) -> Sequence[Mapping[str, Any]]:
        """What became of the streams of the video whose results are in a folder."""
        return recorded_streams(folder, self._config["embed"])

    def terms_of(self, video: str, language: str) -> list[Path]:
        """The user's glossaries for a video and a language."""
        return [self._plan.bases[0] / file for file in self._plan.glossary(video, language)]

    def page_facts(self, wildcards: object) -> dict[str, Any]:
        """What the pages tell besides what is in the folders of the run."""
        files = (path.replace("<results>", self.results) for path in self.finished(wildcards))
        tracks = ((one, code) for one in self._plan.videos for code in self._plan.targets(one))
        tables = {f"{one} {code}": list(map(str, self.terms_of(one, code))) for one, code in tracks}
        return {"last": list(files), "made_with": self.made_with(), "glossaries": tables}

    @property
    def is_report(self) -> bool:
        """Whether Snakemake makes its report, and runs nothing."""
        return any(word.partition("=")[0] == _OPTION for word in sys.argv)

    @property
    def shown_videos(self) -> list[str]:
        """The videos of the run; a report can only show those that were done."""
        states = {one["video"]: one["state"] for one in self._summary().get("videos", ())}
        everything = not self.is_report or not states
        return [one for one in self._plan.videos if everything or states.get(one) == DONE]

    def run_page(self, wildcards: object) -> list[str]:
        """The page of the run, for a report."""
        return self._pages("index") if self.is_report else []

    def video_pages(self, wildcards: object) -> list[str]:
        """The pages of videos, for a report."""
        return self._pages(*self._plan.videos) if self.is_report else []

    def _pages(self, *names: str) -> list[str]:
        there = (name for name in names if (self._results / "report" / f"{name}.html").is_file())
        return [f"<results>/report/{name}.html" for name in there]

    def report_facts(self) -> dict[str, Any]:
        """What the first page of a report tells of the last run, in words without markup."""
        told = self._summary()
        videos = told.get("videos", [])
        states = [one["state"] for one in videos]
        failed = [_words(one, "name", "error", "log") for one in videos if one["state"] == FAILED]
        shared = [_words(one, "error", "log") for one in told.get("shared", [])]
        counts = {state: states.count(state) for state in (DONE, FAILED, WAITING)}
        return {"counts": counts, "failed": failed, "shared": shared, "known": bool(told)}

    def _summary(self) -> Mapping[str, Any]:
        """What became of the last run's videos; empty where there was none."""
        try:
            found: Mapping[str, Any] = read_json(self._results / "summary.json")
        except (VatError, OSError):
            return {}
        return found


def _words(told: Mapping[str, Any], *keys: str) -> dict[str, str]:
    return {key: plain(str(told[key])) for key in keys}


def plain(text: str) -> str:
    """A text in one line of reStructuredText in which nothing is markup."""
    return re.sub(r"([^\w ]|_)", r"\\\1", " ".join(text.split()))
