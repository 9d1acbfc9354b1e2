"""Word error rate and word times of a recogniser on the five talks.

    python -m tiny.recogniser.evaluate models/asr TALKS

TALKS is the folder that `tiny.recogniser.make_talks` wrote. Each talk is heard as VAT does (voice
activity detection, no earlier text), as faster-whisper does by itself, and in batches.
"""

import argparse
import difflib
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import faster_whisper
import numpy as np
import soundfile
from numpy.typing import NDArray

from tiny.judging import plain, word_errors

TimedWord = tuple[str, float, float]
WAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "as VAT": {
        "vad_filter": True,
        "condition_on_previous_text": False,
        "temperature": 0.0,
    },
    "by itself": {},
    "batched": {"batch_size": 4},
}


@dataclass(frozen=True)
class Judged:
    """One talk as it was heard.

    Attributes:
        errors: wrong, missing and invented words, as a share of those said.
        starts: how far the starts of matched words are off, in seconds.
        ends: how far their ends are off, in seconds.
        in_music: words heard where there is music alone.
    """

    errors: float
    starts: list[float]
    ends: list[float]
    in_music: int


def judge(truth: Mapping[str, Any], heard: Sequence[TimedWord]) -> Judged:
    """Compare what was heard with what is true."""
    said = [
        (plain(word["word"]), word["start"], word["end"])
        for segment in truth["segments"]
        for word in segment["words"]
    ]
    texts, found = [word for word, _, _ in said], [word for word, _, _ in heard]
    matched = [
        (said[block.a + step], heard[block.b + step])
        for block in difflib.SequenceMatcher(
            None, texts, found, autojunk=False
        ).get_matching_blocks()
        for step in range(block.size)
    ]
    return Judged(
        word_errors(texts, found) / len(texts),
        [abs(a[1] - b[1]) for a, b in matched],
        [abs(a[2] - b[2]) for a, b in matched],
        sum(
            any(begin + 0.3 < start < end - 0.3 for begin, end in truth["music_only"])
            for _, start, _ in heard
        ),
    )


def words(segments: Iterator[Any]) -> list[TimedWord]:
    """The words of faster-whisper's segments."""
    return [
        (plain(word.word), word.start, word.end)
        for segment in segments
        for word in segment.words or []
        if plain(word.word)
    ]


def listener(model: faster_whisper.WhisperModel, way: str) -> Callable[[Any], list[TimedWord]]:
    """A function that hears samples in one of the ways."""
    engine = faster_whisper.BatchedInferencePipeline(model) if way == "batched" else model

    def listen(samples: NDArray[np.float32]) -> list[TimedWord]:
        return words(
            engine.transcribe(samples, language="en", word_timestamps=True, **WAYS[way])[0]
        )

    return listen


def main() -> None:
    """Print one row for each talk and way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("talks", type=Path)
    wanted = parser.parse_args()
    model = faster_whisper.WhisperModel(
        str(wanted.model), device="cpu", compute_type="int8", cpu_threads=1
    )
    print("talk   way        errors  start, end off by (median)  in music  of real time")
    for path in sorted(wanted.talks.glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        samples, _ = soundfile.read(path.with_suffix(".wav"), dtype="float32")
        for way in WAYS:
            began = time.monotonic()
            found = judge(truth, listener(model, way)(samples))
            spent = (time.monotonic() - began) / truth["duration"]
            starts, ends = (
                1000 * statistics.median(offsets or [9]) for offsets in (found.starts, found.ends)
            )
            print(
                f"{path.stem:7}{way:11}{100 * found.errors:5.1f} %"
                f"{starts:13.0f} ms{ends:9.0f} ms{found.in_music:11}{spent:14.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
