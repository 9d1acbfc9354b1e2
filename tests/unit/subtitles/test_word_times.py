"""Every word appears at its time, whatever became of the text."""

import re
from collections.abc import Sequence
from pathlib import Path

import av
import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.subtitles.cues import make_cues
from vat.subtitles.limits import CueSettings
from vat.subtitles.track import Track
from vat.subtitles.word_times import WordedCue, to_karaoke, to_words_vtt, worded, write_word_times
from vat.timeline import Cue, Word


def words(text: str, start: float = 1.0, *, space: bool = True) -> list[Word]:
    pieces = text.split("|") if "|" in text else text.split()
    return [
        Word(start + n / 2, start + n / 2 + 0.4, one, 0.9, space) for n, one in enumerate(pieces)
    ]


def pieces(cues: Sequence[WordedCue]) -> list[tuple[int, str]]:
    return [(one.start, one.text) for cue in cues for line in cue.lines for one in line]


def test_each_word_has_its_time() -> None:
    track = Track("en", [Cue(1, 1.0, 4.0, "One <two> {three},\nfour & five.")])
    (cue,) = worded(track, words("One|<two>|{three},|four|&|five."))
    assert [[one.text for one in line] for line in cue.lines] == [
        ["One ", "<two> ", "{three},"],
        ["four & ", "five."],
    ]
    assert [[one.start for one in line] for line in cue.lines] == [[1000, 1500, 2000], [2500, 3500]]
    vtt = to_words_vtt([cue])
    assert "One <00:00:01.500>&lt;two&gt; <00:00:02.000>{three},\n<00:00:02.500>four &amp; " in vtt
    (event,) = pysubs2.SSAFile.from_string(to_karaoke([cue], "en"))
    assert re.findall(r"\\k(\d+)", event.text) == ["50", "50", "50", "100", "50"]
    assert r"{\k50}\{three\},\N{\k100}four & {\k50}five." in event.text


def test_chinese_words_are_told_apart_without_blanks() -> None:
    track = Track("zh", [Cue(1, 1.0, 4.0, "“女兒”說話，\n（在後面）。")])
    found = worded(track, words("“女兒”|說話，|（在|後面）。", space=False))
    texts = ["“女兒”", "說話，", "（在", "後面）。"]
    assert pieces(found) == list(zip([1000, 1500, 2000, 2500], texts, strict=True))


def test_a_word_in_two_parts_is_not_torn() -> None:
    track = Track("en", [Cue(1, 1.0, 3.0, "I don't know 3.5")])
    found = worded(track, words("I don't know 3.5"))
    assert [text for _, text in pieces(found)] == ["I ", "don't ", "know ", "3.5"]


def test_what_a_user_has_changed_gets_the_times_around_it() -> None:
    cues = [Cue(1, 1.0, 3.2, "One two three didn't five."), Cue(2, 6.0, 7.0, "Another one.")]
    heard = [*words("One two tree four five."), *words("Another one.", 6.0)]
    assert pieces(worded(Track("en", cues), heard)) == [
        *[(1000, "One "), (1500, "two "), (1875, "three "), (2250, "didn't "), (3000, "five.")],
        *[(6000, "Another "), (6500, "one.")],
    ]


def test_a_track_that_nobody_spoke_is_spread_over_its_time() -> None:
    assert pieces(worded(Track("en", [Cue(1, 1.0, 3.0, "a bc")]), [])) == [
        (1000, "a "),
        (2000, "bc"),
    ]
    assert pieces(worded(Track("en", [Cue(1, 1.0, 3.0, "♪")]), [])) == [(1000, "♪")]


@st.composite
def talks(draw: st.DrawFn) -> list[Word]:
    found, time = list[Word](), 0.0
    for _ in range(draw(st.integers(1, 40))):
        text = draw(st.text(st.sampled_from("abé漢字កไท’-.,<{"), min_size=1, max_size=6))
        time += draw(st.floats(0, 2))
        end = time + draw(st.floats(0, 1))
        found.append(Word(time, end, text, 0.9, draw(st.booleans())))
        time = draw(st.sampled_from((time, end)))
    return found


@given(talks(), st.booleans())
def test_no_character_is_lost_and_times_go_on(said: list[Word], changed: bool) -> None:
    track = Track("en", make_cues(said, "en", CueSettings()))
    heard = said[::2] if changed else said
    found = worded(track, heard)
    for shown, cue in zip(track.shown(), found, strict=True):
        lines = ["".join(one.text for one in line) for line in cue.lines]
        assert "\n".join(lines) == shown.text
        starts = [one.start for line in cue.lines for one in line]
        assert starts == sorted(starts)
        assert cue.start <= min(starts) <= max(starts) <= cue.end
        marked = to_words_vtt([cue])
        times = [_milliseconds(one) for one in re.findall(r"<([\d:.]+)>", marked)]
        assert times == sorted(set(times))
        assert all(cue.start < time < cue.end for time in times)
    lengths = [sum(map(int, re.findall(r"\\k(\d+)", one.text))) for one in _events(found)]
    for cue, length in zip(found, lengths, strict=True):
        assert length == round((cue.end - cue.start) / 10)


def _milliseconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


def _events(cues: Sequence[WordedCue]) -> list[pysubs2.SSAEvent]:
    return list(pysubs2.SSAFile.from_string(to_karaoke(cues, "en")))


@pytest.mark.parametrize("ending", ["vtt", "ass"])
def test_players_read_the_files(tmp_path: Path, ending: str) -> None:
    said = words("One <two> {three}, four & five.")
    track = Track("en", make_cues(said, "en", CueSettings()))
    vtt, ass = tmp_path / "a.words.vtt", tmp_path / "a.words.ass"
    write_word_times(track, said, vtt, ass)
    with av.open(str(tmp_path / f"a.words.{ending}")) as file:
        (packet,) = [one for one in file.demux() if one.size]
        assert b"five." in bytes(packet)
