"""Subtitles that come and go with the picture: edges near a cut go to it."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from vat.media.shots import Shots
from vat.subtitles.limits import CueSettings
from vat.timeline import Cue

FRAMES: Final = 12
"""How near a cut is near: Netflix's guide for timing to shot changes has half a second, too."""

LEAST_SECONDS: Final = 5 / 6
"""No subtitle becomes shorter by it: the minimum of the same guide, 20 frames at 24 per second."""


def at_shots(
    cues: Sequence[Cue], shots: Shots, settings: CueSettings, duration: float
) -> list[Cue]:
    """The cues, whose edges within 12 frames of a cut are on it; ends leave the gap before it.

    A subtitle that would get too short or too long, or come too near to its neighbour, keeps its
    edge. None ends after `duration`.
    """
    near, found = FRAMES * shots.frame_seconds, list(cues)
    for at, cue in enumerate(found):
        start = _nearest(cue.start, shots.begins, near)
        moved = replace(cue, start=start)
        before = found[at - 1] if at else None
        if before is not None and before.end > start - _gap(before, cue, settings):
            # It would stay until after the cut, and leaves with the shot.
            shorter = replace(before, end=round(start - settings.min_gap_seconds, 3))
            if before.end - shorter.end > near or not _fits(shorter, before, settings):
                continue
            before = shorter
        if start != cue.start and _fits(moved, cue, settings):
            found[at] = moved
            if before is not None:
                found[at - 1] = before
    for at, cue in enumerate(found):
        end = _nearest(cue.end, shots.begins, near)
        moved = replace(cue, end=round(end - settings.min_gap_seconds, 3))
        latest = duration
        if at + 1 < len(found):
            latest = round(found[at + 1].start - _gap(cue, found[at + 1], settings), 3)
        if end != cue.end and moved.end <= latest and _fits(moved, cue, settings):
            found[at] = moved
    return found


def _gap(cue: Cue, following: Cue, settings: CueSettings) -> float:
    """What has to lie between two cues: no more than already does."""
    return min(settings.min_gap_seconds, max(following.start - cue.end, 0.0))


def _fits(moved: Cue, cue: Cue, settings: CueSettings) -> bool:
    least = min(LEAST_SECONDS, cue.end - cue.start)
    return least <= moved.end - moved.start <= max(settings.max_seconds, cue.end - cue.start)


def _nearest(moment: float, shots: Sequence[float], near: float) -> float:
    """The nearest cut; the moment itself where none is near."""
    at = bisect_left(shots, moment)
    around = [shot for shot in shots[max(at - 1, 0) : at + 1] if abs(shot - moment) <= near]
    return min(around, key=lambda shot: abs(shot - moment), default=moment)
