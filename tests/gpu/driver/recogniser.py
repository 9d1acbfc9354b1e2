"""What workers do in tests: a model that counts its loads, and work that can fail in all ways."""

import ctypes
import functools
import logging
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.gpu.driver.simulated import Host

logger = logging.getLogger(__name__)


class RecogniserError(Exception):
    """An error of this package."""


@functools.cache
def load(mb: int) -> int:
    """Fill the GPU's memory where there is a GPU; the process that did it."""
    gpu = os.environ.get("CUDA_VISIBLE_DEVICES")
    if gpu and not Host(Path(os.environ["SIMULATED_GPUS"])).allocate(gpu, mb):
        raise RuntimeError("CUDA failed with error out of memory")
    with Path("loads").open("a") as file:
        file.write(f"{os.getpid()}\n")
    return os.getpid()


def transcribe(number: int, mb: int = 7000, seconds: float = 0.0, act: str = "") -> dict[str, Any]:
    """Who did it and where; a result of every kind that JSON has."""
    pid = load(mb)
    print(f"printed {number}")
    logger.info("logged %d", number)
    os.system(f"echo from a child {number}")  # noqa: S605
    ctypes.CDLL(None).puts(f"from C {number}".encode())
    time.sleep(seconds)
    if act == "fail":
        raise RecogniserError(f"Number {number} cannot be heard; é.")
    if act == "break":
        raise ValueError("a bug")
    if act == "abort" and not Path("aborted").exists():
        Path("aborted").touch()
        os.abort()
    return {
        "number": number,
        "pid": pid,
        "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "values": [0.1 + 0.2, "é\ud800", None, True, {"a": []}],
    }


def give_no_json() -> object:
    """A result that cannot be sent."""
    return object()


def die(sign: int) -> None:
    """End as native code does that fails."""
    signal.raise_signal(sign)


def start_child() -> int:
    """A process that outlives the call."""
    return subprocess.Popen(["sleep", "60"]).pid  # noqa: S607
