"""Does a long recording stay within bounds? Time, memory and file sizes of each job.

    python -m benchmarks.long_recording [--hours 3] [--separate]

A talk of ten minutes is repeated until the recording is long enough, and goes through the library
as the jobs of the workflow call it, each in a process of its own. The limits: 1.5 GB of memory
above the model, no file larger than the 16 kHz FLAC, `split` within 1/200 of real time.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tiny import ROOT

MODEL = str(ROOT / "models/asr")
SETTINGS = {"compute_type": "auto", "temperature": [0.0]}
MOST_MB = 1536
SPLIT_SHARE = 1 / 200
TALK_SECONDS = 600


@dataclass(frozen=True)
class Cost:
    """What one job took: CPU seconds, highest resident memory in MB, and what it returned."""

    cpu_seconds: float
    peak_mb: float
    result: Any


def measure(function: Callable[..., Any], *arguments: Any, **named: Any) -> Cost:
    """Run a function in a fresh process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    job = context.Process(target=_run, args=(theirs, function, arguments, named))
    job.start()
    theirs.close()
    cost: Cost = ours.recv()
    job.join()
    return cost


def _run(pipe: Any, function: Callable[..., Any], arguments: Any, named: Any) -> None:
    result = function(*arguments, **named)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    own = int(status.split("VmHWM:")[1].split()[0]) / 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = os.times()
    cpu = times.user + times.system + times.children_user + times.children_system
    pipe.send(Cost(cpu, max(own, children.ru_maxrss / 1024), result))


def record(path: Path, hours: float) -> float:
    """Write the recording and return its seconds."""
    import numpy as np

    from tiny.talks import Talk
    from vat.media.sound import SPEECH_RATE, write_flac

    talk = Talk(seed=1)
    talk.say(300)
    talk.say(120, dense_every=20)
    talk.say(120, music=20)
    talk.be_silent(60, noise=0.001)
    sound = np.concatenate(talk.pieces)

    def pieces() -> Iterator[Any]:
        for _ in range(round(hours * 3600 / TALK_SECONDS)):
            yield sound

    return write_flac(path, pieces(), SPEECH_RATE) / SPEECH_RATE


def extract(source: str, audio: str) -> None:
    """As rule download does with a local file."""
    from vat.media.probe import probe
    from vat.media.sound import extract_audio

    media = probe(source, name="recording", title="recording", source=source, audio_track=None)
    extract_audio(source, media, audio)


def to_speech(audio: str, speech: str, separated: bool) -> None:
    """As rule separate does."""
    from vat.media import sound
    from vat.speech.separate import separate

    if separated:
        separate(audio, speech, str(ROOT / "models/separator"), device="cpu", threads=1)
    else:
        sound.to_speech(audio, speech)


def split(speech: str, seconds: float, chunks_json: str, voice: str) -> None:
    """As rule split does, with detection of the language."""
    from vat.speech.settings import SplitSettings
    from vat.speech.split import split
    from vat.speech.vad import write_probability

    chunks, probability = split(
        speech,
        seconds,
        expected=None,
        language="auto",
        language_model=MODEL,
        settings=SplitSettings(),
    )
    write_probability(voice, probability)
    chunks.write(chunks_json)


def load() -> None:
    """The memory that the model takes before it hears anything."""
    from vat.speech.asr import load_model

    load_model(MODEL, "cpu", "int8", 1)


def asr_chunk(speech: str, chunks_json: str, number: int, words: str) -> None:
    """As rule asr_chunk does."""
    from vat.files import read_json, write_json
    from vat.speech.asr import transcribe_chunk

    chunks = read_json(chunks_json)
    write_json(words, transcribe_chunk(speech, chunks, number, MODEL, SETTINGS, "cpu", 1))


def merge(speech: str, chunks_json: str, voice: str, words: list[str], transcript: str) -> Any:
    """As rule merge does; returns how many words, seams and second readings there are."""
    from vat.speech.asr import transcribe_window
    from vat.speech.vad import read_probability
    from vat.timeline import Chunks, Part
    from vat.transcript.merge import merge
    from vat.transcript.settings import QuarantineSettings, SeamSettings

    call: dict[str, Any] = {"model": MODEL, "settings": SETTINGS, "device": "cpu", "threads": 1}
    found = merge(
        Chunks.read(chunks_json),
        map(Part.read, words),
        read_probability(voice),
        partial(transcribe_window, speech=speech, **call),
        SeamSettings(),
        QuarantineSettings(),
    )
    found.write(transcript)
    return len(found.words), len(found.seams), len(found.second_readings)


def jobs(folder: Path, source: Path, seconds: float, separated: bool) -> Iterator[tuple[str, Cost]]:
    """Run every job of the chain and yield its name and cost."""
    audio, speech, chunks, voice, transcript = (
        str(folder / name)
        for name in ("audio.flac", "speech.flac", "chunks.json", "voice.npy", "transcript.json")
    )
    yield "download", measure(extract, str(source), audio)
    yield "separate", measure(to_speech, audio, speech, separated)
    yield "split", measure(split, speech, seconds, chunks, voice)
    yield "(load model)", measure(load)
    words = []
    for number in range(1, round(seconds / TALK_SECONDS) + 1):
        words.append(str(folder / f"{number:04}.json"))
        yield "asr_chunk", measure(asr_chunk, speech, chunks, number, words[-1])
    yield "merge", measure(merge, speech, chunks, voice, words, transcript)


def main() -> None:
    """Print one table and fail where a limit is passed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--separate", action="store_true", help="separate speech (slow)")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder, source = Path(name), Path(name) / "recording.flac"
        seconds = measure(record, source, options.hours).result
        costs: dict[str, list[Cost]] = {}
        for job, cost in jobs(folder, source, seconds, options.separate):
            costs.setdefault(job, []).append(cost)
        made = sorted(path for path in folder.iterdir() if path != source)
        sizes = {path.name: path.stat().st_size for path in made}
    model_mb = costs["(load model)"][0].peak_mb
    print(f"{seconds / 3600:.2f} h of sound, {time.monotonic() - began:.0f} s\n")
    print(
        f"{'job':<14}{'jobs':>5}{'CPU s':>9}{'of real time':>14}{'peak MB':>9}{'above model':>13}"
    )
    for job, found in costs.items():
        cpu, peak = sum(cost.cpu_seconds for cost in found), max(cost.peak_mb for cost in found)
        share = f"1/{seconds / cpu:.0f}"
        print(f"{job:<14}{len(found):>5}{cpu:>9.1f}{share:>14}{peak:>9.0f}{peak - model_mb:>13.0f}")
    print("\nwords, seams, second readings:", *costs["merge"][0].result)
    for file, size in sizes.items():
        if not file[0].isdigit():
            print(f"{file:<18}{size / 1e6:>9.2f} MB")
    peak = max(cost.peak_mb for found in costs.values() for cost in found) - model_mb
    failures = {
        f"a job takes {peak:.0f} MB above the model": peak > MOST_MB,
        "split is too slow": costs["split"][0].cpu_seconds > SPLIT_SHARE * seconds,
        "a file is larger than the 16 kHz FLAC": max(sizes.values()) > sizes["speech.flac"],
    }
    sys.exit("; ".join(text for text, failed in failures.items() if failed) or None)


if __name__ == "__main__":
    main()
