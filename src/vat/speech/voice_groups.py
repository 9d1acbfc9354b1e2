"""Windows of speech that sound alike are one voice's; memory grows with them, not their square."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vat.speech.voices import Vectors, Voices

# Similarities are cosines. Two windows of one voice mostly have 0.65 to 0.8, of two voices 0.45 to
# 0.55; the means of two voices have 0.45 to 0.7, over babble up to 0.8. The limits lie amid those
# with which the dialogues of benchmarks/speakers.py have as many speakers as there are.
_SAME_WINDOW: Final = 0.68
_SAME_VOICE: Final = 0.76

_LEAST_SECONDS: Final = 3.0
"""Who speaks less than this in all has no voice of its own, but the one that is most alike."""

_LEAST_SHARE: Final = 0.002
"""Nor has a smaller share of the speech: in hours of one voice, some windows are odd."""

_TELLING_SECONDS: Final = 1.2
"""How shorter windows sound tells more of their length than of a voice: those of a third of a
second are as unlike the others of their voice (0.72) as another voice is."""

_MOST_GROUPS: Final = 200
"""Noise that is taken for speech sounds like nothing else; more groups than this are no people."""

_CHANGE: Final = 0.1
"""How much more alike another voice has to be for a change inside a stretch of speech."""

_CHANGE_AFTER_PAUSE: Final = 0.03
_ROUNDS: Final = 5
_STRICTER: Final = 0.03
"""By so much limits rise, again and again, where more voices are known to be there."""

_STRICTEST: Final = 0.96

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Groups:
    """The voices in windows of speech.

    `means` is how each sounds, a row each; `numbers` whose each window is, an index of a row;
    `alike` how much each window sounds like each voice, and `margins` by how much more it does like
    its own than like any other; 1 for one.
    """

    means: Vectors
    numbers: list[int]
    alike: Vectors
    margins: Numbers


def grouped(voices: Voices, least: int = 1, most: int | None = None) -> Groups:
    """The voices in windows; at least and at most so many, as far as the windows have them."""
    lengths = np.array([end - start for start, end in voices.windows])
    telling = lengths >= min(_TELLING_SECONDS, float(lengths.max()))
    vectors, seconds = voices.vectors[telling], lengths[telling]
    means = _means(vectors, seconds, _SAME_WINDOW, _SAME_VOICE)
    stricter = _STRICTER
    while len(means) < least and _SAME_VOICE + stricter < _STRICTEST:
        limits = _SAME_WINDOW + stricter, _SAME_VOICE + stricter
        means = _means(vectors, seconds, *limits)
        stricter += _STRICTER
        # More than are known to be there, found by force alone, are none.
        most = least if len(means) >= least else most
    while most is not None and len(means) > most:
        means = _without_closest(vectors, means, seconds)
    # How many there are is known by now, so shorter ones may tell how each sounds in them.
    means = _renewed(voices.vectors, means, lengths)
    alike = voices.vectors @ means.T
    numbers = _by_time(voices, alike)
    return Groups(means, numbers, alike, _margins(alike, numbers))


def _margins(alike: Vectors, numbers: list[int]) -> Numbers:
    rows, others = np.arange(len(numbers)), alike.copy()
    others[rows, numbers] = -1
    found: Numbers = np.minimum(alike[rows, numbers] - others.max(1), 1).astype(np.float64)
    return found


def _means(vectors: Vectors, seconds: Numbers, same_window: float, same_voice: float) -> Vectors:
    """How each speaker sounds on average."""
    founders, nearest = list[int](), np.full(len(vectors), -1.0, np.float32)
    for at in np.argsort(-seconds, kind="stable").tolist():
        if len(founders) == _MOST_GROUPS:
            break
        if nearest[at] < same_window:
            founders.append(at)
            nearest = np.maximum(nearest, vectors @ vectors[at])
    means = vectors[founders]
    for _ in range(_ROUNDS):
        means = _merged(_renewed(vectors, means, seconds), same_voice)
    spoken = np.bincount((vectors @ means.T).argmax(1), seconds, len(means))
    least = max(_LEAST_SECONDS, _LEAST_SHARE * float(spoken.sum()))
    kept: Vectors = means[(spoken >= least) | (spoken == spoken.max())]
    return kept


def _renewed(vectors: Vectors, means: Vectors, seconds: Numbers) -> Vectors:
    nearest = (vectors @ means.T).argmax(1)
    weighted = vectors * seconds[:, None]
    sums = [weighted[nearest == one].sum(0) for one in np.unique(nearest)]
    # The one who speaks most comes first, and takes in those who are like it.
    sums.sort(key=lambda one: -float(np.linalg.norm(one)))
    return np.array([one / np.linalg.norm(one) for one in sums], np.float32)


def _merged(means: Vectors, same_voice: float) -> Vectors:
    kept = means[:1]
    for one in means[1:]:
        if float((kept @ one).max()) < same_voice:
            kept = np.vstack([kept, one[None]])
    return kept


def _without_closest(vectors: Vectors, means: Vectors, seconds: Numbers) -> Vectors:
    """One voice fewer: of the two most alike, the one that speaks less becomes the other."""
    alike = means @ means.T - 2 * np.eye(len(means), dtype=np.float32)
    pair = np.unravel_index(int(alike.argmax()), alike.shape)
    kept = np.delete(means, max(map(int, pair)), axis=0)
    return _renewed(vectors, kept, seconds)


def _by_time(voices: Voices, alike: Vectors) -> list[int]:
    """The speaker of each window: the most alike in all, where each change has its price."""
    best, origins = alike[0], []
    for at in range(1, len(alike)):
        paused = voices.windows[at][0] >= voices.windows[at - 1][1]
        change = best.max() - (_CHANGE_AFTER_PAUSE if paused else _CHANGE)
        stays = best >= change
        origins.append(np.where(stays, np.arange(alike.shape[1]), best.argmax()))
        best = np.where(stays, best, change) + alike[at]
    found = [int(best.argmax())]
    for origin in reversed(origins):
        found.append(int(origin[found[-1]]))
    return found[::-1]
