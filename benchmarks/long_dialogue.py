"""Has a voice one label from the first minute to the last, and does memory stay flat?

    pip install pyannote.metrics
    python -m benchmarks.long_dialogue FOLDER ENCODER [--minutes 10 180]

FOLDER and ENCODER are as benchmarks/speakers.py wants them. Four people speak for so many minutes,
in tens; who speaks when is found by the rule's own call, in a process of its own. The
words with the wrong speaker are counted in the first and the last ten minutes, by what the labels
stand for in the whole. CPU is per second of sound, voice detection apart; memory is in MB.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import soundfile

from benchmarks.dialogues import Said, Voices, talk, voices_of
from benchmarks.long_recording import measure
from benchmarks.speakers import annotation, names_of
from tests.helpers.real_talks import RATE
from vat.speech.diarization import who_speaks
from vat.speech.speakers import Found, Turn
from vat.speech.vad import speech_intervals, speech_probability
from vat.timeline import Chunks, Interval, Span, Word
from vat.transcript.speakers import speakers_of

PART_SECONDS = 600


@dataclass(frozen=True)
class Recording:
    """What is said in a file, by whom, and in how many seconds."""

    path: Path
    turns: list[Said]
    words: list[Said]
    seconds: float


def record(path: Path, voices: Voices, parts: int) -> Recording:
    """Write so many dialogues of ten minutes one after the other, no two alike."""
    made, at = Recording(path, [], [], 0.0), 0.0
    with soundfile.SoundFile(path, "w", RATE, 1, format="FLAC") as file:
        for number in range(parts):
            dialogue = talk("part", voices, PART_SECONDS, 100 + number)
            file.write(dialogue.sound.clip(-1, 1))
            made.turns.extend(_later(dialogue.turns, at))
            made.words.extend(_later(sorted(dialogue.words, key=lambda one: one.start), at))
            at += dialogue.seconds
    return replace(made, seconds=at)


def _later(said: list[Said], seconds: float) -> Iterator[Said]:
    for one in said:
        yield replace(one, start=one.start + seconds, end=one.end + seconds)


def chunks_of(recording: Recording) -> dict[str, Any]:
    """What the rule is told of a video: where somebody speaks."""
    seconds = recording.seconds
    speech = speech_intervals(speech_probability(recording.path, seconds), seconds)
    span = Span((0.0, seconds), (0.0, seconds))
    return Chunks("en", 1.0, "configured", seconds, tuple(speech), (span,)).to_json()


def wrong(recording: Recording, turns: tuple[Turn, ...], place: Interval) -> float:
    """The share of the words of a place that have the wrong speaker."""
    names = names_of(annotation(recording.turns), annotation(turns))
    said = [one for one in recording.words if place[0] <= one.start < place[1]]
    given = speakers_of([Word(one.start, one.end, "word", 1.0) for one in said], turns)
    pairs = zip(given, said, strict=True)
    return sum(names.get(label) != one.speaker for label, one in pairs) / len(said)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--minutes", type=int, nargs="+", default=[10, 180])
    chosen = parser.parse_args()
    english, _, _ = voices_of(chosen.folder)
    voices = {one: english[one] for one in [*english][:4]}
    print("minutes | speakers | wrong words %, first ten minutes | last ten | CPU | peak MB")
    for minutes in chosen.minutes:
        parts = max(minutes * 60 // PART_SECONDS, 1)
        with tempfile.TemporaryDirectory() as folder:
            made = record(Path(folder) / "speech.flac", voices, parts)
            given = [str(made.path), chunks_of(made), str(chosen.encoder), {}, "cpu", 1]
            cost = measure(who_speaks, *given)
        turns = Found.from_json(cost.result).speakers.turns
        ends = (0.0, PART_SECONDS), (made.seconds - PART_SECONDS, made.seconds)
        first, last = (f"{100 * wrong(made, turns, one):.2f}" for one in ends)
        people = f"{len({turn.speaker for turn in turns})} of {len(voices)}"
        cpu, peak = f"{cost.cpu_seconds / made.seconds:.4f}", f"{cost.peak_mb:.0f}"
        print(round(made.seconds / 60), people, first, last, cpu, peak, sep=" | ", flush=True)


if __name__ == "__main__":
    main()
