"""Make tests/data/speech.flac and its truth. Needs espeak-ng; the results are committed.

python -m tiny.make_speech
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiny import ROOT
from tiny.voice import Voice
from vat.media.sound import SPEECH_RATE, resampled, write_flac

DATA = ROOT / "tests" / "data"
SENTENCES = [
    "The red car stops near the house on Monday.",
    "There are three big boxes.",
    "This teacher finds a quiet river today.",
]
PAUSE_SECONDS = 1.5

Sound = NDArray[np.float32]


def speak(engine: Voice) -> tuple[list[Sound], list[dict[str, Any]]]:
    """The sentences with pauses between them, in pieces, and their words with times in seconds."""
    pieces: list[Sound] = [np.zeros(engine.rate, np.float32)]
    words: list[dict[str, Any]] = []
    time = 1.0
    for text in SENTENCES:
        spoken = engine.say(text, "en-us", 155, 50)
        words += [
            {"word": word, "start": round(time + start, 3), "end": round(time + end, 3)}
            for word, start, end in spoken.words
        ]
        pieces += [spoken.samples, np.zeros(round(PAUSE_SECONDS * engine.rate), np.float32)]
        time = sum(map(len, pieces)) / engine.rate
    return pieces, words


def main() -> None:
    """Write the sound and what is said in it."""
    engine = Voice()
    pieces, words = speak(engine)
    write_flac(DATA / "speech.flac", resampled(pieces, engine.rate, SPEECH_RATE), SPEECH_RATE)
    truth = {"text": " ".join(SENTENCES), "words": words}
    (DATA / "speech.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
