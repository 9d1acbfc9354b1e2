"""The host of a test: its GPUs, who uses their memory, and how processes come to see it.

As a program it is a simulated job, which loads a model late and in steps:

    python simulated.py MB SECONDS [STEPS]
"""

import fcntl
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent / "nvml.c"


def build(folder: Path) -> Path:
    """Compile the library, as NVML, and in the folder cuda below as the CUDA driver.

    The latter knows the order of GPUs and nothing else: libraries that compute must not find it.
    """
    (folder / "cuda").mkdir(parents=True, exist_ok=True)
    library = folder / "libnvidia-ml.so.1"
    subprocess.run(
        ["cc", "-O1", "-shared", "-fPIC", "-Wall", "-o", str(library), str(SOURCE)],  # noqa: S607
        check=True,
    )
    (folder / "cuda" / "libcuda.so.1").symlink_to(library)
    return folder


def gpu_uuid(number: int) -> str:
    """The UUID of a test's GPU: all different in their first characters."""
    return f"GPU-{uuid.uuid5(uuid.NAMESPACE_OID, f'gpu {number}')}"


@dataclass
class Host:
    """The state file of a simulated host.

    Every change is one atomic rename under a lock, as jobs change it too.
    """

    state: Path

    @contextmanager
    def changing(self) -> Iterator[list[str]]:
        """The lines of the file, to be changed in place."""
        with self.state.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lines = self.state.read_text().splitlines() if self.state.exists() else []
            yield lines
            new = self.state.with_suffix(f".{os.getpid()}.new")
            new.write_text("\n".join(lines) + "\n")
            new.rename(self.state)

    def add(self, *lines: str) -> None:
        with self.changing() as present:
            present.extend(lines)

    def add_gpus(
        self, *totals_mb: int, reserved_mb: int = 0, names: list[str] | None = None
    ) -> None:
        for number, total in enumerate(totals_mb):
            name = names[number] if names else f"Simulated {total // 1000}"
            self.add(f"gpu {gpu_uuid(number)} {total} {reserved_mb} {name}")

    def set_foreign(self, gpu: str, mb: int) -> None:
        """What processes without any lease use on a device; never more than is free."""
        with self.changing() as lines:
            lines[:] = [line for line in lines if not line.startswith(f"foreign {gpu} ")]
            lines.append(f"foreign {gpu} {min(mb, self._free(lines, gpu))}")

    def forget(self, start: str) -> None:
        with self.changing() as lines:
            lines[:] = [line for line in lines if not line.startswith(start)]

    def allocate(self, gpu: str, mb: int, pid: int | None = None) -> bool:
        """Take memory for a process; False where the device does not have it."""
        pid = pid or os.getpid()
        with self.changing() as lines:
            lines[:] = [
                line for line in lines if not line.startswith("use ") or _lives(line.split()[2])
            ]
            if self._free(lines, gpu) < mb:
                return False
            before = 0
            for line in [line for line in lines if line.startswith(f"use {gpu} {pid} ")]:
                before = int(line.split()[3])
                lines.remove(line)
            lines.append(f"use {gpu} {pid} {before + mb}")
        return True

    def _free(self, lines: list[str], gpu: str) -> int:
        free = 0
        for line in lines:
            words = line.split()
            if words[:2] == ["gpu", gpu]:
                free += int(words[2]) - int(words[3])
            elif words[0] == "mig" and words[2] == gpu:
                free += int(words[3])
            elif words[:2] == ["foreign", gpu]:
                free -= int(words[2])
            elif words[:2] == ["use", gpu] and _lives(words[2]):
                free -= int(words[3])
        return free

    def environment(self, library: Path, ledger: Path) -> dict[str, str]:
        """What a process needs to see this host and no other."""
        return {
            "SIMULATED_GPUS": str(self.state),
            "LD_LIBRARY_PATH": str(library),
            "GPULEASE_DIR": str(ledger),
        }


def _lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (OSError, IndexError):
        return False


def load_model(mb: int, steps: int, environment: Mapping[str, str] = os.environ) -> None:
    """Fill memory of the first visible device in steps; die as CUDA does where it is full."""
    host = Host(Path(environment["SIMULATED_GPUS"]))
    gpu = environment["CUDA_VISIBLE_DEVICES"].split(",")[0]
    for step in range(steps):
        part = mb // steps if step else mb - mb // steps * (steps - 1)
        if not host.allocate(gpu, part):
            sys.exit("RuntimeError: CUDA failed with error out of memory")
        time.sleep(0.01)


if __name__ == "__main__":
    size, seconds = int(sys.argv[1]), float(sys.argv[2])
    time.sleep(0.05)
    load_model(size, int(sys.argv[3]) if len(sys.argv) > 3 else 4)
    time.sleep(seconds)
