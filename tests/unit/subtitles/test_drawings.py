"""Drawings and exact places of ASS go from one script into another, in any size of picture."""

import re
from pathlib import Path

import pysubs2
import pytest

from vat.subtitles.ass import ass_document
from vat.subtitles.drawings import parted, scaled
from vat.subtitles.reading import read_subtitles
from vat.subtitles.track import Track

HEAD = (
    "[Script Info]\nScriptType: v4.00+\nPlayResX: 640\nPlayResY: 360\n\n[V4+ Styles]\nFormat: Name,"
    " Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic,"
    " Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow,"
    " Alignment, MarginL, MarginR, MarginV, Encoding\n"
    "Style: Box,Sans,20,&H000000FF,&H0,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,7,10,10,10,1\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)


def read(folder: Path, *events: str) -> Track:
    path = folder / "x.ass"
    lines = (f"Dialogue: 0,0:00:01.00,0:00:02.00,Box,,0,0,0,,{one}\n" for one in events)
    path.write_text(HEAD + "".join(lines), "utf-8")
    file = read_subtitles(path)
    return Track("en", file.cues, drawings=file.drawings)


def test_a_drawing_and_a_sign_are_written_again(tmp_path: Path) -> None:
    shape = r"{\pos(320,180)\p1}m 0 0 l 100 0 100 50{\p0}"
    track = read(tmp_path, shape, r"{\an5\pos(320,90)}Exit", "said")
    assert [cue.text for cue in track.cues] == ["Exit", "said"]
    script = pysubs2.SSAFile.from_string(ass_document(track), "ass")
    drawn, sign, said = script.events
    # From 640 x 360 to 1920 x 1080, with the look of its own style.
    assert r"\pos(960,540)" in drawn.text
    assert "m 0 0 l 300 0 300 150" in drawn.text
    assert r"\an7\1c&H0000FF&" in drawn.text
    assert (drawn.marginl, drawn.marginv) == (30, 30)
    assert sign.text == r"{\an5\pos(960,270)}Exit"
    assert said.text == r"{\an7}said"
    assert sign.layer > drawn.layer


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    track = read(tmp_path, r"{\move(0,0,640,360,100,900)\p1}m 0 0 l 9 9", r"{\pos(1.5,2)}Sign")
    (tmp_path / "x.json").write_text(__import__("json").dumps(track.to_json()))
    assert Track.read(tmp_path / "x.json").to_json() == track.to_json()
    again = tmp_path / "again.ass"
    again.write_text(ass_document(track), "utf-8")
    file = read_subtitles(again)
    assert [cue.place for cue in file.cues] == [cue.place for cue in track.cues]
    assert len(file.drawings) == 1
    assert r"\move(0,0,1920,1080,100,900)" in file.drawings[0].text


def test_a_picture_of_another_shape_has_them_at_the_same_share(tmp_path: Path) -> None:
    document = ass_document(read(tmp_path, r"{\an5\pos(320,180)}Mid"), "clean", (1080, 1920))
    width = int(re.search(r"PlayResX: (\d+)", document)[1])  # type: ignore[index]
    height = int(re.search(r"PlayResY: (\d+)", document)[1])  # type: ignore[index]
    x, y = map(float, re.search(r"\\pos\(([\d.]+),([\d.]+)\)", document).groups())  # type: ignore[union-attr]
    assert (x / width, y / height) == pytest.approx((0.5, 0.5), abs=0.001)


def test_text_beside_a_drawing_stays_text() -> None:
    words, shape = parted(r"{\p1}m 0 0 l 1 1{\p0}Text {\i1}after{\p0}")
    assert "Text " in words
    assert "m 0 0" not in words
    assert "m 0 0 l 1 1" in shape
    assert "Text" not in shape
    assert parted(r"{\pos(1,2)}said") == (r"{\pos(1,2)}said", "")


@pytest.mark.parametrize("command", [r"\p", r"\p\i1", r"\i1\p", r"\p0", r"\p1\p", r"\p\pos(1,2)"])
def test_drawing_ends_with_a_command_of_any_form(tmp_path: Path, command: str) -> None:
    track = read(tmp_path, rf"{{\p1}}m 0 0 l 9 9{{{command}}}Then said")
    assert [cue.text for cue in track.cues] == ["Then said"]
    assert ["m 0 0 l 27 27" in one.text for one in track.drawings] == [True]


def test_commands_that_begin_like_that_of_drawing_end_none() -> None:
    assert "9 9" in parted(r"{\p1}m 0 0{\pos(1,2)\pbo3}l 9 9{\p}said")[1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (r"{\clip(0,0,10,20)}x 1 2", r"{\clip(0,0,20,60)}x 1 2"),
        (r"{\iclip(1,m 1 2 l 3 4)}x", r"{\iclip(1,m 2 6 l 6 12)}x"),
        (r"{\bord2\shad1\xbord1}x", r"{\bord6\shad3\xbord2}x"),
        (r"{\org(1,-2)\frz30\blur2}x", r"{\org(2,-6)\frz30\blur2}x"),
        (r"{\p2}m 1.5 -.5{\p0} 1 1", r"{\p2}m 3 -1.5{\p0} 1 1"),
        (r"{\p2}m 1 1{\p} 1 1", r"{\p2}m 2 3{\p} 1 1"),
    ],
)
def test_lengths_and_places_grow_and_nothing_else(before: str, after: str) -> None:
    assert scaled(before, (2.0, 3.0)) == after
