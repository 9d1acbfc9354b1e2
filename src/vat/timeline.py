"""What lies on a video's time axis: spans, words and cues. All times are seconds of video time."""

from collections.abc import Mapping
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
    separates it from the word before (false inside Chinese or Japanese text).
    """

    start: float
    end: float
    text: str
    probability: float
    space: bool = True

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
