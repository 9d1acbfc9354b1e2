"""Commands under leases on the simulated host."""

import json
import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

GPULEASE = [sys.executable, "-m", "gpulease"]


class Commands:
    """Starts `gpulease` on the simulated host, and ends what is left of it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *command: str, **extra: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            env={**self.environment, **extra},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(
        self, mem_mb: int, *command: str, options: tuple[str, ...] = (), **extra: str
    ) -> subprocess.Popen[str]:
        return self.start(
            *GPULEASE, "run", "--mem-mb", str(mem_mb), *options, "--", *command, **extra
        )

    def status(self, **extra: str) -> dict[str, Any]:
        process = self.start(*GPULEASE, "status", "--json", **extra)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        found: dict[str, Any] = json.loads(out)
        return found

    def free_mb(self) -> list[int]:
        return [gpu["free_mb"] for gpu in self.status()["gpus"]]

    def wait_until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not true():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def end(self) -> None:
        """Kill all that was started, and what that has started: it holds the pipes."""
        for process in self.started:
            with suppress(psutil.NoSuchProcess):
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
            process.kill()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe and not pipe.closed:
                    with suppress(BrokenPipeError):
                        pipe.close()
            process.wait()


def answer(commands: Commands, *words: str) -> tuple[int, str, str]:
    """Status, output and errors of one call of gpulease."""
    process = commands.start(*GPULEASE, *words)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def user() -> str:
    """The name of whoever runs the tests."""
    return pwd.getpwuid(os.getuid()).pw_name
