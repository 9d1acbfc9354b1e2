"""What the rules ask about who speaks."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from vat.planning.gpu_requests import GpuRequests
from vat.planning.plan import Plan
from vat.speech.speaker_names import read_speakers, speaker_files


class OfVideo(Protocol):
    """The wildcards of a job for one video."""

    @property
    def video(self) -> str:
        """The slug of the job's video."""


class SpeakerAnswers(GpuRequests):
    """The answers about speakers for one configuration."""

    _plan: Plan
    _recipe: Mapping[str, Any]
    resources: str
    voice_encoder: str | None

    @abstractmethod
    def settings(self, section: str) -> Any:
        """The settings of a section that shape results."""

    def speakers(self, wildcards: OfVideo) -> list[str]:
        """Who speaks when in a video, where that is to be found out."""
        wanted = self._config["speakers"]["enabled"]
        return [f"<results>/{wildcards.video}/speakers.json"] if wanted else []

    def speaker_settings(self, wildcards: OfVideo) -> dict[str, Any]:
        """What shapes the turns of a video."""
        kept = ("backend", "at_least", "at_most", "across")
        return {key: self._recipe["speakers"][key] for key in kept}

    def spoken_settings(self, wildcards: OfVideo) -> dict[str, Any]:
        """What shapes the subtitles of the spoken language, the names of its speakers included."""
        shaped: dict[str, Any] = self.settings("merge")
        section = self._recipe["speakers"]
        if not section["enabled"]:
            return shaped
        folder = self._plan.bases[0] / Path(section["names"]).expanduser()
        named = read_speakers(speaker_files(folder, wildcards.video))
        shaped["speakers"] = [one.to_json() for one in named]
        return shaped | {"speaker_prefix": section["prefix"]}

    @property
    def voice_prints(self) -> str:
        """The folder in which it is kept how speakers sound."""
        return f"{self.resources}/voices"

    @property
    def speaker_gpus(self) -> int:
        """A GPU, unless the CPU is asked for."""
        return self._gpus_of("speakers")

    def speaker_gpu_mem_mb(self, wildcards: OfVideo, attempt: int) -> int:
        """GPU memory of a job that tells speakers apart, in MB."""
        return self._gpu_mem_mb("speakers", self.speaker_gpus, attempt)
