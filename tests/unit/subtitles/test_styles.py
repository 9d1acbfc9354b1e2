"""Styles are files, scaled to the picture."""

import pysubs2
import pytest

from vat.errors import EmbedError
from vat.subtitles.ass import ass_document
from vat.subtitles.styles import BUILT_IN, style_text
from vat.subtitles.track import Track
from vat.timeline import Cue

TRACK = Track("en", [Cue(1, 1.0, 2.5, "a {b}\n\\N c")])


def document(
    style: str = "clean",
    size: tuple[int, int] = (1920, 1080),
    pixel_aspect: float = 1.0,
    transfer: int = 0,
) -> pysubs2.SSAFile:
    return pysubs2.SSAFile.from_string(
        ass_document(TRACK, style, size, pixel_aspect=pixel_aspect, transfer=transfer)
    )


@pytest.mark.parametrize("style", BUILT_IN)
@pytest.mark.parametrize("size", [(1920, 1080), (640, 480), (1080, 1920)])
def test_sizes_are_parts_of_the_height(style: str, size: tuple[int, int]) -> None:
    file = document(style, size)
    high = int(file.info["PlayResY"])
    assert int(file.info["PlayResX"]) / high == pytest.approx(size[0] / size[1], abs=0.001)
    assert 0.025 < file.styles["Default"].fontsize / high < 0.08
    assert file.info["ScaledBorderAndShadow"] == "yes"


def test_auto_looks_at_the_picture() -> None:
    assert style_text("auto", (1080, 1920)) == style_text("vertical", (1, 1))
    assert style_text("auto", (1920, 1080)) == style_text("clean", (1, 1))


def test_a_style_file_of_ones_own() -> None:
    own = style_text("clean", (1, 1)).replace("Noto Sans", "My Font").replace(",58,", ",90,")
    assert document(own).styles["Default"].fontname == "My Font"
    assert document(own).styles["Default"].fontsize == 90


@pytest.mark.parametrize("text", ["", "no style", "[Script Info]\nPlayResY: x\n"])
def test_a_file_that_is_no_style(text: str) -> None:
    with pytest.raises(EmbedError, match=r"embed\.style names a file that is not a style"):
        ass_document(TRACK, text, (16, 9))


def test_a_language_takes_a_font_of_its_own() -> None:
    track = Track("ja", TRACK.cues, second="hi", upper_lines=[1])
    file = pysubs2.SSAFile.from_string(ass_document(track, "clean", (16, 9)))
    assert file.styles["Default"].fontname == "Noto Sans CJK JP"
    assert file.styles["Second"].fontname == "Noto Sans Devanagari"


def test_wide_pixels_get_narrow_letters() -> None:
    file = document(pixel_aspect=1.5)
    assert file.styles["Default"].scalex == pytest.approx(66.7, abs=0.1)
    assert file.styles["Default"].scaley == 100


@pytest.mark.parametrize(("transfer", "white"), [(1, 255), (16, 148), (18, 191)])
def test_white_is_reference_white_in_hdr(transfer: int, white: int) -> None:
    colour = document(transfer=transfer).styles["Default"].primarycolor
    assert (colour.r, colour.g, colour.b) == (white, white, white)


def test_text_is_plain_and_times_are_the_cues() -> None:
    (event,) = document()
    assert event.text == "a \\{b\\}\\N\\\u2060N c"
    assert (event.start, event.end, event.style) == (1000, 2500, "Default")
