"""The pool on a real driver: what it sees, and that nothing it promises runs out."""

import functools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.real_gpu.report import Check, Figures

JOBS = 40
TAKE = """
import ctypes, sys, time
mb, seconds = int(sys.argv[1]), float(sys.argv[2])
cuda = ctypes.CDLL("libcuda.so.1")
def done(code):
    if code == 2:
        sys.exit("CUDA_ERROR_OUT_OF_MEMORY")
    if code:
        sys.exit(f"CUDA error {code}")
device, context = ctypes.c_int(), ctypes.c_void_p()
done(cuda.cuInit(0))
done(cuda.cuDeviceGet(ctypes.byref(device), 0))
done(cuda.cuCtxCreate_v2(ctypes.byref(context), 0, device))
time.sleep(seconds / 4)
for _ in range(4):
    held, size = ctypes.c_void_p(), ctypes.c_size_t(mb // 4 * 2**20)
    done(cuda.cuMemAlloc_v2(ctypes.byref(held), size))
    done(cuda.cuMemsetD8_v2(held, ctypes.c_ubyte(1), size))
    done(cuda.cuCtxSynchronize())
    time.sleep(seconds / 4)
"""
"""A job that takes its memory late and in steps, as one does that loads a model."""

_CONTEXT_MB = 600
"""What CUDA itself takes for a process, beside what it asks for."""


def checks(take: Sequence[str] | None = None, jobs: int = JOBS) -> Mapping[str, Check]:
    """The checks of this part; `take` is a command that takes so many MB for so many seconds."""
    command = list(take or (sys.executable, "-c", TAKE))
    return {
        "inventory": inventory,
        "CUDA_VISIBLE_DEVICES": visible,
        "memory of a lease": functools.partial(attributed, command),
        f"{jobs} jobs with leases": functools.partial(crowd, command, jobs, leased=True),
        f"{jobs} jobs without": functools.partial(crowd, command, jobs, leased=False),
    }


def inventory() -> Figures:
    """The devices, as the pool sees them."""
    from gpulease.executors import gpus_here

    found = gpus_here()
    if not found:
        raise ValueError("the pool sees no GPU")
    return {f"GPU {at}": f"{name} {mb} MB" for at, (name, mb) in enumerate(found)}


def _status() -> dict[str, Any]:
    command = [sys.executable, "-m", "gpulease", "status", "--json"]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    return found


def _leased(mem_mb: int, command: Sequence[str]) -> list[str]:
    # What is shown is the promise of memory: let as many jobs compute as memory allows.
    options = ["--mem-mb", str(mem_mb), "--compute-jobs", "0"]
    return [sys.executable, "-m", "gpulease", "run", *options, "--", *command]


def visible() -> Figures:
    """A job sees one device, by its UUID."""
    command = [sys.executable, "-c", "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])"]
    done = subprocess.run(_leased(500, command), check=True, capture_output=True, text=True)
    uuid = done.stdout.strip()
    if not uuid.startswith(("GPU-", "MIG-")) or "," in uuid:
        raise ValueError(f"the job sees {uuid!r}")
    return {"a job sees": uuid[:12]}


def attributed(take: Sequence[str]) -> Figures:
    """What a job takes counts as its lease's, not as a stranger's."""
    before = _free()
    process = subprocess.Popen(_leased(4000, [*take, "2000", "8"]))
    try:
        time.sleep(5)
        during = _free()
    finally:
        process.wait(60)
    if not before - 4000 - _CONTEXT_MB <= during <= before - 3900:
        raise ValueError(f"{before} MB were free, {during} MB with a lease of 4000 MB in use")
    return {"free before": before, "free during": during}


def _free() -> int:
    """MB that are free on all devices together."""
    return sum(int(gpu["free_mb"]) for gpu in _status()["gpus"])


def crowd(take: Sequence[str], jobs: int, *, leased: bool) -> Figures:
    """Many jobs at once, some of which are killed: how many died of memory."""
    gpus = _status()["gpus"]
    chance, largest = random.Random(1), max(2000, max(gpu["free_mb"] for gpu in gpus) // 3)
    sizes = [chance.randrange(1000, largest) for _ in range(jobs)]
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as threads:
        tasks = [
            threads.submit(_one, take, size, Path(folder, str(at)), at % 8 == 3, leased)
            for at, size in enumerate(sizes)
        ]
        ends = [task.result() for task in tasks]
    died = ends.count("memory")
    if leased and (died or "failed" in ends):
        raise ValueError(f"{died} of {jobs} jobs with leases ran out of memory: {ends}")
    return {
        "out of memory": died,
        "killed": ends.count("killed"),
        "done": ends.count("done"),
        "seconds": round(time.monotonic() - started),
        "GPUs": len(gpus),
    }


def _one(take: Sequence[str], size: int, log: Path, killed: bool, leased: bool) -> str:
    command = [*take, str(size), str(2.0)]
    whole = _leased(size + _CONTEXT_MB, command) if leased else command
    # Without a lease all take the first device, as most programs do.
    first = {} if leased else {"CUDA_VISIBLE_DEVICES": _status()["gpus"][0]["uuid"]}
    with log.open("w") as said:
        process = subprocess.Popen(
            whole, stdout=said, stderr=said, start_new_session=True, env=os.environ | first
        )
        if killed:
            time.sleep(1.0)
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    if killed:
        return "killed"
    from gpulease import is_out_of_memory

    text = log.read_text(errors="replace")
    if code == 0:
        return "done"
    print(text[-500:], flush=True)
    return "memory" if is_out_of_memory(text) else "failed"
