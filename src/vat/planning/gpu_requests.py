"""The GPUs and the GPU memory that a job requests: by its model, and more with each attempt."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from vat.speech.settings import PYANNOTE, VOICES

_ASR_MB: Final = {
    "turbo": 5000,
    "distil-large": 5000,
    "large": 8000,
    "medium": 5000,
    "small": 2500,
    "base": 1500,
    "tiny": 1000,
}
"""GPU memory of a job in MB by the size in the model's name. large: 4.5 GB at batch 1 in float16,
6.1 GB at batch 8 (faster-whisper's own table, RTX 3070 Ti), plus the CUDA context; the others scale
with their parameters (turbo and distil-large have those of medium). None of it is measured here."""

_ASR_UNKNOWN_MB: Final = 8000

_TRANSLATOR_MB: Final = {"3.3B": 6600, "1.3B": 2600, "1.2B": 2400, "600M": 1200, "418M": 840}
"""Weights of NLLB and M2M100 models in MB by the size in their name: two bytes a parameter."""

_TRANSLATOR_UNKNOWN_MB: Final = 2600
_TRANSLATOR_WORK_MB: Final = 1500
"""CUDA context, workspace, and a batch of 2048 tokens with its hypotheses. Not measured here."""

_SPEAKERS_MB: Final = {VOICES: 1000, PYANNOTE: 3000}
"""CUDA context and a batch of windows: the encoder's weights are 6 MB, pyannote's pipeline takes up
to 1.6 GB by its makers. Not measured here."""


class GpuRequests:
    """The answers about GPUs for one configuration; `_local` has the folders of local models."""

    _config: Mapping[str, Any]
    _translates_here: bool
    _local: Mapping[str, str | None]

    def _gpus_of(self, section: str) -> int:
        """How many GPUs a job of a section asks for."""
        return int(self._config[section]["device"] != "cpu")

    def _gpu_mem_mb(self, section: str, gpus: int, attempt: int) -> int:
        """MB that it asks for; each attempt asks for half as much again."""
        base: int | None = self._config[section]["gpu_mem_mb"]
        if base is None:
            base = self._known_gpu_mem_mb(section)
        return base * (1 + attempt) // 2 if gpus else 0

    def _known_gpu_mem_mb(self, section: str) -> int:
        """GPU memory of a job by its model."""
        options = self._config[section]
        if section == "asr":
            return asr_gpu_mem_mb(options["model"], options["compute_type"])
        if section == "speakers":
            return _SPEAKERS_MB[options["backend"]]
        if not self._translates_here:
            return 0
        return translator_gpu_mem_mb(options["model"], self._local["translator"])


def asr_gpu_mem_mb(model: str, compute_type: str) -> int:
    """GPU memory that one job with a speech model asks for, in MB.

    A model in 8 bits takes two thirds (faster-whisper's table: 2.9 GB instead of 4.5); an unknown
    one is taken for large.
    """
    name = Path(model).name
    full = next((mb for size, mb in _ASR_MB.items() if size in name), _ASR_UNKNOWN_MB)
    return full * 2 // 3 if compute_type.startswith("int8") else full


def translator_gpu_mem_mb(model: str, folder: str | Path | None) -> int:
    """GPU memory that one job with a translation model asks for, in MB.

    `folder` is where the model lies, None where it is still to be fetched and only its name tells.
    """
    if folder is not None and (Path(folder) / "model.bin").is_file():
        weights = (Path(folder) / "model.bin").stat().st_size // 2**20
    else:
        sizes = (mb for size, mb in _TRANSLATOR_MB.items() if size.lower() in model.lower())
        weights = next(sizes, _TRANSLATOR_UNKNOWN_MB)
    return weights * 6 // 5 + _TRANSLATOR_WORK_MB
