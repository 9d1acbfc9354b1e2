"""Cues one at a time, as MP4's tracks and many players want them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from vat.timeline import Cue

_LEAST_SECONDS: Final = 0.5
"""What would be shown for less is shown together with the cue that follows."""


def apart(cues: Sequence[Cue]) -> list[Cue]:
    """The cues, none of which begins before the one before it has ended; no text is lost.

    A cue ends where the next one begins. Where too little would be left of it, both are shown at
    once, one above the other.
    """
    found: list[Cue] = []
    for cue in sorted(cues, key=lambda one: (one.start, one.end)):
        last = found[-1] if found else None
        if last is None or cue.start >= last.end:
            found.append(cue)
        elif cue.start - last.start >= _LEAST_SECONDS:
            found[-1] = replace(last, end=cue.start)
            found.append(cue)
        else:
            text = f"{last.text}\n{cue.text}"
            # Whose each of the lines is cannot be told any more.
            speakers = last.speakers if last.speakers == cue.speakers else ()
            end = max(last.end, cue.end)
            found[-1] = replace(last, end=end, text=text, speakers=speakers)
    return [replace(cue, id=at) for at, cue in enumerate(found, 1)]
