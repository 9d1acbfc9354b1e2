"""What does a recogniser make of silence, noise and music, and of talks that are cut?

    python -m tiny.recogniser.checks models/asr TALKS

TALKS is the folder that `tiny.recogniser.make_talks` wrote.
"""

import argparse
import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import faster_whisper
import numpy as np
import soundfile
from numpy.typing import NDArray

from tiny.judging import plain, word_errors
from tiny.recogniser import noise

OPTIONS: Final[tuple[dict[str, Any], ...]] = (
    {"initial_prompt": "The talk is about a house."},
    {"hotwords": "river garden"},
    {"without_timestamps": True},
    {"max_initial_timestamp": 30.0},
    {"chunk_length": 15},
    {"language": None},
    {"multilingual": False, "temperature": 0.0},
)


def wordless() -> dict[str, NDArray[np.float64]]:
    """Sounds in which nobody speaks, at 16 kHz."""
    chance = np.random.default_rng(5)
    minute = 60 * noise.RATE
    return {
        "silence, 30 s": np.zeros(30 * noise.RATE),
        "silence, 3 s": np.zeros(3 * noise.RATE),
        "white noise at -40 dB, 20 s": 0.01 * chance.standard_normal(20 * noise.RATE),
        "loud pink noise, 20 s": 0.3 * noise.coloured(chance, 20 * noise.RATE, 0.5),
        "chords, 25 s": 0.3 * noise.chords(chance, 25 * noise.RATE),
        "chords and beats, 60 s": 0.3 * noise.chords(chance, minute)
        + 0.3 * noise.beats(chance, minute),
        "hum, 15 s": 0.2 * noise.hum(chance, 15 * noise.RATE),
    }


def cuts(truth: Mapping[str, Any], longest: float) -> list[float]:
    """Moments in pauses at which a talk is cut into parts of at most so many seconds."""
    found = [0.0]
    for before, after in pairwise(truth["segments"]):
        due = longest == 0 or after["end"] - found[-1] > longest
        if after["start"] - before["end"] > 0.3 and due:
            found.append((before["end"] + after["start"]) / 2)
    return [*found, truth["duration"]]


class Listener:
    """A model, and how many of the words of a talk it hears wrong."""

    def __init__(self, folder: Path) -> None:
        self._model = faster_whisper.WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=1
        )

    def hear(self, samples: NDArray[np.floating], **options: Any) -> str:
        """The text of some samples."""
        wanted = {"language": "en", "word_timestamps": True, **options}
        segments, _ = self._model.transcribe(samples.astype(np.float32), **wanted)
        return " ".join(segment.text for segment in segments)

    @staticmethod
    def errors(truth: Mapping[str, Any], text: str) -> float:
        """Word errors in percent."""
        said = [plain(word["word"]) for segment in truth["segments"] for word in segment["words"]]
        heard = [plain(word) for word in text.split() if plain(word)]
        return 100 * word_errors(said, heard) / len(said)


def main() -> None:
    """Print what is heard."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("talks", type=Path)
    wanted = parser.parse_args()
    listener = Listener(wanted.model)
    for name, sound in wordless().items():
        for filtered in (False, True):
            text = listener.hear(sound, vad_filter=filtered)
            print(f"{name}, voice detection {filtered}: {len(text.split())} words {text[:60]!r}")
    for name in ("talk1", "talk2"):
        truth = json.loads((wanted.talks / f"{name}.json").read_text(encoding="utf-8"))
        samples, rate = soundfile.read(wanted.talks / f"{name}.wav", dtype="float32")
        for longest in (0, 15, 28):
            parts = [
                listener.hear(
                    samples[int(a * rate) : int(b * rate)], condition_on_previous_text=False
                )
                for a, b in pairwise(cuts(truth, longest))
            ]
            errors = listener.errors(truth, " ".join(parts))
            print(f"{name} in {len(parts)} parts of at most {longest} s: {errors:.2f} % errors")
        for options in OPTIONS:
            errors = listener.errors(truth, listener.hear(samples, **options))
            print(f"{name} with {options}: {errors:.2f} % errors")


if __name__ == "__main__":
    main()
