"""What is counted of each kind of fault."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.helpers.workflow import demo

ROOT: Final = Path(__file__).resolve().parents[2]

_SHORT: Final = (f"videos={ROOT / 'demo/clean.mp4'}",)


@dataclass
class Figures:
    """Tries of one kind of fault, what was lost, and what was said that no user should read."""

    kind: str
    tries: int = 0
    losses: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    seconds: float = 0.0
    until: float = float("inf")
    """When no more are begun, on the monotonic clock."""

    def numbers(self, tries: int) -> Iterator[int]:
        """The numbers of the tries, as many as there is time for."""
        for number in range(tries):
            if time.monotonic() > self.until:
                return
            yield number

    def heard(self, name: str, said: str) -> None:
        """Look for tracebacks in what was said."""
        if "Traceback (most recent call last)" in said:
            self.tracebacks.append(f"{name}: {said[-2000:]}")

    def line(self) -> str:
        """One row of the table."""
        counts = f"{self.tries:6} {len(self.losses):7} {len(self.tracebacks):11}"
        return f"{self.kind:14} {counts} {self.seconds:8.0f}"


Kind = Callable[[Random, int, Path, Figures], None]
"""Tries a kind of fault so many times in a folder, and counts."""


def counted(
    kind: str, run: Kind, seed: int, tries: int, folder: Path, seconds: float = float("inf")
) -> Figures:
    """The figures of one kind, whose faults depend on the seed alone; none begins after so long."""
    begun = time.monotonic()
    figures = Figures(kind, until=begun + seconds)
    folder.mkdir(parents=True)
    run(Random(f"{seed} {kind}"), tries, folder, figures)
    figures.seconds = time.monotonic() - begun
    return figures


def command(directory: Path, *more: str, config: tuple[str, ...] = _SHORT) -> list[str]:
    """The command line of a run, of one short video where the configuration names no other."""
    arguments = demo("--retries", "0", *more, "--config", *config)
    return [sys.executable, "-m", "snakemake", "--directory", str(directory), *arguments]


def finish(
    directory: Path, *more: str, config: tuple[str, ...] = _SHORT, limit_s: float = 240
) -> tuple[int, str]:
    """Run to the end; status and output."""
    done = subprocess.run(
        command(directory, *more, config=config),
        cwd=ROOT,
        env={**os.environ, "OPENAI_API_KEY": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=limit_s,
        check=False,
    )
    return done.returncode, done.stdout


def results(directory: Path) -> dict[str, str]:
    """What a finished run has made for its user, by a digest of each file's content."""
    found = [
        *directory.glob("results/*/words/*.json"),
        *directory.glob("results/*/subtitles/*.srt"),
    ]
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
    }


def leftovers(directory: Path) -> list[str]:
    """What no finished run may leave behind."""
    parts = [*directory.rglob(".part-*"), *(directory / ".snakemake/locks").glob("*.lock")]
    return [str(path) for path in parts]
