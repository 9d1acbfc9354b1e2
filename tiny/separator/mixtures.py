"""Mixtures of speech and music whose speech is known, in stereo at 16 kHz.

This music is not quite that of `tiny.music`: it is what the model in models/separator was trained
on, and the demo's is new to it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tiny.separator.speech import RATE

SCALE = (0, 2, 4, 5, 7, 9, 11)
_LEVEL = 0.1

Sound = NDArray[np.float32]


def mixture(
    speech: Sequence[Sound], chance: np.random.Generator, count: int
) -> tuple[Sound, Sound]:
    """Speech with music, and the speech in it, both of shape (2, count)."""
    voice = np.zeros((2, count), np.float32)
    under = music(count, chance).astype(np.float32)
    kind = chance.random()
    decibels = chance.uniform(-6, 6)
    # In 8 of 100 nobody speaks, in 5 there is no music.
    if kind > 0.08:
        _speak(voice, speech, chance)
    under *= _LEVEL / loudness(under) * 10 ** (-decibels / 20)
    if kind > 0.95:
        under *= 0
    level = chance.uniform(0.3, 1.5)
    return ((voice + under) * level).astype(np.float32), (voice * level).astype(np.float32)


def music(count: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """Stereo music of random tempo, key and timbre, peak 0.5."""
    sound = np.zeros((2, count), np.float32)
    beat = 60 / chance.uniform(70, 150)
    root = chance.uniform(110, 220)
    timbre = int(chance.integers(1, 6)), chance.uniform(0.3, 0.8), chance.random() < 0.5
    pad, bass, drums = chance.uniform(0.3, 1), chance.uniform(0, 1), chance.uniform(0, 1)
    step = beat * chance.choice([1, 2, 4])
    number = 0
    while number * step * RATE < count:
        begin, end = int(number * step * RATE), min(count, int((number + 1) * step * RATE))
        degree = int(chance.integers(0, 7))
        _play_chord(sound[:, begin:end], root, degree, timbre, pad, chance)
        time = np.arange(end - begin) / RATE
        low = root / 2 * 2 ** (SCALE[degree] / 12)
        plucked = _plucked(end - begin, 0.5)
        sound[:, begin:end] += np.sin(2 * np.pi * low * time) * plucked * bass * 0.5
        number += 1
    number = 0
    while number * beat / 2 * RATE < count:
        begin = int(number * beat / 2 * RATE)
        length = min(count - begin, int(0.15 * RATE))
        sound[:, begin : begin + length] += _drum(length, number % 4, chance) * drums * 0.6
        number += 1
    whole: NDArray[np.float64] = sound / (np.abs(sound).max() + 1e-6) * 0.5
    return whole


def loudness(sound: NDArray[np.floating]) -> np.floating:
    """The root mean square of some samples."""
    mean: np.floating = np.sqrt((sound**2).mean() + 1e-9)
    return mean


def _speak(voice: Sound, speech: Sequence[Sound], chance: np.random.Generator) -> None:
    """Put sentences one after another, with pauses."""
    count = voice.shape[1]
    place = int(chance.integers(-RATE, count // 2))
    while place < count:
        sentence = speech[int(chance.integers(len(speech)))]
        begin, end = max(0, place), min(count, place + len(sentence))
        if end > begin:
            voice[:, begin:end] = sentence[begin - place : end - place]
        place += len(sentence) + int(chance.integers(int(0.2 * RATE), int(1.5 * RATE)))
    loud = voice[0][np.abs(voice[0]) > 1e-3]
    if len(loud):
        voice *= _LEVEL / loudness(loud)


def _plucked(count: int, fading_seconds: float) -> NDArray[np.float64]:
    """The envelope of a plucked tone."""
    time = np.arange(count)
    envelope: NDArray[np.float64] = np.exp(-time / RATE / fading_seconds) * np.minimum(
        1, time / (0.005 * RATE)
    )
    return envelope


def _play_chord(
    sound: Sound,
    root: float,
    degree: int,
    timbre: tuple[int, float, bool],
    pad: float,
    chance: np.random.Generator,
) -> None:
    """Add a chord of three tones, plucked or held, to some samples."""
    harmonics, tilt, plucked = timbre
    count = sound.shape[1]
    time = np.arange(count) / RATE
    if plucked:
        envelope = _plucked(count, chance.uniform(0.2, 0.8))
    else:
        ramp = np.minimum(np.arange(count), count - np.arange(count))
        envelope = np.minimum(1, ramp / (0.03 * RATE))
    for third in (0, 2, 4):
        octave, note = divmod(degree + third, 7)
        tone = root * 2 ** ((SCALE[note] + 12 * octave) / 12) * chance.choice([1, 2])
        side = chance.uniform(0.2, 0.8)
        phases = chance.uniform(0, 6.28, harmonics + 1)
        voice = sum(
            tilt ** (h - 1) * np.sin(2 * np.pi * tone * h * time + phases[h])
            for h in range(1, harmonics + 1)
            if tone * h < RATE / 2
        )
        voice = voice * envelope * pad * 0.3
        sound[0] += (1 - side) * voice
        sound[1] += side * voice


def _drum(count: int, place: int, chance: np.random.Generator) -> NDArray[np.float64]:
    time = np.arange(count) / RATE
    if place == 0:
        tone = np.sin(2 * np.pi * (50 + 80 * np.exp(-time / 0.03)) * time)
        return tone * _plucked(count, 0.06) * 1.2
    if place == 2:
        return chance.normal(size=count) * _plucked(count, 0.05) * 0.6
    return np.diff(chance.normal(size=count + 1)) * _plucked(count, 0.015) * 0.3
