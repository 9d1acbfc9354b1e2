"""SubER, as the benchmark on real speech reports it: nothing to change, words, breaks."""

from dataclasses import replace

import pytest

from benchmarks.subtitle_edit_rate import edit_rate, reference_cues
from tests.helpers.real_talks import Sentence, Talk

ENGLISH = Talk(
    "english",
    sentences=[
        Sentence(1.0, 4.0, "Mend the coat. Then go out."),
        Sentence(
            5.0,
            11.0,
            "It was not so much the loss of the cotton itself, but the fantasy, the hopes, the"
            " dreams built around it.",
        ),
    ],
)
CHINESE = Talk("chinese", "zh", sentences=[Sentence(0.5, 4.0, "欢迎大家来体验语音识别模型")])


def test_the_reference_is_set_as_a_person_would() -> None:
    cues = reference_cues(ENGLISH)
    assert [cue.text.replace("\n", " ") for cue in cues] == [
        "Mend the coat.",
        "Then go out.",
        "It was not so much the loss of the cotton itself,",
        "but the fantasy, the hopes, the dreams built around it.",
    ]
    assert (cues[0].start, cues[1].end, cues[2].start, cues[3].end) == (1.0, 4.0, 5.0, 11.0)
    assert all(len(line) <= 42 for cue in cues for line in cue.text.split("\n"))


@pytest.mark.parametrize("talk", [ENGLISH, CHINESE], ids=lambda talk: talk.name)
def test_what_equals_the_reference_needs_no_edit_and_every_fault_some(talk: Talk) -> None:
    cues = reference_cues(talk)
    assert edit_rate(cues, cues, talk.language) == 0
    late = [replace(cue, start=cue.start + 60, end=cue.end + 60) for cue in cues]
    assert edit_rate(late, cues, talk.language) >= 100
    assert edit_rate([], cues, talk.language) == 100
    joined = [replace(cues[0], end=cues[-1].end, text=" ".join(cue.text for cue in cues))]
    if len(cues) > 1:
        assert 0 < edit_rate(joined, cues, talk.language) < 30


def test_chinese_in_the_other_form_of_writing_needs_no_edit() -> None:
    cues = reference_cues(CHINESE)
    other = [replace(cue, text="歡迎大家來體驗語音識別模型") for cue in cues]
    assert len(cues) == 1
    assert edit_rate(other, cues, "zh") == 0
