"""The one device that a job was given: is it there, and did its memory suffice?"""

import ctypes
import logging
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from vat.errors import DeviceError, GpuMemoryError

logger = logging.getLogger(__name__)

_OUT_OF_MEMORY: Final = (
    "out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
_CPU_INFO: Final = Path("/proc/cpuinfo")
_CUBLAS_12: Final = ("libcublasLt.so.12", "libcublas.so.12")


def resolve(choice: str) -> str:
    """The device of this job, "cuda" or "cpu", for the choice auto, cuda or cpu.

    Which GPU "cuda" means was decided by whoever started the job, in CUDA_VISIBLE_DEVICES.

    Raises:
        DeviceError: where cuda is asked for and no GPU is visible.
    """
    share_cores()
    if choice == "cpu":
        return "cpu"
    import ctranslate2

    if ctranslate2.get_cuda_device_count() > 0:
        preload_cuda_libraries()
        return "cuda"
    if choice == "cuda":
        raise DeviceError(
            "The configuration asks for a GPU, but none is visible; check nvidia-smi and"
            " CUDA_VISIBLE_DEVICES, or set the device to auto or cpu."
        )
    logger.info("no GPU is visible; using the CPU")
    return "cpu"


def share_cores() -> None:
    """Let threads of OpenMP sleep where they wait for each other; before torch or CTranslate2 load.

    By default they spin, and where other processes want the same cores, they keep the very thread
    from them for which they wait: a job of two threads took twice as long on two cores.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def sums_bytes_exactly(cpu_info: Path = _CPU_INFO) -> bool:
    """Whether products of 8-bit matrices are exact on this CPU.

    Without VNNI instructions, MKL and oneDNN add pairs of such products in 16 bits, where large
    sums are cut off (oneDNN's developer guide, "Nuances of int8 Computations"). Other processors
    than x86 are taken to be exact; where `cpu_info` cannot be read, an x86 is taken to be not.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    try:
        flags = cpu_info.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return re.search(r"^flags\b.*\bavx(512)?_vnni\b", flags, re.MULTILINE) is not None


def preload_cuda_libraries() -> None:
    """Load cuBLAS 12 from its Python package, where that is installed.

    CTranslate2 opens libcublas.so.12 by name, and the loader does not look into Python packages.
    """
    spec = find_spec("nvidia")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "cublas" / "lib"
        for name in _CUBLAS_12:
            if (folder / name).is_file():
                ctypes.CDLL(str(folder / name), mode=ctypes.RTLD_GLOBAL)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch, CTranslate2 or a CUDA library means that GPU memory is full."""
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _OUT_OF_MEMORY)


@contextmanager
def gpu_errors(what: str) -> Iterator[None]:
    """Turn a full GPU into a GpuMemoryError that names `what` was being done.

    Raises:
        GpuMemoryError: for errors of memory; all others pass unchanged.
    """
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise GpuMemoryError(
            f"The GPU's memory was full while {what} ({error}); give the job more with gpu_mem_mb,"
            " or take a smaller model."
        ) from error
