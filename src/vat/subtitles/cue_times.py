"""When a cue comes and goes: with its words, and long enough to be read where there is room."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from vat.subtitles.limits import CueSettings
from vat.timeline import Cue

COMFORT: Final = 0.85
"""The part of the highest reading speed at which reading is comfortable: 17 of 20 characters per
second, the lower and the upper limit of Netflix's guides for adult programmes in Latin script."""

MOST_COLUMNS_PER_SECOND: Final = 51.0
"""Thrice a comfortable speed, faster than anyone speaks. Only words with wrong times, such as a
dozen at one moment, come near it; their cues keep to it all the same, and the next ones start
later than their words."""

BRIDGED_SECONDS: Final = 0.5
"""A shorter time without subtitle flickers; the cue before it stays until the next one comes, as
Netflix's guide asks for gaps of 3 to 11 frames."""


@dataclass(frozen=True, slots=True)
class Group:
    """The words of a cue: when they begin and end, their lines, and their width in columns."""

    start: float
    end: float
    text: str
    width: int


def read_seconds(width: int, settings: CueSettings) -> float:
    """How long a text of this width is read in comfort."""
    return width / (COMFORT * settings.max_columns_per_second)


def timed(groups: Sequence[Group], settings: CueSettings, duration: float) -> list[Cue]:
    """The groups as cues, in order and apart, none after `duration`.

    Between two cues lies the minimum gap, less only where words come faster than anyone speaks.
    """
    cues: list[Cue] = []
    for index, group in enumerate(groups):
        start = max(group.start, cues[-1].end if cues else 0.0)
        wanted = start + max(settings.min_seconds, read_seconds(group.width, settings))
        longest = start + settings.max_seconds
        end = min(max(group.end, wanted), longest)
        if index + 1 < len(groups):
            following = groups[index + 1].start
            if end > following - max(BRIDGED_SECONDS, settings.min_gap_seconds):
                end = min(following - settings.min_gap_seconds, longest)
        end = max(end, start + _least_seconds(group.width, settings))
        cues.append(Cue(index + 1, start, end, group.text))
    least = [_least_seconds(group.width, settings) for group in groups]
    return _rounded(_within(cues, least, duration))


def _least_seconds(width: int, settings: CueSettings) -> float:
    return min(width / MOST_COLUMNS_PER_SECOND, settings.max_seconds)


def _within(cues: Sequence[Cue], least: Sequence[float], duration: float) -> list[Cue]:
    """Let the last cues end with the video; where that leaves no time, they start earlier."""
    moved, limit = list(cues), duration
    for index in range(len(cues) - 1, -1, -1):
        cue = cues[index]
        if cue.end <= limit:
            break
        latest = max(limit - least[index], 0.0)
        moved[index] = replace(cue, start=min(cue.start, latest), end=limit)
        limit = moved[index].start
    return moved


def _rounded(cues: Sequence[Cue]) -> list[Cue]:
    """Round to milliseconds, which may neither overlap cues nor leave one without length."""
    rounded: list[Cue] = []
    for cue in cues:
        start = max(round(cue.start, 3), rounded[-1].end if rounded else 0.0)
        rounded.append(
            replace(cue, start=start, end=max(round(cue.end, 3), round(start + 0.001, 3)))
        )
    return rounded
