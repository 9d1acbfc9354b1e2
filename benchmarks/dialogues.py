"""Dialogues of real recordings: who speaks when is known, since they are put together here."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final

import numpy as np

from tests.helpers.real_talks import RATE, Clip, Sound, clips

BEDS: Final = ("music", "noise")
_LEVEL: Final = 0.05
_HISS: Final = 2e-4
_SILENT: Final = 10 ** (-35 / 20)
"""What is so much softer than the loudest part of a recording lies before or after its speech."""

_SPOKEN: Final = 10 ** (-25 / 20)
"""A word is at least as loud, beside the loudest moment of its turn."""

_PAUSE_FRAMES: Final = 15
"""0.3 s: NIST's evaluations take a shorter pause for none, and in a longer one nobody speaks."""

_FAINT: Final = 35.0
_ABOVE_HISS: Final = 8.0
_LEAST_CONTRAST: Final = 15.0
"""Decibels: in a pause it is so much softer than the loudest moments, or hardly louder than the
softest ones if these are so much softer."""

_FRAME: Final = RATE // 50
_WORD_SECONDS: Final = 0.3
_LONGEST: Final = 6.0
_SHORTEST: Final = 1.5


@dataclass(frozen=True)
class Said:
    """A turn, or a word of it, between two moments in seconds."""

    start: float
    end: float
    speaker: str


@dataclass
class Dialogue:
    """A sound, its turns, and its words as far as the benchmark needs them: when, and whose.

    `spoken` are the turns without the pauses that people make inside them.
    """

    name: str
    sound: Sound
    turns: list[Said] = field(default_factory=list)
    spoken: list[Said] = field(default_factory=list)
    words: list[Said] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.sound) / RATE

    @property
    def speakers(self) -> int:
        """How many people speak."""
        return len({turn.speaker for turn in self.turns})


Voices = Mapping[str, Sequence[Sound]]


def voices_of(folder: Path) -> tuple[Voices, Voices, Mapping[str, Sound]]:
    """Who speaks in the clips of a folder, in English and in others, and the sounds for a bed.

    Clips whose names differ in a last number are one person's. Those named as dialogues are left
    out: they have several.
    """
    english, others = dict[str, list[Sound]](), dict[str, list[Sound]]()
    beds = dict[str, Sound]()
    for name, clip in clips(folder).items():
        who = re.sub(r"(?<=\d)-\d+$", "", name.partition(".")[0])
        if clip.language in BEDS:
            beds[clip.language] = clip.sound
        elif "dialogue" not in name:
            group = english if clip.language == "en" else others
            group.setdefault(who, []).append(_speech(clip))
    return english, others, beds


def _speech(clip: Clip) -> Sound:
    """A clip without the silence around its speech, at the level of all others."""
    sound = clip.sound
    frames = sound[: len(sound) // _FRAME * _FRAME].reshape(-1, _FRAME)
    loud = np.sqrt(np.mean(frames**2, axis=1))
    heard = np.flatnonzero(loud > loud.max() * _SILENT)
    kept = sound[heard[0] * _FRAME : (heard[-1] + 1) * _FRAME]
    return np.asarray(kept / np.sqrt(np.mean(kept**2)) * _LEVEL, np.float32)


def talk(
    name: str,
    voices: Voices,
    seconds: float,
    seed: int,
    bed: Sound | None = None,
    decibels: float = 10.0,
    overlap: float = 0.0,
    longest: float = _LONGEST,
) -> Dialogue:
    """People in turns of 1.5 to 6 s, with pauses of 0.1 to 2 s, over a bed that is so much softer.

    A turn never follows one of the same person, where there are several. `overlap` is the share of
    turns that begin up to a second before the one before them ends. `longest` is that of turns, in
    seconds; a recording that is shorter may be said as a whole.
    """
    chance = np.random.default_rng(seed)
    sound, found, at, last = np.zeros(0, np.float32), Dialogue(name, np.zeros(0, np.float32)), 0, ""
    while at < seconds * RATE:
        others = [one for one in voices if one != last] or [*voices]
        last = others[chance.integers(len(others))]
        piece = _piece(voices[last], chance, longest)
        end = at + len(piece)
        sound = np.pad(sound, (0, max(end - len(sound), 0)))
        sound[at:end] += piece
        found.turns.append(Said(at / RATE, end / RATE, last))
        found.spoken += _spoken(piece, at / RATE, last)
        found.words += _words(piece, at / RATE, last)
        if chance.random() < overlap:
            at = end - int(chance.uniform(0.4, 1.0) * RATE)
        else:
            at = end + int(chance.uniform(0.1, 2.0) * RATE)
    found.sound = sound + chance.standard_normal(len(sound), np.float32) * np.float32(_HISS)
    if bed is not None:
        under = np.resize(bed, len(sound))
        scale = _LEVEL * 10 ** (-decibels / 20) / np.sqrt(np.mean(under**2))
        found.sound = np.asarray(found.sound + under * scale, np.float32)
    return found


def _piece(recordings: Sequence[Sound], chance: np.random.Generator, longest: float) -> Sound:
    whole = recordings[int(chance.integers(len(recordings)))]
    length = int(chance.uniform(_SHORTEST, longest) * RATE)
    first = int(chance.integers(max(len(whole) - length, 0) + 1))
    return whole[first : first + length]


def _spoken(piece: Sound, start: float, speaker: str) -> Iterator[Said]:
    """The stretches of a turn between its pauses."""
    frames = piece[: len(piece) // _FRAME * _FRAME].reshape(-1, _FRAME)
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    loud, hiss = np.percentile(level, [95, 3])
    faint = level < max(loud - _FAINT, min(hiss + _ABOVE_HISS, loud - _LEAST_CONTRAST))
    runs = [(quiet, len([*run])) for quiet, run in groupby(faint.tolist())]
    first = at = 0
    # The last stretch ends as if a pause followed.
    for quiet, length in [*runs, (True, _PAUSE_FRAMES)]:
        if quiet and length >= _PAUSE_FRAMES:
            if at > first:
                yield Said(start + first * _FRAME / RATE, start + at * _FRAME / RATE, speaker)
            first = at + length
        at += length


def _words(piece: Sound, start: float, speaker: str) -> Iterator[Said]:
    """Words one after another at an even pace, where a turn is not silent."""
    edges = np.linspace(0, len(piece), max(round(len(piece) / RATE / _WORD_SECONDS), 1) + 1)
    loud = np.abs(piece).max() * _SPOKEN
    for first, last in pairwise(edges.astype(int)):
        if np.sqrt(np.mean(piece[first:last] ** 2)) > loud:
            yield Said(start + first / RATE, start + last / RATE, speaker)


def dialogues(voices: Voices, beds: Mapping[str, Sound], seed: int) -> Iterator[Dialogue]:
    """What the benchmark is about, of one half of the voices."""
    names = [*voices]
    for at in (0, 1):
        yield talk("one speaker", {names[at]: voices[names[at]]}, 120, seed + at)

    def some(first: int, count: int) -> Voices:
        return {one: voices[one] for one in (names * 2)[first : first + count]}

    yield talk("two", some(0, 2), 180, seed + 2)
    yield talk("two", some(2, 2), 180, seed + 3)
    yield talk("three", some(1, 3), 180, seed + 4)
    yield talk("two over music", some(0, 2), 180, seed + 5, beds["music"])
    yield talk("three over babble", some(0, 3), 180, seed + 6, beds["noise"])
    yield talk("five", some(0, 5), 240, seed + 7)
    yield talk("four, ten minutes", some(0, 4), 600, seed + 8)
    yield talk("two, every third turn over another", some(0, 2), 180, seed + 9, overlap=0.33)
