"""Background sounds as waveforms: coloured noise, hum, slow chords, beats; peak about 0.1-0.3."""

import numpy as np


def colored(r, n, a):
    f = np.fft.rfft(r.standard_normal(n))
    k = np.arange(len(f))
    k[0] = 1
    x = np.fft.irfft(f / k**a, n)
    return x / (np.abs(x).max() + 1e-9)


def chords(r, n, sr=16000):
    t = np.arange(n) / sr
    x = np.zeros(n)
    p = 0
    while p < n:
        d = int(sr * r.uniform(0.25, 3))
        q = min(n, p + d)
        root = 440 * 2 ** (r.integers(-30, 12) / 12)
        env = np.exp(-np.arange(q - p) / sr * r.uniform(0.2, 3)) * np.minimum(
            1, np.arange(q - p) / (sr * 0.02)
        )
        for iv in r.choice([0, 3, 4, 5, 7, 10, 12], 3, replace=False):
            f0 = root * 2 ** (iv / 12)
            for h in range(1, 5):
                x[p:q] += (
                    env
                    * np.sin(2 * np.pi * f0 * h * t[p:q] + r.uniform(0, 6))
                    / h ** r.uniform(1, 2.5)
                )
        p = q
    return x / (np.abs(x).max() + 1e-9)


def beats(r, n, sr=16000):
    x = np.zeros(n)
    T = int(sr * r.uniform(0.3, 0.9))
    L = int(sr * 0.15)
    for p in range(int(r.integers(0, T)), n - L, T):
        k = r.random()
        tt = np.arange(L) / sr
        x[p : p + L] += np.exp(-tt * 30) * (
            np.sin(2 * np.pi * 90 * tt) if k < 0.5 else r.standard_normal(L)
        )
    return x / (np.abs(x).max() + 1e-9)


def hum(r, n, sr=16000):
    t = np.arange(n) / sr
    f = r.choice([50, 60, 100, 120, 400, 1000])
    x = sum(np.sin(2 * np.pi * f * h * t) / h for h in range(1, 4))
    return x / np.abs(x).max()


def make(r, n):
    k = r.integers(0, 6)
    if k == 0:
        return colored(r, n, 0)
    if k == 1:
        return colored(r, n, 0.5)
    if k == 2:
        return colored(r, n, 1)
    if k == 3:
        return chords(r, n)
    if k == 4:
        return 0.6 * chords(r, n) + 0.6 * beats(r, n)
    return hum(r, n) + 0.3 * colored(r, n, 0.5)
