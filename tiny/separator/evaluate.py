"""Separate 20 s of speech with music at three levels, and print what is gained.

    python -m tiny.separator.evaluate [FOLDER]

Needs espeak-ng. The model is run as VAT runs it.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from tiny import ROOT
from tiny.judging import distortion_ratio
from tiny.separator.mixtures import Sound, loudness, music
from tiny.separator.speech import RATE, TEST_VOICES, corpus
from vat.speech.separate import separate

SECONDS = 20
_LEVEL = 0.1


def speech() -> Sound:
    """Sentences of voices that training never heard, in stereo; the first second is silent."""
    voice = np.zeros((2, SECONDS * RATE), np.float32)
    place = RATE
    for sentence in corpus(8, 555, TEST_VOICES):
        if place + len(sentence) > voice.shape[1]:
            break
        voice[:, place : place + len(sentence)] = sentence
        place += len(sentence) + RATE // 2
    return (voice * (_LEVEL / loudness(voice[np.abs(voice) > 1e-3]))).astype(np.float32)


def separated(mixed: Sound, folder: Path, model: Path) -> Sound:
    """The speech that a model finds, mono."""
    soundfile.write(folder / "mixed.wav", mixed.T / np.abs(mixed).max(), RATE)
    separate(folder / "mixed.wav", folder / "speech.flac", str(model), device="cpu", threads=1)
    found, _ = soundfile.read(folder / "speech.flac", dtype="float32")
    return np.asarray(found * np.abs(mixed).max(), np.float32)


def main() -> None:
    """Print one row for each level."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", type=Path, default=ROOT / "models" / "separator")
    model = parser.parse_args().model
    voice = speech()
    under = music(voice.shape[1], np.random.default_rng(4242)).astype(np.float32)
    print("speech above music  before    after  music alone   time")
    for decibels in (6, 0, -5):
        level = _LEVEL / loudness(under) * 10 ** (-decibels / 20)
        mixed = (voice + under * level).astype(np.float32)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            found = separated(mixed, Path(scratch), model)
        spent = time.monotonic() - began
        before, after = (
            distortion_ratio(sound, voice.mean(axis=0)) for sound in (mixed.mean(axis=0), found)
        )
        less = 20 * np.log10(loudness(mixed[:, :RATE]) / loudness(found[:RATE]))
        print(
            f"{decibels:15} dB{before:5.1f} dB{after:6.1f} dB{-less:10.1f} dB{spent:5.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
