"""Synthetic music: chords, bass and drums of random tempo, key and timbre. numpy only."""

import numpy as np
from numpy.typing import NDArray

SCALE = np.array([0, 2, 4, 5, 7, 9, 11])


def music(count: int, chance: np.random.Generator, rate: int = 16000) -> NDArray[np.float32]:
    """Stereo music of shape (2, count), peak 0.5."""
    beat = 60 / chance.uniform(70, 150)
    root = chance.uniform(110, 220)
    pad, bass, drums = chance.uniform(0.3, 1), chance.uniform(0, 1), chance.uniform(0, 1)
    timbre = int(chance.integers(1, 6)), chance.uniform(0.3, 0.8), chance.random() < 0.5
    step = beat * chance.choice([1, 2, 4])
    sound = np.zeros((2, count), np.float32)
    for number in range(int(np.ceil(count / (step * rate)))):
        begin, end = int(number * step * rate), min(count, int((number + 1) * step * rate))
        degree = int(chance.integers(0, 7))
        sound[:, begin:end] += pad * 0.3 * _chord(end - begin, root, degree, timbre, chance, rate)
        time = np.arange(end - begin) / rate
        low = root / 2 * 2 ** (SCALE[degree] / 12)
        sound[:, begin:end] += np.sin(2 * np.pi * low * time) * np.exp(-time / 0.5) * bass * 0.5
    for number in range(int(np.ceil(count / (beat / 2 * rate)))):
        begin = int(number * beat / 2 * rate)
        length = min(count - begin, int(0.15 * rate))
        sound[:, begin : begin + length] += _drum(length, number % 4, chance, rate) * drums * 0.6
    whole: NDArray[np.float32] = sound / (np.abs(sound).max() + 1e-6) * 0.5
    return whole


def _chord(
    count: int,
    root: float,
    degree: int,
    timbre: tuple[int, float, bool],
    chance: np.random.Generator,
    rate: int,
) -> NDArray[np.float32]:
    harmonics, tilt, plucked = timbre
    time = np.arange(count) / rate
    if plucked:
        envelope = np.exp(-time / chance.uniform(0.2, 0.8)) * np.minimum(1, time / 0.005)
    else:
        envelope = np.minimum(1, np.minimum(time, time[::-1]) / 0.03)
    chord = np.zeros((2, count), np.float32)
    for third in (0, 2, 4):
        octave, note = divmod(degree + third, 7)
        tone = root * 2 ** ((SCALE[note] + 12 * octave) / 12) * chance.choice([1, 2])
        side = chance.uniform(0.2, 0.8)
        voice = sum(
            tilt ** (h - 1) * np.sin(2 * np.pi * tone * h * time + chance.uniform(0, 6.28))
            for h in range(1, harmonics + 1)
            if tone * h < rate / 2
        )
        chord += np.stack([(1 - side) * voice * envelope, side * voice * envelope])
    return chord


def _drum(count: int, place: int, chance: np.random.Generator, rate: int) -> NDArray[np.float64]:
    time = np.arange(count) / rate
    if place == 0:
        tone = np.sin(2 * np.pi * (50 + 80 * np.exp(-time / 0.03)) * time)
        return tone * np.exp(-time / 0.06) * 1.2
    if place == 2:
        return chance.normal(size=count) * np.exp(-time / 0.05) * 0.6
    return np.diff(chance.normal(size=count + 1)) * np.exp(-time / 0.015) * 0.3
