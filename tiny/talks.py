"""Synthetic talks of any length, put together from the sentences of the demo and the test data.

What is said when is known exactly, so that a transcript can be judged.
"""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tiny import ROOT
from tiny.music import music as make_music
from vat.media.sound import SPEECH_RATE

Sound = NDArray[np.float32]

_LEVEL = 0.05  # root mean square of the speech
_MARGIN_SECONDS = 0.05
_PAUSE = 0.4, 1.4
_NO_PAUSE = 0.0, 0.02
_DENSE_SECONDS = 3.5


@dataclass(frozen=True)
class Sentence:
    """A sentence's sound, with a margin before its first word, and its words from there."""

    sound: Sound
    words: list[tuple[str, float, float]]


@functools.cache
def sentences() -> list[Sentence]:
    """Sentences that the tiny recogniser hears well."""
    found = []
    for sound, spoken in ((_sound("demo/clean.mp4"), _demo()), (_sound(_DATA), _data())):
        for words in spoken:
            begin = words[0]["start"] - _MARGIN_SECONDS
            end = words[-1]["end"] + _MARGIN_SECONDS
            piece = sound[round(begin * SPEECH_RATE) : round(end * SPEECH_RATE)]
            piece = piece * (_LEVEL / np.sqrt(np.mean(piece**2)))
            times = [(w["word"], w["start"] - begin, w["end"] - begin) for w in words]
            found.append(Sentence(piece, times))
    return found


_DATA = "tests/data/speech.flac"


def _sound(name: str) -> Sound:
    """The whole sound of a file with one channel, resampled."""
    resampler = av.AudioResampler("fltp", "mono", SPEECH_RATE)
    with av.open(str(ROOT / name)) as container:
        pieces = []
        for frame in container.decode(audio=0):
            frame.pts = None
            pieces += resampler.resample(frame)
        pieces += resampler.resample(None)
    return np.concatenate([piece.to_ndarray()[0] for piece in pieces])


def _demo() -> list[Any]:
    truth = json.loads((ROOT / "demo/clean.json").read_text(encoding="utf-8"))
    return [sentence["words"] for sentence in truth["sentences"]]


def _data() -> list[Any]:
    words = json.loads((ROOT / "tests/data/speech.json").read_text(encoding="utf-8"))["words"]
    ends = [i for i, word in enumerate(words, 1) if word["word"].endswith(".")]
    return [words[a:b] for a, b in zip([0, *ends], ends, strict=False)]


class Talk:
    """A talk that grows: sentences, pauses and what lies under them."""

    def __init__(self, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.pieces: list[Sound] = []
        self.words: list[tuple[str, float, float]] = []
        self.count = 0

    @property
    def seconds(self) -> float:
        """How long the talk is by now."""
        return self.count / SPEECH_RATE

    def say(
        self, seconds: float, *, dense_every: float | None = None, music: float | None = None
    ) -> None:
        """Speak for `seconds`, with pauses of about a second between sentences.

        Around the multiples of `dense_every` seconds nobody pauses. `music` is how many decibels
        below the speech there is music.
        """
        stop, first = self.seconds + seconds, len(self.pieces)
        for sentence in self._order():
            place = self.seconds + 1
            dense = dense_every and abs((place + dense_every / 2) % dense_every - dense_every / 2)
            near = dense is not None and dense < _DENSE_SECONDS
            pause = self.chance.uniform(*(_NO_PAUSE if near else _PAUSE))
            if self.seconds + pause + len(sentence.sound) / SPEECH_RATE > stop:
                break
            self._add(np.zeros(round(pause * SPEECH_RATE), np.float32))
            self.words += [(w, self.seconds + a, self.seconds + b) for w, a, b in sentence.words]
            self._add(sentence.sound)
        self._add(np.zeros(round((stop - self.seconds) * SPEECH_RATE), np.float32))
        if music is not None:
            sound = np.concatenate(self.pieces[first:])
            under = make_music(len(sound), self.chance, SPEECH_RATE).mean(axis=0)
            level = _LEVEL * 10 ** (-music / 20) / np.sqrt(np.mean(under**2))
            self.pieces[first:] = [(sound + under * level).astype(np.float32)]

    def be_silent(self, seconds: float, noise: float = 0.0) -> None:
        """Nobody speaks; `noise` is the root mean square of white noise."""
        hiss = self.chance.normal(0, noise, round(seconds * SPEECH_RATE))
        self._add(hiss.astype(np.float32))

    def play(self, seconds: float) -> None:
        """Music alone, as loud as speech."""
        sound = make_music(round(seconds * SPEECH_RATE), self.chance, SPEECH_RATE).mean(axis=0)
        self._add((sound * (_LEVEL / np.sqrt(np.mean(sound**2)))).astype(np.float32))

    def _add(self, sound: Sound) -> None:
        self.pieces.append(sound)
        self.count += len(sound)

    def _order(self) -> Iterator[Sentence]:
        while True:
            for index in self.chance.permutation(len(sentences())):
                yield sentences()[index]
