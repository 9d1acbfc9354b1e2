"""Cues hold every word once, in order, within limits, and whole sentences where they fit."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training import lexicon
from vat.cues import CueSettings, columns, lay_out, make_cues, text_of
from vat.subtitles import to_srt
from vat.timeline import Word

SETTINGS = CueSettings()


def spoken(text: str, *, pace: float = 0.4, pause: float = 0.6, space: bool = True) -> list[Word]:
    """Words at an even pace, with a pause after each sentence."""
    words, time = [], 0.5
    for part in text.split() if space else text:
        words.append(Word(round(time, 3), round(time + pace * 0.9, 3), part, 0.9, space))
        time += pace + (pause if part[-1] in ".?!。？！" else 0)
    return words


@st.composite
def any_words(draw: st.DrawFn) -> list[Word]:
    texts = draw(
        st.lists(
            st.text(st.sampled_from("abcdefXYZ,.?!'"), min_size=1, max_size=60).filter(str.strip),
            max_size=80,
        )
    )
    words, time = [], 0.0
    for text in texts:
        time += draw(st.sampled_from([0, 0, 0.01, 0.2, 1.0, 3.0]))
        length = draw(st.sampled_from([0, 0.05, 0.3, 0.8, 30.0]))
        words.append(Word(round(time, 3), round(time + length, 3), text, 0.5))
        time += length if draw(st.booleans()) else 0
    return words


@given(any_words(), st.sampled_from(["en", "de", "zh"]))
def test_no_word_is_lost_doubled_or_moved(words: list[Word], language: str) -> None:
    cues = make_cues(words, language, SETTINGS)
    assert " ".join(cue.text for cue in cues).split() == [word.text for word in words]
    assert [cue.id for cue in cues] == list(range(1, len(cues) + 1))


@given(any_words())
def test_cues_are_ordered_and_apart(words: list[Word]) -> None:
    cues = make_cues(words, "en", SETTINGS)
    for cue in cues:
        assert cue.end > cue.start >= 0
    for before, after in itertools.pairwise(cues):
        assert before.end <= after.start


@given(any_words())
def test_limits_hold_wherever_words_permit(words: list[Word]) -> None:
    for cue in make_cues(words, "en", SETTINGS):
        lines = cue.text.split("\n")
        overlong = any(columns(line) > SETTINGS.max_columns for line in lines)
        assert not overlong or any(len(line.split()) == 1 for line in lines)
        if len(cue.text.split()) > 1:
            assert len(lines) <= SETTINGS.max_lines
        assert cue.end - cue.start <= SETTINGS.max_seconds + 0.002


@given(st.integers(0, 10_000))
def test_a_sentence_of_common_length_is_one_cue(seed: int) -> None:
    chance = random.Random(seed)
    sentences = [lexicon.sentence(chance) for _ in range(6)]
    sentences = [s for s in sentences if 4 <= len(s.split()) <= 12]
    cues = make_cues(spoken(" ".join(sentences)), "en", SETTINGS)
    assert [cue.text.replace("\n", " ") for cue in cues] == sentences


def test_a_cue_starts_with_its_first_word_and_lasts_to_its_last() -> None:
    words = spoken("The red car stops. Where is the dog?")
    cues = make_cues(words, "en", SETTINGS)
    assert [cue.start for cue in cues] == [words[0].start, words[4].start]
    assert cues[0].end >= words[3].end
    assert cues[1].end >= words[-1].end


def test_a_short_cue_stays_at_least_a_second_where_there_is_room() -> None:
    cues = make_cues([Word(1, 1.2, "Yes.", 0.9), Word(9, 9.2, "No.", 0.9)], "en", SETTINGS)
    assert [round(cue.end - cue.start, 3) for cue in cues] == [1.0, 1.0]
    limited = make_cues([Word(1, 1.2, "Yes.", 0.9)], "en", SETTINGS, duration=1.5)
    assert limited[0].end == 1.5


def test_two_sentences_without_time_to_read_share_a_cue() -> None:
    words = [Word(1, 1.2, "Yes.", 0.9), Word(1.3, 2.5, "Certainly.", 0.9)]
    assert [cue.text for cue in make_cues(words, "en", SETTINGS)] == ["Yes. Certainly."]


def test_a_long_sentence_is_cut_at_its_comma() -> None:
    text = (
        "The quiet old teacher carries seven big boxes, and the student follows the very small dog"
        " behind the house today."
    )
    cues = make_cues(spoken(text), "en", SETTINGS)
    assert cues[0].text.replace("\n", " ").endswith("boxes,")
    assert all(cue.end - cue.start <= 7 for cue in cues)


def test_speech_without_any_full_stop_is_cut_at_pauses() -> None:
    words, time = [], 0.0
    for number in range(1500):
        words.append(Word(time, time + 0.3, f"word{number}", 0.9))
        time += 0.9 if number % 8 == 7 else 0.4
    cues = make_cues(words, "en", SETTINGS)
    assert len(" ".join(cue.text for cue in cues).split()) == 1500
    starts = {round(word.start, 3) for word in words[::8]}
    assert sum(cue.start in starts for cue in cues) > 0.8 * len(cues)


def test_chinese_has_no_blanks_and_breaks_between_phrases() -> None:
    text = "老船长在太阳下山之前带着七个银盒子，没有人问过他。今天天气很好，我们去公园吧！"
    cues = make_cues(spoken(text, pace=0.15, space=False), "zh", CueSettings(max_columns=24))
    assert "".join(cue.text.replace("\n", "") for cue in cues) == text
    assert all(columns(line) <= 24 for cue in cues for line in cue.text.split("\n"))
    assert cues[-1].text.replace("\n", "").startswith("今天")


@given(st.text(max_size=300), st.sampled_from(["en", "zh", "ja", "th", "ar"]), st.integers(10, 60))
def test_a_layout_loses_no_character(text: str, language: str, width: int) -> None:
    laid = lay_out(text, language, width, 2)
    assert "".join(laid.split()) == "".join(text.split())
    assert "\n\n" not in laid
    if laid:
        assert all(line == line.strip() and line for line in laid.split("\n"))


def test_lines_are_of_about_equal_width() -> None:
    text = "The teacher finds a quiet river near the old school on Monday."
    first, second = lay_out(text, "en", 42, 2).split("\n")
    assert abs(len(first) - len(second)) < 8


def test_a_text_too_long_for_its_lines_gets_more_of_them() -> None:
    assert lay_out("word " * 40, "en", 42, 2).count("\n") == 4


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_words_give_no_cues(language: str) -> None:
    assert make_cues([], language, SETTINGS) == []
    assert to_srt([]).strip() == ""
    assert text_of([]) == ""
