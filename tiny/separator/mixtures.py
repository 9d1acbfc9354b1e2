"""Synthetic speech (espeak-ng) and synthetic music (additive chords, noise drums). numpy only."""

import numpy as np, subprocess, io, random, wave, sys, os
from concurrent.futures import ThreadPoolExecutor

SR = 16000
SUBJ = [
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
VERB = [
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
OBJ = [
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
END = [
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


def tts(text, voice, speed, pitch):
    b = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text],
        capture_output=True,
        check=True,
    ).stdout
    i = b.find(b"data") + 8
    x = np.frombuffer(b[i : len(b) - (len(b) - i) % 2], dtype="<i2").astype(np.float32) / 32768
    n = int(len(x) * SR / 22050)
    X = np.fft.rfft(x)
    m = n // 2 + 1  # FFT resample 22050 -> 16000
    return (np.fft.irfft(X[:m], n) * n / len(x)).astype(np.float32)


def corpus(n, seed, voices):
    r = random.Random(seed)
    jobs = [
        (
            " ".join([r.choice(SUBJ), r.choice(VERB), r.choice(OBJ), r.choice(END)]),
            r.choice(voices),
            r.randint(130, 190),
            r.randint(25, 75),
        )
        for _ in range(n)
    ]
    with ThreadPoolExecutor(2) as p:
        return list(p.map(lambda j: tts(*j), jobs))


def music(n, rng, sr=SR):
    """stereo music: chord pad/plucks + bass + drums, random tempo, key, timbre."""
    t = np.arange(n) / sr
    out = np.zeros((2, n), np.float32)
    bpm = rng.uniform(70, 150)
    beat = 60 / bpm
    root = rng.uniform(110, 220)
    scale = np.array([0, 2, 4, 5, 7, 9, 11])
    nh = rng.integers(1, 6)
    tilt = rng.uniform(0.3, 0.8)
    pluck = rng.random() < 0.5
    g_pad, g_bass, g_dr = rng.uniform(0.3, 1), rng.uniform(0, 1), rng.uniform(0, 1)
    step = beat * rng.choice([1, 2, 4])

    def env(m, dec):
        return np.exp(-np.arange(m) / sr / dec) * np.minimum(1, np.arange(m) / (0.005 * sr))

    k = 0
    while k * step * sr < n:
        a = int(k * step * sr)
        b = min(n, int((k + 1) * step * sr))
        m = b - a
        tt = np.arange(m) / sr
        deg = rng.integers(0, 7)
        e = (
            env(m, rng.uniform(0.2, 0.8))
            if pluck
            else np.minimum(1, np.minimum(np.arange(m), m - np.arange(m)) / (0.03 * sr))
        )
        for j in (0, 2, 4):
            f = (
                root
                * 2 ** ((scale[(deg + j) % 7] + 12 * ((deg + j) // 7)) / 12)
                * rng.choice([1, 2])
            )
            pan = rng.uniform(0.2, 0.8)
            ph = rng.uniform(0, 6.28, nh + 1)
            s = (
                sum(
                    tilt ** (h - 1) * np.sin(2 * np.pi * f * h * tt + ph[h])
                    for h in range(1, nh + 1)
                    if f * h < sr / 2
                )
                * e
                * g_pad
                * 0.3
            )
            out[0, a:b] += (1 - pan) * s
            out[1, a:b] += pan * s
        f = root / 2 * 2 ** (scale[deg] / 12)
        out[:, a:b] += np.sin(2 * np.pi * f * tt) * env(m, 0.5) * g_bass * 0.5
        k += 1
    k = 0
    while k * beat / 2 * sr < n:
        a = int(k * beat / 2 * sr)
        m = min(n - a, int(0.15 * sr))
        tt = np.arange(m) / sr
        if k % 4 == 0:
            d = np.sin(2 * np.pi * (50 + 80 * np.exp(-tt / 0.03)) * tt) * env(m, 0.06) * 1.2
        elif k % 4 == 2:
            d = rng.normal(size=m) * env(m, 0.05) * 0.6
        else:
            w = rng.normal(size=m + 1)
            d = np.diff(w) * env(m, 0.015) * 0.3
        out[:, a : a + m] += d * g_dr * 0.6
        k += 1
    return out / (np.abs(out).max() + 1e-6) * 0.5


def rms(x):
    return np.sqrt((x**2).mean() + 1e-9)


def mix(sp, rng, n):
    """-> mixture, speech; both (2,n)."""
    v = np.zeros((2, n), np.float32)
    mu = music(n, rng).astype(np.float32)
    kind = rng.random()
    snr = rng.uniform(-6, 6)
    if kind > 0.08:  # 8 % music only
        pos = int(rng.integers(-SR, n // 2))
        while pos < n:
            s = sp[rng.integers(len(sp))]
            a = max(0, pos)
            b = min(n, pos + len(s))
            if b > a:
                v[:, a:b] = s[a - pos : b - pos]
            pos += len(s) + int(rng.integers(int(0.2 * SR), int(1.5 * SR)))
        act = v[0][np.abs(v[0]) > 1e-3]
        if len(act):
            v *= 0.1 / rms(act)
    mu *= 0.1 / rms(mu) * 10 ** (-snr / 20)
    if kind > 0.95:
        mu *= 0  # 5 % speech only
    g = rng.uniform(0.3, 1.5)
    return ((v + mu) * g).astype(np.float32), (v * g).astype(np.float32)
