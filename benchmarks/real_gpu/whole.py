"""The whole workflow against one process of faster-whisper that decodes in batches.

The model costs what a large one does and says what a small one says (benchmarks.real_gpu.weights),
so that there are as many words to decode as in real speech.
"""

import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.real_gpu.report import Check, Figures, SkippedError
from benchmarks.real_gpu.weights import enlarge
from benchmarks.real_gpu.works import ROOT

SIZES: Mapping[str, tuple[int, int]] = {
    "large-v3": (40, 40),
    "large-v3-turbo": (40, 4),
    "rehearsal": (4, 4),
}
"""Layers of encoder and decoder; three times as wide as tiny, that is as many weights as in the
model of the name, and more steps one after another."""

_BATCH = 16
_DIRECT = """
import json, sys, time
from vat.jobs.device import preload_cuda_libraries
preload_cuda_libraries()
from faster_whisper import BatchedInferencePipeline, WhisperModel
started, words = time.monotonic(), 0
model = WhisperModel(sys.argv[1], device=sys.argv[2], compute_type=sys.argv[3])
pipeline = BatchedInferencePipeline(model)
for path in sys.argv[5:]:
    segments, _ = pipeline.transcribe(
        path, batch_size=int(sys.argv[4]), language="en", beam_size=5, word_timestamps=True
    )
    words += sum(len(segment.words) for segment in segments)
print(json.dumps({"seconds": time.monotonic() - started, "words": words}))
"""


def checks(
    folder: Path, device: str, kit: Path, size: str, videos: int, seconds: float, mem_mb: int
) -> Mapping[str, Check]:
    """The check of this part: so many videos of so many seconds of the kit's talk.

    All files are made in `folder`.
    """
    whole = functools.partial(compare, folder, device, kit, size, videos, seconds, mem_mb)
    return {f"whole workflow, {size}": whole}


def compare(
    folder: Path, device: str, kit: Path, size: str, videos: int, seconds: float, mem_mb: int
) -> Figures:
    """Times and words of both, and what the workflow's own journals tell."""
    talks = sorted(kit.glob("talk.*"))
    if not talks or not (kit / "tiny.en").is_dir():
        raise SkippedError(f"{kit} holds no tiny.en and no talk.*")
    model = enlarge(kit / "tiny.en", folder / "model", *SIZES[size])
    sources = _made_videos(talks[0], folder / "videos", videos, seconds)
    workflow = _Workflow(folder, model, device, mem_mb)
    # Which of the two reads the files first must not matter.
    took, again = workflow.run(), workflow.run()
    direct = _direct(model, device, sources)
    whole = sum(_seconds(path) for path in sources)
    found: dict[str, Any] = {
        "hours of sound": round(whole / 3600, 2),
        "workflow s": round(took, 1),
        "its start and end s": round(again, 1),
        "faster-whisper s": round(direct["seconds"], 1),
        "times real time": round(whole / took, 1),
        "faster-whisper's": round(whole / direct["seconds"], 1),
        "speed to speed": round(direct["seconds"] / took, 3),
        "without start and end": round(direct["seconds"] / (took - again), 3),
        "words": workflow.words(),
        "faster-whisper's words": direct["words"],
    }
    found |= workflow.told()
    return found


def _made_videos(talk: Path, folder: Path, videos: int, seconds: float) -> list[Path]:
    from vat.media.ffmpeg import ffmpeg_path

    folder.mkdir()
    found = []
    for number in range(videos):
        path = folder / f"talk{number}.flac"
        command = [ffmpeg_path("bundled"), "-v", "error", "-ss", str(7 * number)]
        command += ["-stream_loop", "-1", "-i", str(talk), "-t", str(seconds + number)]
        subprocess.run([*command, "-ar", "16000", "-ac", "1", str(path)], check=True)
        found.append(path)
    return found


def _seconds(path: Path) -> float:
    import soundfile

    return float(soundfile.info(path).duration)


def _direct(model: Path, device: str, sources: list[Path]) -> Mapping[str, Any]:
    compute = "float16" if device == "cuda" else "float32"
    arguments = [str(model), device, compute, str(_BATCH), *map(str, sources)]
    command = [sys.executable, "-c", _DIRECT, *arguments]
    environment = os.environ | {"PYTHONPATH": _path()}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))


class _Workflow:
    """The workflow over the videos, up to their words."""

    def __init__(self, folder: Path, model: Path, device: str, mem_mb: int) -> None:
        self.folder = folder / "run"
        self.folder.mkdir()
        self.command = [
            *[sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")],
            *["--profile", str(ROOT / "profiles" / "local-gpu"), "--directory", str(self.folder)],
            *["--until", "asr_chunk", "--config", f"videos={folder / 'videos'}"],
            *["languages={source: en, targets: []}", "separate={enabled: false}"],
            f"asr={{model: {model}, device: {device}, gpu_mem_mb: {mem_mb}}}",
        ]

    def run(self) -> float:
        """Seconds of one run."""
        started = time.monotonic()
        done = subprocess.run(
            self.command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": _path()},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        return time.monotonic() - started

    def words(self) -> int:
        """How many words were heard."""
        parts = self.folder.glob("results/*/words/*.json")
        return sum(len(json.loads(path.read_text("utf-8"))["words"]) for path in parts)

    def _learnt(self) -> list[str]:
        """The tables of what jobs were seen to take."""
        tables = sorted(self.folder.glob("resources/learned/*"))
        return [path.read_text("utf-8") for path in tables if path.is_file()]

    def told(self) -> Figures:
        """What the logs, the journal of placements and the account say."""
        logs = [path.read_text("utf-8") for path in self.folder.glob("logs/*/asr_chunk/*.log")]
        loads = sum(log.count("INFO vat.speech.asr: loading") for log in logs)
        batches = {
            line.rsplit(", ", 1)[1]
            for log in logs
            for line in log.splitlines()
            if line.endswith("windows at once")
        }
        events = self.folder / "logs" / "gpu" / "placements.jsonl"
        lines = events.read_text("utf-8").splitlines() if events.is_file() else []
        workers = {one.get("worker_pid") for one in map(json.loads, lines)} - {None}
        account = subprocess.run(
            [sys.executable, "-m", "gpulease", "account", "--json", "--since", "1h"],
            env=os.environ | {"PYTHONPATH": _path()},
            capture_output=True,
            text=True,
            check=False,
        )
        return {
            "chunks": len(logs),
            "loads": loads,
            "workers": len(workers),
            "batches": " ".join(sorted(batches)),
            "account": " ".join(account.stdout.split())[:600],
            "learnt": " ".join(self._learnt())[:600],
        }
