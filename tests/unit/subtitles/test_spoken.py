"""Cues of what is said, in one language each."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.transcripts import chunks_of, joined, part, spans_of
from vat.planning.config import complete
from vat.speech.speaker_names import Speaker
from vat.speech.speakers import Turn
from vat.subtitles.dialogues import is_dialogue, said_by_each
from vat.subtitles.spoken import spoken_track, written_words
from vat.timeline import Word
from vat.transcript.merge import Transcript
from vat.transcript.speakers import speakers_of

SPANS = spans_of([], 60, 2)


def words(text: str, start: float, language: str) -> list[Word]:
    return [
        Word(start + n * 0.4, start + n * 0.4 + 0.35, word, 0.9, True, 0, language)
        for n, word in enumerate(text.split())
    ]


def tracked(*said: list[Word]) -> dict[str, Any]:
    every = [word for one in said for word in one]
    made = Transcript.from_json(joined(SPANS, [part(1, SPANS[0], every)]))
    track, check = spoken_track(made, complete({"videos": "x"})["merge"])
    assert check.faults["no_overlap"] == []
    return track.to_json()


def test_no_cue_has_words_of_two_languages() -> None:
    made = tracked(
        words("and she said", 1, "en"),
        words("guten Tag", 2.2, "de"),
        words("to all of us.", 3.0, "en"),
    )
    assert made["language"] == "en"
    told = [(cue["id"], cue["text"], cue.get("language")) for cue in made["cues"]]
    assert told == [(1, "and she said", None), (2, "guten Tag", "de"), (3, "to all of us.", None)]


def test_a_video_of_one_language_has_cues_without_it() -> None:
    made = tracked(words("One two three.", 1, "en"), words("Four five.", 8, "en"))
    assert [set(cue) for cue in made["cues"]] == [{"id", "start", "end", "text"}] * 2


def test_a_passage_is_looked_at_in_its_own_language() -> None:
    assert chunks_of(SPANS).spoken_in((3, 9)) == [((3, 9), "en")]


def test_no_cue_has_words_of_two_speakers_but_as_a_dialogue() -> None:
    said = [
        *(replace(word, speaker="S1") for word in words("Is it far?", 1, "en")),
        *(replace(word, speaker="S2") for word in words("No.", 2.2, "en")),
        *(
            replace(word, speaker="S1")
            for word in words("Then let us go there at once.", 2.6, "en")
        ),
        *(replace(word, speaker="S2") for word in words("Yes, as soon as I can.", 8, "en")),
    ]
    made = Transcript.from_json(joined(SPANS, [part(1, SPANS[0], said)]))
    made = replace(made, speakers=(Speaker("S1", "Ann"), Speaker("S2")))
    section = complete({"videos": "x"})["merge"] | {"speaker_prefix": True}
    track, _ = spoken_track(made, section)
    assert [(cue.text, cue.speakers) for cue in track.cues] == [
        ("- Is it far?\n- No.", ("S1", "S2")),
        ("Then let us go there at once.", ("S1",)),
        ("Yes, as soon as I can.", ("S2",)),
    ]
    assert track.speakers == made.speakers
    assert track.prefix


@st.composite
def spoken_words(draw: st.DrawFn) -> list[Word]:
    """Words that follow one another, each unlike any other."""
    one = st.tuples(
        st.sampled_from(["", ".", "?", ",", "-", " -"]),
        st.floats(0, 2),
        st.floats(0.05, 0.8),
        st.sampled_from(["", "", "de"]),
    )
    found, at = list[Word](), 0.0
    for number, (mark, pause, seconds, language) in enumerate(draw(st.lists(one, max_size=40))):
        start = at + pause
        at = start + seconds
        found.append(Word(start, at, f"w{number}{mark}", 0.9, True, 0, language))
    return found


ANY_TURNS = st.lists(
    st.builds(Turn, st.floats(-9, 70), st.floats(-9, 70), st.sampled_from(["S1", "S2", "S3", ""])),
    max_size=12,
)
"""Out of order, over one another, with their ends before their starts, or none."""


@given(spoken_words(), ANY_TURNS)
def test_whatever_the_turns_no_word_is_lost_and_no_line_has_two_speakers(
    said: list[Word], turns: list[Turn]
) -> None:
    labels = speakers_of(said, turns)
    made = Transcript.from_json(joined(SPANS, [part(1, SPANS[0], [])]))
    told = [replace(word, speaker=label) for word, label in zip(said, labels, strict=True)]
    track, check = spoken_track(
        replace(made, words=tuple(told)), complete({"videos": "x"})["merge"]
    )
    lines = list[tuple[str, str]]()
    for cue in track.cues:
        if len(cue.speakers) < 2:
            lines.append(("".join(cue.speakers), " ".join(cue.text.splitlines())))
        else:
            assert is_dialogue(cue)
            lines += zip(cue.speakers, said_by_each(cue.text), strict=True)
    whose = [(label, text) for label, line in lines for text in line.split()]
    assert whose == [(word.speaker, text) for word in told for text in word.text.split()]
    assert check.faults["no_overlap"] == []


def chinese(text: str) -> list[Word]:
    return [
        Word(n * 0.4, n * 0.4 + 0.35, word.strip(), 0.9, word.startswith(" "))
        for n, word in enumerate(text.split("|"))
    ]


def test_chinese_words_flip_to_the_form_of_most() -> None:
    said = written_words(chinese("女|兒|說|話|,| 头|发|在|后|面."), "zh")
    assert "".join(word.text for word in said) == "女兒說話，頭髮在後面。"
    assert not any(word.space for word in said)
    assert [word.start for word in said] == [word.start for word in chinese("a|" * 9 + "b")]


def test_chinese_words_have_the_form_that_is_configured() -> None:
    said = chinese("她|的|女|兒|说|软件")
    assert "".join(word.text for word in written_words(said, "zh-hans")) == "她的女儿说软件"
    assert "".join(word.text for word in written_words(said, "zh-tw")) == "她的女兒說軟件"


def test_words_of_other_languages_stay() -> None:
    said = chinese("学| 校, 行")
    assert written_words(said, "ja") == said
