"""One transcript from the chunks of a video: each word once, in order."""

import logging
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vat.errors import TranscriptError
from vat.split import spans_of
from vat.timeline import Span, Word

logger = logging.getLogger(__name__)

SAME_WORD_SECONDS: Final = 0.4
"""How far apart two chunks may hear the middle of one word. Whisper's word times are good to about
0.1 s; a word lasts 0.3 s in common speech."""

_SAME_PLACE = 0.5


@dataclass(frozen=True, slots=True)
class Seam:
    """How two neighbours were joined at `time`: words both heard, and words of each left out."""

    time: float
    matched: int
    dropped_left: int
    dropped_right: int

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the fields of the seam."""
        return {
            "time": self.time,
            "matched": self.matched,
            "dropped_left": self.dropped_left,
            "dropped_right": self.dropped_right,
        }


def merge(chunks: Mapping[str, Any], parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The content of transcript.json from a video's chunks.json and its words/{chunk}.json.

    Raises:
        TranscriptError: where a chunk is missing, comes twice, or was cut elsewhere.
    """
    spans = spans_of(dict(chunks))
    found = _by_number(parts, spans)
    words: list[Word] = []
    seams: list[Seam] = []
    for number, span in enumerate(spans, 1):
        heard = [Word.from_json(word) for word in found[number]["words"]]
        if number == 1:
            words = heard
        else:
            words, seam = join(words, heard, spans[number - 2], span)
            seams.append(seam)
    return {
        "language": chunks["language"],
        "language_probability": chunks["language_probability"],
        "duration": chunks["duration"],
        "words": [word.to_json() for word in words],
        "seams": [seam.to_json() for seam in seams],
        "speech": chunks["speech"],
    }


def join(
    left: Sequence[Word], right: Sequence[Word], before: Span, after: Span
) -> tuple[list[Word], Seam]:
    """The words of two neighbouring spans, each once.

    Both heard the overlap of their contexts. Where they heard the same word there, the text
    changes over at such a word nearest to the cut; else each gives what lies on its own side. A
    word that lies across the cut and that neither side would give, or both, is given once, as the
    surer of the two heard it.
    """
    cut, first, last = before.keep[1], after.pad[0], before.pad[1]
    tail = [i for i, word in enumerate(left) if first <= word.middle <= last]
    head = [j for j, word in enumerate(right) if first <= word.middle <= last]
    pairs = _matches(left, right, tail, head)
    if pairs:
        i, j = min(pairs, key=lambda pair: abs(left[pair[0]].middle - cut))
        kept, taken = list(left[: i + 1]), list(right[j + 1 :])
    else:
        kept = [word for word in left if word.middle < cut]
        taken = [word for word in right if word.middle >= cut]
        kept, taken = _across(left, right, kept, taken)
    seam = Seam(round(cut, 3), len(pairs), len(left) - len(kept), len(right) - len(taken))
    return _in_order([*kept, *taken]), seam


def _by_number(
    parts: Iterable[Mapping[str, Any]], spans: Sequence[Span]
) -> dict[int, Mapping[str, Any]]:
    found: dict[int, Mapping[str, Any]] = {}
    for part in parts:
        number = part["chunk"]
        if not 1 <= number <= len(spans):
            raise TranscriptError(f"Chunk {number} is not of this video of {len(spans)} chunks.")
        if number in found:
            raise TranscriptError(f"Chunk {number} comes twice.")
        if Span.from_json(part["span"]) != spans[number - 1]:
            raise TranscriptError(f"Chunk {number} was cut elsewhere; transcribe it again.")
        found[number] = part
    missing = [str(number) for number in range(1, len(spans) + 1) if number not in found]
    if missing:
        raise TranscriptError(f"The words of chunk {', '.join(missing)} are missing.")
    return found


def _matches(
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
    same = gap <= SAME_WORD_SECONDS and _plain(one.text) == _plain(other.text)
    return gap if same else None


def _plain(text: str) -> str:
    """A word without case and punctuation; a mark alone stays itself."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if c.isalnum()) or folded


def _across(
    left: Sequence[Word], right: Sequence[Word], kept: list[Word], taken: list[Word]
) -> tuple[list[Word], list[Word]]:
    """Settle the words across a cut at which the two sides heard no word alike."""
    if kept and taken and _overlap(kept[-1], taken[0]) > _SAME_PLACE:
        surer_left = kept[-1].probability >= taken[0].probability
        return (kept, taken[1:]) if surer_left else (kept[:-1], taken)
    begin = kept[-1].end if kept else float("-inf")
    end = taken[0].start if taken else float("inf")
    missed_left = [w for w in left[len(kept) :] if w.start >= begin and w.end <= end]
    missed_right = [
        w for w in right[: len(right) - len(taken)] if w.start >= begin and w.end <= end
    ]
    if sum(w.probability for w in missed_left) >= sum(w.probability for w in missed_right):
        return [*kept, *missed_left], taken
    return kept, [*missed_right, *taken]


def _overlap(one: Word, other: Word) -> float:
    """How much of the shorter word lies inside the other, 0 to 1."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    shorter = min(one.end - one.start, other.end - other.start)
    return shared / shorter if shorter > 0 else float(shared >= 0)


def _in_order(words: Sequence[Word]) -> list[Word]:
    """The words by their start; at a seam two hearings may be off by some hundredths."""
    return sorted(words, key=lambda word: word.start)
