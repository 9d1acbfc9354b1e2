"""A second reading adds what a draft lacks, and spoils nothing that the draft has."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.timeline import Word
from vat.transcript.filling import filled

SPEECH = [(0.0, 5.0), (7.0, 12.0)]
SAID = [Word(t / 2, t / 2 + 0.45, f"w{t}", 0.9) for t in (*range(10), *range(14, 24))]
WINDOW, HOLE = (0.0, 12.0), (2.0, 4.0)


def texts(words: list[Word], again: list[Word]) -> list[str]:
    return [word.text for word in filled(words, again, WINDOW, [HOLE], SPEECH).words]


def test_words_of_no_length_do_not_keep_out_the_words_that_are_said_there() -> None:
    draft = [word for word in SAID if not HOLE[0] <= word.start < HOLE[1]]
    loop = [Word(2.2, 2.2, "w1", 0.99), Word(2.2, 2.2, "no", 0.99), Word(2.2, 2.2, "w1", 0.99)]
    found = texts(sorted([*draft, *loop], key=lambda word: word.start), SAID)
    assert found == [word.text for word in SAID]


def test_away_from_the_holes_the_draft_stays() -> None:
    draft = [word for word in SAID if not HOLE[0] <= word.start < HOLE[1]]
    again = [Word(w.start, w.end, "uh", 0.95) if w.text == "w20" else w for w in SAID]
    assert texts(draft, again) == [word.text for word in SAID]


def test_words_that_only_the_draft_has_stay() -> None:
    draft = [word for word in SAID if word.text not in ("w5", "w6")]
    again = [word for word in SAID if word.text not in ("w3", "w8")]
    assert texts(draft, again) == [word.text for word in SAID]


@pytest.mark.parametrize(("probability", "trusted"), [(0.8, False), (0.97, True)])
def test_a_reading_that_agrees_nowhere_must_be_surer(probability: float, trusted: bool) -> None:
    draft = [Word(w.start, w.end, "uh", 0.8) for w in SAID if not 2 <= w.start < 4]
    again = [Word(w.start, w.end, w.text, probability) for w in SAID]
    # Nothing but their own words speaks for them: no word is shared.
    assert filled(draft, again, WINDOW, [HOLE], SPEECH).trusted == trusted


def test_a_word_stretched_over_a_lost_phrase_does_not_keep_it_out() -> None:
    draft = [Word(10.0, 11.0, "before", 0.9), Word(12.0, 14.6, "near", 0.95)]
    lost = [Word(12.0 + n / 2, 12.4 + n / 2, f"said{n}", 0.9) for n in range(5)]
    found = filled(draft, lost, (11.5, 15.0), [(12.0, 14.6)], [(10.0, 11.0), (12.0, 14.6)])
    assert (found.trusted, found.agreement) == (True, 1)
    assert [word.text for word in found.words] == ["before", *(word.text for word in lost)]


def test_new_words_keep_their_order_beside_those_that_both_readings_have() -> None:
    said = ("joy", "there", "is")
    draft = [
        Word(5.5, 6.2, "What", 0.9),
        *(Word(7.0 + n, 7.9 + n, t, 0.9) for n, t in enumerate(said)),
    ]
    again = [
        Word(7.0, 7.2, "What", 0.9),
        Word(7.2, 7.9, "joy", 0.9),
        *(Word(8.0 + n, 8.9 + n, t, 0.9) for n, t in enumerate(said[1:])),
    ]
    found = filled(draft, again, (5.0, 12.0), [(6.9, 7.3)], [(7.0, 10.0)])
    assert [word.text for word in found.words] == ["What", *said]


def test_the_first_word_of_a_phrase_set_into_a_lost_one_goes_to_its_place() -> None:
    draft = [Word(7.0, 7.6, "What", 0.9), Word(9.2, 9.6, "joy.", 0.9)]
    again = [
        *(Word(6.0 + n / 2, 6.4 + n / 2, f"said{n}", 0.6) for n in range(4)),
        Word(9.0, 9.2, "What", 0.9),
        Word(9.2, 9.6, "joy.", 0.9),
    ]
    found = filled(draft, again, (5.0, 12.0), [(6.0, 7.0)], [(6.0, 8.0), (9.0, 9.6)])
    assert [word.text for word in found.words] == [word.text for word in again]


def heard(*words: tuple[float, str, float]) -> list[Word]:
    return [Word(start, start + 0.4, text, probability) for start, text, probability in words]


def test_a_word_stays_where_its_other_copy_is_lost() -> None:
    draft = heard((0, "one", 0.9), (1, "yellow", 0.9), (3, "hello", 0.9), (6, "two", 0.9))
    again = heard((0, "one", 0.9), (1, "hello", 0.4), (3, "world", 0.3), (6, "two", 0.9))
    found = filled(draft, again, (0.0, 10.0), [(0.0, 10.0)], [(0.0, 10.0)])
    assert [word.text for word in found.words] == ["one", "yellow", "hello", "two"]


HEARD = st.one_of(st.none(), st.tuples(st.sampled_from("abc"), st.floats(0.05, 1)))
PLACES = st.lists(
    # Words of one text at one time are shared, which would make two parts of one.
    st.tuples(HEARD, HEARD).filter(lambda two: not (two[0] and two[1] and two[0][0] == two[1][0])),
    max_size=8,
)


@given(PLACES, st.lists(st.booleans(), min_size=8, max_size=8))
def test_a_word_that_both_readings_have_is_never_gone(
    places: list[tuple[tuple[str, float] | None, ...]], spoken: list[bool]
) -> None:
    shared = heard(*((-10.0 + n, f"w{n}", 0.9) for n in range(9)), (9, "end", 0.9))
    both = [
        heard(*((n, *one) for n, one in enumerate(side) if one))
        for side in ([place[0] for place in places], [place[1] for place in places])
    ]
    draft, again = (sorted([*side, *shared], key=lambda word: word.start) for side in both)
    speech = [(-10.0, -1.0), *((n, n + 1.0) for n, said in enumerate(spoken) if said), (9.0, 10.0)]
    found = filled(draft, again, (-10.0, 10.0), [(-1.0, 9.0)], speech)
    assert found.trusted
    texts = [Counter(word.text for word in words) for words in (draft, again, found.words)]
    assert texts[0] & texts[1] <= texts[2]


@pytest.mark.parametrize("shift", [0.0, 0.7, 1.8])
def test_words_at_the_edges_of_a_phrase_that_another_reading_sets_elsewhere_are_one(
    shift: float,
) -> None:
    """The last words of one phrase and the first of the next lie in the laughter between them."""
    again = [
        *SAID[:8],
        *(Word(w.start + shift, w.end + shift, w.text, 0.99) for w in SAID[8:10]),
        *(Word(w.start - shift, w.end - shift, w.text, 0.99) for w in SAID[10:11]),
        *SAID[11:],
    ]
    found = filled(SAID, again, WINDOW, [(5.5, 6.5)], [(0.0, 12.0)])
    assert [word.text for word in found.words] == [word.text for word in SAID]


def test_a_word_said_twice_stays_so_beside_a_word_that_both_have() -> None:
    twice = [*SAID[:10], Word(5.2, 5.6, "w9", 0.95), Word(5.8, 6.2, "no", 0.95), *SAID[10:]]
    found = filled(SAID, twice, WINDOW, [(5.0, 6.5)], [(0.0, 12.0)])
    assert [word.text for word in found.words] == [word.text for word in twice]
