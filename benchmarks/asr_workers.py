"""What do chunks cost beside one call of faster-whisper, with warm workers and without?

    python -m benchmarks.asr_workers [--chunks 40] [--seconds 60] [--cores 2]

A talk of so many chunks is transcribed by the tiny model (a) in one process that calls
faster-whisper on the whole of it, (b) by the workflow with workers, (c) by the workflow without.
Of the workflow only rule asr_chunk is measured; Snakemake's own start, a run that finds everything
done, is measured apart and taken off. CPU time is that of all processes.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.video import ffmpeg

ROOT = Path(__file__).resolve().parents[1]
DIRECT = """
import sys
from faster_whisper import WhisperModel
model = WhisperModel("models/asr", device="cpu", compute_type="int8", cpu_threads=1)
segments, _ = model.transcribe(
    sys.argv[1], language="en", beam_size=5, temperature=[0.0], vad_filter=True,
    word_timestamps=True, condition_on_previous_text=False, chunk_length=30,
)
print(sum(len(segment.words) for segment in segments), "words")
"""


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds of one command."""

    wall: float
    cpu: float

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(self.wall - other.wall, self.cpu - other.cpu)


def measure(command: list[str]) -> Cost:
    """Run a command; what it and all its processes cost."""
    kept = {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        command, cwd=ROOT, env={**kept, "OMP_NUM_THREADS": "1"}, check=True, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.monotonic() - started, cpu)


class Workflow:
    """The workflow over one talk in a folder of its own, up to its words."""

    def __init__(self, folder: Path, chunk_seconds: int, cores: int) -> None:
        self.folder = folder
        self.command = [
            *[sys.executable, "-m", "snakemake", "--profile", "local-gpu"],
            *["--configfile", "config/demo.yaml", "--directory", str(folder)],
            *["--cores", str(cores), "--set-threads", "asr_chunk=1", "separate=1", "--config"],
            *[f"videos={folder / 'talk.mkv'}", "separate={enabled: false}"],
            f"split={{chunk_seconds: {chunk_seconds}, window_seconds: 6, pad_seconds: 2}}",
        ]

    def run(self, until: str, *arguments: str) -> Cost:
        """One run up to a rule."""
        return measure([*self.command, "--until", until, *arguments])

    def forget_words(self) -> None:
        """Let all chunks be done again."""
        for file in self.folder.glob("results/*/words/*.json"):
            file.unlink()

    def loads(self) -> int:
        """How often the last run loaded the model."""
        logs = [file.read_text() for file in self.folder.glob("logs/*/asr_chunk/*.log")]
        return sum(log.count("INFO vat.speech.asr: loading") for log in logs)


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=40)
    parser.add_argument("--seconds", type=int, default=60, help="length of a chunk")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_talk(folder / "talk.mkv", parsed.chunks * parsed.seconds)
        workflow = Workflow(folder, parsed.seconds, parsed.cores)
        workflow.run("split")
        (speech,) = folder.glob("results/*/speech.flac")
        costs, loads = {}, {}
        costs["(a) one process"] = measure([sys.executable, "-c", DIRECT, str(speech)])
        loads["(a) one process"] = 1
        for label, idle_s in (("(b) with workers", "300"), ("(c) without", "0")):
            workflow.forget_words()
            whole = workflow.run("asr_chunk", "--local-gpu-idle-worker-s", idle_s)
            loads[label] = workflow.loads()
            costs[label] = whole - workflow.run("asr_chunk")
    base = costs["(a) one process"]
    print(f"{parsed.chunks} chunks of {parsed.seconds} s, {parsed.cores} cores, 1 thread each")
    print(f"{'':20}{'wall s':>8}{'ratio':>8}{'CPU s':>8}{'ratio':>8}{'s/chunk':>9}{'loads':>7}")
    for label, cost in costs.items():
        more = (cost.cpu - base.cpu) / parsed.chunks
        print(
            f"{label:20}{cost.wall:8.1f}{cost.wall / base.wall:8.2f}{cost.cpu:8.1f}"
            f"{cost.cpu / base.cpu:8.2f}{more:9.3f}{loads[label]:7d}"
        )


def make_talk(path: Path, seconds: int) -> None:
    """The demo's clean video again and again."""
    clip = ROOT / "demo" / "clean.mp4"
    ffmpeg("-stream_loop", "-1", "-i", clip, "-t", str(seconds - 1), "-c", "copy", path)


if __name__ == "__main__":
    main()
