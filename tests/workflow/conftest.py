"""Runs the workflow as a user would, and reads what it says."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe


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


@pytest.fixture(scope="session")
def workflow(root: Path) -> Workflow:
    """Calls Snakemake in the repository, with everything written under `directory`."""

    def call(directory: Path, *arguments: str, timeout: float = 300, **environment: str) -> Run:
        command = [sys.executable, "-m", "snakemake", "--directory", str(directory), *arguments]
        unset = {"PYTHONDONTWRITEBYTECODE", "OPENAI_API_KEY"}
        kept = {key: value for key, value in os.environ.items() if key not in unset}
        done = subprocess.run(
            command,
            cwd=root,
            env=kept | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    return call


def demo(*arguments: str) -> list[str]:
    """The command line of a run with the tiny models."""
    return ["--profile", "local-gpu", "--configfile", "config/demo.yaml", *arguments]


def make_video(
    path: Path, seconds: float, *, audio: str | None = "anullsrc=r=16000:cl=mono"
) -> Path:
    """A video of 64x48 at 5 frames per second, with a lavfi source as its sound."""
    picture = ["-f", "lavfi", "-i", f"color=c=navy:s=64x48:r=5:d={seconds}"]
    sound = ["-f", "lavfi", "-t", str(seconds), "-i", audio] if audio else []
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", *(["-c:a", "aac"] if audio else [])]
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [get_ffmpeg_exe(), "-v", "error", "-y", *picture, *sound, *codecs, f"file:{path}"],
        check=True,
    )
    return path


@pytest.fixture(scope="session")
def finished_demo(workflow: Workflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which the demo has been run to its end."""
    directory = tmp_path_factory.mktemp("demo")
    run = workflow(directory, *demo())
    assert run.status == 0, run.output
    return directory
