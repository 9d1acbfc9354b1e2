"""How well a talk was heard: words, starts of phrases, and words where nobody speaks."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tests.helpers.real_talks import Talk
from vat.subtitles.chinese import converted
from vat.timeline import Interval

_BY_CHARACTER = ("zh", "ja", "yue")
_SLACK_SECONDS = 0.5


class Timed(Protocol):
    """A word with its time, in seconds."""

    @property
    def text(self) -> str:
        """The word as it is written."""

    @property
    def start(self) -> float:
        """When it begins."""

    @property
    def end(self) -> float:
        """When it ends."""


@dataclass(frozen=True)
class Score:
    """Errors in a talk of `said` words (characters in Chinese and Japanese).

    `start_errors` are in seconds, one for each phrase after a pause whose first word was heard;
    `invented` are words where nobody speaks.
    """

    said: int
    wrong: int
    missing: int
    added: int
    invented: int
    start_errors: Sequence[float]

    @property
    def error_percent(self) -> float:
        """Word or character error rate."""
        return 100 * (self.wrong + self.missing + self.added) / max(1, self.said)

    def start_error(self, percent: float) -> float:
        """A percentile of the starts' absolute errors, in seconds."""
        errors = np.abs(self.start_errors)
        return float(np.percentile(errors, percent)) if len(errors) else 0.0


def tokens(text: str, language: str) -> list[str]:
    """A text as it is compared: without case and marks, titles in full, Chinese simplified."""
    folded = (
        unicodedata.normalize("NFKC", text)
        .casefold()
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    )
    if language == "zh":
        (folded,) = converted([folded], "zh-hans", same_words=True)
    if language in _BY_CHARACTER:
        return [character for character in folded if character.isalnum()]
    folded = re.sub(r"\bmr\b\.?", "mister", folded)
    words = (re.sub(r"\W", "", word) for word in re.split(r"[\s\N{EN DASH}-]+", folded))
    return [word for word in words if word]


def score(talk: Talk, words: Sequence[Timed], speech: Sequence[Interval]) -> Score:
    """Compare words with what a talk says; `speech` tells when its phrases begin."""
    said = [(t, n) for n, s in enumerate(talk.sentences) for t in tokens(s.text, talk.language)]
    heard = [(t, n) for n, word in enumerate(words) for t in tokens(word.text, talk.language)]
    steps = list(alignment([t for t, _ in said], [t for t, _ in heard]))
    same = {i: j for i, j in steps if i is not None and j is not None and said[i][0] == heard[j][0]}
    first = {n: i for i, (_, n) in reversed(list(enumerate(said)))}
    errors = list[float]()
    for number, sentence in enumerate(talk.sentences):
        near = (sentence.start - 0.05, sentence.start + 1.0)
        onset = next((a for a, _ in speech if near[0] <= a <= near[1]), None)
        if onset is not None and first.get(number) in same:
            errors.append(words[heard[same[first[number]]][1]].start - onset)
    return Score(
        said=len(said),
        wrong=sum(i is not None and j is not None for i, j in steps) - len(same),
        missing=sum(j is None for _, j in steps),
        added=sum(i is None for i, _ in steps),
        invented=sum(_is_outside(word, talk) for word in words),
        start_errors=errors,
    )


def _is_outside(word: Timed, talk: Talk) -> bool:
    middle = (word.start + word.end) / 2
    return any(a + _SLACK_SECONDS < middle < b - _SLACK_SECONDS for a, b in talk.silence)


def alignment(said: Sequence[str], heard: Sequence[str]) -> Iterator[tuple[int | None, int | None]]:
    """Pairs of indices by which one list becomes the other in the fewest steps, from the end.

    None stands for a word that is missing in the other list.
    """
    costs = np.zeros((len(said) + 1, len(heard) + 1), int)
    costs[:, 0], costs[0, :] = np.arange(len(said) + 1), np.arange(len(heard) + 1)
    columns = np.arange(len(heard) + 1)
    for i, word in enumerate(said, 1):
        change = costs[i - 1, :-1] + np.array([word != other for other in heard], int)
        costs[i, 1:] = np.minimum(costs[i - 1, 1:] + 1, change)
        # One too many comes from the left: the running minimum of what precedes.
        costs[i] = np.minimum.accumulate(costs[i] - columns) + columns
    i, j = len(said), len(heard)
    while i or j:
        differs = bool(i and j) and said[i - 1] != heard[j - 1]
        if i and j and costs[i, j] == costs[i - 1, j - 1] + differs:
            i, j = i - 1, j - 1
            yield i, j
        elif i and costs[i, j] == costs[i - 1, j] + 1:
            i -= 1
            yield i, None
        else:
            j -= 1
            yield None, j
