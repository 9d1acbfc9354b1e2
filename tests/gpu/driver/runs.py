"""Snakemake runs on the simulated host."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from gpulease.folder import FOLDER_VARIABLE

SHOW = "echo =$CUDA_VISIBLE_DEVICES >{output}"


class Runs:
    """Starts Snakemake on the simulated host in a folder of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.started: list[subprocess.Popen[str]] = []

    def start(self, snakefile: str, *args: str, **extra: str) -> subprocess.Popen[str]:
        (self.folder / "Snakefile").write_text(snakefile)
        command = [sys.executable, "-m", "snakemake", "--cores", "8", "--executor", "local-gpu"]
        process = subprocess.Popen(
            [*command, "--scheduler", "local-gpu", "--keep-going", "--nolock", *args],
            cwd=self.folder,
            env={**self.environment, **extra},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, snakefile: str, *args: str, **extra: str) -> str:
        process = self.start(snakefile, *args, **extra)
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0, out
        return out

    def fail(self, snakefile: str, *args: str, **extra: str) -> str:
        process = self.start(snakefile, *args, **extra)
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 1, out
        return out

    def end(self) -> None:
        """Kill all that is left of the runs, found by the folder of their leases."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(FOLDER_VARIABLE) == self.environment[FOLDER_VARIABLE]:
                    process.kill()
        for started in self.started:
            started.communicate()

    def read(self, name: str) -> str:
        return (self.folder / name).read_text().strip()

    def wait_for(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not true():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def events(self) -> list[dict[str, Any]]:
        file = self.folder / "logs/gpu/placements.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()]

    def free_mb(self) -> list[int]:
        out = subprocess.run(
            [sys.executable, "-m", "gpulease", "status", "--json"],
            env=self.environment,
            capture_output=True,
            check=True,
        ).stdout
        return [gpu["free_mb"] for gpu in json.loads(out)["gpus"]]


def gpu_rule(name: str = "work", mem_mb: int = 8000, command: str = SHOW, more: str = "") -> str:
    """A rule whose jobs ask for a GPU."""
    return (
        f"rule {name}:\n    output: '{name}'\n    log: '{name}.log'\n"
        f'    resources: gpu=1, gpu_mem_mb={mem_mb}{more}\n    shell: "{command}"\n'
    )
