"""What lies on the time axis: chunks, words, readings, cues. Times are seconds of video time."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vat.files import RARE, Record

Interval = tuple[float, float]
"""Start and end in seconds; the end is not before the start."""


@dataclass(frozen=True, slots=True)
class Span(Record):
    """One chunk of a video: `keep` is its own part, `pad` is `keep` with context around it."""

    keep: Interval
    pad: Interval


@dataclass(frozen=True, slots=True)
class Word(Record):
    """One recognised word.

    `text` has no surrounding blanks and keeps its punctuation; `space` tells whether a blank
    separates it from the word before (false inside Chinese or Japanese text). `segment` is the
    index of the segment it was recognised in, `language` the code of the language it was heard in,
    `speaker` the label of who says it, where that is known.
    """

    start: float
    end: float
    text: str
    probability: float
    space: bool = True
    segment: int = 0
    language: str = ""
    speaker: str = field(default="", metadata=RARE)

    @property
    def middle(self) -> float:
        """The moment half-way through the word."""
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class Segment(Record):
    """How sure the recogniser was of the words it decoded at once.

    `avg_logprob` is the mean log-probability of the tokens, `compression_ratio` the length of the
    text over its length under zlib, `no_speech_prob` the probability that nobody speaks in the
    window, each as Whisper defines it.
    """

    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


@dataclass(frozen=True, slots=True)
class Hearing(Record):
    """A window that was heard as one language, and how much it sounds like it.

    `probability` is that of the `language` it was heard in, `likeliest` the language that it sounds
    like most.
    """

    start: float
    end: float
    language: str
    probability: float
    likeliest: str


@dataclass(frozen=True, slots=True)
class Passage(Record):
    """A stretch of a video in which one language is spoken, and how probable that is."""

    start: float
    end: float
    language: str
    probability: float


@dataclass(frozen=True, slots=True)
class Reading(Record):
    """What was recognised in one stretch: words by their start, and the segments they belong to.

    `hearings` are those of its windows whose language was looked at.
    """

    words: tuple[Word, ...]
    segments: tuple[Segment, ...]
    hearings: tuple[Hearing, ...] = ()


@dataclass(frozen=True, slots=True)
class Part(Record):
    """The words of the chunk with this number, counted from 1: the content of words/{chunk}.json.

    `segment` of a word is an index into the part's own segments.
    """

    chunk: int
    language: str
    span: Span
    words: tuple[Word, ...]
    segments: tuple[Segment, ...]
    hearings: tuple[Hearing, ...] = ()

    @property
    def reading(self) -> Reading:
        """What was recognised, without where."""
        return Reading(self.words, self.segments, self.hearings)


@dataclass(frozen=True, slots=True)
class Chunks(Record):
    """How a video is cut, and what it is known to hold before its words are: chunks.json.

    `language_source` is "configured" or "detected". `speech` has the stretches in which somebody
    speaks, in order and apart; `spans` tile the video of `duration` seconds, and so do `passages`
    where several languages are spoken: `language` is then the one that is spoken longest.
    `separation` is the content of separation.json, which is passed on. `silent` has the stretches
    in which surely nobody speaks, in order and apart, so that nothing of them is decoded.
    """

    language: str
    language_probability: float
    language_source: str
    duration: float
    speech: tuple[Interval, ...]
    spans: tuple[Span, ...]
    passages: tuple[Passage, ...] = ()
    separation: Mapping[str, Any] = field(default_factory=dict)
    silent: tuple[Interval, ...] = ()

    def spoken_in(self, place: Interval) -> list[tuple[Interval, str]]:
        """The parts of a place in which one language is spoken, each with its code."""
        if not self.passages:
            return [(place, self.language)]
        return [
            ((max(place[0], passage.start), min(place[1], passage.end)), passage.language)
            for passage in self.passages
            if passage.start < place[1] and place[0] < passage.end
        ]


@dataclass(frozen=True, slots=True)
class Cue(Record):
    """One subtitle: `text` holds its lines, joined by `\\n`. `id` counts from 1 in time order.

    `language` is empty where it is that of the whole track. `position` is where in the picture it
    is shown, as the keys of a number pad lie (7 is the upper left corner); 0 is the usual place.
    `place` is the exact one, where there is one, in commands of ASS (see `vat.subtitles.drawings`).
    """

    id: int
    start: float
    end: float
    text: str
    language: str = ""
    position: int = 0
    speakers: tuple[str, ...] = field(default=(), metadata=RARE)
    place: str = ""


def text_of(words: Sequence[Word]) -> str:
    """The words as running text."""
    return "".join((" " if word.space and i else "") + word.text for i, word in enumerate(words))


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as ordered intervals that lie apart."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def common(some: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    """The time that is in both; each is ordered and lies apart."""
    found, i, j = list[Interval](), 0, 0
    while i < len(some) and j < len(others):
        start, end = max(some[i][0], others[j][0]), min(some[i][1], others[j][1])
        if start < end:
            found.append((start, end))
        if some[i][1] < others[j][1]:
            i += 1
        else:
            j += 1
    return found


def without(some: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    """The time that is in the first and not in the second; each is ordered and lies apart."""
    edges = [float("-inf"), *(edge for interval in others for edge in interval), float("inf")]
    return common(some, list(zip(edges[::2], edges[1::2], strict=True)))


def within(some: Sequence[Interval], place: Interval) -> list[Interval]:
    """What lies in a place, in its own time; all are ordered and lie apart."""
    return [(start - place[0], end - place[0]) for start, end in common(some, [place])]


def length(intervals: Iterable[Interval]) -> float:
    """Seconds in all."""
    return sum(end - start for start, end in intervals)


def count_chunks(duration: float, chunk_seconds: float) -> int:
    """How many chunks a video of `duration` seconds has: a function of nothing else."""
    return max(1, math.ceil(round(duration / chunk_seconds, 9)))
