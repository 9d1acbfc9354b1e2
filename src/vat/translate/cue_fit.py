"""How a text fits its cue: columns, and the time to read it."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

from vat.subtitles.cue_times import COMFORT
from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import columns, phrase_ends
from vat.subtitles.sentences import ends_clause
from vat.timeline import Cue

_TOLERANCE: Final = 1.15
"""A text this much wider than its room is not worth another request."""

_LEAST_ROOM: Final = 12
_CLAUSE_BONUS: Final = 0.2


def wide(layout: CueSettings) -> int:
    """Columns that a subtitle holds."""
    return layout.max_columns * layout.max_lines


def room(cue: Cue, layout: CueSettings) -> int:
    """Columns that can be shown in a cue and read in its time."""
    readable = round((cue.end - cue.start) * COMFORT * layout.max_columns_per_second)
    return min(wide(layout), max(readable, _LEAST_ROOM))


def is_too_long(text: str, cue: Cue, layout: CueSettings) -> bool:
    """Whether a text is clearly more than its cue has room for."""
    return columns(text) > _TOLERANCE * room(cue, layout)


def divide(text: str, language: str, shares: Sequence[float]) -> list[str] | None:
    """The text in consecutive parts whose widths are about as `shares`, cut between phrases.

    Clause ends are preferred. None where the text has not enough places to cut.
    """
    places = [at for at in phrase_ends(text, language) if text[:at].strip() and text[at:].strip()]
    if len(places) < len(shares) - 1:
        return None
    width = [columns(text[:at]) / max(columns(text), 1) for at in places]
    cuts: list[int] = []
    for number, wanted in enumerate(list(accumulate(shares))[:-1]):
        first = bisect_left(places, cuts[-1] + 1) if cuts else 0
        last = len(places) - (len(shares) - 2 - number)
        at = min(
            range(first, last),
            key=lambda one: (
                abs(width[one] - wanted / sum(shares))
                - (_CLAUSE_BONUS if ends_clause(text[: places[one]].rstrip()) else 0)
            ),
        )
        cuts.append(places[at])
    return [text[a:b].strip() for a, b in pairwise([0, *cuts, len(text)])]
