"""Words end where the voice ends, and none is cut that only bridges a short silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.timeline import Interval, Word, common, length, union
from vat.transcript.trimming import LEAST_SECONDS, trimmed

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
        ((4.0, 5.02), (4.92, 5.02)),  # a word has some length, whatever little voice was heard
        ((2.99, 3.09), (2.99, 3.09)),
    ],
)
def test_a_word_keeps_the_stretch_of_speech_that_fills_most_of_it(
    place: Interval, kept: Interval
) -> None:
    (word,) = trimmed([Word(*place, "word", 0.9)], SPEECH)
    assert (word.start, word.end) == pytest.approx(kept)


moments = st.floats(0, 20)
pairs = st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair)))


@given(st.lists(pairs, max_size=8).map(union), st.lists(pairs, max_size=12))
def test_trimming_loses_no_word_and_no_speech(
    speech: list[Interval], places: list[Interval]
) -> None:
    words = [Word(a, b, f"w{n}", 0.9) for n, (a, b) in enumerate(sorted(places))]
    found = trimmed(words, speech)
    assert [word.start for word in found] == sorted(word.start for word in found)
    new = {word.text: word for word in found}
    assert len(new) == len(words) == len(found)
    for old in words:
        word = new[old.text]
        assert old.start - 0.001 <= word.start <= word.end <= old.end + 0.001
        assert word.end - word.start >= min(LEAST_SECONDS, old.end - old.start) - 0.002
        before, after = (
            max((length(common([part], [(w.start, w.end)])) for part in speech), default=0)
            for w in (old, word)
        )
        assert after == pytest.approx(before, abs=0.002)
