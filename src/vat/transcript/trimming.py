"""Trimming: words end where the voice ends, so that a subtitle comes when somebody speaks."""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from vat.timeline import Interval, Word
from vat.transcript.coverage import longest_seconds
from vat.transcript.function_words import function_words

INNER_PAUSE_SECONDS: Final = 0.3
"""Up to this long a word may be silent inside: the stop before a plosive, a held breath."""

LEAST_SECONDS: Final = 0.1
"""No word is trimmed to less: the detection hears the begin and the end of a faint voice late."""

_SENTENCE_ENDS = (".", "?", "!", "\u3002", "\uff1f", "\uff01")
_EARLY_SECONDS = 0.5
_CLOSE_SECONDS = 0.5
_MOST_SQUEEZED = 4
_MOST_PULLED = 2
_TOUCHING_SECONDS = 0.1
_TAIL_SECONDS = 0.15
_SURE = 0.5
_LEAST_SECONDS_PER_LETTER = 0.045


def trimmed(words: Sequence[Word], speech: Sequence[Interval]) -> list[Word]:
    """The words, each without the silence that it holds before or after its voice.

    Whisper lets the first word of a phrase begin where the phrase before ended, and the last one
    end where the next begins. Of the stretches of speech under a word it keeps that which fills
    most of it, or that on the side of its sentence. A word that ends just before a voice begins,
    at the word which that voice says next, is pulled into it. One or two words that go on a
    sentence behind a word which was stretched over the silence before them return to its voice.
    Any other word with no speech under it stays where it is, and takes no longer than saying it can
    take. Both sequences and the result are ordered by start.
    """
    voiced = _joined(speech)
    starts = [start for start, _ in voiced]
    ends = [end for _, end in voiced]
    found = list[Word]()
    for index, word in enumerate(words):
        under = voiced[bisect_right(ends, word.start) : bisect_left(starts, word.end)]
        parts = [(max(word.start, a), min(word.end, b)) for a, b in under]
        if parts:
            start, end = _lengthened(_own(parts, word, words[index - 1 : index]), word)
            found.append(replace(word, start=round(start, 3), end=round(end, 3)))
        else:
            found.append(_shortened(word, voiced))
    found = _followed(words, found)
    settled = _returned(words, _pulled(found, voiced), voiced)
    return sorted(settled, key=lambda word: word.start)


def _own(parts: Sequence[Interval], word: Word, before: Sequence[Word]) -> Interval:
    """The part of a word in which it is said."""
    if before and before[0].text.endswith(_SENTENCE_ENDS):
        return parts[-1]
    if word.text.endswith(_SENTENCE_ENDS):
        return parts[0]
    too_little = parts[0][1] - parts[0][0] < LEAST_SECONDS
    if too_little or word.text.lower() in function_words(word.language).get("open", ()):
        return parts[-1]
    longest = longest_seconds(word.text)
    # Of what is longer than the word can be, other words are lost: the place is theirs.
    fit = [part for part in parts if part[1] - part[0] <= longest] or parts
    # The detection hears voices longer than they are, and seldom later than they begin.
    tails = [_TAIL_SECONDS if part is not parts[-1] else 0.0 for part in fit]
    lengths = [end - start - tail for (start, end), tail in zip(fit, tails, strict=True)]
    return fit[lengths.index(max(lengths))]


def _shortened(word: Word, voiced: Sequence[Interval]) -> Word:
    """A word in silence, no longer than it can be, on the side of the nearer voice."""
    longest = longest_seconds(word.text)
    if word.end - word.start <= longest:
        return word
    before = max((end for _, end in voiced if end <= word.start), default=float("-inf"))
    after = min((start for start, _ in voiced if start >= word.end), default=float("inf"))
    if after - word.end < word.start - before:
        return replace(word, start=round(word.end - longest, 3))
    return replace(word, end=round(word.start + longest, 3))


def _followed(heard: Sequence[Word], placed: Sequence[Word]) -> list[Word]:
    """The words, those beside the next one that Whisper stretched over a phrase which it lost.

    Where a phrase is lost, its neighbours fill its time, and the first words of the next phrase can
    be set long before it. `heard` and `placed` are the same words before and after trimming.
    """
    found = list(placed)
    for at in range(len(found) - 2, -1, -1):
        word, after = found[at], found[at + 1]
        moved = after.start - heard[at + 1].start > INNER_PAUSE_SECONDS
        too_long = word.end - word.start > longest_seconds(word.text)
        room = after.end - after.start >= 2 * LEAST_SECONDS
        if moved and too_long and room and _goes_on(heard[at], heard[at + 1]):
            found[at : at + 2] = _shared([word, after], (after.start, after.end))
    return found


def _pulled(words: Sequence[Word], voiced: Sequence[Interval]) -> list[Word]:
    """The words, those that end just before a voice begins at its beginning.

    They share what the word after them has, or as many words as they need to find room.
    """
    found = list(words)
    befores = (float("-inf"), *(end for _, end in voiced))
    for before, (onset, over) in zip(befores, voiced, strict=False):
        after = bisect_right(found, onset, key=lambda word: word.end)
        first = after
        while after - first < _MOST_PULLED and _is_early(found, first - 1, (before, onset)):
            first -= 1
        for last in range(after + 1, min(after + _MOST_SQUEEZED, len(found)) + 1):
            group = found[first:last]
            room = min(group[-1].end, over) - onset
            if first < after and room >= LEAST_SECONDS * len(group):
                found[first:last] = _shared(group, (onset, group[-1].end))
                break
    return found


def _is_early(words: Sequence[Word], index: int, pause: Interval) -> bool:
    """Whether a word lies in a pause, near its end and near the word after it.

    A word of no length does not count: it is said elsewhere, and another reading tells where.
    """
    if index < 0 or index + 1 >= len(words):
        return False
    word, after = words[index], words[index + 1]
    close = after.start - word.end <= _CLOSE_SECONDS and word.end - word.start >= LEAST_SECONDS / 2
    near = pause[1] - _EARLY_SECONDS <= word.end <= pause[1]
    return close and near and pause[0] <= word.start


def _returned(
    heard: Sequence[Word], placed: Sequence[Word], voiced: Sequence[Interval]
) -> list[Word]:
    """The words, those at their true place that Whisper set behind a silence.

    At the end of what it hears it may stretch the last word but one or two, and set the rest at the
    very end ("the" for two seconds, "bank." for none). `heard` and `placed` are the same words
    before and after trimming.
    """
    found, ends = list(placed), [end for _, end in voiced]

    def is_voiced(word: Word) -> bool:
        at = bisect_right(ends, word.start)
        return at < len(voiced) and voiced[at][0] < max(word.end, word.start + 0.001)

    first = 1
    while first < len(heard):
        last = first
        while (
            last < len(heard)
            and not is_voiced(placed[last])
            and _goes_on(heard[last - 1], heard[last])
        ):
            last += 1
        voice, group = placed[first - 1], heard[first - 1 : last]
        needed = _LEAST_SECONDS_PER_LETTER * sum(len(word.text) for word in group)
        if (
            0 < last - first <= _MOST_PULLED
            and is_voiced(voice)
            and heard[first - 1].end - voice.end > INNER_PAUSE_SECONDS
            and voice.end - voice.start >= needed
        ):
            found[first - 1 : last] = _shared(group, (voice.start, voice.end))
        first = max(last, first) + 1
    return found


def _goes_on(before: Word, word: Word) -> bool:
    """Whether a sure word goes on the sentence of the one before it, without a pause."""
    touches = abs(word.start - before.end) <= _TOUCHING_SECONDS
    same = word.segment == before.segment and not before.text.endswith(_SENTENCE_ENDS)
    return touches and same and word.probability >= _SURE


def _shared(words: Sequence[Word], place: Interval) -> list[Word]:
    """The words one after another over a place, by the length of their texts."""
    sizes = [len(word.text) for word in words]
    share = [(place[1] - place[0]) * size / sum(sizes) for size in itertools.accumulate(sizes)]
    edges = [place[0], *(place[0] + part for part in share)]
    return [
        replace(word, start=round(start, 3), end=round(end, 3))
        for word, (start, end) in zip(words, itertools.pairwise(edges), strict=True)
    ]


def _lengthened(part: Interval, word: Word) -> Interval:
    """A part of a word, with as much of its surroundings as makes it long enough."""
    lack = LEAST_SECONDS - (part[1] - part[0])
    if lack <= 0:
        return part
    start = max(word.start, part[0] - lack)
    return start, max(part[1], min(word.end, start + LEAST_SECONDS))


def _joined(speech: Sequence[Interval]) -> list[Interval]:
    """The stretches of speech, those apart by less than a word may be silent as one."""
    found = list[Interval]()
    for start, end in speech:
        if found and start - found[-1][1] <= INNER_PAUSE_SECONDS:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found
