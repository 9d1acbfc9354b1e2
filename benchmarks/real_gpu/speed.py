"""How fast models of Whisper's sizes are, by batch and by number of workers: random weights."""

import functools
import json
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.real_gpu.report import Check, Figures
from benchmarks.real_gpu.works import ROOT

TOKENS = 100
"""Of each window, always so many: about what half a minute of speech has."""

WINDOW_SECONDS = 30
BATCHES = (1, 4, 8, 16, 32)
WORKERS = (1, 2, 4)


@dataclass(frozen=True)
class Size:
    """Layers of encoder and decoder, heads, width, bands of the spectrum, and tokens."""

    encoder: int
    decoder: int
    heads: int
    width: int
    mels: int = 128
    tokens: int = 51866


SIZES = {
    "large-v3": Size(32, 32, 20, 1280),
    "large-v3-turbo": Size(32, 4, 20, 1280),
    "rehearsal": Size(2, 2, 2, 64, 80, 0),
}


def checks(
    folder: Path, device: str, names: tuple[str, ...], seconds: float
) -> Mapping[str, Check]:
    """The checks of this part; each speed is measured for at least so many seconds.

    Models are made in `folder`.
    """
    found: dict[str, Check] = {}
    for name in names:
        for workers in WORKERS:
            title = f"{name}, {workers} worker{'s' * (workers > 1)}"
            batches = BATCHES if workers == 1 else BATCHES[2:4]
            found[title] = functools.partial(speed, folder, name, device, batches, workers, seconds)
    return found


def made_model(folder: Path, name: str) -> Path:
    """A model of a size with random weights, as CTranslate2 reads it; made once."""
    import numpy as np
    from ctranslate2.specs import WhisperSpec

    target, size = folder / name, SIZES[name]
    if target.is_dir():
        return target
    spec = WhisperSpec(size.encoder, size.heads, size.decoder, size.heads)
    chance = np.random.default_rng(1)
    vocabulary = _vocabulary(size)

    pool = chance.standard_normal(1 << 22, dtype=np.float32).astype(np.float16)

    def some(*shape: int) -> Any:
        return np.resize(pool, shape) * np.float16(0.5 / math.sqrt(shape[-1]))

    _fill(spec, size, len(vocabulary), some)
    spec.register_vocabulary(vocabulary)
    spec.validate()
    part = folder / f".{name}"
    part.mkdir()
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = []
    spec.config.alignment_heads = [[0, 0]]
    spec.save(str(part))
    return part.rename(target)


def _vocabulary(size: Size) -> list[str]:
    """The tiny model's tokens, and fillers up to the size of Whisper's own."""
    own: list[str] = json.loads((ROOT / "models/asr/vocabulary.json").read_text("utf-8"))
    return own + [f"filler{at}" for at in range(len(own), size.tokens)]


def _fill(spec: Any, size: Size, vocabulary: int, some: Any) -> None:
    """Give every layer its weights."""
    width = size.width
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = some(width, size.mels, 3), some(width)
    encoder.conv2.weight, encoder.conv2.bias = some(width, width, 3), some(width)
    encoder.position_encodings.encodings = some(1500, width)
    decoder.embeddings.weight = some(vocabulary, width)
    decoder.position_encodings.encodings = some(448, width)
    decoder.projection.weight = decoder.embeddings.weight
    for stack in (encoder, decoder):
        _norm(stack.layer_norm, width, some)
        for layer in stack.layer:
            attentions = [layer.self_attention]
            if stack is decoder:
                attentions.append(layer.attention)
            for number, attention in enumerate(attentions):
                _norm(attention.layer_norm, width, some)
                shapes = [3 * width, width] if number == 0 else [width, 2 * width, width]
                for linear, rows in zip(attention.linear, shapes, strict=True):
                    linear.weight, linear.bias = some(rows, width), some(rows)
            _norm(layer.ffn.layer_norm, width, some)
            layer.ffn.linear_0.weight, layer.ffn.linear_0.bias = (
                some(4 * width, width),
                some(4 * width),
            )
            layer.ffn.linear_1.weight, layer.ffn.linear_1.bias = some(width, 4 * width), some(width)


def _norm(norm: Any, width: int, some: Any) -> None:
    norm.gamma, norm.beta = some(width) + 1, some(width)


def speed(
    folder: Path, name: str, device: str, batches: Sequence[int], workers: int, seconds: float
) -> Figures:
    """For each batch, seconds of sound for each second of time of all workers, and MB of each."""
    model = made_model(folder, name)
    if shutil.disk_usage(folder).free < 2**30:
        raise OSError("less than 1 GB of disk is left")
    arguments = [str(model), device, str(seconds), str(SIZES[name].mels), *map(str, batches)]
    command = [sys.executable, "-m", "benchmarks.real_gpu.speed", *arguments]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(workers)
    ]
    told = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError(f"a worker failed: {told}")
    found = [json.loads(one) for one in told]
    figures = dict[str, str]()
    for batch in map(str, batches):
        speed = sum(one[batch]["rtfx"] for one in found)
        most = max(one[batch]["mb"] for one in found)
        figures[f"batch {batch}"] = f"{speed:.0f}x {most} MB"
    return figures


def worker(
    model: str, device: str, seconds: float, mels: int, batches: Sequence[int]
) -> Mapping[str, Figures]:
    """For each batch, decode windows of noise for so long, and tell how fast."""
    import ctranslate2

    from vat.jobs.device import preload_cuda_libraries

    preload_cuda_libraries()
    compute = "float16" if device == "cuda" else "float32"
    whisper = ctranslate2.models.Whisper(model, device=device, compute_type=compute)
    return {str(batch): _decoded(whisper, batch, device, seconds, mels) for batch in batches}


def _decoded(whisper: Any, batch: int, device: str, seconds: float, mels: int) -> Figures:
    import ctranslate2
    import numpy as np

    noise = np.random.default_rng(2).standard_normal((batch, mels, 3000), dtype=np.float32)
    features = ctranslate2.StorageView.from_array(noise)
    known = _vocabulary(SIZES["rehearsal"])
    begin = ("<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>")
    prompt = [[known.index(one) for one in begin if one in known]] * batch
    end = known.index("<|endoftext|>")
    options: dict[str, Any] = {"beam_size": 5, "max_length": TOKENS, "suppress_tokens": [end]}
    whisper.generate(features, prompt, **options)
    rounds, started = 0, time.monotonic()
    while time.monotonic() - started < seconds:
        whisper.generate(features, prompt, **options)
        rounds += 1
    took = time.monotonic() - started
    return {"rtfx": rounds * batch * WINDOW_SECONDS / took, "mb": own_mb(device)}


def own_mb(device: str) -> int:
    """GPU memory of this process, as the driver counts it; 0 on a CPU."""
    if device != "cuda":
        return 0
    import os

    from gpulease.inventory import read_inventory

    used = (state.used_by or {} for state in read_inventory())
    return max((one.get(os.getpid(), 0) for one in used), default=0)


if __name__ == "__main__":
    print(
        json.dumps(
            worker(
                sys.argv[1],
                sys.argv[2],
                float(sys.argv[3]),
                int(sys.argv[4]),
                [int(batch) for batch in sys.argv[5:]],
            )
        )
    )
