"""Spoken sentences to train on, as they lie in a file: words, their times, and log-mel power."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tiny.recogniser import grammar


@dataclass(frozen=True)
class Utterance:
    """A spoken sentence: when each word starts and ends, in seconds, and its log-mel power."""

    sentence: grammar.Sentence
    times: list[tuple[float, float]]
    mel: NDArray[np.float16]

    @property
    def seconds(self) -> float:
        """When its last word ends."""
        return self.times[-1][1]


def save(path: Path, utterances: Sequence[Utterance]) -> None:
    """Write utterances to one file."""
    said = [[one.sentence, one.times, one.mel.shape[1]] for one in utterances]
    mel = np.concatenate([one.mel for one in utterances], axis=1)
    np.savez(path, said=np.array(json.dumps(said)), mel=mel)


def load(path: Path) -> list[Utterance]:
    """Read the utterances of one file."""
    with np.load(path) as stored:
        said, mel = json.loads(str(stored["said"])), stored["mel"]
    found, begin = [], 0
    for sentence, times, count in said:
        part = mel[:, begin : begin + count]
        pairs = [(word, mark) for word, mark in sentence]
        found.append(Utterance(pairs, [(start, end) for start, end in times], part))
        begin += count
    return found
