"""Words go to whoever speaks at their time, none is lost, and what is doubtful is said."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.transcripts import joined, part, spans_of
from vat.speech.speaker_names import Speaker
from vat.speech.speakers import Speakers, Turn
from vat.timeline import Word
from vat.transcript.merge import Transcript
from vat.transcript.speakers import doubts_of, speakers_of, with_speakers

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


def test_without_turns_nobody_is_known() -> None:
    words = [Word(at, at + 0.5, "word", 1) for at in range(4)]
    assert speakers_of(words, []) == [""] * 4
    assert speakers_of([], TURNS) == []


@given(
    st.lists(st.floats(0, 60), max_size=40),
    st.lists(st.tuples(st.floats(0.1, 5), st.sampled_from(["S1", "S2", "S3"]), st.booleans())),
)
def test_every_word_has_a_speaker_who_has_a_turn(
    starts: list[float], lengths: list[tuple[float, str, bool]]
) -> None:
    words = [Word(at, at + 0.3, f"w{i}.", 1) for i, at in enumerate(sorted(starts))]
    turns, at = [], 0.0
    for seconds, speaker, pause in lengths:
        at += 0.5 * pause
        turns.append(Turn(at, at + seconds, speaker))
        at += seconds
    found = speakers_of(words, turns)
    assert len(found) == len(words)
    assert {*found} <= ({turn.speaker for turn in turns} or {""})
    # Far from every change, it is whoever speaks then.
    for word, label in zip(words, found, strict=True):
        for turn in turns:
            if turn.start + 1 <= word.start and word.end <= turn.end - 1:
                assert label == turn.speaker


@pytest.mark.parametrize("change", [0.9, 1.2, 1.5])
def test_a_change_without_a_pause_is_at_the_end_of_a_sentence(change: float) -> None:
    said = "Is it far? Not very. I see."
    words = [Word(0.4 * i, 0.4 * i + 0.4, text, 1) for i, text in enumerate(said.split())]
    turns = [Turn(0, change, "S1"), Turn(change, 9, "S2")]
    assert speakers_of(words, turns) == ["S1"] * 3 + ["S2"] * 4


def test_a_change_without_a_pause_is_in_a_pause_between_words() -> None:
    starts = (0.0, 0.4, 0.8, 1.35, 1.75)
    words = [Word(at, at + 0.4, "so", 1) for at in starts]
    turns = [Turn(0, 1.5, "S1"), Turn(1.5, 9, "S2")]
    assert speakers_of(words, turns) == ["S1"] * 3 + ["S2"] * 2
    # Where there was a pause, the change is where it was heard.
    turns = [Turn(0, 1.5, "S1"), Turn(1.8, 9, "S2")]
    assert speakers_of(words, turns) == ["S1"] * 4 + ["S2"]


def test_a_short_answer_is_not_taken_for_the_end_of_what_was_said_before() -> None:
    said = "is it very far No. I see now."
    words = [Word(0.4 * i, 0.4 * i + 0.4, text, 1) for i, text in enumerate(said.split())]
    turns = [Turn(0, 1.6, "S1"), Turn(1.6, 2.0, "S2"), Turn(2.0, 9, "S1")]
    assert speakers_of(words, turns) == ["S1"] * 4 + ["S2"] + ["S1"] * 3


def test_speech_that_is_broken_off_ends_before_the_next_one_speaks() -> None:
    said = "the best part of the- What joy there is."
    words = [Word(0.3 * i, 0.3 * i + 0.3, text, 1) for i, text in enumerate(said.split())]
    turns = [Turn(0, 0.85, "S1"), Turn(1.0, 9, "S2")]
    assert speakers_of(words, [Turn(-2, 0.85, "S1"), turns[1]]) == ["S1"] * 5 + ["S2"] * 4


SPANS = spans_of([], 60, 2)


def transcript() -> Transcript:
    words = [Word(at, at + 0.4, f"w{at}", 0.9, True, 0, "en") for at in range(1, 9)]
    return Transcript.from_json(joined(SPANS, [part(1, SPANS[0], words)]))


def test_a_transcript_tells_who_says_each_word(tmp_path: Path) -> None:
    plain = transcript()
    assert with_speakers(plain, [], {}) is plain
    assert "speakers" not in plain.to_json()
    assert not any("speaker" in word for word in plain.to_json()["words"])

    Speakers((Turn(1, 4.5, "S2"), Turn(4.8, 9, "S1"))).write(tmp_path / "speakers.json")
    named = {"speakers": [Speaker("S2", "Ann", "female", "the host").to_json()]}
    found = with_speakers(plain, [tmp_path / "speakers.json"], named)
    assert found.speakers == (Speaker("S2", "Ann", "female", "the host"), Speaker("S1"))
    assert [word.speaker for word in found.words] == ["S2"] * 4 + ["S1"] * 4
    assert [word.text for word in found.words] == [word.text for word in plain.words]
    assert found.warnings == plain.warnings
    found.write(tmp_path / "transcript.json")
    assert Transcript.read(tmp_path / "transcript.json") == found


def test_what_is_doubtful_is_said() -> None:
    sure = Speakers((Turn(0, 60, "S1", 0.4), Turn(60, 64, "S2", 0.05)))
    assert list(doubts_of(sure)) == []
    unsure = Speakers((Turn(0, 60, "S1", 0.4), Turn(60, 65, "S2", 0.05), Turn(66, 68, "S1", 0.01)))
    (doubt,) = doubts_of(unsure)
    assert (doubt.kind, doubt.amount) == ("unsure speakers", 7)
    assert "0:01:00 (S2), 0:01:06 (S1)" in doubt.text
    overlaps = (Turn(10, 13, "S2"), Turn(12, 15.5, "S1"), Turn(30, 31, "S2"))
    (doubt,) = doubts_of(Speakers((Turn(0, 60, "S1"),), overlaps))
    assert (doubt.kind, doubt.amount) == ("speech at once", 6.5)
    assert "0:00:10, 0:00:30" in doubt.text
