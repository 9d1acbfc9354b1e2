"""Seams: where two readings of one stretch are joined, and how well they agreed there."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vat.files import Record
from vat.languages import folded, letters
from vat.timeline import Interval, Word, common, length
from vat.transcript.coverage import covered, double_seconds

SAME_WORD_SECONDS: Final = 0.4
"""How far apart two readings may hear the middle of one word. Whisper's word times are good to
about 0.1 s; a word lasts 0.3 s in common speech."""

EDGE_SECONDS: Final = 0.5
"""The ends of a reading that its score leaves out: words are cut there."""

_SAME_PLACE = 0.5
_LONGEST_WORD_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Seam(Record):
    """How two readings were joined at `time`.

    Of the words there, `matched` were heard by both, `alone` by one only; `dropped_left` and
    `dropped_right` are the words of each that the other gave. `gap_seconds` is speech without a
    word, `double_seconds` time under two words, both near the seam. `score` is from 0 to 1.
    `decoded_again` tells whether the words here are those of a second reading.
    """

    time: float
    score: float
    matched: int
    alone: int
    dropped_left: int
    dropped_right: int
    gap_seconds: float
    double_seconds: float
    decoded_again: bool = False


def join(
    left: Sequence[Word],
    right: Sequence[Word],
    cut: float,
    overlap: Interval,
    speech: Sequence[Interval],
) -> tuple[list[Word], Seam]:
    """The words of two readings that both heard `overlap`, each word once.

    Where they heard the same word there, the text changes over at such a word nearest to the cut;
    else each gives what lies on its own side. A word that lies across the cut and that neither side
    would give, or both, is given once, as the surer of the two heard it. Of two that heard nothing
    both, all words stay.

    Both sequences are ordered by start, and so is the result.
    """
    tail, head = _inside(left, overlap), _inside(right, overlap)
    pairs = matches(left, right, tail, head)
    if overlap[0] >= overlap[1]:
        kept, taken = list(left), list(right)
    elif pairs:
        i, j = min(pairs, key=lambda pair: abs(left[pair[0]].middle - cut))
        kept, taken = list(left[: i + 1]), list(right[j + 1 :])
    else:
        kept = [word for word in left if word.middle < cut]
        taken = [word for word in right if word.middle >= cut]
        kept, taken = _across(left, right, kept, taken)
    joined = sorted([*kept, *taken], key=lambda word: word.start)
    zone = _zone(overlap)
    alone = sum(
        zone[0] <= words[index].middle <= zone[1]
        for words, indices, side in ((left, tail, 0), (right, head, 1))
        for index in set(indices) - {pair[side] for pair in pairs}
    )
    dropped = len(left) - len(kept), len(right) - len(taken)
    return joined, _judge(joined, zone, cut, speech, len(pairs), alone, dropped)


def _judge(
    joined: Sequence[Word],
    zone: Interval,
    cut: float,
    speech: Sequence[Interval],
    matched: int,
    alone: int,
    dropped: tuple[int, int],
) -> Seam:
    """The seam with its score: agreement, less the share of speech that is lost or doubled.

    Agreement is Dice's coefficient of the two lists of words, 1 where neither heard any.
    """
    near = [joined[index] for index in _inside(joined, (zone[0] - 1, zone[1] + 1))]
    spoken = common(speech, [zone])
    gap = length(spoken) - length(common(spoken, covered(near)))
    double = double_seconds(near, zone)
    agreement = 2 * matched / (2 * matched + alone) if matched + alone else 1.0
    score = agreement * max(0.0, 1 - (gap + double) / max(length(spoken), 1.0))
    return Seam(
        round(cut, 3), round(score, 4), matched, alone, *dropped, round(gap, 3), round(double, 3)
    )


def _zone(overlap: Interval) -> Interval:
    """The overlap without its ends, or all of a short one."""
    first, last = overlap[0] + EDGE_SECONDS, overlap[1] - EDGE_SECONDS
    return (first, last) if last - first > 2 * EDGE_SECONDS else overlap


def _inside(words: Sequence[Word], place: Interval) -> list[int]:
    """Indices of the words whose middle lies in a place."""
    first = bisect_left(words, place[0] - _LONGEST_WORD_SECONDS, key=lambda word: word.start)
    last = bisect_left(words, place[1], key=lambda word: word.start)
    return [i for i in range(first, last) if place[0] <= words[i].middle <= place[1]]


def matches(
    left: Sequence[Word], right: Sequence[Word], tail: Sequence[int], head: Sequence[int]
) -> list[tuple[int, int]]:
    """Pairs of indices of the same word heard by both, ordered, none twice.

    The longest chain of pairs that agree in text and in time, by dynamic programming; of chains
    of equal length, the one with the least distance in time.
    """
    rows, columns = len(tail), len(head)
    best = [[(0, 0.0)] * (columns + 1) for _ in range(rows + 1)]
    for a in range(rows - 1, -1, -1):
        for b in range(columns - 1, -1, -1):
            best[a][b] = max(best[a + 1][b], best[a][b + 1])
            if (gap := _distance(left[tail[a]], right[head[b]])) is not None:
                count, closeness = best[a + 1][b + 1]
                best[a][b] = max(best[a][b], (count + 1, closeness - gap))
    pairs, a, b = list[tuple[int, int]](), 0, 0
    while a < rows and b < columns:
        if best[a][b] == best[a + 1][b]:
            a += 1
        elif best[a][b] == best[a][b + 1]:
            b += 1
        else:
            pairs.append((tail[a], head[b]))
            a, b = a + 1, b + 1
    return pairs


def _distance(one: Word, other: Word) -> float | None:
    """Seconds between two hearings of one word, None where they are two words."""
    gap = abs(one.middle - other.middle)
    same = gap <= SAME_WORD_SECONDS and plain(one.text) == plain(other.text)
    return gap if same else None


def plain(text: str) -> str:
    """The letters of a word; a mark alone stays itself."""
    return letters(text) or folded(text)


def _across(
    left: Sequence[Word], right: Sequence[Word], kept: list[Word], taken: list[Word]
) -> tuple[list[Word], list[Word]]:
    """Settle the words across a cut at which the two sides heard no word alike."""
    if kept and taken and overlap(kept[-1], taken[0]) > _SAME_PLACE:
        surer_left = kept[-1].probability >= taken[0].probability
        return (kept, taken[1:]) if surer_left else (kept[:-1], taken)
    begin = kept[-1].end if kept else float("-inf")
    end = taken[0].start if taken else float("inf")
    missed_left = [w for w in _others(left, kept) if w.start >= begin and w.end <= end]
    missed_right = [w for w in _others(right, taken) if w.start >= begin and w.end <= end]
    if sum(w.probability for w in missed_left) >= sum(w.probability for w in missed_right):
        return [*kept, *missed_left], taken
    return kept, [*missed_right, *taken]


def _others(words: Sequence[Word], chosen: Sequence[Word]) -> list[Word]:
    """The words that were not chosen: told by identity, since two words may be equal."""
    known = {id(word) for word in chosen}
    return [word for word in words if id(word) not in known]


def overlap(one: Word, other: Word) -> float:
    """How much of the shorter word lies inside the other, 0 to 1."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    shorter = min(one.end - one.start, other.end - other.start)
    return shared / shorter if shorter > 0 else float(shared >= 0)
