"""Background sounds at 16 kHz: coloured noise, hum, slow chords, beats; their peak is 1."""

import numpy as np
from numpy.typing import NDArray

RATE = 16000

Sound = NDArray[np.float64]


def coloured(chance: np.random.Generator, count: int, slope: float) -> Sound:
    """Noise whose amplitude falls with frequency: white for slope 0, pink for 0.5, brown for 1."""
    spectrum = np.fft.rfft(chance.standard_normal(count))
    frequencies = np.arange(len(spectrum))
    frequencies[0] = 1
    return _at_peak(np.fft.irfft(spectrum / frequencies**slope, count))


def chords(chance: np.random.Generator, count: int) -> Sound:
    """Chords of three tones that fade, each for up to three seconds."""
    time = np.arange(count) / RATE
    sound = np.zeros(count)
    begin = 0
    while begin < count:
        length = int(RATE * chance.uniform(0.25, 3))
        end = min(count, begin + length)
        root = 440 * 2 ** (chance.integers(-30, 12) / 12)
        envelope = np.exp(-np.arange(end - begin) / RATE * chance.uniform(0.2, 3)) * np.minimum(
            1, np.arange(end - begin) / (RATE * 0.02)
        )
        for interval in chance.choice([0, 3, 4, 5, 7, 10, 12], 3, replace=False):
            tone = root * 2 ** (interval / 12)
            for harmonic in range(1, 5):
                sound[begin:end] += (
                    envelope
                    * np.sin(2 * np.pi * tone * harmonic * time[begin:end] + chance.uniform(0, 6))
                    / harmonic ** chance.uniform(1, 2.5)
                )
        begin = end
    return _at_peak(sound)


def beats(chance: np.random.Generator, count: int) -> Sound:
    """Drums at an even pace."""
    sound = np.zeros(count)
    step, length = int(RATE * chance.uniform(0.3, 0.9)), int(RATE * 0.15)
    for begin in range(int(chance.integers(0, step)), count - length, step):
        kind = chance.random()
        time = np.arange(length) / RATE
        sound[begin : begin + length] += np.exp(-time * 30) * (
            np.sin(2 * np.pi * 90 * time) if kind < 0.5 else chance.standard_normal(length)
        )
    return _at_peak(sound)


def hum(chance: np.random.Generator, count: int) -> Sound:
    """The hum of mains, or a whistle."""
    time = np.arange(count) / RATE
    tone = chance.choice([50, 60, 100, 120, 400, 1000])
    sound = np.zeros(count)
    for harmonic in range(1, 4):
        sound = sound + np.sin(2 * np.pi * tone * harmonic * time) / harmonic
    whole: Sound = sound / np.abs(sound).max()
    return whole


def any_noise(chance: np.random.Generator, count: int) -> Sound:
    """One of the kinds, by chance."""
    kind = chance.integers(0, 6)
    if kind < 3:
        return coloured(chance, count, kind / 2)
    if kind == 3:
        return chords(chance, count)
    if kind == 4:
        return 0.6 * chords(chance, count) + 0.6 * beats(chance, count)
    return hum(chance, count) + 0.3 * coloured(chance, count, 0.5)


def _at_peak(sound: Sound) -> Sound:
    whole: Sound = sound / (np.abs(sound).max() + 1e-9)
    return whole
