"""A user's corrections and what is generated now, merged three ways by time and text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from vat.files import Record
from vat.subtitles.reading import plain
from vat.timeline import Cue

SAME_SECONDS: Final = 0.011
"""Times that differ by less are the same: ASS has hundredths of seconds."""

_OVERLAP_SHARE: Final = 0.5
"""Cues of two versions that share so much of the shorter one stand for each other."""


@dataclass(frozen=True, slots=True)
class Conflict(Record):
    """A place that both the user and the generation have changed; the user's text was taken.

    `start` and `end` are seconds; the texts are those of all cues of the place, a blank line apart.
    """

    start: float
    end: float
    generated_then: str
    generated_now: str
    edited: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The cues with the user's corrections, how many places those are, and where they conflict."""

    cues: list[Cue]
    edits: int
    conflicts: list[Conflict]


@dataclass(frozen=True, slots=True)
class _Place:
    """Cues of three versions that stand for each other; a version may have none."""

    then: Sequence[Cue]
    mine: Sequence[Cue]
    now: Sequence[Cue]


def merge_edits(then: Sequence[Cue], mine: Sequence[Cue], now: Sequence[Cue]) -> Merged:
    """What is generated `now`, with what the user made in `mine` of what was generated `then`.

    Where both changed the same, the user's text and times win, and the place is a conflict. A text
    that only the user changed goes with times that only the generation changed.
    """
    cues, edits, conflicts = list[Cue](), 0, list[Conflict]()
    for place in _places(then, mine, now):
        if _same(place.mine, place.then):
            cues += place.now
            continue
        edits += 1
        found, conflicting = _merged(place)
        cues += found
        if conflicting:
            conflicts.append(_conflict(place))
    cues.sort(key=lambda cue: (cue.start, cue.end))
    return Merged([replace(cue, id=at) for at, cue in enumerate(cues, 1)], edits, conflicts)


def edited_places(then: Sequence[Cue], mine: Sequence[Cue]) -> int:
    """At how many places two versions differ."""
    return sum(not _same(place.mine, place.then) for place in _places(then, mine, ()))


def edited_texts(then: Sequence[Cue], mine: Sequence[Cue]) -> Iterator[tuple[Cue, str]]:
    """The cues whose text alone the user has changed, and the new text."""
    for place in _places(then, mine, ()):
        if len(place.then) == len(place.mine) == 1:
            text = plain(place.mine[0].text)
            if text != plain(place.then[0].text):
                yield place.then[0], text


def _merged(place: _Place) -> tuple[list[Cue], bool]:
    """The cues of a place that the user has changed, and whether the generation has, too."""
    if _same(place.now, place.then):
        return _with_languages(place), False
    if _same(place.now, place.mine):
        return list(place.now), False
    if len(place.then) == len(place.mine) == len(place.now) == 1:
        return _one_cue(place.then[0], place.mine[0], place.now[0])
    return _with_languages(place), True


def _one_cue(then: Cue, mine: Cue, now: Cue) -> tuple[list[Cue], bool]:
    """One cue, whose text, start and end are each taken from who has changed them."""
    said, conflicting = now.text, False
    if plain(mine.text) != plain(then.text):
        said = mine.text
        conflicting = plain(now.text) not in (plain(then.text), plain(mine.text))
    start, both_start = _time(then.start, mine.start, now.start)
    end, both_end = _time(then.end, mine.end, now.end)
    if end <= start:
        start, end, both_end = mine.start, mine.end, True
    return [replace(now, text=said, start=start, end=end)], conflicting or both_start or both_end


def _time(then: float, mine: float, now: float) -> tuple[float, bool]:
    if _near(mine, then):
        return now, False
    return mine, not (_near(now, then) or _near(now, mine))


def _with_languages(place: _Place) -> list[Cue]:
    """The user's cues, in the language of those in their place; a text left alone as it was.

    They stay where in the picture those were, and their speakers', as most forms of copies tell
    nothing of that.
    """
    others = [*place.now, *place.then]
    kept = {plain(cue.text): cue.text for cue in others}
    found = []
    for cue in place.mine:
        like = max(others, key=lambda other: _shared(cue, other), default=cue)
        told = cue if cue.position or cue.place else like
        text = kept.get(plain(cue.text), cue.text)
        placed = replace(cue, position=told.position, place=told.place)
        placed = replace(placed, language=like.language, speakers=like.speakers)
        found.append(replace(placed, text=text))
    return found


def _conflict(place: _Place) -> Conflict:
    cues = [*place.then, *place.mine, *place.now]
    return Conflict(
        min(cue.start for cue in cues),
        max(cue.end for cue in cues),
        *("\n\n".join(cue.text for cue in one) for one in (place.then, place.now, place.mine)),
    )


def _same(one: Sequence[Cue], other: Sequence[Cue]) -> bool:
    return len(one) == len(other) and all(
        _near(a.start, b.start) and _near(a.end, b.end) and plain(a.text) == plain(b.text)
        for a, b in zip(one, other, strict=True)
    )


def _near(one: float, other: float) -> bool:
    return abs(one - other) < SAME_SECONDS


def _places(then: Sequence[Cue], mine: Sequence[Cue], now: Sequence[Cue]) -> Iterator[_Place]:
    """All cues of the versions in groups of those that stand for each other, in time order."""
    versions = (then, mine, now)
    cues = [(cue, number) for number, version in enumerate(versions) for cue in version]
    cues.sort(key=lambda one: (one[0].start, one[0].end))
    group_of = list(range(len(cues)))

    def root(at: int) -> int:
        while group_of[at] != at:
            group_of[at] = group_of[group_of[at]]
            at = group_of[at]
        return at

    open_: list[int] = []
    for at, (cue, number) in enumerate(cues):
        open_ = [other for other in open_ if cues[other][0].end > cue.start]
        for other in open_:
            if cues[other][1] != number and _stand_for_each_other(cues[other][0], cue):
                group_of[root(at)] = root(other)
        open_.append(at)
    groups: dict[int, tuple[list[Cue], list[Cue], list[Cue]]] = {}
    for at, (cue, number) in enumerate(cues):
        groups.setdefault(root(at), ([], [], []))[number].append(cue)
    yield from (_Place(*found) for found in groups.values())


def _stand_for_each_other(one: Cue, other: Cue) -> bool:
    shorter = min(one.end - one.start, other.end - other.start)
    return _shared(one, other) > _OVERLAP_SHARE * shorter


def _shared(one: Cue, other: Cue) -> float:
    return min(one.end, other.end) - max(one.start, other.start)
