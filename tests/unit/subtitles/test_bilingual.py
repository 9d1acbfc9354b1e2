"""At every moment a bilingual track shows what both languages show, the upper one first."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pysubs2
from hypothesis import given
from hypothesis import strategies as st

from vat.subtitles.bilingual import pair
from vat.subtitles.formats import write_track
from vat.subtitles.track import Track
from vat.timeline import Cue


@st.composite
def tracks(draw: st.DrawFn, letter: str) -> Track:
    found, time = [], 0
    for number in range(1, 1 + draw(st.integers(0, 6))):
        start = time + draw(st.integers(0, 3))
        time = start + draw(st.integers(1, 4))
        text = "\n".join([f"{letter}{number}"] * draw(st.integers(1, 2)))
        found.append(Cue(number, start / 10, time / 10, text))
    return Track("en", found)


def shown(cues: Sequence[Cue], time: float) -> list[str]:
    return [line for c in cues if c.start < time < c.end for line in c.text.split("\n")]


@given(tracks("a"), tracks("b"))
def test_both_are_shown_at_every_moment(upper: Track, lower: Track) -> None:
    both = pair(upper, lower)
    for tenth in range(100):
        time = tenth / 10 + 0.05
        assert shown(both.cues, time) == shown(upper.cues, time) + shown(lower.cues, time)
    assert [cue.id for cue in both.cues] == list(range(1, len(both.cues) + 1))
    assert all(before.end <= after.start for before, after in pairwise(both.cues))
    for one in both.shown():
        assert all(line.startswith("a") for line in one.upper)
        assert all(line.startswith("b") for line in one.lower)


@given(tracks("a"))
def test_a_translation_gives_one_cue_for_each(upper: Track) -> None:
    lower = [Cue(cue.id, cue.start, cue.end, cue.text.replace("a", "b")) for cue in upper.cues]
    cues = pair(upper, Track("de", lower)).cues
    assert [(c.start, c.end) for c in cues] == [(c.start, c.end) for c in upper.cues]
    assert [c.text for c in cues] == [
        f"{a.text}\n{b.text}" for a, b in zip(upper.cues, lower, strict=True)
    ]


def test_the_files_of_a_pair(tmp_path: Path) -> None:
    chinese = Track("zh", [Cue(1, 1, 2, "你好\n世界")])
    english = Track("en", [Cue(1, 1, 2, "Hello {world}")])
    json_file, srt, vtt, ass = (tmp_path / f"zh+en.{end}" for end in ("json", "srt", "vtt", "ass"))
    write_track(pair(chinese, english), json_file, srt, vtt, ass)
    track = Track.read(json_file)
    assert track == pair(chinese, english)
    assert (track.language, track.second, track.name) == ("zh", "en", "bilingual")
    assert (track.iso639_2, track.title) == ("zho", "中文 + English")
    assert "你好\n世界\nHello {world}\n" in srt.read_text()
    assert json.loads(json_file.read_text())["upper_lines"] == [2]
    styled = pysubs2.SSAFile.from_string(ass.read_text())
    assert styled[0].text == r"你好\N世界\N{\rSecond}Hello \{world\}"
    assert styled.styles["Second"].fontsize < styled.styles["Default"].fontsize
