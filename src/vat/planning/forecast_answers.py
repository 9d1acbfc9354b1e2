"""What the forecast asks of the plan: what is left to do for each video, and how jobs run."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from vat.planning.edits import SPOKEN
from vat.planning.forecast import Kind, VideoWork
from vat.planning.gpu_requests import GpuRequests
from vat.planning.plan import Plan
from vat.translate.settings import SERVERS

_CORES: Final = {"separate": 4, "split": 2, "asr_chunk": 4, "merge": 4, "translate": 2}
"""Threads of the rules that take more than one."""

_BURNING_CORES: Final = 4


class ForecastAnswers(GpuRequests):
    """The answers about what is left of one plan."""

    _plan: Plan
    _results: Path
    burns: bool

    def left(self, wildcards: object) -> list[dict[str, Any]]:
        """What is left to do for each video, by the files that are there."""
        return [self._work(video).to_json() for video in self._plan.videos]

    def kinds(self, wildcards: object) -> dict[str, dict[str, Any]]:
        """How the jobs of each stage run, where a GPU is at hand."""
        asr = self._gpu_mem_mb("asr", self._gpus_of("asr"), 1)
        separate = self._gpu_mem_mb("separate", self._gpus_of("separate"), 1)
        backend = self._config["translate"]["backend"]
        here = backend == "ctranslate2"
        translate = self._gpu_mem_mb("translate", self._gpus_of("translate"), 1) if here else 0
        speakers = self._gpu_mem_mb("speakers", self._gpus_of("speakers"), 1)
        model = str(self._config["asr"]["model"])
        found = {
            "asr_chunk": Kind(
                *("gpu" if asr else "cpu", model, asr), batch=self._batch(), setup=self._setup()
            ),
            "merge": Kind("gpu" if asr else "cpu", "*", asr),
            "separate": Kind("gpu" if separate else "cpu", self._separator(), separate),
            "translate": Kind(
                "server" if backend in SERVERS else "gpu" if translate else "cpu", "*", translate
            ),
            "speakers": Kind("gpu" if speakers else "cpu", self._teller(), speakers),
            "embed": Kind("burn" if self.burns else "cpu", cores=_BURNING_CORES * self.burns or 1),
        }
        stages = ("download", "extract_audio", "separate", "split", "speakers")
        for stage in (*stages, "asr_chunk", "merge", "overview", "translate", "embed", "deliver"):
            kind = found.get(stage, Kind())
            cores = _CORES.get(stage, kind.cores)
            found[stage] = replace(kind, cores=cores)
        return {stage: kind.to_json() for stage, kind in found.items()}

    def _batch(self) -> int:
        """How many windows the user wants to be decoded at once; 0 for as many as fit."""
        batch = self._config["asr"]["batch_size"]
        return batch if isinstance(batch, int) else 0

    def _setup(self) -> str:
        """What else than the model decides how fast speech is recognised."""
        options = self._config["asr"]
        return f"{options['compute_type']} {options['batch_size']}"

    def _separator(self) -> str:
        options = self._config["separate"]
        return str(options["model"]) if options["enabled"] else "none"

    def _teller(self) -> str:
        return str(self._config["speakers"]["backend"])

    def _work(self, video: str) -> VideoWork:
        record, folder = self._plan.videos[video], self._results / video
        chunks = self._plan.chunks[video] or 0
        words = [folder / f"words/{chunk:04d}.json" for chunk in range(1, chunks + 1)]
        wanted = (code for code in self._plan.targets(video) if code != record.language)
        targets = [code for code in wanted if not self._plan.has(video, code)]
        missing = [code for code in targets if not (folder / f"subtitles/{code}.json").exists()]
        source = Path(record.source)
        local = not record.remote and source.is_file()
        return VideoWork(
            video,
            self._plan.seconds[video],
            source.stat().st_size / 2**20 if local else 0.0,
            tuple(self._stages(folder, words, missing)),
            sum(not word.exists() for word in words),
            len(missing),
        )

    def _stages(self, folder: Path, words: Sequence[Path], missing: Sequence[str]) -> Iterator[str]:
        """The stages that have something left to do, in their order."""
        # What exists is read in a moment.
        taken = self._plan.has(folder.name, SPOKEN)
        spoken = taken or (folder / "subtitles/source.json").exists()
        heard = spoken or (words and all(word.exists() for word in words))
        if not (folder / "media.json").exists():
            yield "download"
        if not heard:
            if not (folder / "speech.flac").exists():
                yield from ("extract_audio", "separate")
            if not (folder / "chunks.json").exists():
                yield "split"
            yield "asr_chunk"
        if not spoken:
            if self._config["speakers"]["enabled"] and not (folder / "speakers.json").exists():
                yield "speakers"
            yield "merge"
        options = self._config["translate"]
        if missing and options["backend"] in SERVERS and options["overview"]:
            yield "overview"
        if missing:
            yield "translate"
        embed = self._config["embed"]
        if embed["mode"] != "none" and (
            missing or not (folder / f"{folder.name}.{embed['container']}").exists()
        ):
            yield "embed"
        if self._config["delivery"]["how"] != "none" and (
            missing or not (folder / "delivery.json").exists()
        ):
            yield "deliver"
