"""Two people in one subtitle: a line each, behind a dash."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import columns, one_line
from vat.timeline import Cue

DASH: Final = "- "
"""A hyphen and a blank, as Netflix's guides ask for in most languages."""

_PAUSE_SECONDS: Final = 0.5
"""Speech that follows after a longer pause is not read before it is heard."""


def with_dialogues(cues: Sequence[Cue], settings: CueSettings) -> list[Cue]:
    """The cues, where a short one and another speaker's next to it are shown together.

    That is done where one of the two cannot be read in its time, and both can as two lines.
    """
    found = list[Cue]()
    for cue in cues:
        both = _together(found[-1], cue, settings) if found else None
        if both is not None:
            found[-1] = both
        else:
            found.append(cue)
    return [replace(cue, id=at) for at, cue in enumerate(found, 1)]


def is_dialogue(cue: Cue) -> bool:
    """Whether a cue has two speakers, a line each behind a dash.

    Two lines without may be all one person's: a user has written them, and who speaks is not told.
    """
    lines = _lines(cue.text)
    dashed = all(line.startswith(DASH.strip()) for line in lines)
    return len(cue.speakers) == len(lines) == 2 and dashed and all(said_by_each(cue.text))


def said_by_each(text: str) -> list[str]:
    """What each of the lines of a dialogue says, without its dash."""
    return [line.removeprefix(DASH.strip()).strip() for line in _lines(text)]


def dialogue(said: Sequence[str]) -> str:
    """The text of a dialogue, a line for each speaker."""
    return "\n".join(DASH + one_line(one) for one in said)


def parted(cue: Cue) -> list[Cue]:
    """A cue for each speaker of one; the second has its number with a minus."""
    if not is_dialogue(cue):
        return [cue]
    middle = round((cue.start + cue.end) / 2, 3)
    first, second = said_by_each(cue.text)
    return [
        replace(cue, end=middle, text=first, speakers=cue.speakers[:1]),
        replace(cue, id=-cue.id, start=middle, text=second, speakers=cue.speakers[1:]),
    ]


def is_half(cues: Sequence[Cue], at: int) -> bool:
    """Whether the cue at an index is one of two that `parted` has made of one."""
    return cues[at].id < 0 or (at + 1 < len(cues) and cues[at + 1].id == -cues[at].id)


def layout_of_half(layout: CueSettings) -> CueSettings:
    """The limits of what one of two people says: a line, less its dash."""
    return replace(layout, max_lines=1, max_columns=layout.max_columns - columns(DASH))


def rejoined(cues: Sequence[Cue]) -> list[Cue]:
    """The cues that `parted` has parted as they were, each half with what it says now."""
    found = list[Cue]()
    for cue in cues:
        if cue.id < 0:
            first = found.pop()
            text = dialogue([first.text, cue.text])
            speakers = (*first.speakers, *cue.speakers)
            found.append(replace(first, end=cue.end, text=text, speakers=speakers))
        else:
            found.append(cue)
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _together(one: Cue, other: Cue, settings: CueSettings) -> Cue | None:
    """Two cues as a dialogue; None where they are none, or nothing is won by it."""
    apart = len(one.speakers) == len(other.speakers) == 1 and one.speakers != other.speakers
    if not apart or settings.max_lines < 2 or one.language != other.language:
        return None
    text = dialogue([one.text, other.text])
    both = replace(one, end=other.end, text=text, speakers=(*one.speakers, *other.speakers))
    fits = all(columns(line) <= settings.max_columns for line in text.splitlines())
    near = other.start - one.end <= _PAUSE_SECONDS
    short = both.end - both.start <= settings.max_seconds
    lack = _lack(one, settings) + _lack(other, settings)
    return both if fits and near and short and lack > _lack(both, settings) else None


def _lack(cue: Cue, settings: CueSettings) -> float:
    """Seconds that a cue would need to be read, beyond those that it has."""
    width = sum(columns(line) for line in cue.text.splitlines())
    needed = max(settings.min_seconds, width / settings.max_columns_per_second)
    return max(needed - (cue.end - cue.start), 0.0)
