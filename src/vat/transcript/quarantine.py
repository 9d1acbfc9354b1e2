"""The quarantine: what becomes of suspected words once every place has been read well.

A missing voice alone convicts nobody: Whisper sets words that were said into the silence beside
them, and the voice detection misses a faint voice.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from vat.timeline import Interval, Word, common, length, union, without
from vat.transcript.hallucinations import FOUND_AGAIN, Suspect
from vat.transcript.seams import plain

NEAR_SECONDS: Final = 10.0
"""How far from a word its true place is sought."""

SURE_LOGPROB: Final = -0.5
SURE_PROBABILITY: Final = 0.6
"""From these on, without a voice, words are said and not invented: the mean log-probability of the
segment, and the mean probability of the words themselves."""

POSSIBLE_LOGPROB: Final = -1.0
POSSIBLE_PROBABILITY: Final = 0.4
"""From these on words may be those of a voice near them that has none."""

MOST_NO_SPEECH: Final = 0.6
"""Whisper's own threshold. Of words that were said it is seldom above 0.5, of invented ones seldom
below 0.85."""

MOST_WORDS_PER_SECOND: Final = 10.0
"""Nobody speaks faster; such words have been set together where they were not said."""

_FEW_WORDS = 2
"""That so few take no time tells nothing: so Whisper may set the last word of what it hears."""

_OF_THE_VOICE: Final = frozenset({"no voice", "faint voice"})
_SECONDS_PER_CHARACTER = 0.06
_LEAST_SECONDS = 0.15


def settled(
    words: Sequence[Word], suspects: Sequence[Suspect], speech: Sequence[Interval]
) -> tuple[list[Word], list[Suspect]]:
    """The words with those doubted ones that were said after all, and the suspects with their fate.

    Words are "found again" where another reading has them near. Of the rest only those are looked
    at against which there is nothing but the missing voice: they are "moved" to speech near them
    that has no words, or "kept" where they are, if the recogniser was sure of them. Both sequences
    and both results are ordered by start.
    """
    found, judged = list(words), list[Suspect]()
    for suspect in suspects:
        fate, said = suspect.fate, list[Word]()
        several = len(suspect.words) > 1
        if not suspect.restored and several and _is_found(suspect.words, found):
            fate = FOUND_AGAIN
        elif not suspect.restored and _is_possible(suspect):
            fate, said = _fate(suspect, found, speech)
        judged.append(replace(suspect, fate=fate))
        found = sorted([*found, *said], key=lambda word: word.start)
    return found, judged


def _fate(
    suspect: Suspect, words: Sequence[Word], speech: Sequence[Interval]
) -> tuple[str, list[Word]]:
    """What becomes of a suspect, and the words that the transcript gets by it."""
    if _is_found(suspect.words, words):
        return FOUND_AGAIN, []
    if place := _place(suspect.words, words, speech):
        return "moved", _spread(suspect.words, place)
    alone = not any(
        word.start < suspect.words[-1].end and word.end > suspect.words[0].start for word in words
    )
    if alone and _is_sure(suspect):
        return "kept", list(suspect.words)
    return suspect.fate, []


def _is_possible(suspect: Suspect) -> bool:
    """Whether nothing but the missing voice speaks against words."""
    evidence = suspect.evidence
    return (
        set(suspect.signs) <= _OF_THE_VOICE
        and evidence.avg_logprob >= POSSIBLE_LOGPROB
        and evidence.probability >= POSSIBLE_PROBABILITY
        and evidence.no_speech_prob <= MOST_NO_SPEECH
    )


def _is_sure(suspect: Suspect) -> bool:
    evidence = suspect.evidence
    timed = evidence.words_per_second <= MOST_WORDS_PER_SECOND
    return (
        evidence.avg_logprob >= SURE_LOGPROB
        and evidence.probability >= SURE_PROBABILITY
        and (timed or len(suspect.words) <= _FEW_WORDS)
    )


def _is_found(run: Sequence[Word], words: Sequence[Word]) -> bool:
    """Whether the same words stand near the run, one after another."""
    first, last = run[0].start - NEAR_SECONDS, run[-1].end + NEAR_SECONDS
    near = [plain(word.text) for word in words if first <= word.start <= last]
    wanted = [plain(word.text) for word in run]
    return any(near[i : i + len(wanted)] == wanted for i in range(len(near) - len(wanted) + 1))


def _place(
    run: Sequence[Word], words: Sequence[Word], speech: Sequence[Interval]
) -> Interval | None:
    """The nearest speech without words, between the neighbours of a run, that may be the run's."""
    before = max((w.end for w in words if w.start <= run[0].start), default=0.0)
    after = min((w.start for w in words if w.start > run[0].start), default=float("inf"))
    first, last = max(before, run[0].start - NEAR_SECONDS), min(after, run[-1].end + NEAR_SECONDS)
    if first >= last:
        return None
    said = union((word.start, word.end) for word in words)
    bare = without(common(speech, [(first, last)]), said)
    needed = max(_LEAST_SECONDS, _SECONDS_PER_CHARACTER * sum(len(word.text) for word in run))
    fit = [place for place in bare if length([place]) >= needed]
    middle = (run[0].start + run[-1].end) / 2
    return min(fit, key=lambda p: max(p[0] - middle, middle - p[1], 0.0), default=None)


def _spread(run: Sequence[Word], place: Interval) -> list[Word]:
    """The words one after another from the beginning of a place, each as long as its text asks."""
    sizes = [max(1, len(word.text)) for word in run]
    pace = min((place[1] - place[0]) / sum(sizes), 1.5 * _SECONDS_PER_CHARACTER)
    ends = [place[0] + pace * size for size in itertools.accumulate(sizes)]
    starts = [place[0], *ends]
    return [
        replace(word, start=round(start, 3), end=round(end, 3))
        for word, start, end in zip(run, starts, ends, strict=False)
    ]
