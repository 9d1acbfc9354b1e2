"""Words go to whoever speaks at their time, and no cue has those of two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.speech.speakers import Turn
from vat.subtitles.cues import make_cues
from vat.subtitles.limits import CueSettings
from vat.subtitles.speakers import by_speaker, speakers_of
from vat.timeline import Word

TURNS = [Turn(0, 2, "S1"), Turn(2, 3, "S2"), Turn(5, 7, "S1")]


@pytest.mark.parametrize(
    ("start", "end", "speaker"),
    [(0.5, 1, "S1"), (1.8, 2.1, "S1"), (1.9, 2.4, "S2"), (3.2, 3.5, "S2"), (4.6, 4.9, "S1")],
)
def test_a_word_is_of_the_turn_that_shares_its_time_or_is_nearest(
    start: float, end: float, speaker: str
) -> None:
    assert speakers_of([Word(start, end, "word", 1)], TURNS) == [speaker]


def test_a_short_word_after_the_last_turn_is_of_that_turn() -> None:
    assert speakers_of([Word(9, 9, "word", 1)], TURNS) == ["S1"]


def test_without_turns_the_words_stay_together() -> None:
    words = [Word(at, at + 0.5, "word", 1) for at in range(4)]
    assert by_speaker(words, []) == [words]
    assert by_speaker([], TURNS) == []


@given(
    st.lists(st.floats(0, 60), max_size=40),
    st.lists(st.tuples(st.floats(0.1, 5), st.sampled_from(["S1", "S2", "S3"]))),
)
def test_no_word_is_lost_and_no_run_has_two_speakers(
    starts: list[float], lengths: list[tuple[float, str]]
) -> None:
    words = [Word(at, at + 0.3, f"w{i}", 1) for i, at in enumerate(sorted(starts))]
    turns, at = [], 0.0
    for seconds, speaker in lengths:
        turns.append(Turn(at, at + seconds, speaker))
        at += seconds
    runs = by_speaker(words, turns)
    assert [word for run in runs for word in run] == words
    assert all(len(set(speakers_of(run, turns))) == 1 for run in runs)


def test_cues_part_where_the_speaker_changes() -> None:
    said = "Is it far? Not very."
    words = [Word(0.4 * i, 0.4 * i + 0.4, text, 1) for i, text in enumerate(said.split())]
    turns = [Turn(0, 1.2, "S1"), Turn(1.2, 2, "S2")]
    texts = [
        cue.text for run in by_speaker(words, turns) for cue in make_cues(run, "en", CueSettings())
    ]
    assert texts == ["Is it far?", "Not very."]
