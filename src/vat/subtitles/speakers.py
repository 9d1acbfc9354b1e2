"""Which speaker says which word."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import groupby

from vat.speech.speakers import Turn
from vat.timeline import Word


def speakers_of(words: Sequence[Word], turns: Sequence[Turn]) -> list[str]:
    """The speaker of each word: whose turn shares most of its time, else whose is nearest.

    `turns` are in order and apart. Without any, all words have the speaker "".
    """
    starts, ends = [turn.start for turn in turns], [turn.end for turn in turns]
    found = []
    for word in words:
        # The turns that share some of its time, and one on either side.
        first = max(bisect_left(ends, word.start) - 1, 0)
        near = turns[first : bisect_right(starts, word.end) + 1]
        best = max(
            near,
            key=lambda turn: min(turn.end, word.end) - max(turn.start, word.start),
            default=None,
        )
        found.append(best.speaker if best else "")
    return found


def by_speaker(words: Sequence[Word], turns: Sequence[Turn]) -> list[list[Word]]:
    """The words in runs of one speaker each; all of them, in their order."""
    pairs = zip(speakers_of(words, turns), words, strict=True)
    return [[word for _, word in run] for _, run in groupby(pairs, key=lambda pair: pair[0])]
