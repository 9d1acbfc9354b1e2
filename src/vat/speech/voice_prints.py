"""How the speakers of videos sound, kept so that a voice has the same label in every run.

They are the only thing about voices that stays: one file for each video in a folder of their own.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from vat.files import Record, locked
from vat.speech.voices import Vectors

_SAME_PERSON: Final = 0.76
"""Means of one voice in two dialogues of benchmarks/speakers.py have a cosine of 0.74 to 1 (median
0.99, the least where one of them is over babble), of two voices 0.75 at most (99 of 100: 0.72)."""

_LABEL: Final = re.compile(r"S([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class VoicePrint(Record):
    """How a speaker sounds on average, as a unit vector, and in how many seconds of speech.

    The vector is empty where that is not known.
    """

    label: str
    seconds: float
    vector: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class VoicePrints(Record):
    """The speakers of one video: {video}.json in the folder of voice prints."""

    prints: tuple[VoicePrint, ...]


def labels_of(
    found: Sequence[VoicePrint], folder: Path, video: str, *, across: bool
) -> dict[str, str]:
    """The label of each speaker that was found: the one that this voice had before, or a new one.

    `across` has the voices of all videos compared, which else are each video's own. What was found
    is kept in the folder, beside the voices of this video that were not found again.

    Raises:
        DamagedError: where a file of the folder is not what was written.
    """
    place = folder / ("series" if across else "videos")
    own = place / f"{video}.json"
    with locked(place / "lock"):
        files = sorted(place.glob("*.json")) if across else [own] if own.is_file() else []
        kept = {file.stem: VoicePrints.read(file).prints for file in files}
        labels = matched(found, [one for prints in kept.values() for one in prints])
        made = [replace(one, label=labels[one.label]) for one in found]
        gone = [one for one in kept.get(video, ()) if one.label not in labels.values()]
        VoicePrints((*made, *gone)).write(own)
    return labels


def matched(found: Sequence[VoicePrint], known: Iterable[VoicePrint]) -> dict[str, str]:
    """The label of each print among those that are known, the most alike first, else a new one."""
    voices = _means(known)
    pairs = sorted(
        (
            (-float(np.dot(one.vector, vector)), at, label)
            for at, one in enumerate(found)
            for label, vector in voices.items()
            if len(vector) == len(one.vector) > 0
        ),
    )
    labels = dict[str, str]()
    for likeness, at, label in pairs:
        if -likeness >= _SAME_PERSON and label not in labels.values():
            labels.setdefault(found[at].label, label)
    numbers = [int(said[1]) for one in voices if (said := _LABEL.fullmatch(one))]
    fresh = max(numbers, default=0)
    for one in found:
        if one.label not in labels:
            fresh += 1
            labels[one.label] = f"S{fresh}"
    return labels


def _means(prints: Iterable[VoicePrint]) -> Mapping[str, Vectors]:
    """How each label sounds in all videos, by how long it speaks in each."""
    sums = dict[str, Vectors]()
    for one in prints:
        weighted = np.array(one.vector, np.float32) * np.float32(max(one.seconds, 0.1))
        same = one.label in sums and sums[one.label].shape == weighted.shape
        sums[one.label] = sums[one.label] + weighted if same else weighted
    return {label: one / max(float(np.linalg.norm(one)), 1e-9) for label, one in sums.items()}
