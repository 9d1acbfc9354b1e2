"""Two people share a cue only as a dialogue of two lines, and only where that helps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.speech.speaker_names import Speaker
from vat.subtitles.dialogues import is_dialogue, parted, rejoined, with_dialogues
from vat.subtitles.formats import to_srt, to_vtt
from vat.subtitles.limits import CueSettings
from vat.subtitles.track import Track
from vat.timeline import Cue

LAYOUT = CueSettings()


def cue(at: int, start: float, end: float, text: str, *speakers: str) -> Cue:
    return Cue(at, start, end, text, speakers=speakers)


def test_a_short_answer_is_read_with_its_question() -> None:
    cues = [
        cue(1, 0.0, 2.0, "Is it far?", "S1"),
        cue(2, 2.1, 2.5, "Not very.", "S2"),
        cue(3, 4.0, 6.0, "Then let us go.", "S1"),
    ]
    both, after = with_dialogues(cues, LAYOUT)
    assert both == cue(1, 0.0, 2.5, "- Is it far?\n- Not very.", "S1", "S2")
    assert after == cue(2, 4.0, 6.0, "Then let us go.", "S1")


@pytest.mark.parametrize(
    "second",
    [
        cue(2, 2.1, 4.5, "Not very.", "S2"),  # there is time to read it
        cue(2, 2.1, 2.5, "Not very.", "S1"),  # the same speaker
        cue(2, 2.1, 2.5, "Not very."),  # nobody knows
        cue(2, 3.1, 3.5, "Not very.", "S2"),  # after a pause
        cue(2, 2.1, 2.5, "Not " + "very " * 12, "S2"),  # wider than a line
        cue(2, 2.1, 2.5, "Not\nvery.", "S2", "S3"),  # has two already
        Cue(2, 2.1, 2.5, "Gar nicht.", "de", speakers=("S2",)),  # another language
    ],
)
def test_elsewhere_they_stay_apart(second: Cue) -> None:
    cues = [cue(1, 0.0, 2.0, "Is it far?", "S1"), second]
    assert with_dialogues(cues, LAYOUT) == cues


def test_one_line_has_no_room_for_two() -> None:
    cues = [cue(1, 0.0, 2.0, "Is it far?", "S1"), cue(2, 2.1, 2.5, "Not very.", "S2")]
    assert with_dialogues(cues, CueSettings(max_lines=1)) == cues


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Yes.", "No, never.", "I have no idea what you mean by that."]),
            st.floats(0.2, 3),
            st.floats(0, 1),
            st.sampled_from([(), ("S1",), ("S2",), ("S3",)]),
        )
    )
)
def test_no_text_is_lost_and_every_cue_can_be_parted_and_rejoined(
    said: list[tuple[str, float, float, tuple[str, ...]]],
) -> None:
    cues, at = list[Cue](), 0.0
    for text, seconds, pause, speakers in said:
        cues.append(Cue(len(cues) + 1, at, at + seconds, text, speakers=speakers))
        at += seconds + pause
    found = with_dialogues(cues, LAYOUT)
    assert [one.id for one in found] == [*range(1, len(found) + 1)]
    for one in found:
        assert len(one.speakers) < 2 or (is_dialogue(one) and len({*one.speakers}) == 2)
        assert one.end - one.start <= LAYOUT.max_seconds
    halves = [half for one in found for half in parted(one)]
    assert [half.text for half in halves] == [one.text for one in cues]
    assert [half.speakers for half in halves] == [one.speakers for one in cues]
    assert rejoined(halves) == found


@pytest.mark.parametrize(
    "text",
    [
        "I told you that already,\nand I mean it.",
        "- Is it far?\nand I mean it.",
        "I told you\n- Not very.",
        "- One line",
        "- Is it far?\n-",
        "- Is it far?\n- Not very.\n- Well.",
    ],
)
def test_lines_without_dashes_are_not_given_to_two_people(text: str) -> None:
    one = cue(1, 0.0, 2.0, text, "S1", "S2")
    assert not is_dialogue(one)
    assert rejoined(parted(one)) == [one]
    track = Track("en", [one], speakers=(Speaker("S1", "Ann"), Speaker("S2", "Bob")), prefix=True)
    assert track.shown()[0].voices == []
    for written in (to_srt(track, prefix=True), to_vtt(track)):
        assert "Ann" not in written
        assert text in written


def test_a_dialogue_tells_who_says_each_line() -> None:
    one = cue(1, 0.0, 2.0, "- Is it far?\n- Not very.", "S1", "S2")
    track = Track("en", [one], speakers=(Speaker("S1", "Ann"), Speaker("S2", "Bob")), prefix=True)
    assert track.shown()[0].voices == ["Ann", "Bob"]
    assert "Ann: Is it far?\nBob: Not very." in to_srt(track, prefix=True)
