"""A second reading: where the first one failed, it is decoded again, and the better is taken."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

from vat.files import Record
from vat.timeline import (
    Interval,
    Reading,
    Segment,
    Word,
    common,
    length,
    union,
    without,
)
from vat.transcript.coverage import REACH_SECONDS, covered
from vat.transcript.quarantine import Suspect
from vat.transcript.seams import Seam, join
from vat.transcript.settings import SeamSettings

logger = logging.getLogger(__name__)

Decode = Callable[..., Mapping[str, Any]]
"""`vat.speech.asr.transcribe_window`; `start`, `end` and `language` are still to be given."""

CONTEXT_SECONDS: Final = 4.0
"""Least sound on each side of the place: about ten words by which the readings find together."""

FITS: Final = 0.4
"""Score above which words are taken into a hole. There is nothing to lose in a hole, so the words
beside it need not agree as those of a seam must."""

_SILENCE_SECONDS = 0.5
_SHORT_PAUSE_SECONDS = 1.0
_PAUSE_REACH_SECONDS = 3.0
_AGREE_SECONDS = 2.0
_WORD_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class SecondReading(Record):
    """A window that was decoded again because of a "seam" or a "hole" in it.

    `score` is how well its words fit those on both sides, 0 to 1; `taken` whether they were taken.
    """

    start: float
    end: float
    reason: str
    score: float
    taken: bool


@dataclass(slots=True)
class Draft:
    """A transcript in the making: what was read, joined, doubted and left out so far.

    `judge` gives the words that stay of a reading's words and segments, and the suspects. `heard`
    counts the words of all readings that went into the transcript, `left_out` those that another
    reading of the same place gave instead.
    """

    decode: Decode
    judge: Callable[[Sequence[Word], Sequence[Segment]], tuple[list[Word], list[Suspect]]]
    language: str
    speech: Sequence[Interval]
    duration: float
    settings: SeamSettings
    words: list[Word] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    seams: list[Seam] = field(default_factory=list)
    second: list[SecondReading] = field(default_factory=list)
    suspects: list[Suspect] = field(default_factory=list)
    decoded: list[tuple[Interval, Reading]] = field(default_factory=list)
    heard: int = 0
    left_out: int = 0

    def begin(self, reading: Reading) -> None:
        """Take the first chunk."""
        self.words, doubted = self._judged(reading)
        self._count(reading, doubted)

    def append(self, reading: Reading, cut: float, overlap: Interval) -> None:
        """Join the next chunk; a bad seam is decoded again."""
        right, doubted = self._judged(reading)
        self._count(reading, doubted)
        joined, seam = join(self.words, right, cut, overlap, self.speech)
        if seam.score < self.settings.min_score:
            logger.info("the seam at %.1f s has a score of %.2f", cut, seam.score)
            better = self._read(self.words, right, joined, overlap, "seam", seam.score)
            if better is not None:
                self.words = better
                self.seams.append(replace(seam, decoded_again=True))
                return
        self.left_out += seam.dropped_left + seam.dropped_right
        self.words = joined
        self.seams.append(seam)

    def fill(self) -> None:
        """Decode again where there is speech and no word."""
        for hole in holes(self.words, self.speech, self.settings.hole_seconds):
            before = [word for word in self.words if word.middle < hole[0]]
            after = [word for word in self.words if word.middle >= hole[0]]
            # Its own words may reach over its ends, up to those beside it.
            place = (
                max([hole[0] - 2 * REACH_SECONDS, *(word.end for word in before[-1:])]),
                min([hole[1] + 2 * REACH_SECONDS, *(word.start for word in after[:1])]),
            )
            better = self._read(before, after, self.words, place, "hole", FITS)
            if better is not None:
                self.words = better

    def _decoded(self, place: Interval) -> tuple[Interval, Reading]:
        """A window around a place and what is heard in it; near places share one."""
        for window, reading in self.decoded:
            if window[0] + CONTEXT_SECONDS <= place[0] and place[1] <= window[1] - CONTEXT_SECONDS:
                return window, reading
        window = window_around(place, self.settings.window_seconds, self.duration, self.speech)
        heard = self.decode(start=window[0], end=window[1], language=self.language)
        self.decoded.append((window, Reading.from_json(heard)))
        return self.decoded[-1]

    def _judged(self, reading: Reading) -> tuple[list[Word], list[Suspect]]:
        """Words and suspects of a reading, their segments numbered after all earlier ones.

        Invented words go before readings are joined, so that they spoil no seam.
        """
        first = len(self.segments)
        self.segments += reading.segments
        words = [replace(word, segment=word.segment + first) for word in reading.words]
        return self.judge(words, self.segments)

    def _count(self, reading: Reading, doubted: Sequence[Suspect]) -> None:
        self.heard += len(reading.words)
        self.suspects += doubted

    def _read(
        self,
        left: Sequence[Word],
        right: Sequence[Word],
        without_it: Sequence[Word],
        place: Interval,
        reason: str,
        least: float,
    ) -> list[Word] | None:
        """Both sides with a second reading of `place` between them, where it scores above `least`.

        The reading must have a word at the place, since otherwise nothing is gained, and leave no
        more speech without words than there is `without_it`.
        """
        window, reading = self._decoded(place)
        new, doubted = self._judged(reading)
        reach = 0.0 if reason == "hole" else _AGREE_SECONDS
        first, one = join(
            left, new, place[0], (place[0] - _AGREE_SECONDS, place[0] + reach), self.speech
        )
        both, two = join(
            first, right, place[1], (place[1] - reach, place[1] + _AGREE_SECONDS), self.speech
        )
        gained = any(place[0] <= word.middle <= place[1] for word in new)
        score = min(one.score, two.score)
        bare = self._bare(both, place) - self._bare(without_it, place)
        taken = gained and score > least and bare <= _WORD_SECONDS
        self.second.append(SecondReading(*window, reason, score, taken))
        logger.info(
            "a second reading from %.1f to %.1f s scores %.2f and is %s",
            *window,
            score,
            "taken" if taken else "not taken",
        )
        if not taken:
            return None
        # What is doubted beside the place was read before, and stays what it was.
        here = [suspect for suspect in doubted if _is_at(suspect, place)]
        self._count(reading, here)
        self.left_out += sum(s.dropped_left + s.dropped_right for s in (one, two))
        self.left_out += sum(
            len(suspect.words) for suspect in doubted if not (suspect in here or suspect.restored)
        )
        return both

    def _bare(self, words: Sequence[Word], place: Interval) -> float:
        """Seconds of speech without words at a place."""
        spoken = common(self.speech, [place])
        return length(spoken) - length(common(spoken, covered(words)))


def _is_at(suspect: Suspect, place: Interval) -> bool:
    return any(place[0] <= word.middle <= place[1] for word in suspect.words)


def holes(words: Sequence[Word], speech: Sequence[Interval], least: float) -> Iterator[Interval]:
    """Places without a word that hold at least `least` seconds of speech, short pauses apart."""
    said = covered(words)
    bare = without(speech, said)
    short = [(a[1], b[0]) for a, b in pairwise(bare) if b[0] - a[1] <= _SHORT_PAUSE_SECONDS]
    for place in without(union([*bare, *short]), said):
        if length(common(bare, [place])) >= least:
            yield place


def window_around(
    place: Interval, seconds: float, duration: float, speech: Sequence[Interval]
) -> Interval:
    """A window with the place in its middle whose ends lie in pauses, where there are any near.

    Silence before the first and after the last speech in it is cut off: Whisper sets words too
    early after a long silence.
    """
    half = max(seconds / 2, (place[1] - place[0]) / 2 + CONTEXT_SECONDS)
    middle = (place[0] + place[1]) / 2
    start, end = _pause_near(middle - half, speech), _pause_near(middle + half, speech)
    spoken = common(speech, [(start, end)])
    first, last = (spoken[0][0], spoken[-1][1]) if spoken else place
    start = max(start, min(first, place[0]) - _SILENCE_SECONDS, 0.0)
    end = min(end, max(last, place[1]) + _SILENCE_SECONDS, duration)
    return round(start, 3), round(end, 3)


def _pause_near(moment: float, speech: Sequence[Interval]) -> float:
    """The nearest moment in which nobody speaks, or the moment itself where that is far."""
    reach = (moment - _PAUSE_REACH_SECONDS, moment + _PAUSE_REACH_SECONDS)
    pauses = without([reach], speech)
    if not pauses:
        return round(moment, 3)
    start, end = min(pauses, key=lambda p: max(p[0] - moment, moment - p[1], 0.0))
    return round(min(max(moment, start), end), 3)
