"""A video is cut by the languages that are spoken in it."""

import itertools
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.speech.passages import passages, spoken_languages, utterances
from vat.timeline import Interval

Vote = Mapping[str, float]


def found(
    said: Sequence[Interval], votes: Sequence[Vote], *languages: str
) -> list[tuple[float, float, str]]:
    duration = said[-1][1] + 1
    made = passages(said, votes, languages, duration)
    return [(one.start, one.end, one.language) for one in made]


SAID = [(1.0, 4.0), (5.0, 8.0), (9.0, 12.0), (13.0, 16.0)]
ENGLISH: Vote = {"en": 0.95, "de": 0.03, "nl": 0.02}
GERMAN: Vote = {"de": 0.9, "en": 0.05, "nl": 0.05}


def test_short_pauses_do_not_part_utterances() -> None:
    speech = [(0.0, 1.0), (1.2, 2.0), (2.5, 3.0), (3.1, 11.0), (11.1, 15.0)]
    assert utterances(speech) == [(0.0, 2.0), (2.5, 11.0), (11.1, 15.0)]


def test_languages_change_in_the_middle_of_a_pause() -> None:
    votes = [ENGLISH, ENGLISH, GERMAN, ENGLISH]
    parts = [(0.0, 8.5, "en"), (8.5, 12.5, "de"), (12.5, 17.0, "en")]
    assert found(SAID, votes) == found(SAID, votes, "en", "de") == parts


def test_a_short_or_doubtful_utterance_changes_nothing() -> None:
    doubtful = {"nl": 0.5, "en": 0.3, "de": 0.2}
    assert found(SAID, [ENGLISH, doubtful, ENGLISH, ENGLISH]) == [(0.0, 17.0, "en")]
    short = [(1.0, 4.0), (5.0, 5.4), (6.0, 9.0)]
    assert found(short, [ENGLISH, GERMAN, ENGLISH], "en", "de") == [(0.0, 10.0, "en")]


def test_only_the_languages_that_may_be_spoken_are_heard() -> None:
    votes = [ENGLISH, {"nl": 0.8, "de": 0.15, "en": 0.05}, GERMAN, ENGLISH]
    assert [language for _, _, language in found(SAID, votes, "en", "de")] == ["en", "de", "en"]
    assert [language for _, _, language in found(SAID, votes)] == ["en", "nl", "de", "en"]


def test_of_a_language_enough_is_heard() -> None:
    said = [(0.0, 10.0), (11.0, 12.0)]
    assert spoken_languages(said, [ENGLISH, GERMAN]) == ["en"]
    assert spoken_languages(said[1:], [GERMAN]) == ["de"]


def test_where_nobody_speaks_there_is_no_passage() -> None:
    assert passages([], [], [], 10.0) == []


@given(
    st.lists(
        st.tuples(st.floats(0.3, 5), st.floats(0.2, 9), st.integers(0, 3)), min_size=1, max_size=40
    )
)
def test_passages_tile_the_video_and_hold_whole_utterances(
    talk: list[tuple[float, float, int]],
) -> None:
    said, votes, time = list[Interval](), list[Vote](), 0.0
    for pause, seconds, language in talk:
        said.append((time + pause, time + pause + seconds))
        votes.append({code: 0.85 if n == language else 0.05 for n, code in enumerate("abcd")})
        time = said[-1][1]
    made = passages(said, votes, [], time + 1)
    assert (made[0].start, made[-1].end) == (0.0, time + 1)
    for before, after in itertools.pairwise(made):
        assert before.end == after.start
        assert before.language != after.language
    for start, end in said:
        assert sum(one.start <= start + 0.001 and end <= one.end + 0.001 for one in made) == 1
    assert all(one.probability == pytest.approx(0.5, abs=0.46) for one in made)
