"""What lies on the time axis: spans, words, readings, cues. Times are seconds of video time."""

from collections.abc import Mapping, Sequence
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
