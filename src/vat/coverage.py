"""Coverage: which seconds of speech have words, and why the others have none."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from vat.timeline import Interval, Word
from vat.vad import Frames, voice

Doubted = tuple[str, Sequence[Word]]
"""The id of an item of the quarantine and its words."""

REACH_SECONDS: Final = 0.5
"""Speech this near to a word is the word's: word times are good to 0.1 or 0.2 s, and the breath
between two words of one stretch of speech lasts no longer than 0.3 s."""


def covered(words: Iterable[Word]) -> list[Interval]:
    """The time that words cover, as ordered intervals that lie apart."""
    return union((word.start - REACH_SECONDS, word.end + REACH_SECONDS) for word in words)


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as ordered intervals that lie apart."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def common(some: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    """The time that is in both; each is ordered and lies apart."""
    found, i, j = list[Interval](), 0, 0
    while i < len(some) and j < len(others):
        start, end = max(some[i][0], others[j][0]), min(some[i][1], others[j][1])
        if start < end:
            found.append((start, end))
        if some[i][1] < others[j][1]:
            i += 1
        else:
            j += 1
    return found


def without(some: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    """The time that is in the first and not in the second; each is ordered and lies apart."""
    edges = [float("-inf"), *(edge for interval in others for edge in interval), float("inf")]
    return common(some, list(zip(edges[::2], edges[1::2], strict=True)))


def length(intervals: Iterable[Interval]) -> float:
    """Seconds in all."""
    return sum(end - start for start, end in intervals)


def double_seconds(words: Sequence[Word], zone: Interval) -> float:
    """Seconds of a zone that lie under two words at once; `words` are ordered by start."""
    reached, shared = float("-inf"), list[Interval]()
    for word in words:
        if word.start < reached:
            shared.append((word.start, min(reached, word.end)))
        reached = max(reached, word.end)
    return length(common(union(shared), [zone]))


def account(
    speech: Sequence[Interval],
    words: Sequence[Word],
    quarantined: Sequence[Doubted],
    probability: Frames,
) -> dict[str, Any]:
    """The books of a transcript: every second of speech under a word, or listed with a reason.

    Each stretch without a word tells its reason, "quarantined" (with the ids) or "no words", and
    the mean probability of speech in it.
    """
    said = covered(words)
    doubted = covered(word for _, item in quarantined for word in item)
    rest = without(speech, said)
    stretches = [
        *((place, "quarantined") for place in common(rest, doubted)),
        *((place, "no words") for place in without(rest, doubted)),
    ]
    seconds = {"speech": length(speech), "words": length(common(speech, said))}
    for reason in ("quarantined", "no words"):
        seconds[reason.replace(" ", "_")] = length(p for p, why in stretches if why == reason)
    return {
        "seconds": {key: round(value, 3) for key, value in seconds.items()},
        "stretches": [
            _stretch(place, reason, quarantined, probability) for place, reason in sorted(stretches)
        ],
    }


def _stretch(
    place: Interval,
    reason: str,
    quarantined: Sequence[Doubted],
    probability: Frames,
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "start": round(place[0], 3),
        "end": round(place[1], 3),
        "reason": reason,
        "probability": round(float(np.mean(voice(probability, *place))), 3),
    }
    if reason == "quarantined":
        record["ids"] = [name for name, item in quarantined if common([place], covered(item))]
    return record
