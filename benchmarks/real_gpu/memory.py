"""What libraries say when a GPU's memory is full, and whether that is understood.

Each is made to say it in a process of its own, which takes all memory of the GPU but a little.
"""

import functools
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.real_gpu.report import Check, Figures

_FILL = """
import sys
sys.path.insert(0, {root!r})
import torch
from vat.jobs.device import gpu_errors, preload_cuda_libraries
from vat.errors import GpuMemoryError
preload_cuda_libraries()
held, left = [], {left}
def fill(leaving):
    size = 1 << 30
    while size >= 1 << 20:
        free = torch.cuda.mem_get_info()[0]
        try:
            if free - size < leaving << 20:
                raise RuntimeError
            held.append(torch.cuda.caching_allocator_alloc(size))
        except RuntimeError:
            size //= 2
{before}
fill(left)
try:
    with gpu_errors("trying"):
        {action}
except GpuMemoryError as error:
    print("understood:", str(error.__cause__).splitlines()[0])
except Exception as error:
    print("NOT understood:", type(error).__name__, str(error).splitlines()[0])
else:
    print("fits")
"""
_ACTIONS: Mapping[str, tuple[str, str, int]] = {
    "torch": ("torch.zeros(1, device='cuda')", "torch.empty(1 << 31, device='cuda')", 64),
    "cuBLAS": (
        "a = torch.ones(2048, 2048, device='cuda')",
        "torch.cuda.synchronize(); a @ a; torch.cuda.synchronize()",
        0,
    ),
    "cuFFT": (
        "a = torch.ones(64, 1 << 20, device='cuda')",
        "torch.fft.rfft(a); torch.cuda.synchronize()",
        1,
    ),
    "cuDNN": (
        "a = torch.ones(8, 64, 512, 512, device='cuda'); c = torch.nn.Conv2d(64, 64, 3).cuda()",
        "c(a); torch.cuda.synchronize()",
        1,
    ),
    "CTranslate2, loading": (
        "torch.zeros(1, device='cuda'); import ctranslate2",
        "ctranslate2.models.Whisper({model!r}, device='cuda', compute_type='float16')",
        8,
    ),
    "CTranslate2, computing": (
        "torch.zeros(1, device='cuda'); import ctranslate2, numpy;"
        " w = ctranslate2.models.Whisper({model!r}, device='cuda', compute_type='float16');"
        " f = ctranslate2.StorageView.from_array(numpy.zeros(({batch}, {mels}, 3000), 'float32'))",
        "w.encode(f, to_cpu=True)",
        8,
    ),
}


def checks(model: Path, mels: int) -> Mapping[str, Check]:
    """One check for each library; `model` is a Whisper model of so many `mels` (bands)."""
    return {f"full memory: {name}": functools.partial(full, name, model, mels) for name in _ACTIONS}


def full(name: str, model: Path, mels: int) -> Figures:
    """What the library said, where it was understood."""
    from benchmarks.real_gpu.works import ROOT
    from gpulease import is_out_of_memory

    values = {"model": str(model), "mels": mels, "batch": 64}
    before, action, left = _ACTIONS[name]
    program = _FILL.format(
        root=str(ROOT / "src"),
        left=left,
        before=before.format(**values),
        action=action.format(**values),
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    said = (done.stdout.strip() or done.stderr.strip()[-300:]).splitlines()[-1]
    if not said.startswith("understood:"):
        raise ValueError(said)
    if not is_out_of_memory(said):
        raise ValueError(f"the pool takes it for another error: {said}")
    return {"said": said.removeprefix("understood: ")[:150]}
