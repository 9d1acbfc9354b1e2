"""Hebrew and Arabic are read from right to left, whatever a line begins with."""

import subprocess
from pathlib import Path

import numpy as np
import pysubs2
import pytest

from tests.helpers.fonts import shows
from tests.helpers.media import FFMPEG
from vat.subtitles.ass import ass_document
from vat.subtitles.bilingual import pair
from vat.subtitles.direction import END, TO_LEFT, TO_RIGHT, directed
from vat.subtitles.formats import to_srt, to_vtt
from vat.subtitles.styles import BUILT_IN, style_text
from vat.subtitles.track import Track
from vat.timeline import Cue

LEFT_TO_RIGHT_STYLE = style_text("clean", (16, 9)).replace(",-1\n", ",1\n")
"""A style of one's own whose Encoding tells libass that all lines go from left to right."""


@pytest.fixture(autouse=True)
def host_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fonts of the host: in that of the tests a full stop is as high as a letter."""
    monkeypatch.delenv("FONTCONFIG_FILE", raising=False)


def one(code: str, text: str) -> Track:
    return Track(code, [Cue(1, 0, 9, text)])


@pytest.mark.parametrize(
    ("code", "lines", "mark"),
    [
        ("he", ["שלום עולם."], TO_LEFT),
        ("he", ["Linux עובד", "- 2024!"], TO_LEFT),
        ("ar", ["1984 كان عاماً"], TO_LEFT),
        ("fa", ["…1984!"], TO_LEFT),
        ("he", ["[?] It stayed in English."], ""),
        ("en", ["[?] שלום!"], TO_LEFT),
        ("en", ["שלום means hello."], TO_RIGHT),
        ("en", ["1984!"], ""),
        ("zh", ["你好。"], ""),
    ],
)
def test_lines_carry_the_mark_of_their_direction(code: str, lines: list[str], mark: str) -> None:
    expected = [f"{mark}{line}{END}" for line in lines] if mark else lines
    assert directed(lines, code) == expected


def test_every_form_has_the_marks_and_the_json_has_none() -> None:
    track = pair(one("he", "Linux עובד.\n2024!"), one("en", "It works."))
    marked = [f"{TO_LEFT}Linux עובד.{END}", f"{TO_LEFT}2024!{END}"]
    for text in (to_srt(track), to_vtt(track)):
        assert "\n".join([*marked, "It works.\n"]) in text
    (event,) = pysubs2.SSAFile.from_string(ass_document(track))
    assert event.text == r"\N".join([*marked, r"{\rSecond}It works."])
    assert [cue["text"] for cue in track.to_json()["cues"]] == ["Linux עובד.\n2024!\nIt works."]


@pytest.mark.parametrize("style", [*BUILT_IN, LEFT_TO_RIGHT_STYLE])
def test_every_style_takes_directions_from_the_text(style: str) -> None:
    file = pysubs2.SSAFile.from_string(ass_document(one("he", "שלום"), style))
    assert {look.encoding for look in file.styles.values()} == {-1}


def drawn(folder: Path, document: str) -> np.ndarray:
    """The picture that libass makes of a document, as light per pixel."""
    (folder / "x.ass").write_text(document, encoding="utf-8")
    picture = ["-f", "lavfi", "-i", "color=black:s=640x360:d=0.04:r=25", "-vf", "ass=x.ass"]
    output = ["-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    command = [FFMPEG, "-v", "error", *picture, *output]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return np.frombuffer(run.stdout, np.uint8).reshape(360, 640)


def runs(there: np.ndarray) -> list[slice]:
    """Stretches of an axis in which something is."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(int), [0]])))
    return [slice(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def glyph_widths(row: np.ndarray) -> list[int]:
    """The widths in pixels of what a line of text consists of, from left to right."""
    return [glyph.stop - glyph.start for glyph in runs(np.any(row > 100, axis=0))]


def end_of_full_stop(row: np.ndarray) -> str:
    """At which end of a line of text its full stop is: the glyph that is far lower than others."""
    ink = row > 100
    glyphs = runs(np.any(ink, axis=0))
    heights = [np.count_nonzero(ink[:, glyph].any(axis=1)) for glyph in (glyphs[0], glyphs[-1])]
    assert min(heights) * 2 < max(heights), "no end is a full stop, or both are"
    return "left" if heights[0] < heights[1] else "right"


def rows(picture: np.ndarray) -> list[np.ndarray]:
    """The lines of text in a picture, from above; dots and accents over a letter are its line's."""
    found = [run for run in runs(np.any(picture > 100, axis=1)) if run.stop - run.start > 4]
    return [picture[run] for run in found]


SENTENCES = [
    ("he", "שלום עולם."),
    ("he", "Linux עובד טוב."),
    ("he", "2024 היה טוב."),
    ("he", "הוא כתב Linux."),
    ("ar", "لا أحد هنا."),
    ("ar", "Linux هنا."),
]


@pytest.mark.parametrize("style", ["clean", LEFT_TO_RIGHT_STYLE], ids=["clean", "own"])
@pytest.mark.parametrize(("code", "text"), SENTENCES)
def test_a_full_stop_is_drawn_at_the_left_end(
    code: str, text: str, style: str, tmp_path: Path
) -> None:
    if not shows(text, code):
        pytest.skip(f"needs a font for {code}, such as fonts-dejavu-core, installed")
    picture = drawn(tmp_path, ass_document(one(code, text), style))
    (row,) = rows(picture)
    assert end_of_full_stop(row) == "left"
    # The same by force: the glyphs from left to right, in the order in which they are seen.
    if code == "he":
        words = [w if w.isascii() and w[0].isalnum() else w[::-1] for w in text[:-1].split()]
        seen = f"\u202d.{' '.join(reversed(words))}{END}"
        document = ass_document(one(code, text), style).replace(f"{TO_LEFT}{text}{END}", seen)
        (forced,) = rows(drawn(tmp_path, document))
        assert glyph_widths(row) == pytest.approx(glyph_widths(forced), abs=2)


@pytest.mark.parametrize("upper", ["he", "en"])
def test_each_language_of_two_goes_its_own_way(upper: str, tmp_path: Path) -> None:
    texts = {"he": "Linux עובד טוב.", "en": "It works well."}
    if not shows("".join(texts.values()), "he"):
        pytest.skip("needs a font for he, such as fonts-dejavu-core, installed")
    lower = "en" if upper == "he" else "he"
    track = pair(one(upper, texts[upper]), one(lower, texts[lower]))
    ends = [end_of_full_stop(row) for row in rows(drawn(tmp_path, ass_document(track)))]
    assert ends == [{"he": "left", "en": "right"}[code] for code in (upper, lower)]


def test_an_english_line_that_begins_in_hebrew_stays_english(tmp_path: Path) -> None:
    text = "שלום means hello."
    if not shows(text, "he"):
        pytest.skip("needs a font for he, such as fonts-dejavu-core, installed")
    (row,) = rows(drawn(tmp_path, ass_document(one("en", text))))
    assert end_of_full_stop(row) == "right"
