"""Sentences that espeak-ng speaks, for the separator: other words than the tiny language's.

Needs the command espeak-ng.
"""

import random
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

RATE = 16000
SUBJECTS = [
    "the old captain",
    "my little sister",
    "a quiet river",
    "the morning train",
    "our new teacher",
    "every child",
    "the green garden",
    "a strange machine",
    "the tall man",
    "that small village",
]
VERBS = [
    "carries",
    "follows",
    "remembers",
    "watches",
    "builds",
    "finds",
    "opens",
    "changes",
    "hears",
    "paints",
]
OBJECTS = [
    "seven silver boxes",
    "the long road home",
    "a window near the sea",
    "bread and fresh butter",
    "the first song of winter",
    "two letters from the city",
    "a bright yellow coat",
    "the answer to your question",
    "some very cold water",
    "three hundred horses",
]
ENDINGS = [
    "before the sun goes down",
    "without a single word",
    "on thursday afternoon",
    "because nobody asked",
    "and then walks away",
    "as quickly as possible",
    "under the wooden bridge",
    "for the second time",
    "in the middle of the night",
    "with great pleasure",
]
VOICES = [
    "en-us",
    "en-us+m1",
    "en-us+m3",
    "en-us+m5",
    "en-us+f1",
    "en-us+f2",
    "en-us+f4",
    "en-gb",
    "en-gb+m7",
    "en-gb+f3",
    "de+m2",
    "es+f1",
    "fr+m4",
]
TEST_VOICES = ["en-us+m2", "en-gb+f5", "en-us+f3"]
_ESPEAK_RATE = 22050


def corpus(count: int, seed: int, voices: Sequence[str]) -> list[NDArray[np.float32]]:
    """So many spoken sentences."""
    chance = random.Random(seed)
    sentences = [
        (
            " ".join(chance.choice(part) for part in (SUBJECTS, VERBS, OBJECTS, ENDINGS)),
            chance.choice(voices),
            chance.randint(130, 190),
            chance.randint(25, 75),
        )
        for _ in range(count)
    ]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda sentence: _spoken(*sentence), sentences))


def _spoken(text: str, voice: str, speed: int, pitch: int) -> NDArray[np.float32]:
    """The samples of a text at 16 kHz.

    Raises:
        OSError: where there is no espeak-ng.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise OSError("espeak-ng is not installed")
    command = [program, "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    sound = subprocess.run(command, capture_output=True, check=True).stdout
    begin = sound.find(b"data") + 8
    data = sound[begin : len(sound) - (len(sound) - begin) % 2]
    samples = np.frombuffer(data, dtype="<i2").astype(np.float32) / 32768
    count = int(len(samples) * RATE / _ESPEAK_RATE)
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return (np.fft.irfft(spectrum, count) * count / len(samples)).astype(np.float32)
