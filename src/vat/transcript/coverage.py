"""Coverage: which seconds of speech have words, and why the others have none."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from vat.speech.vad import Frames, voice
from vat.timeline import Interval, Word, common, length, union, without

Doubted = tuple[str, Sequence[Word]]
"""The id of an item of the quarantine and its words."""

REACH_SECONDS: Final = 0.5
"""Speech this near to a word is the word's: word times are good to 0.1 or 0.2 s, and the breath
between two words of one stretch of speech lasts no longer than 0.3 s."""

_LONGEST_SECONDS = 0.6
_LONGEST_SECONDS_PER_CHARACTER = 0.15


def covered(words: Iterable[Word]) -> list[Interval]:
    """The time that words cover, as ordered intervals that lie apart."""
    return union((word.start - REACH_SECONDS, word.end + REACH_SECONDS) for word in words)


def explained(words: Iterable[Word]) -> list[Interval]:
    """The time that words cover, of each no more than saying it can take.

    Whisper may stretch one word over a sentence that it lost.
    """
    return union(
        (
            word.start - REACH_SECONDS,
            min(word.end + REACH_SECONDS, word.start + longest_seconds(word.text)),
        )
        if word.end - word.start > longest_seconds(word.text)
        else (word.start - REACH_SECONDS, word.end + REACH_SECONDS)
        for word in words
    )


def longest_seconds(text: str) -> float:
    """How long saying a word can take."""
    return _LONGEST_SECONDS + _LONGEST_SECONDS_PER_CHARACTER * len(text)


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
