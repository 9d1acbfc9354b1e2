"""How many GPUs the jobs of a section ask for, and how much of their memory."""

from collections.abc import Mapping
from typing import Any

from vat.planning.models import asr_gpu_mem_mb, translator_gpu_mem_mb


class GpuAnswers:
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
        if not self._translates_here:
            return 0
        return translator_gpu_mem_mb(options["model"], self._local["translator"])
