"""Trimming: words end where the voice ends, so that a subtitle comes when somebody speaks."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from vat.timeline import Interval, Word

INNER_PAUSE_SECONDS: Final = 0.3
"""Up to this long a word may be silent inside: the stop before a plosive, a held breath."""

LEAST_SECONDS: Final = 0.1
"""No word is trimmed to less: the detection hears the begin and the end of a faint voice late."""


def trimmed(words: Sequence[Word], speech: Sequence[Interval]) -> list[Word]:
    """The words, each without the silence that it holds before or after its voice.

    Whisper lets the first word of a phrase begin where the phrase before ended, and the last one
    end where the next begins. Of the stretches of speech under a word it keeps that which fills
    most of it. A word with no speech under it stays as it is. Both sequences and the result are
    ordered by start.
    """
    voiced = _joined(speech)
    starts = [start for start, _ in voiced]
    ends = [end for _, end in voiced]
    found = list[Word]()
    for word in words:
        under = voiced[bisect_right(ends, word.start) : bisect_left(starts, word.end)]
        parts = [(max(word.start, a), min(word.end, b)) for a, b in under]
        if not parts:
            found.append(word)
            continue
        start, end = _lengthened(max(parts, key=lambda part: part[1] - part[0]), word)
        found.append(replace(word, start=round(start, 3), end=round(end, 3)))
    return sorted(found, key=lambda word: word.start)


def _lengthened(part: Interval, word: Word) -> Interval:
    """A part of a word, with as much of its surroundings as makes it long enough."""
    lack = LEAST_SECONDS - (part[1] - part[0])
    if lack <= 0:
        return part
    start = max(word.start, part[0] - lack)
    return start, max(part[1], min(word.end, start + LEAST_SECONDS))


def _joined(speech: Sequence[Interval]) -> list[Interval]:
    """The stretches of speech, those apart by less than a word may be silent as one."""
    found = list[Interval]()
    for start, end in speech:
        if found and start - found[-1][1] <= INNER_PAUSE_SECONDS:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found
