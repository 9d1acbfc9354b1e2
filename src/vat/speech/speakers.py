"""Who speaks when: the turns of a video, and where two speak at once."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from vat.files import Record, StrPath, atomic_path
from vat.speech.voice_groups import Groups, grouped
from vat.speech.voice_prints import VoicePrint
from vat.speech.voices import Voices
from vat.timeline import Interval

SAME_TURN_SECONDS: Final = 1.2
"""A pause up to this between two stretches of one speaker belongs to the turn: people pause inside
sentences for a second, and nobody else speaks."""

_SOONER: Final = 0.1
_LATER: Final = 0.03
"""Seconds by which people begin before voice detection hears it, and end after it: medians of
recordings whose silence is clean."""

_AT_ONCE: Final = 0.2
"""Where a window is not more alike to the voice before a change than to the one behind it by this,
or the other way round, both are heard in it. Windows of one voice have 0.33 and more."""

_WHERE_ONE_ENDS: Final = 0.2
"""Seconds of such windows that a change without anything spoken at once has by itself."""

_LEAST_OVERLAP: Final = 0.4


@dataclass(frozen=True, slots=True)
class Turn(Record):
    """A stretch in which one speaker speaks; times are seconds of video time.

    `margin` is by how much it sounds more like its speaker than like any other, as a difference of
    cosines; 1 where there is nobody else.
    """

    start: float
    end: float
    speaker: str
    margin: float = 1.0


@dataclass(frozen=True, slots=True)
class Speakers(Record):
    """Turns in order and apart: speakers.json.

    `overlaps` are turns of a second speaker inside or at the edge of them, where two speak at once.
    """

    turns: tuple[Turn, ...]
    overlaps: tuple[Turn, ...] = ()

    def renamed(self, labels: Mapping[str, str]) -> "Speakers":
        """The same with other labels."""

        def all_of(turns: Sequence[Turn]) -> tuple[Turn, ...]:
            return tuple(replace(one, speaker=labels[one.speaker]) for one in turns)

        return Speakers(all_of(self.turns), all_of(self.overlaps))


@dataclass(frozen=True, slots=True)
class Found(Record):
    """Who speaks when, and how each of them sounds."""

    speakers: Speakers
    prints: tuple[VoicePrint, ...] = ()


def turns_of(
    voices: Voices,
    stretches: Sequence[Interval],
    least: int = 1,
    most: int | None = None,
    duration: float = math.inf,
) -> Found:
    """The turns in stretches of speech, by how the windows in them sound.

    Labels count from S1 in the order of speaking; there are at least and at most so many. No turn
    ends after `duration`.
    """
    if not voices.windows:
        return Found(Speakers(()))
    groups = grouped(voices, least, most)
    names = {number: f"S{at}" for at, number in enumerate(dict.fromkeys(groups.numbers), 1)}
    pieces, overlaps, at = list[Turn](), list[Turn](), 0
    for stretch in stretches:
        inside = at
        while at < len(voices.windows) and voices.windows[at][0] < stretch[1]:
            at += 1
        found = _runs(voices, groups, range(inside, at), stretch)
        pieces += [replace(one, speaker=names[int(one.speaker)]) for one in found]
        both = _overlaps(voices, groups, range(inside, at), found)
        overlaps += [replace(one, speaker=names[int(one.speaker)]) for one in both]
    seconds = np.array([end - start for start, end in voices.windows])
    spoken = np.bincount(groups.numbers, seconds, len(groups.means))
    prints = tuple(
        VoicePrint(name, round(float(spoken[number]), 3), _rounded(groups.means[number]))
        for number, name in names.items()
    )
    return Found(Speakers(_widened(joined(pieces), duration), tuple(overlaps)), prints)


def _rounded(vector: Any) -> tuple[float, ...]:
    return tuple(round(float(one), 4) for one in vector)


def _runs(voices: Voices, groups: Groups, inside: range, stretch: Interval) -> list[Turn]:
    """The turns inside one stretch of speech; the speaker is the number of its voice."""
    middles = {at: sum(voices.windows[at]) / 2 for at in inside}
    found, edge = list[Turn](), stretch[0]
    for number, run in groupby(inside, key=lambda at: groups.numbers[at]):
        windows = list(run)
        last = windows[-1]
        until = stretch[1]
        if last + 1 in inside:
            until = round((middles[last] + middles[last + 1]) / 2, 3)
        margin = round(float(np.mean(groups.margins[windows])), 3)
        found.append(Turn(edge, until, str(number), margin))
        edge = until
    return found


def _overlaps(
    voices: Voices, groups: Groups, inside: range, turns: Sequence[Turn]
) -> Iterator[Turn]:
    """Where both speakers are heard around a change without a pause; as the other one's turns."""
    at = inside.start
    for one, other in pairwise(turns):
        while sum(voices.windows[at]) / 2 < other.start:
            at += 1
        pair = groups.alike[inside.start : inside.stop, [int(one.speaker), int(other.speaker)]]
        near = np.abs(pair[:, 0] - pair[:, 1]) < _AT_ONCE
        first = last = at
        while first - 1 in inside and near[first - 1 - inside.start]:
            first -= 1
        while last in inside and near[last - inside.start]:
            last += 1
        if first == last:
            continue
        middles = [sum(voices.windows[k]) / 2 for k in range(first, last)]
        step = (middles[-1] - middles[0]) / (len(middles) - 1) if len(middles) > 1 else 0.0
        half = (middles[-1] - middles[0] + step - _WHERE_ONE_ENDS) / 2
        start, end = max(other.start - half, one.start), min(other.start + half, other.end)
        if end - start >= _LEAST_OVERLAP:
            yield Turn(round(start, 3), round(other.start, 3), other.speaker, other.margin)
            yield Turn(round(other.start, 3), round(end, 3), one.speaker, one.margin)


def joined(pieces: Sequence[Turn]) -> tuple[Turn, ...]:
    """Turns of one speaker with no more than a short pause between them as one."""
    found = list[Turn]()
    for one in pieces:
        before = found[-1] if found else None
        if (
            before is not None
            and before.speaker == one.speaker
            and one.start - before.end <= SAME_TURN_SECONDS
        ):
            lengths = before.end - before.start, one.end - one.start
            margin = float(np.average([before.margin, one.margin], weights=lengths))
            found[-1] = replace(before, end=one.end, margin=round(margin, 3))
        else:
            found.append(one)
    return tuple(found)


def _widened(turns: Sequence[Turn], duration: float) -> tuple[Turn, ...]:
    """Turns with their first and last sounds, as far as nobody else speaks then."""
    found, free = list[Turn](), 0.0
    for one, following in zip(turns, [*(one.start for one in turns[1:]), duration], strict=True):
        start = max(one.start - _SOONER, free)
        free = max(min(one.end + _LATER, following), one.end)
        found.append(replace(one, start=round(start, 3), end=round(free, 3)))
    return tuple(found)


def write_rttm(path: StrPath, speakers: Speakers, name: str) -> None:
    """Write the turns as NIST's RTTM, which scorers and other tools read; seconds.

    Where two speak at once, there are two turns.
    """
    turns = sorted((*speakers.turns, *speakers.overlaps), key=lambda one: (one.start, one.end))
    lines = [
        f"SPEAKER {name} 1 {one.start:.3f} {one.end - one.start:.3f} <NA> <NA> {one.speaker}"
        " <NA> <NA>\n"
        for one in turns
    ]
    with atomic_path(Path(path)) as part:
        part.write_text("".join(lines), encoding="utf-8")
