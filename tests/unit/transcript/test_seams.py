"""Two readings of one stretch are joined word by word, and the seam tells how well they agreed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.transcripts import speech_of
from vat.timeline import Word
from vat.transcript.seams import Seam, join


def joined(left: list[Word], right: list[Word]) -> tuple[list[str], Seam]:
    """The texts of two readings that both heard 8 to 12 s and were cut at 10 s."""
    words, seam = join(left, right, 10.0, (8.0, 12.0), [(8.0, 12.0)])
    return [word.text for word in words], seam


def test_the_text_changes_over_at_a_word_both_heard() -> None:
    left = [Word(8.5, 8.9, "red", 0.9), Word(9.8, 10.3, "dog", 0.9), Word(11.5, 12, "hou", 0.2)]
    right = [
        Word(8.1, 8.4, "ed", 0.2),
        Word(9.9, 10.3, "Dog,", 0.9),
        Word(11.5, 12.2, "house", 0.9),
    ]
    texts, seam = joined(left, right)
    assert texts == ["red", "dog", "house"]
    assert (seam.matched, seam.alone, seam.dropped_left, seam.dropped_right) == (1, 1, 1, 2)


def test_a_word_across_the_cut_that_each_side_gave_to_the_other_is_kept() -> None:
    texts, _ = joined([Word(9.9, 10.3, "there", 0.9)], [Word(9.6, 10.2, "their", 0.4)])
    assert texts == ["there"]


def test_a_word_across_the_cut_that_both_sides_took_is_given_once() -> None:
    texts, _ = joined([Word(9.7, 10.2, "there", 0.4)], [Word(9.8, 10.3, "their", 0.9)])
    assert texts == ["their"]


def test_of_words_said_twice_none_is_lost() -> None:
    said = [Word(8.6 + 0.35 * i, 8.9 + 0.35 * i, "no", 0.9) for i in range(8)]
    texts, seam = joined(said, [Word(w.start + 0.06, w.end + 0.06, "no", 0.8) for w in said])
    assert texts == ["no"] * 8
    assert seam.score == 1


def test_where_nothing_was_heard_twice_all_words_stay() -> None:
    left = [Word(9.0, 9.6, "the", 0.9), Word(10.0, 10.0, "bank.", 0.6)]
    right = [Word(10.0, 10.0, "And", 0.7), Word(10.4, 10.9, "so", 0.9)]
    words, seam = join(left, right, 10.0, (10.0, 10.0), [(8.0, 9.7), (10.4, 12.0)])
    assert words == [*left, *right]
    assert (seam.score, seam.dropped_left, seam.dropped_right) == (1.0, 0, 0)


WORDS = [Word(8 + 0.4 * i, 8.3 + 0.4 * i, f"w{i}", 0.9) for i in range(10)]


@pytest.mark.parametrize(
    ("left", "right", "low", "high"),
    [
        (WORDS, WORDS, 1.0, 1.0),
        ([], [], 0.0, 0.0),
        (WORDS, [], 0.0, 0.0),
        (WORDS[:4], WORDS[6:], 0.0, 0.0),
        (WORDS, [w for w in WORDS if w.text != "w5"], 0.9, 0.99),
        (WORDS, WORDS[5:], 0.6, 0.9),
    ],
)
def test_a_score_tells_agreement(
    left: list[Word], right: list[Word], low: float, high: float
) -> None:
    assert low <= joined(left, right)[1].score <= high


def test_a_pause_is_a_perfect_seam() -> None:
    before, after = [Word(7, 7.5, "end", 0.9)], [Word(12.5, 13, "begin", 0.9)]
    _, seam = join(before, after, 10, (8, 12), speech_of([*before, *after]))
    assert (seam.score, seam.gap_seconds, seam.double_seconds) == (1, 0, 0)


def test_speech_that_neither_heard_is_a_gap() -> None:
    _, seam = join(WORDS[:1], WORDS[:1], 10, (8, 12), [(8.0, 12.0)])
    assert seam.gap_seconds == pytest.approx(11.5 - 8.8)
    assert seam.score < 0.2


def test_time_under_two_words_is_doubled() -> None:
    left = [*WORDS[:4], Word(9.6, 11, "long", 0.9)]
    right = [Word(9.6, 11, "long", 0.9), Word(10, 10.8, "other", 0.9)]
    _, seam = joined(left, right)
    assert seam.double_seconds == pytest.approx(0.8)
    assert seam.score < 0.9


@given(
    st.lists(
        st.tuples(st.floats(8, 16), st.sampled_from([0.0, 0.0, 0.2, 3.0]), st.booleans()),
        max_size=12,
    )
)
def test_words_of_any_length_are_given_once_or_counted_as_dropped(facts: list[Any]) -> None:
    """Times may be odd: words without length, or one inside another."""
    made = [(Word(a, a + d, f"w{n}", 0.9), is_left) for n, (a, d, is_left) in enumerate(facts)]
    left, right = (
        sorted((word for word, is_left in made if is_left == side), key=lambda word: word.start)
        for side in (True, False)
    )
    words, seam = join(left, right, 11.3, (9.0, 13.5), [(8.0, 17.0)])
    assert len({id(word) for word in words}) == len(words)
    assert len(made) == len(words) + seam.dropped_left + seam.dropped_right
