"""Captions that roll up as on television: each line is repeated above the one that follows it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from vat.timeline import Cue

_MOMENT: Final = 0.05
"""Sites let a line roll up in a cue of 0.01 s."""

_SHARE: Final = 0.25
_LEAST: Final = 2
"""So many of the cues are such moments, where captions roll: every second one, or nearly."""


def unrolled(cues: Sequence[Cue]) -> list[Cue]:
    """The cues in time order; of captions that roll, each line once, when it appears."""
    moments = sum(
        after.end - after.start < _MOMENT and _repeated(before, after) == len(_lines(after))
        for before, after in pairwise(cues)
    )
    if moments < max(_LEAST, _SHARE * len(cues)):
        return list(cues)
    found: list[Cue] = []
    for before, cue in pairwise([None, *cues]):
        if cue is None:
            continue
        lines = _lines(cue)[_repeated(before, cue) if before else 0 :]
        if lines:
            found.append(replace(cue, text="\n".join(lines)))
        elif found and before and cue.start - before.end < _MOMENT:
            found[-1] = replace(found[-1], end=max(found[-1].end, cue.end))
    return found


def _repeated(before: Cue, cue: Cue) -> int:
    """How many of a cue's first lines are the last ones of the cue before it, which it follows."""
    if cue.start - before.end > _MOMENT:
        return 0
    last, lines = _lines(before), _lines(cue)
    counts = range(min(len(last), len(lines)), 0, -1)
    return next((count for count in counts if last[-count:] == lines[:count]), 0)


def _lines(cue: Cue) -> list[str]:
    return cue.text.split("\n")
