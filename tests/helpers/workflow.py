"""Runs of the workflow, as a user starts them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.media import make_video


@dataclass(frozen=True)
class Run:
    """What one call of Snakemake gave back."""

    status: int
    output: str

    def jobs(self) -> dict[str, int]:
        """How many jobs of each rule were planned or run."""
        tables = self.output.split("Job stats:")
        if len(tables) < 2:
            return {}
        return {
            name: int(count)
            for name, count in re.findall(r"^(\w+) +(\d+)$", tables[1], re.MULTILINE)
            if name != "total"
        }


Workflow = Callable[..., Run]


def demo(*arguments: str) -> list[str]:
    """The command line of a run with the tiny models."""
    return ["--profile", "local-gpu", "--configfile", "config/demo.yaml", *arguments]


def silent_video(
    path: Path, seconds: float, *, sound: str | None = "anullsrc=r=16000:cl=mono"
) -> Path:
    """A video that is quickly made, and in which nothing is said."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return make_video(path, seconds, sound=sound, rate=5)
