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
from vat.transcript.coverage import explained
from vat.transcript.filling import filled
from vat.transcript.hallucinations import Suspect
from vat.transcript.quarantine import settled
from vat.transcript.seams import EDGE_SECONDS, Seam, join
from vat.transcript.settings import SeamSettings
from vat.transcript.trimming import trimmed

logger = logging.getLogger(__name__)

Decode = Callable[..., Mapping[str, Any]]
"""`vat.speech.asr.transcribe_window`; `start`, `end` and `language` are still to be given."""

CONTEXT_SECONDS: Final = 4.0
"""Least sound on each side of the place: about ten words by which the readings find together."""

NARROW_SECONDS: Final = 0.6
"""Least sound on each side of a place that is heard alone: where a word beside it ends."""

PHRASE_SECONDS: Final = 2.5
"""Speech from this long on is heard as well alone as among its neighbours."""

_SILENCE_SECONDS = 0.5
_SHORT_PAUSE_SECONDS = 1.0
_PAUSE_REACH_SECONDS = 3.0
_MARGIN_SECONDS = 0.2
_AGREE_SECONDS = 2.0
_WORD_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class SecondReading(Record):
    """A window that was decoded again because of a "seam" or a "hole" in it.

    `score` is from 0 to 1: of a seam, how well its words fit those on both sides; of a hole, how
    much of the speech without words it explains. `taken` tells whether its words were taken.
    """

    start: float
    end: float
    reason: str
    score: float
    taken: bool


@dataclass(slots=True)
class Draft:
    """A transcript in the making: what was read, joined, doubted and left out so far.

    `passages` tile the video by the language that is spoken in each.
    `judge` gives the words that stay of a reading's words and segments, and the suspects. `heard`
    counts the words of all readings that went into the transcript, `left_out` those that another
    reading of the same place gave instead.
    """

    decode: Decode
    judge: Callable[[Sequence[Word], Sequence[Segment]], tuple[list[Word], list[Suspect]]]
    passages: Sequence[tuple[Interval, str]]
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
            if self._read(right, joined, overlap, seam.score):
                self.seams.append(replace(seam, decoded_again=True))
                return
        self.left_out += seam.dropped_left + seam.dropped_right
        self.words = joined
        self.seams.append(seam)

    def fill(self) -> None:
        """Decode again where there is speech and no word, holes near each other together.

        What was lost whole behind something that was heard is heard alone first: where Whisper
        passes over a phrase behind another, it does so again with the same one before it. All else
        is heard with much context, and what that reading does not have either, alone.
        """
        wide = self.settings.window_seconds
        self._fill_all(0.0, NARROW_SECONDS, self._is_whole)
        self._fill_all(wide, CONTEXT_SECONDS)
        self._fill_all(0.0, NARROW_SECONDS)

    def _fill_all(
        self,
        seconds: float,
        context: float,
        wanted: Callable[[Sequence[Interval]], bool] = lambda _: True,
    ) -> None:
        """Fill the groups of holes that are wanted."""
        for group in self._groups(self.settings.window_seconds - 2 * CONTEXT_SECONDS):
            # Another group's reading may have filled it, in whole or in part.
            left = [hole for hole in self._holes() if common([hole], group)]
            if left and wanted(left):
                self._fill(left, seconds, context)

    def _is_whole(self, group: Sequence[Interval]) -> bool:
        """Whether all that is said behind something else, between two pauses, is in the holes.

        A word in the silence beside them may be one of theirs: then more is to be heard.
        """
        place = group[0][0], group[-1][1]
        start, end = window_around(place, 0.0, self.duration, self.speech, NARROW_SECONDS)
        if _is_inside(start, self.speech) or _is_inside(end, self.speech):
            return False
        before = max((last for _, last in self.speech if last <= start), default=0.0)
        after = min((first for first, _ in self.speech if first >= end), default=self.duration)
        alone = not any(before < word.middle < after for word in self.words)
        near = start - self.settings.window_seconds / 2
        follows = any(near < word.middle <= before for word in self.words)
        long = all(length(common(self.speech, [hole])) >= PHRASE_SECONDS for hole in group)
        return alone and follows and long

    def settle(self) -> None:
        """Take back those of the doubted words that were said after all."""
        ordered = sorted(self.suspects, key=lambda suspect: suspect.words[0].start)
        self.words, self.suspects = settled(self.words, ordered, self.speech)

    def _groups(self, longest: float) -> list[list[Interval]]:
        """The holes, together what one window can hold and what is spoken in one language."""
        found = self._holes()
        return [
            group
            for passage, _ in self.passages
            for group in _grouped(common(found, [passage]), longest)
        ]

    def _holes(self) -> list[Interval]:
        return list(holes(self.words, self.speech, self.settings.hole_seconds))

    def _fill(self, group: Sequence[Interval], seconds: float, context: float) -> None:
        """Take what a second reading of the holes' surroundings has more than the draft."""
        place = group[0][0], group[-1][1]
        window, reading = self._decoded(place, seconds, context)
        new, doubted = self._judged(reading)
        whole = self._whole(new, window)
        found = filled(self.words, whole, window, group, self.speech)
        before = self._bare(self.words, window)
        bare = self._bare(found.words, window)
        taken = found.trusted and bare < before
        explained = (before - bare) / before if found.trusted and before else 0.0
        score = round(max(0.0, min(1.0, explained)), 4)
        self.second.append(SecondReading(*window, "hole", score, taken))
        logger.info(
            "a second reading from %.1f to %.1f s agrees to %.2f, has words for %.0f %% of the"
            " speech without any, and is %s",
            *window,
            found.agreement,
            100 * score,
            "taken" if taken else "not taken",
        )
        if not taken:
            return
        here = [suspect for suspect in doubted if any(_is_at(suspect, hole) for hole in group)]
        self._take(reading, new, doubted, here, found.words)

    def _take(
        self,
        reading: Reading,
        new: Sequence[Word],
        doubted: Sequence[Suspect],
        here: Sequence[Suspect],
        words: Sequence[Word],
    ) -> None:
        """Put `words` in the draft's place, which hold some of it and some of a reading's `new`.

        Of what is doubted in the reading only what is `here` is listed: the rest was read before,
        and stays what it was.
        """
        self._count(reading, here)
        self.left_out += len(self.words) + len(new) - len(words)
        self.left_out += sum(
            len(suspect.words) for suspect in doubted if not (suspect in here or suspect.restored)
        )
        self.words = list(words)

    def _whole(self, words: Sequence[Word], window: Interval) -> list[Word]:
        """The words but those that an end of the window may have cut."""
        first = window[0] + EDGE_SECONDS if _is_inside(window[0], self.speech) else window[0]
        last = window[1] - EDGE_SECONDS if _is_inside(window[1], self.speech) else window[1]
        return [word for word in words if first <= word.start and word.end <= last]

    def _decoded(self, place: Interval, seconds: float, context: float) -> tuple[Interval, Reading]:
        """A window around a place and what is heard in it; near places share one."""
        passage, language = max(self.passages, key=lambda one: length(common([one[0]], [place])))
        around = window_around(place, seconds, self.duration, self.speech, context)
        window = max(around[0], passage[0]), min(around[1], passage[1])
        for known, reading in self.decoded:
            near = known[0] + context <= place[0] and place[1] <= known[1] - context
            if near and known[1] - known[0] <= max(seconds, window[1] - window[0]):
                return known, reading
        heard = self.decode(start=window[0], end=window[1], language=language)
        self.decoded.append((window, Reading.from_json(heard)))
        return self.decoded[-1]

    def _judged(self, reading: Reading) -> tuple[list[Word], list[Suspect]]:
        """Words and suspects of a reading, their segments numbered after all earlier ones.

        Invented words go before readings are joined, so that they spoil no seam.
        """
        first = len(self.segments)
        self.segments += reading.segments
        words = [replace(word, segment=word.segment + first) for word in reading.words]
        return self.judge(trimmed(words, self.speech), self.segments)

    def _count(self, reading: Reading, doubted: Sequence[Suspect]) -> None:
        self.heard += len(reading.words)
        self.suspects += doubted

    def _read(
        self, right: Sequence[Word], joined: Sequence[Word], place: Interval, least: float
    ) -> bool:
        """Join draft and `right` with a second reading between them, if it scores above `least`.

        The reading must have a word at the place, since otherwise nothing is gained, and leave no
        more speech without words than there is in `joined`.
        """
        window, reading = self._decoded(place, self.settings.window_seconds, CONTEXT_SECONDS)
        new, doubted = self._judged(reading)
        near = (-_AGREE_SECONDS, _AGREE_SECONDS)
        first, one = join(
            self.words, new, place[0], (place[0] + near[0], place[0] + near[1]), self.speech
        )
        both, two = join(
            first, right, place[1], (place[1] + near[0], place[1] + near[1]), self.speech
        )
        gained = any(place[0] <= word.middle <= place[1] for word in new)
        score = min(one.score, two.score)
        bare = self._bare(both, place) - self._bare(joined, place)
        taken = gained and score > least and bare <= _WORD_SECONDS
        self.second.append(SecondReading(*window, "seam", score, taken))
        logger.info(
            "a second reading from %.1f to %.1f s scores %.2f and is %s",
            *window,
            score,
            "taken" if taken else "not taken",
        )
        if not taken:
            return False
        here = [suspect for suspect in doubted if _is_at(suspect, place)]
        self._take(reading, new, doubted, here, both)
        self.left_out += len(right)
        return True

    def _bare(self, words: Sequence[Word], place: Interval) -> float:
        """Seconds of speech without words at a place."""
        spoken = common(self.speech, [place])
        return length(spoken) - length(common(spoken, explained(words)))


def _is_at(suspect: Suspect, place: Interval) -> bool:
    return any(place[0] <= word.middle <= place[1] for word in suspect.words)


def _is_inside(moment: float, speech: Sequence[Interval]) -> bool:
    return any(start < moment < end for start, end in speech)


def _grouped(places: Sequence[Interval], longest: float) -> list[list[Interval]]:
    """The places, in order, those together that lie within `longest` seconds."""
    groups = list[list[Interval]]()
    for place in places:
        if groups and place[1] - groups[-1][0][0] <= longest:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def holes(words: Sequence[Word], speech: Sequence[Interval], least: float) -> Iterator[Interval]:
    """Places without a word that hold at least `least` seconds of speech, short pauses apart."""
    said = explained(words)
    bare = without(speech, said)
    short = [(a[1], b[0]) for a, b in pairwise(bare) if b[0] - a[1] <= _SHORT_PAUSE_SECONDS]
    for place in without(union([*bare, *short]), said):
        if length(common(bare, [place])) >= least:
            yield place


def window_around(
    place: Interval,
    seconds: float,
    duration: float,
    speech: Sequence[Interval],
    context: float = CONTEXT_SECONDS,
) -> Interval:
    """A window with the place in its middle whose ends lie in pauses, where there are any near.

    Silence before the first and after the last speech in it is cut off: Whisper sets words too
    early after a long silence.
    """
    half = max(seconds / 2, (place[1] - place[0]) / 2 + context)
    middle = (place[0] + place[1]) / 2
    reach = min(_PAUSE_REACH_SECONDS, context)
    start, end = (
        _pause_near(middle - half, speech, reach),
        _pause_near(middle + half, speech, reach),
    )
    spoken = common(speech, [(start, end)])
    first, last = (spoken[0][0], spoken[-1][1]) if spoken else place
    start = max(start, min(first, place[0]) - _SILENCE_SECONDS, 0.0)
    end = min(end, max(last, place[1]) + _SILENCE_SECONDS, duration)
    return round(start, 3), round(end, 3)


def _pause_near(moment: float, speech: Sequence[Interval], seconds: float) -> float:
    """The nearest moment in which nobody speaks, or the moment itself where that is far."""
    reach = (moment - seconds, moment + seconds)
    pauses = without([reach], speech)
    if not pauses:
        return round(moment, 3)
    start, end = min(pauses, key=lambda p: max(p[0] - moment, moment - p[1], 0.0))
    # Voices begin before the detection hears them, and end after.
    margin = min(_MARGIN_SECONDS, (end - start) / 2)
    return round(min(max(moment, start + margin), end - margin), 3)
