"""One run of the demo on a cluster, and what was observed of it."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from gpulease.folder import FOLDER_VARIABLE
from tests.cluster.private_slurm import PrivateSlurm, wait_until

ROOT = Path(__file__).resolve().parents[2]
# The node pretends to have more processors than this host.
_ONE_THREAD = [f"{rule}=1" for rule in ("asr_chunk", "separate", "split", "translate", "embed")]
# Jobs of seconds: look often, and expect no network file system to be late.
_HASTE = ["--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5"]


@dataclass(frozen=True)
class Outcome:
    """What a run left behind: its output, the finished videos, and what Slurm and scripts noted.

    `cluster` is the configuration of its Slurm, which its daemons have in their environment.
    """

    status: int
    output: str
    folder: Path
    cluster: str
    videos: list[Path]
    jobs: list[dict[str, str]]
    scripts: list[dict[str, Any]]

    def scripts_of(self, *rules: str) -> list[dict[str, Any]]:
        return [script for script in self.scripts if script["rule"] in rules]

    def jobs_of(self, rule: str) -> list[dict[str, str]]:
        return [job for job in self.jobs if job["Comment"].startswith(f"rule_{rule}")]


class DemoRun:
    """Runs the demo's models over `videos`, with everything written below `folder`."""

    def __init__(self, slurm: PrivateSlurm, folder: Path, videos: Sequence[str | Path]) -> None:
        self.slurm = slurm
        self.folder = folder
        self._videos = [str(video) for video in videos]
        self._observed = folder / "observed.jsonl"
        folder.mkdir(exist_ok=True)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        unset = {"PYTHONDONTWRITEBYTECODE", "OPENAI_API_KEY", "CUDA_VISIBLE_DEVICES"}
        kept = {key: value for key, value in os.environ.items() if key not in unset}
        observer = {"PYTHONPATH": str(ROOT / "tests/cluster/observer")}
        observer |= {"OBSERVED": str(self._observed), FOLDER_VARIABLE: str(self.folder / "pool")}
        return subprocess.Popen(
            [
                *[sys.executable, "-m", "snakemake", "--profile", "slurm"],
                *["--configfile", "config/demo.yaml", "--config", f"videos={self._videos}"],
                *["--directory", str(self.folder), *_HASTE, "--set-threads", *_ONE_THREAD],
                *arguments,
            ],
            cwd=ROOT,
            env={**kept, **self.slurm.environment, **observer},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def wait(self, *arguments: str) -> Outcome:
        return self.end(self.start(*arguments))

    def end(self, process: subprocess.Popen[str], seconds: float = 400) -> Outcome:
        """Wait until a run that was started has ended, and Slurm has none of its jobs any more."""
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            raise AssertionError(f"It took more than {seconds:.0f} s:\n{output}") from None
        wait_until(30, lambda: not self.slurm.unfinished(), "no job is left in Slurm")
        lines = self._observed.read_text().splitlines() if self._observed.exists() else []
        return Outcome(
            process.returncode,
            output,
            self.folder,
            self.slurm.environment["SLURM_CONF"],
            sorted(p for p in self.folder.glob("results/*/*.mkv") if p.parent.name != "delivery"),
            self.slurm.jobs(),
            [json.loads(line) for line in lines],
        )


def processes_left(outcome: Outcome) -> list[psutil.Process]:
    """The processes of a run and of its Slurm that are still there."""
    places = {outcome.cluster, str(outcome.folder / "observed.jsonl")}
    left = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if places & set(process.environ().values()):
                left.append(process)
    return left


def most_at_once(spans: Iterable[tuple[float, float]]) -> int:
    """The largest number of spans of time that have a moment in common."""
    events = sorted(
        event for began, ended in spans for event in ((began, 1), (max(began, ended), -1))
    )
    now, most = 0, 0
    for _, change in events:
        now += change
        most = max(most, now)
    return most


def most_on_a_gpu(scripts: Iterable[dict[str, Any]]) -> Counter[str]:
    """By GPU, how many scripts saw it at a time."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for script in scripts:
        for gpu in filter(None, (script["gpus"] or "").split(",")):
            spans.setdefault(gpu, []).append((script["began"], script["ended"]))
    return Counter({gpu: most_at_once(times) for gpu, times in spans.items()})


def slurm_times(jobs: Iterable[dict[str, str]]) -> list[tuple[float, float]]:
    """When Slurm started and ended jobs, to the second."""
    return [
        (_moment(job["StartTime"]), _moment(job["EndTime"]))
        for job in jobs
        if job["StartTime"] != "Unknown"
    ]


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
