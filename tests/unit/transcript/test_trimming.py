"""Words end where the voice ends, and none is cut that only bridges a short silence."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.timeline import Interval, Word, common, union
from vat.transcript.trimming import trimmed

SPEECH = [(1.0, 3.0), (5.0, 7.0), (7.2, 9.0)]


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ((3.05, 5.4), (5.0, 5.4)),  # the first of a phrase begins where the last phrase ended
        ((2.95, 5.4), (5.0, 5.4)),  # also where it takes the end of that phrase along
        ((2.6, 4.8), (2.6, 3.0)),  # the last of a phrase ends where the next one begins
        ((2.6, 5.02), (2.6, 3.0)),
        ((6.8, 7.5), (6.8, 7.5)),  # a short silence inside a word
        ((3.5, 4.5), (3.5, 4.5)),  # no voice at all: not for the trimming to judge
        ((2.0, 2.5), (2.0, 2.5)),
        ((2.95, 5.02), (4.92, 5.02)),  # too little voice for a word, on one side and the other
        ((4.0, 5.02), (4.92, 5.02)),  # a word has some length, whatever little voice was heard
        ((2.99, 3.09), (2.99, 3.09)),
    ],
)
def test_a_word_keeps_the_stretch_of_speech_that_fills_most_of_it(
    place: Interval, kept: Interval
) -> None:
    (word,) = trimmed([Word(*place, "word", 0.9)], SPEECH)
    assert (word.start, word.end) == pytest.approx(kept)


def test_words_that_end_just_before_a_voice_are_pulled_into_it() -> None:
    words = [
        Word(2.5, 3.0, "end.", 0.9),
        Word(4.0, 4.7, "And", 0.9),
        Word(4.7, 4.9, "so", 0.9),
        Word(4.9, 5.05, "it", 0.9),
        Word(5.05, 5.5, "begins.", 0.9),
    ]
    found = trimmed(words, SPEECH)
    assert [word.text for word in found] == ["end.", "And", "so", "it", "begins."]
    assert found[0] == words[0]
    assert (found[1].start, found[-1].end) == (5.0, 5.5)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


def test_words_that_are_apart_from_the_voice_after_them_are_not_pulled() -> None:
    words = [Word(3.8, 4.2, "you", 0.9), Word(5.0, 5.5, "begins.", 0.9)]
    assert trimmed(words, SPEECH) == words
    misplaced = [Word(4.9, 4.9, "hear", 0.9), Word(4.9, 5.5, "begins.", 0.9)]
    assert trimmed(misplaced, SPEECH)[0] == misplaced[0]


def test_words_are_not_pulled_into_less_voice_than_they_need() -> None:
    faint = [
        Word(4.1, 4.8, "sitting", 0.9),
        Word(4.8, 5.05, "in", 0.9),
        Word(5.05, 5.5, "rooms.", 0.9),
    ]
    assert trimmed(faint, [(5.0, 5.13)])[0] == faint[0]


def test_a_word_over_two_stretches_goes_to_the_side_of_its_sentence() -> None:
    end, first = Word(2.0, 2.5, "end.", 0.9), Word(2.5, 5.2, "And", 0.9)
    assert trimmed([end, first], SPEECH)[1].start == 5.0
    last = Word(2.9, 5.5, "end.", 0.9)
    assert trimmed([last], SPEECH)[0].end == 3.0


@pytest.mark.parametrize(("text", "start"), [("a", 5.0), ("and", 5.0), ("today", 2.5)])
def test_a_word_that_ends_no_phrase_goes_to_the_voice_after_the_pause(
    text: str, start: float
) -> None:
    word = Word(2.5, 5.05, text, 0.9, language="en")
    assert trimmed([word], SPEECH)[0].start == pytest.approx(start, abs=0.06)


def test_a_word_in_silence_takes_no_longer_than_it_can() -> None:
    late, early = Word(20.0, 47.8, "And", 0.9), Word(9.4, 30.0, "end", 0.9)
    speech = [*SPEECH, (48.2, 50.0)]
    said = [Word(48.2, 48.6, "so", 0.9), Word(48.6, 49.9, "on.", 0.9)]
    assert trimmed([late, *said], speech)[0].start == 48.2
    (found,) = trimmed([early], speech)
    assert found.start == 9.4
    assert found.end == pytest.approx(10.45)


def test_the_first_word_of_a_phrase_leaves_the_tail_of_the_voice_before() -> None:
    first = Word(2.86, 5.1, "word", 0.9)
    assert trimmed([first], SPEECH)[0].start == pytest.approx(5.0)


def test_words_stretched_over_a_lost_phrase_leave_its_place_free() -> None:
    speech = [(1.0, 3.0), (5.0, 8.0), (10.0, 12.0)]
    words = [
        Word(2.5, 3.0, "end", 0.9),
        Word(3.5, 6.2, "one", 0.9),
        Word(6.2, 10.3, "more", 0.9),
        Word(10.3, 10.8, "phrase.", 0.9),
    ]
    found = trimmed(words, speech)
    assert [word.text for word in found] == [word.text for word in words]
    assert (found[1].start, found[2].end) == (10.0, 10.3)
    assert found[1].end == found[2].start


STRETCHED = [Word(2.0, 2.3, "up", 0.9), Word(2.3, 4.5, "the", 0.99)]


@pytest.mark.parametrize(
    ("late", "returns"),
    [
        ([Word(4.5, 4.5, "bank.", 0.98)], True),
        ([Word(4.5, 4.8, "old", 0.9), Word(4.8, 4.8, "inn.", 0.9)], True),
        ([Word(4.5, 4.5, "bank.", 0.2)], False),  # not sure enough to move
        ([Word(4.7, 4.7, "bank.", 0.98)], False),  # does not follow what is stretched
        ([Word(4.5, 4.5, "bank.", 0.98, segment=1)], False),
        ([Word(4.5, 4.5, "transubstantiation.", 0.98)], False),  # nobody says it in so little time
        ([Word(4.5, 4.5, one, 0.9) for one in ("a", "b", "c")], False),
    ],
)
def test_words_behind_a_silence_return_to_the_voice_of_their_sentence(
    late: list[Word], *, returns: bool
) -> None:
    found = trimmed([*STRETCHED, *late], SPEECH[:1])
    assert [word.text for word in found] == [word.text for word in (*STRETCHED, *late)]
    assert found[0] == STRETCHED[0]
    assert (found[-1].end <= 3.0) == returns
    assert found[1].start == 2.3
    if returns:
        assert all(a.end == b.start for a, b in itertools.pairwise(found))


def test_a_new_sentence_behind_a_silence_stays_there() -> None:
    words = [Word(2.0, 4.5, "bank.", 0.9), Word(4.5, 4.5, "you", 0.9)]
    assert trimmed(words, SPEECH[:1])[1] == words[1]


moments = st.floats(0, 20)
pairs = st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair)))


@given(st.lists(pairs, max_size=8).map(union), st.lists(pairs, max_size=12))
def test_trimming_loses_no_word_and_no_speech(
    speech: list[Interval], places: list[Interval]
) -> None:
    words = [Word(a, b, f"w{n}", 0.9) for n, (a, b) in enumerate(sorted(places))]
    found = trimmed(words, speech)
    assert [word.start for word in found] == sorted(word.start for word in found)
    assert sorted(word.text for word in found) == sorted(word.text for word in words)
    for word in found:
        assert word.start <= word.end
    voiced = {word.text for word in words if common(speech, [(word.start, word.end)])}
    assert voiced <= {w.text for w in found if common(speech, [(w.start - 0.001, w.end + 0.001)])}
