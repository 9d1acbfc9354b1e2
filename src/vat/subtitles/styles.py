"""How burned-in text looks: style files, scaled to the picture."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from vat.errors import EmbedError
from vat.subtitles.fonts import font_of
from vat.subtitles.formats import ass_text
from vat.subtitles.tracks import Track

if TYPE_CHECKING:
    from pysubs2 import SSAFile, SSAStyle

AUTO: Final = "auto"

BUILT_IN: Final = ("clean", "boxed", "vertical")
"""The styles that come along, each a file in vat/data/styles."""

DEFAULT, SECOND = "Default", "Second"
NEUTRAL_FONT: Final = "Noto Sans"
"""The font of the styles that come along; a language with letters of its own gets its own."""

HDR_WHITE: Final = {16: 0.58, 18: 0.75}
"""Reference white as a share of the signal, by transfer (16 PQ, 18 HLG): ITU-R BT.2408, table 1.

White as in SDR would be the brightest light that the screen can make."""


def style_text(style: str, upright: tuple[int, int]) -> str:
    """The text of a style file: `style` is a built-in name, "auto", or such a text itself.

    `upright` is width and height as they are seen; "auto" is "vertical" for a picture taller than
    wide, else "clean".
    """
    if style == AUTO:
        style = "vertical" if upright[1] > upright[0] else "clean"
    if style in BUILT_IN:
        return files("vat").joinpath(f"data/styles/{style}.ass").read_text(encoding="utf-8")
    return style


def ass_document(
    track: Track,
    style: str,
    upright: tuple[int, int],
    *,
    pixel_aspect: float = 1.0,
    transfer: int = 0,
) -> str:
    """A track as Advanced SubStation Alpha in a style, for a picture of `upright` pixels.

    Text keeps its share of the height, whatever the picture's size. `pixel_aspect` is the width of
    a pixel as shown by its height; text is made narrower by as much. `transfer` is the number of
    the picture's transfer function (ITU-T H.273).

    Raises:
        EmbedError: where the style is not one.
    """
    import pysubs2

    styles = _parse(style_text(style, upright))
    file = pysubs2.SSAFile()
    file.info |= styles.info
    height = int(styles.info["PlayResY"])
    file.info["PlayResX"] = str(round(height * upright[0] * pixel_aspect / upright[1]))
    for name, code in ((DEFAULT, track.language), (SECOND, track.second or track.language)):
        font = font_of(code).family if styles.styles[name].fontname == NEUTRAL_FONT else None
        fitted = _fitted(styles.styles[name], pixel_aspect, HDR_WHITE.get(transfer, 1.0))
        file.styles[name] = replace(fitted, fontname=font) if font else fitted
    for number, cue in enumerate(track.cues):
        lines = [ass_text(line) for line in cue.text.splitlines() if line.strip()]
        if track.second:
            lines = _in_two_styles(lines, track.upper_lines[number])
        start, end = round(cue.start * 1000), round(cue.end * 1000)
        file.append(pysubs2.SSAEvent(start=start, end=end, style=DEFAULT, text=r"\N".join(lines)))
    return file.to_string("ass")


def _parse(text: str) -> "SSAFile":
    import pysubs2

    with suppress(pysubs2.Pysubs2Error, KeyError, ValueError, IndexError):
        file = pysubs2.SSAFile.from_string(text, format_="ass")
        if int(file.info["PlayResY"]) > 0 and DEFAULT in file.styles:
            file.styles.setdefault(SECOND, file.styles[DEFAULT])
            return file
    raise EmbedError(
        "embed.style names a file that is no style: it needs PlayResY and a style called Default,"
        " as src/vat/data/styles/clean.ass has."
    )


def _fitted(style: "SSAStyle", pixel_aspect: float, white: float) -> "SSAStyle":
    """The style for pixels that are no squares, and for the light of the picture."""
    import pysubs2

    def dimmed(colour: "pysubs2.Color") -> "pysubs2.Color":
        return pysubs2.Color(
            round(colour.r * white), round(colour.g * white), round(colour.b * white), colour.a
        )

    return replace(
        style,
        scalex=style.scalex / pixel_aspect,
        primarycolor=dimmed(style.primarycolor),
        secondarycolor=dimmed(style.secondarycolor),
        outlinecolor=dimmed(style.outlinecolor),
        backcolor=dimmed(style.backcolor),
    )


def _in_two_styles(lines: Sequence[str], upper: int) -> list[str]:
    """The lines with the change of style before the first one of the lower language."""
    below = [f"{{\\r{SECOND}}}{line}" if not i else line for i, line in enumerate(lines[upper:])]
    return [*lines[:upper], *below]
