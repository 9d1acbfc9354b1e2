"""Whisper models as files: small enough to carry, or large with the words of a small one.

    python -m benchmarks.real_gpu.weights pack FOLDER FILE

writes a model as 8-bit numbers, compressed; `unpack` makes of it a model again, in 16 bits.
"""

import io
import lzma
import shutil
import struct
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[Any]
_TYPES: Final = (np.float32, np.int8, np.int16, np.int32, np.float16)
"""CTranslate2's types of variables, by their number in a file."""

_TILES = 3
_FILES = ("config.json", "tokenizer.json", "vocabulary.txt")


@dataclass(frozen=True)
class Model:
    """The content of CTranslate2's model.bin, whose names may share variables."""

    version: int
    spec: str
    revision: int
    variables: Mapping[str, Weights]
    aliases: Mapping[str, str]


def read_model(path: Path) -> Model:
    """Read a model.bin."""
    content = memoryview(path.read_bytes())
    at = 0

    def number(kind: str) -> int:
        nonlocal at
        found: int = struct.unpack_from(f"<{kind}", content, at)[0]
        at += struct.calcsize(kind)
        return found

    def text() -> str:
        nonlocal at
        length = number("H")
        at += length
        return bytes(content[at - length : at - 1]).decode()

    version, spec, revision = number("I"), text(), number("I")
    variables = dict[str, Weights]()
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = _TYPES[number("B")], number("I")
        variables[name] = np.frombuffer(content[at : at + size], kind).reshape(shape)
        at += size
    aliases = {text(): text() for _ in range(number("I"))}
    return Model(version, spec, revision, variables, aliases)


def write_model(model: Model, path: Path) -> None:
    """Write a model.bin."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    with path.open("wb") as file:
        file.write(struct.pack("<I", model.version) + text(model.spec))
        file.write(struct.pack("<II", model.revision, len(model.variables)))
        for name, weights in model.variables.items():
            kind = next(at for at, kind in enumerate(_TYPES) if weights.dtype == kind)
            shape = struct.pack(f"<B{weights.ndim}I", weights.ndim, *weights.shape)
            file.write(text(name) + shape + struct.pack("<BI", kind, weights.nbytes))
            file.write(np.ascontiguousarray(weights).data)
        file.write(struct.pack("<I", len(model.aliases)))
        for name, other in model.aliases.items():
            file.write(text(name) + text(other))


def pack(folder: Path, target: Path) -> None:
    """Write a model's matrices as 8-bit numbers with a scale for each row, compressed."""
    model = read_model(folder / "model.bin")
    kept = dict[str, Weights]()
    for name, weights in model.variables.items():
        if weights.dtype == np.float16 and weights.ndim > 1:
            rows = weights.astype(np.float32).reshape(len(weights), -1)
            scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-8) / 127
            kept[f"{name}:8"] = np.rint(rows / scale).astype(np.int8).reshape(weights.shape)
            kept[f"{name}:scale"] = scale.astype(np.float32)
        else:
            kept[name] = weights
    whole = io.BytesIO()
    np.savez(whole, allow_pickle=False, **kept)
    with lzma.open(target, "wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
        about = tarfile.TarInfo("model.npz")
        about.size = whole.tell()
        whole.seek(0)
        archive.addfile(about, whole)
        for name in _FILES:
            archive.add(folder / name, name)


def unpack(source: Path, folder: Path, like: Model) -> None:
    """Make of a packed model a folder that CTranslate2 reads; its head is that of another model."""
    folder.mkdir(parents=True)
    with lzma.open(source) as file, tarfile.open(fileobj=file) as archive:
        archive.extractall(folder, filter="data")
    variables = dict[str, Weights]()
    with np.load(folder / "model.npz") as kept:
        for name in kept:
            if name.endswith(":8"):
                whole, scale = kept[name], kept[f"{name[:-2]}:scale"]
                rows = whole.reshape(len(whole), -1) * scale
                variables[name[:-2]] = rows.reshape(whole.shape).astype(np.float16)
            elif not name.endswith(":scale"):
                variables[name] = kept[name]
    (folder / "model.npz").unlink()
    write_model(replace(like, variables=variables), folder / "model.bin")


def enlarge(folder: Path, target: Path, encoder: int, decoder: int, tiles: int = _TILES) -> Path:
    """A model that gives the words of `folder`'s and costs what a larger one does.

    Every vector is the small one's, `tiles` times over, and so is every layer's normalisation; the
    layers up to so many of `encoder` and `decoder` add nothing to what passes through them.
    """
    small = read_model(folder / "model.bin")
    variables = dict[str, Weights]()
    for name, weights in small.variables.items():
        variables[name] = _tiled(name, weights, tiles)
    # The words' weights serve as inputs and as outputs, of which only the latter grow by tiling.
    variables["decoder/projection/weight"] = _divided(variables["decoder/embeddings/weight"], tiles)
    for stack, layers in (("encoder", encoder), ("decoder", decoder)):
        _deepen(variables, stack, layers)
    target.mkdir(parents=True)
    write_model(replace(small, variables=variables, aliases={}), target / "model.bin")
    for name in _FILES:
        shutil.copy(folder / name, target / name)
    return target


def _tiled(name: str, weights: Weights, tiles: int) -> Weights:
    leaf = name.rpartition("/")[2]
    if leaf == "num_heads":
        return np.asarray(weights * tiles, weights.dtype)
    if weights.dtype != np.float16:
        return weights
    if leaf in ("gamma", "beta") or name.endswith("conv1/bias") or name.endswith("conv2/bias"):
        return np.tile(weights, tiles)
    if "encodings" in name or "embeddings" in name:
        return np.tile(weights, (1, tiles))
    if "conv1" in name:
        return np.tile(weights, (tiles, 1, 1))
    if "conv2" in name:
        return _divided(np.tile(weights, (tiles, tiles, 1)), tiles)
    parts = np.split(weights, _joined(name))
    if leaf == "bias":
        return np.concatenate([np.tile(part, tiles) for part in parts])
    return _divided(np.concatenate([np.tile(part, (tiles, tiles)) for part in parts]), tiles)


def _joined(name: str) -> int:
    """How many matrices were joined to one: queries, keys and values of an attention."""
    if name.rpartition("/")[0].endswith("self_attention/linear_0"):
        return 3
    return 2 if name.rpartition("/")[0].endswith("/attention/linear_1") else 1


def _divided(weights: Weights, tiles: int) -> Weights:
    return (weights.astype(np.float32) / tiles).astype(np.float16)


def _deepen(variables: dict[str, Weights], stack: str, layers: int) -> None:
    """Add layers up to a number; the last matrix of each of their parts is nothing."""
    first = {name: one for name, one in variables.items() if f"{stack}/layer_0/" in name}
    last = ("ffn/linear_1", "self_attention/linear_1", "/attention/linear_2")
    for layer in range(layers):
        if f"{stack}/layer_{layer}/ffn/linear_0/weight" in variables:
            continue
        for name, weights in first.items():
            nothing = any(f"{end}/" in name for end in last)
            own = np.zeros_like(weights) if nothing else weights
            variables[name.replace("layer_0", f"layer_{layer}")] = own


if __name__ == "__main__":
    pack(Path(sys.argv[2]), Path(sys.argv[3]))
