"""Five talks of sentences that training never saw, to measure the recogniser on.

    python -m tiny.recogniser.make_talks UTTERANCES.npz OUTPUT

Writes a .wav file of each (16 kHz, mono) and the truth about it, which is what
`tiny.recogniser.evaluate` reads. Needs espeak-ng and scipy.
"""

import argparse
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from tiny.recogniser import grammar, noise, utterances
from tiny.recogniser.speech import RATE, Speaker


@dataclass(frozen=True)
class Kind:
    """Who speaks, how fast and high, for how many seconds, before which background."""

    name: str
    voice: str
    seconds: int
    rate: int
    pitch: int
    background: str


KINDS: Final = (
    Kind("talk1", "en-us", 300, 160, 50, "mixed"),
    Kind("talk2", "en+f2", 120, 150, 55, "clean"),
    Kind("talk3", "en-us+m3", 120, 170, 45, "noise"),
    Kind("talk4", "en-gb-x-rp+f4", 120, 155, 50, "music"),
    # A voice that training never heard.
    Kind("talk5", "en-us+Annie", 120, 165, 50, "hum"),
)
_INTERVALS: Final = (18, 40)
"""After which sentences of the first talk there is music alone."""
_SEED: Final = 7000


@dataclass
class Talk:
    """The samples of a talk, its sentences, and the seconds in which there is music alone."""

    samples: NDArray[np.float32]
    segments: list[dict[str, Any]] = field(default_factory=list)
    music_only: list[tuple[float, float]] = field(default_factory=list)


def speak(kind: Kind, chance: random.Random, speaker: Speaker, seen: set[str]) -> Talk:
    """A talk without its background."""
    count = kind.seconds * RATE
    talk = Talk(np.zeros(count, np.float32))
    time = chance.uniform(0.4, 1.5)
    while True:
        text, sound, words = _new_sentence(kind, chance, speaker, seen)
        length = words[-1][2]
        if time + length + 0.5 > kind.seconds:
            return talk
        begin = int(time * RATE)
        end = min(len(sound), count - begin, int((length + 0.08) * RATE))
        talk.samples[begin : begin + end] += sound[:end]
        time = begin / RATE
        talk.segments.append(
            {
                "text": text,
                "start": round(time, 3),
                "end": round(time + length, 3),
                "words": [
                    {"word": word, "start": round(time + a, 3), "end": round(time + b, 3)}
                    for word, a, b in words
                ],
            }
        )
        pause = _pause(chance)
        if kind.background == "mixed" and len(talk.segments) in _INTERVALS:
            pause = 14.0
            talk.music_only.append((round(time + length + 1, 2), round(time + length + 13, 2)))
        time += length + pause


def _new_sentence(
    kind: Kind, chance: random.Random, speaker: Speaker, seen: set[str]
) -> tuple[str, NDArray[np.float32], list[tuple[str, float, float]]]:
    while True:
        sentence = grammar.sentence(chance)
        text = grammar.text_of(sentence)
        if text in seen or len(sentence) < 3:
            continue
        try:
            rate = kind.rate + chance.randint(-8, 8)
            return text, *speaker.say(text, kind.voice, rate, kind.pitch)
        except ValueError:
            continue


def _pause(chance: random.Random) -> float:
    kind = chance.random()
    if kind < 0.5:
        return chance.uniform(0.25, 0.7)
    return chance.uniform(0.7, 1.8) if kind < 0.85 else chance.uniform(2, 4)


def background(kind: Kind, talk: Talk, chance: np.random.Generator) -> NDArray[np.float64]:
    """What is heard under a talk."""
    count = kind.seconds * RATE
    whole = np.zeros(count)
    level = np.sqrt(np.mean(talk.samples[np.abs(talk.samples) > 0.02] ** 2))

    def put(sound: NDArray[np.float64], begin: float, end: float, decibels: float) -> None:
        """Add a sound between two moments, so many decibels below the speech."""
        first, last = int(begin * RATE), int(end * RATE)
        sound = sound[: last - first]
        ramp = np.minimum(np.arange(len(sound)), np.arange(len(sound))[::-1]) / 8000.0
        loud = level / (np.sqrt(np.mean(sound**2)) + 1e-9) * 10 ** (-decibels / 20)
        whole[first : first + len(sound)] += sound * np.minimum(1, ramp) * loud

    if kind.background == "mixed":
        put(noise.coloured(chance, count, 0.5), 0, kind.seconds, 32)
        for begin, end in talk.music_only:
            put(noise.chords(chance, int((end - begin) * RATE)), begin, end, 10)
        late = kind.seconds - 90
        put(noise.chords(chance, 60 * RATE), late, late + 60, 20)
    elif kind.background == "noise":
        put(noise.coloured(chance, count, 0.5), 0, kind.seconds, 15)
    elif kind.background == "music":
        music = 0.6 * noise.chords(chance, count) + 0.6 * noise.beats(chance, count)
        put(music, 0, kind.seconds, 18)
    elif kind.background == "hum":
        put(noise.hum(chance, count), 0, kind.seconds, 25)
    return whole


def main() -> None:
    """Make and write the talks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("utterances", type=Path)
    parser.add_argument("output", type=Path)
    wanted = parser.parse_args()
    wanted.output.mkdir(parents=True, exist_ok=True)
    seen = {grammar.text_of(one.sentence) for one in utterances.load(wanted.utterances)}
    speaker = Speaker()
    for place, kind in enumerate(KINDS):
        talk = speak(kind, random.Random(_SEED + place), speaker, seen)
        mixed = talk.samples + background(kind, talk, np.random.default_rng(_SEED + place))
        mixed = (mixed / np.abs(mixed).max() * 0.8).astype(np.float32)
        path = wanted.output / f"{kind.name}.wav"
        soundfile.write(path, mixed, RATE, subtype="PCM_16")
        truth = {
            "duration": kind.seconds,
            "music_only": talk.music_only,
            "segments": talk.segments,
        }
        path.with_suffix(".json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
        words = sum(len(segment["words"]) for segment in talk.segments)
        print(kind.name, len(talk.segments), "sentences", words, "words")


if __name__ == "__main__":
    main()
