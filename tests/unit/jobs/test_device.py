"""The device of a job: what is asked for, what is there, and when its memory is full."""

import ctypes
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from vat.errors import DeviceError, GpuMemoryError
from vat.jobs import device


@pytest.mark.parametrize(
    ("choice", "gpus", "found"),
    [("auto", 1, "cuda"), ("auto", 0, "cpu"), ("cuda", 2, "cuda"), ("cpu", 1, "cpu")],
)
def test_choices(monkeypatch: pytest.MonkeyPatch, choice: str, gpus: int, found: str) -> None:
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: gpus)
    assert device.resolve(choice) == found


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 0)
    with pytest.raises(DeviceError, match="CUDA_VISIBLE_DEVICES"):
        device.resolve("cuda")


@pytest.mark.parametrize(
    ("machine", "flags", "exact"),
    [
        ("x86_64", "flags\t\t: fpu avx2 avx512f avx512_vnni", True),
        ("x86_64", "flags\t\t: fpu avx2 avx_vnni fsrm", True),
        ("x86_64", "flags\t\t: fpu avx2 avx512f avx512_vbmi2", False),
        ("x86_64", "flags\t\t: fpu avx2\nbugs\t\t: avx_vnni", False),
        ("x86_64", None, False),
        ("aarch64", None, True),
    ],
)
def test_a_cpu_sums_bytes_exactly_by_its_instructions(
    machine: str, flags: str | None, exact: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    if flags:
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{flags}\n\n")
    assert device.sums_bytes_exactly(tmp_path / "cpuinfo") == exact


@pytest.mark.parametrize(
    "message",
    [
        "CUDA failed with error out of memory",
        "CUDA out of memory. Tried to allocate 20.00 MiB",
        "cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED",
    ],
)
def test_a_full_gpu_is_an_error_of_its_own(message: str) -> None:
    with pytest.raises(GpuMemoryError, match="while testing"), device.gpu_errors("testing"):
        raise RuntimeError(message)


@pytest.mark.parametrize("error", [RuntimeError("cuDNN error"), ValueError("out of memory")])
def test_other_errors_pass(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)), device.gpu_errors("testing"):
        raise error


def test_cublas_is_loaded_from_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "nvidia" / "cublas" / "lib"
    folder.mkdir(parents=True)
    for name in ("libcublasLt.so.12", "libcublas.so.12", "libnvblas.so.12"):
        (folder / name).touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    loaded: list[str] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda path, mode: loaded.append(path))
    device.preload_cuda_libraries()
    # The real package may be installed besides.
    found = [Path(path).name for path in loaded if Path(path).is_relative_to(tmp_path)]
    assert found == ["libcublasLt.so.12", "libcublas.so.12"]


def test_threads_sleep_while_they_wait_for_each_other() -> None:
    program = """
import os, pathlib
from vat.jobs.device import resolve
from vat.speech import asr, separate, separation
from vat.translate import nmt
assert "libgomp" not in pathlib.Path("/proc/self/maps").read_text(), "too late for its settings"
resolve("cpu")
assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
"""
    bare = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    subprocess.run([sys.executable, "-c", program], env=bare, check=True)
