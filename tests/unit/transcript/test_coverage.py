"""Every second of speech is under a word or listed with a reason."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.helpers.transcripts import voice_of
from vat.timeline import Interval, Word, common, length, union, without
from vat.transcript.coverage import account, double_seconds

moments = st.integers(0, 60)


def interval(ends: tuple[int, int]) -> Interval:
    return min(ends), max(ends)


intervals = st.lists(st.tuples(moments, moments).map(interval), max_size=12).map(union)


def seconds_of(found: list[Interval]) -> set[int]:
    """The whole seconds that intervals with whole ends hold."""
    return {second for start, end in found for second in range(int(start), int(end))}


@given(intervals, intervals)
def test_time_is_counted_as_sets_are(some: list[Interval], others: list[Interval]) -> None:
    a, b = seconds_of(some), seconds_of(others)
    assert seconds_of(common(some, others)) == a & b
    assert seconds_of(without(some, others)) == a - b
    assert length(common(some, others)) == len(a & b)
    assert length(without(some, others)) == len(a - b)


@example([(0.0, 4.0)], [], [(0, 2.99999), (4, 1.0)])
@given(
    intervals,
    st.lists(st.tuples(moments, st.floats(0.1, 3)), max_size=20),
    st.lists(st.tuples(moments, st.floats(0.1, 3)), max_size=5),
)
def test_the_books_balance(
    speech: list[Interval], said: list[tuple[int, float]], doubted: list[tuple[int, float]]
) -> None:
    words = [Word(start, start + n, "word", 0.9) for start, n in sorted(said)]
    gone = [
        (str(i), [Word(start, start + n, "ghost", 0.1)]) for i, (start, n) in enumerate(doubted)
    ]
    books = account(speech, words, gone, np.full(2000, 0.6, np.float32))
    seconds = books["seconds"]
    parts = seconds["words"] + seconds["quarantined"] + seconds["no_words"]
    assert parts == pytest.approx(seconds["speech"], abs=0.005)
    for stretch in books["stretches"]:
        middle = (stretch["start"] + stretch["end"]) / 2
        assert any(a - 0.001 <= middle <= b + 0.001 for a, b in speech)
        assert all(not word.start - 0.49 < middle < word.end + 0.49 for word in words)
        # Times are given to a millisecond, so at an edge either side may have it.
        near, far = (
            {name for name, (w,) in gone if w.start - reach < middle < w.end + reach}
            for reach in (0.499, 0.501)
        )
        assert near <= set(stretch.get("ids", ()))
        assert bool(near) <= (stretch["reason"] == "quarantined") <= bool(far)


def test_a_stretch_tells_its_reason_and_how_sure_the_speech_is() -> None:
    speech = [(0.0, 4.0), (10.0, 12.0), (20.0, 21.0)]
    voice = voice_of([(10, 12)], 30, 0.8)
    books = account(speech, [Word(0.5, 3.5, "yes", 1)], [("ab12", [Word(10, 12, "x", 1)])], voice)
    assert books["stretches"] == [
        {
            "start": 10.0,
            "end": 12.0,
            "reason": "quarantined",
            "probability": pytest.approx(0.8, abs=0.02),
            "ids": ["ab12"],
        },
        {"start": 20.0, "end": 21.0, "reason": "no words", "probability": 0.02},
    ]
    assert books["seconds"] == {"speech": 7, "words": 4, "quarantined": 2, "no_words": 1}


def test_time_under_several_words_is_doubled_once() -> None:
    words = [Word(0, 5, "a", 1), Word(1, 3, "b", 1), Word(2, 4, "c", 1), Word(6, 7, "d", 1)]
    assert double_seconds(words, (0, 10)) == 3
    assert double_seconds(words, (2.5, 10)) == 1.5
    assert double_seconds(words[:1], (0, 10)) == 0
