"""One tiny computation per library and number format: `python -m vat.speech.gpu_trial MODEL`.

MODEL is the folder of a small Whisper model. It runs in a process of its own, because a broken
CUDA library may end it, and on the one GPU that it was given.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from vat.jobs.device import preload_cuda_libraries


def trials(model: str, device: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """What is tried, by name, and how; `device` is cuda or cpu.

    Without a folder `model`, no format is computed in.
    """
    if find_spec("torch"):
        yield "torch (separation)", lambda: _multiply(device)
    import ctranslate2

    try:
        kinds = sorted(ctranslate2.get_supported_compute_types(device))
    except RuntimeError as error:
        yield "recognition", partial(_fail, error)
        return
    for kind in kinds:
        yield f"recognition in {kind}", partial(_recognise, model, device, kind)


def _fail(error: Exception) -> None:
    raise error


def _multiply(device: str) -> None:
    import torch

    ones = torch.ones(64, 64, device=device)
    if not bool(((ones @ ones) == 64).all()):
        raise ArithmeticError("64 times 1 is not 64")


def _recognise(model: str, device: str, kind: str) -> None:
    import ctranslate2
    import numpy as np

    if not Path(model).is_dir():
        return
    whisper = ctranslate2.models.Whisper(model, device=device, compute_type=kind)
    silence = np.zeros((1, whisper.n_mels, 3000), dtype=np.float32)
    heard = whisper.encode(ctranslate2.StorageView.from_array(silence), to_cpu=True)
    if not np.isfinite(np.array(heard.to(ctranslate2.DataType.float32))).all():
        raise ArithmeticError("the result is no number")


def try_all(model: str, device: str) -> list[tuple[str, str]]:
    """What was tried, each with the first line of its error, or "" where all is well."""
    preload_cuda_libraries()
    found = []
    for name, attempt in trials(model, device):
        try:
            attempt()
        except Exception as error:
            # Whatever a broken installation raises is what is asked for here.
            found.append((name, (str(error).strip() or type(error).__name__).splitlines()[0]))
        else:
            found.append((name, ""))
    return found


if __name__ == "__main__":
    results = try_all(sys.argv[1], "cuda")
    for name, error in results:
        print(f"{name}: {error or 'works'}")
    sys.exit(any(error for _, error in results))
