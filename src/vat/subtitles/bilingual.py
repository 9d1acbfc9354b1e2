"""Two languages in one subtitle: which lines are shown together, and for how long."""

from collections.abc import Sequence
from itertools import pairwise

from vat.subtitles.track import BILINGUAL, Track, lines_of
from vat.timeline import Cue


def pair(upper: Track, lower: Track) -> Track:
    """The cues of two languages as one track: at every moment both texts, the upper one first.

    Within each language cues are in order of time and do not overlap. Where both have the same
    times, as a translation has, pair by pair is one cue; elsewhere a cue ends wherever one of the
    two changes. Times are taken to the millisecond.
    """
    first, second = _rounded(upper.cues), _rounded(lower.cues)
    moments = sorted({time for cue in (*first, *second) for time in (cue.start, cue.end)})
    cues, upper_lines = list[Cue](), list[int]()
    above = below = 0
    for start, end in pairwise(moments):
        above, over = _shown(first, above, start)
        who = first[above].speakers if over else ()
        below, under = _shown(second, below, start)
        if over or under:
            text, voices = "\n".join([*over, *under]), who if len(who) == 1 else ()
            cues.append(Cue(len(cues) + 1, start, end, text, speakers=voices))
            upper_lines.append(len(over))
    drawings = upper.drawings or lower.drawings
    told = upper_lines, drawings, upper.speakers, upper.prefix
    return Track(upper.language, cues, BILINGUAL, lower.language, *told)


def _rounded(cues: Sequence[Cue]) -> list[Cue]:
    return [
        Cue(cue.id, round(cue.start, 3), round(cue.end, 3), cue.text, speakers=cue.speakers)
        for cue in cues
    ]


def _shown(cues: Sequence[Cue], number: int, time: float) -> tuple[int, list[str]]:
    """The lines at a moment, and from which cue on to look at later ones."""
    while number < len(cues) and cues[number].end <= time:
        number += 1
    there = number < len(cues) and cues[number].start <= time
    return number, lines_of(cues[number].text) if there else []
