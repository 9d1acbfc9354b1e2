"""Who speaks when: windows of speech that sound alike are one speaker's."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vat.files import Record, StrPath, atomic_path
from vat.speech.voices import Vectors, VoiceEncoder, Voices, listen
from vat.timeline import Chunks, Interval

# Similarities are cosines. Two windows of one voice mostly have 0.65 to 0.8, of two voices 0.45 to
# 0.55, and their means 0.63; the limits were chosen between them, on dialogues built of recordings.
_SAME_WINDOW: Final = 0.66
_SAME_VOICE: Final = 0.72

_LEAST_SECONDS: Final = 3.0
"""Who speaks less than this in all is taken for the voice that is most alike."""

_TELLING_SECONDS: Final = 1.2
"""A shorter window founds no group of its own; its similarity to its own voice scatters widely."""

_CHANGE: Final = 0.1
"""How much more alike another voice has to be for a change inside a stretch of speech."""

_CHANGE_AFTER_PAUSE: Final = 0.03
_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Turn(Record):
    """A stretch in which one speaker speaks; times are seconds of video time."""

    start: float
    end: float
    speaker: str


@dataclass(frozen=True, slots=True)
class Speakers(Record):
    """Turns in order and apart: speakers.json. Labels count from S1 in the order of speaking."""

    turns: tuple[Turn, ...]


def find_speakers(speech: StrPath, chunks: Chunks, weights: str | Path, threads: int) -> Speakers:
    """The turns in a video's speech.

    Raises:
        ModelError: where the weights are not those of the voice encoder.
    """
    stretches = [stretch for stretch in chunks.speech if stretch[0] < stretch[1]]
    return turns_of(listen(Path(speech), stretches, VoiceEncoder(weights, threads)), stretches)


def turns_of(voices: Voices, stretches: Sequence[Interval]) -> Speakers:
    """The turns in stretches of speech, by how the windows in them sound."""
    if not voices.windows:
        return Speakers(())
    seconds = np.array([end - start for start, end in voices.windows])
    numbers = _by_time(voices, _means(voices.vectors, seconds))
    found, at = list[Turn](), 0
    for start, end in stretches:
        inside = at
        while at < len(voices.windows) and voices.windows[at][0] < end:
            at += 1
        middles = [sum(window) / 2 for window in voices.windows[inside:at]]
        edge = start
        for number, run in groupby(range(inside, at), key=lambda index: numbers[index]):
            last = max(run)
            until = end
            if last + 1 < at:
                until = round((middles[last - inside] + middles[last + 1 - inside]) / 2, 3)
            found.append(Turn(edge, until, str(number)))
            edge = until
    names: dict[str, str] = {}
    return Speakers(
        tuple(
            Turn(one.start, one.end, names.setdefault(one.speaker, f"S{len(names) + 1}"))
            for one in found
        )
    )


def write_rttm(path: StrPath, speakers: Speakers, name: str) -> None:
    """Write the turns as NIST's RTTM, which scorers and other tools read; seconds."""
    lines = [
        f"SPEAKER {name} 1 {one.start:.3f} {one.end - one.start:.3f} <NA> <NA> {one.speaker}"
        " <NA> <NA>\n"
        for one in speakers.turns
    ]
    with atomic_path(path) as part:
        part.write_text("".join(lines), encoding="utf-8")


def _means(vectors: Vectors, seconds: NDArray[np.float64]) -> Vectors:
    """How each speaker sounds on average; memory grows with the windows, not with their square."""
    means = vectors[:0]
    # A short window tells little, so only long ones found groups, the longest first.
    enough = min(_TELLING_SECONDS, float(seconds.max()))
    for at in np.argsort(-seconds, kind="stable"):
        if seconds[at] < enough:
            break
        if not len(means) or float((means @ vectors[at]).max()) < _SAME_WINDOW:
            means = np.vstack([means, vectors[at : at + 1]])
    for _ in range(_ROUNDS):
        means = _merged(_renewed(vectors, means, seconds))
    spoken = np.bincount((vectors @ means.T).argmax(1), seconds, len(means))
    kept: Vectors = means[(spoken >= _LEAST_SECONDS) | (spoken == spoken.max())]
    return kept


def _renewed(vectors: Vectors, means: Vectors, seconds: NDArray[np.float64]) -> Vectors:
    nearest = (vectors @ means.T).argmax(1)
    sums = [(vectors * seconds[:, None])[nearest == one].sum(0) for one in np.unique(nearest)]
    # The one who speaks most comes first, and takes in those who are like it.
    sums.sort(key=lambda one: -float(np.linalg.norm(one)))
    return np.array([one / np.linalg.norm(one) for one in sums], np.float32)


def _merged(means: Vectors) -> Vectors:
    kept = means[:1]
    for one in means[1:]:
        if float((kept @ one).max()) < _SAME_VOICE:
            kept = np.vstack([kept, one[None]])
    return kept


def _by_time(voices: Voices, means: Vectors) -> list[int]:
    """The speaker of each window: the most alike in all, where each change has its price."""
    alike = voices.vectors @ means.T
    best, origins = alike[0], []
    for at in range(1, len(alike)):
        paused = voices.windows[at][0] >= voices.windows[at - 1][1]
        change = best.max() - (_CHANGE_AFTER_PAUSE if paused else _CHANGE)
        stays = best >= change
        origins.append(np.where(stays, np.arange(len(means)), best.argmax()))
        best = np.where(stays, best, change) + alike[at]
    found = [int(best.argmax())]
    for origin in reversed(origins):
        found.append(int(origin[found[-1]]))
    return found[::-1]
