"""What lies on the time axis: spans, words, readings, cues. Times are seconds of video time."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

Interval = tuple[float, float]
"""Start and end in seconds; the end is not before the start."""


@dataclass(frozen=True, slots=True)
class Span:
    """One chunk of a video: `keep` is its own part, `pad` is `keep` with context around it."""

    keep: Interval
    pad: Interval

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        (a, b), (c, d) = record["keep"], record["pad"]
        return cls((a, b), (c, d))

    def to_json(self) -> dict[str, Any]:
        """A JSON object with `keep` and `pad`, each a pair of seconds."""
        return {"keep": list(self.keep), "pad": list(self.pad)}


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word.

    `text` has no surrounding blanks and keeps its punctuation; `space` tells whether a blank
    separates it from the word before (false inside Chinese or Japanese text). `segment` is the
    index of the segment it was recognised in.
    """

    start: float
    end: float
    text: str
    probability: float
    space: bool = True
    segment: int = 0

    @property
    def middle(self) -> float:
        """The moment half-way through the word."""
        return (self.start + self.end) / 2

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**record)

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the fields of the word."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Segment:
    """How sure the recogniser was of the words it decoded at once.

    `avg_logprob` is the mean log-probability of the tokens, `compression_ratio` the length of the
    text over its length under zlib, `no_speech_prob` the probability that nobody speaks in the
    window, each as Whisper defines it.
    """

    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**record)

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the fields of the segment."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was recognised in one stretch: words by their start, and the segments they belong to."""

    words: Sequence[Word]
    segments: Sequence[Segment]

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; other keys are left alone."""
        return cls(
            [Word.from_json(word) for word in record["words"]],
            [Segment.from_json(segment) for segment in record["segments"]],
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON object with `words` and `segments`."""
        return {
            "words": [word.to_json() for word in self.words],
            "segments": [segment.to_json() for segment in self.segments],
        }


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: `text` holds its lines, joined by `\\n`. `id` counts from 1 in time order."""

    id: int
    start: float
    end: float
    text: str

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**record)

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the fields of the cue."""
        return asdict(self)


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


def length(intervals: Iterable[Interval]) -> float:
    """Seconds in all."""
    return sum(end - start for start, end in intervals)


def count_chunks(duration: float, chunk_seconds: float) -> int:
    """How many chunks a video of `duration` seconds has: a function of nothing else."""
    return max(1, math.ceil(round(duration / chunk_seconds, 9)))


def spans_of(chunks: dict[str, Any]) -> Sequence[Span]:
    """The spans of a chunks.json."""
    return [Span.from_json(span) for span in chunks["spans"]]
