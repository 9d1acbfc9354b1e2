"""Fixtures: a simulated NVIDIA driver, and hosts with GPUs of any size."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.gpu.driver.commands import Commands
from tests.gpu.driver.runs import Runs
from tests.gpu.driver.simulated import Host, build

ROOT = Path(__file__).resolve().parents[2]
"""Where jobs find the driver of the tests."""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the compiled library."""
    return build(tmp_path_factory.mktemp("driver") / "lib")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host without GPUs; the test adds what it needs."""
    made = Host(tmp_path / "host.txt")
    made.add("driver ok")
    return made


@pytest.fixture
def environment(host: Host, library: Path, tmp_path: Path) -> dict[str, str]:
    """The variables of a process on that host, with no choice made outside."""
    kept = {key: text for key, text in os.environ.items() if not key.startswith("CUDA_")}
    kept.pop("GPULEASE_LEASE", None)
    kept["PYTHONPATH"] = str(ROOT)
    return {**kept, **host.environment(library, tmp_path / "ledger")}


@pytest.fixture
def python(environment: dict[str, str]) -> Callable[..., str]:
    """Run Python code in a process on that host; what it printed."""

    def run(code: str, **extra: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**environment, **extra},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def runs(tmp_path: Path, environment: dict[str, str]) -> Iterator[Runs]:
    folder = tmp_path / "run"
    folder.mkdir()
    made = Runs(folder, environment)
    yield made
    made.end()


@pytest.fixture
def commands(environment: dict[str, str]) -> Iterator[Commands]:
    made = Commands(environment)
    yield made
    made.end()
