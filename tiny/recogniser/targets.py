"""What the decoder is to write about a window: words, marks and times, after an earlier text."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tiny.recogniser.tokens import TIMES, Tokens
from tiny.recogniser.utterances import Utterance

_IGNORED: Final = -100
_STEPS_PER_SECOND: Final = 50
_WINDOW_SECONDS: Final = 30


class Placed(NamedTuple):
    """A word, the mark after it, and its start and end in seconds of the window."""

    word: str
    mark: str
    start: float
    end: float


@dataclass(frozen=True)
class Segment:
    """Words of one sentence; `cut` where the window ends before the sentence does."""

    start: float
    words: list[Placed]
    cut: bool


@dataclass
class Target:
    """What the decoder reads, what is to follow each token, and the frames it should look at."""

    said: list[int]
    following: list[int] = field(default_factory=list)
    guides: list[tuple[int, int] | None] = field(default_factory=list)

    def add(self, following: int, guide: tuple[int, int] | None, said: int | None = None) -> None:
        """Add a token; `said` where the decoder is to go on from another one."""
        self.following.append(following)
        self.guides.append(guide)
        self.said.append(following if said is None else said)


@dataclass(frozen=True)
class _Frames:
    """Times of a window, which lasts `seconds` and starts at the position `begin`."""

    seconds: float
    begin: int
    zero: int

    def guide(self, start: float, end: float) -> tuple[int, int]:
        """The frames between two moments, at least one."""
        count = int(self.seconds * 100) // 2
        first = int(start * _STEPS_PER_SECOND)
        last = max(first + 1, math.ceil(end * _STEPS_PER_SECOND))
        return max(0, min(count - 1, first)), max(1, min(count, last))

    def token(self, time: float) -> int:
        """The token of a moment."""
        step = round((time + self.begin * 0.02) * _STEPS_PER_SECOND)
        return self.zero + min(TIMES - 1, max(0, step))


class Targets:
    """Writes down what is said in windows, by chance with or without times and earlier text."""

    def __init__(
        self, utterances: Sequence[Utterance], chance: random.Random, tokens: Tokens
    ) -> None:
        self._utterances = utterances
        self._chance = chance
        self._tokens = tokens

    def of(
        self,
        segments: Sequence[Segment],
        seconds: float,
        end: float,
        begin: int,
        prompted: float,
        *,
        timed: bool,
    ) -> Target:
        """The target of one window, whose sound ends at `end`."""
        target = Target([self._tokens.start])
        frames = _Frames(seconds, begin, self._tokens.zero)
        if segments:
            self._write(target, segments, frames, end, timed=timed)
        else:
            self._write_nothing(target)
        if self._chance.random() < prompted:
            earlier = self._earlier_text()
            target.said = earlier + target.said
            target.following = [_IGNORED] * len(earlier) + target.following
            target.guides[:0] = [None] * len(earlier)
        return target

    def _write_nothing(self, target: Target) -> None:
        chance, tokens = self._chance, self._tokens
        if chance.random() < 0.3:
            target.said.append(tokens.no_times)
        else:
            target.said.append(tokens.zero + chance.choice([0, 0, 50, chance.randrange(0, 51)]))
        target.following += [tokens.no_speech, tokens.end]
        target.guides += [None, None]

    def _write(
        self,
        target: Target,
        segments: Sequence[Segment],
        frames: _Frames,
        end: float,
        *,
        timed: bool,
    ) -> None:
        if not timed:
            target.add(_IGNORED, None, self._tokens.no_times)
        for place, segment in enumerate(segments):
            if timed:
                said = self._other_start(frames, segment.start) if place == 0 else None
                guide = frames.guide(segment.start - 0.02, segment.start + 0.08)
                target.add(frames.token(segment.start), guide, said)
                if segment.cut and len(segments) > 1:
                    break
            following = segments[place + 1].start if place + 1 < len(segments) else None
            self._write_words(target, segment.words, frames, following, end)
            if timed:
                whole = segment.words and not segment.cut
                last = segment.words[-1].end if whole else frames.seconds
                target.add(frames.token(last), frames.guide(last - 0.06, last + 0.06))
        target.following.append(self._tokens.end)
        target.guides.append(frames.guide(end - 0.3, end))

    def _other_start(self, frames: _Frames, start: float) -> int | None:
        """Now and then a wrong time to go on from, as faster-whisper may force one."""
        chance, zero = self._chance, self._tokens.zero
        kind = chance.random()
        if kind < 0.15:
            return zero
        if frames.token(start) > zero + 50 and kind < 0.6:
            return zero + chance.choice([50, 50, chance.randrange(0, 51)])
        return None

    def _write_words(
        self,
        target: Target,
        words: Sequence[Placed],
        frames: _Frames,
        following: float | None,
        end: float,
    ) -> None:
        for place, word in enumerate(words):
            target.add(self._tokens.of(word.word), frames.guide(word.start, word.end))
            if word.mark:
                if place + 1 < len(words):
                    until = words[place + 1].start
                elif following is not None:
                    until = max(word.end + 0.02, following)
                else:
                    until = max(word.end + 0.02, end - 0.3, word.end + 0.1)
                target.add(self._tokens.of(word.mark), frames.guide(word.end, until))

    def _earlier_text(self) -> list[int]:
        """Tokens of what was said before, with or without times."""
        chance, zero = self._chance, self._tokens.zero
        count = chance.randint(*chance.choice([(1, 30), (30, 223), (90, 223), (200, 223)]))
        timed = chance.random() < 0.6
        text: list[int] = []
        time = 0.0
        while len(text) < count:
            utterance = chance.choice(self._utterances)
            end = time + utterance.seconds
            if end > _WINDOW_SECONDS:
                time, end = 0.0, utterance.seconds
            said = [self._tokens.of(part) for pair in utterance.sentence for part in pair if part]
            if timed:
                said = [
                    zero + int(time * _STEPS_PER_SECOND),
                    *said,
                    zero + int(end * _STEPS_PER_SECOND),
                ]
            text += said
            time = end + chance.choice([0, 0.5, 1])
        return [self._tokens.previous, *text[-count:]]
