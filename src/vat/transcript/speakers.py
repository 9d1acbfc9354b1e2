"""Which speaker says which word, and where that is doubtful."""

import logging
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from vat.files import StrPath
from vat.speech.speaker_names import Speaker
from vat.speech.speakers import Speakers, Turn
from vat.timeline import Word, length, union
from vat.transcript.merge import Transcript
from vat.transcript.warnings import TranscriptWarning, clock, listed

logger = logging.getLogger(__name__)

_NEAR: Final = 0.7
"""Seconds to which a change of speaker is known where there is no pause to speak of."""

_PAUSE: Final = 0.25
"""Two people leave a pause of any length; a shorter one may as well be inside one's speech."""

_SENTENCE_END: Final = 0.3
"""The end of a sentence is as good a place for a change as a pause of so many seconds."""

_ENDS: Final = tuple(".!?…。！？؟।-–—")
"""Marks that end a sentence, or speech that is broken off."""

_UNSURE: Final = 0.1
"""A turn is doubtful that sounds by less than this more like its speaker than like another one;
those of built dialogues (benchmarks/speakers.py) have 0.3 and more where they are right."""

_LEAST_SECONDS: Final = 5.0
"""Less doubtful speech than this in a whole video is not worth a warning."""


def with_speakers(
    transcript: Transcript, files: Sequence[StrPath], section: Mapping[str, Any]
) -> Transcript:
    """The transcript with the speaker of each word, by the turns of the file, if there is one.

    `section` may have the `speakers` that the user has named, as the fields of `Speaker`.
    """
    if not files:
        return transcript
    found = Speakers.read(files[0])
    named = {one.label: one for one in map(Speaker.from_json, section.get("speakers", ()))}
    labels = speakers_of(transcript.words, found.turns)
    words = [
        replace(word, speaker=label) for word, label in zip(transcript.words, labels, strict=True)
    ]
    heard = dict.fromkeys(turn.speaker for turn in found.turns)
    speakers = tuple(named.get(label, Speaker(label)) for label in heard)
    doubts = tuple(doubts_of(found))
    for doubt in doubts:
        logger.warning("%s", doubt.text)
    warnings = (*transcript.warnings, *doubts)
    return replace(transcript, words=tuple(words), speakers=speakers, warnings=warnings)


def speakers_of(words: Sequence[Word], turns: Sequence[Turn]) -> list[str]:
    """The speaker of each word: whose turn shares most of its time, else whose is nearest.

    `turns` are in order and apart. Without any, all words have the speaker "". A change without a
    pause is taken to be between two words near it, behind a sentence or a pause if there is one.
    """
    turns = _between_words(words, turns)
    starts, ends = [turn.start for turn in turns], [turn.end for turn in turns]
    found = []
    for word in words:
        # The turns that share some of its time, and one on either side.
        first = max(bisect_left(ends, word.start) - 1, 0)
        near = turns[first : bisect_right(starts, word.end) + 1]
        best = max(
            near,
            key=lambda turn: min(turn.end, word.end) - max(turn.start, word.start),
            default=None,
        )
        found.append(best.speaker if best else "")
    return found


def _between_words(words: Sequence[Word], turns: Sequence[Turn]) -> list[Turn]:
    """The turns, those that follow one another at once changing where no word is torn."""
    moved, starts = list(turns), [word.start for word in words]
    for at, (before, after) in enumerate(pairwise(turns)):
        if after.start - before.end >= _PAUSE:
            continue
        heard = (before.end + after.start) / 2
        # A turn keeps half of its length at least: a short answer is not lost.
        most = min(_NEAR, (before.end - before.start) / 2, (after.end - after.start) / 2)
        first, last = bisect_left(starts, heard - _NEAR), bisect_right(starts, heard + _NEAR)
        gaps = [
            (_worth(one, other, heard), (one.end + other.start) / 2)
            for one, other in pairwise(words[max(first - 1, 0) : last])
            if abs((one.end + other.start) / 2 - heard) <= most
        ]
        if gaps:
            change = max(gaps)[1]
            moved[at] = replace(moved[at], end=change)
            moved[at + 1] = replace(after, start=change)
    return moved


def _worth(one: Word, other: Word, change: float) -> float:
    """How good a place between two words is for a change of speaker."""
    gap = max(other.start - one.end, 0.0) + _SENTENCE_END * one.text.endswith(_ENDS)
    return gap - _SENTENCE_END * abs((one.end + other.start) / 2 - change)


def doubts_of(found: Speakers) -> Iterator[TranscriptWarning]:
    """What is doubtful about the speakers of a video."""
    unsure = [turn for turn in found.turns if turn.margin < _UNSURE]
    seconds = sum(turn.end - turn.start for turn in unsure)
    if seconds >= _LEAST_SECONDS:
        longest = sorted(unsure, key=lambda turn: turn.start - turn.end)
        places = listed([f"{clock(one.start)} ({one.speaker})" for one in longest])
        text = (
            f"{seconds:.1f} s of speech could be another speaker's as well, the most of it at"
            f" {places}; if you know how many people speak, set speakers.at_least and"
            " speakers.at_most."
        )
        yield TranscriptWarning("unsure speakers", text, round(seconds, 3))
    both = union((one.start, one.end) for one in found.overlaps)
    if length(both) >= _LEAST_SECONDS:
        places = listed(
            [clock(start) for start, _ in sorted(both, key=lambda one: one[0] - one[1])]
        )
        text = (
            f"Several people speak at once for {length(both):.1f} s, the most of it at {places};"
            " words there may have the wrong speaker."
        )
        yield TranscriptWarning("speech at once", text, round(length(both), 3))
