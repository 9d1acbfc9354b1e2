"""How text looks: style files, scaled to the picture."""

from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from vat.errors import EmbedError
from vat.subtitles.fonts import font_of

if TYPE_CHECKING:
    from pysubs2 import SSAStyle

AUTO: Final = "auto"
CLEAN: Final = "clean"
"""The look of every subtitle that asks for no other."""

BUILT_IN: Final = (CLEAN, "boxed", "vertical")
"""The styles that come along, each a file in vat/data/styles."""

DEFAULT, SECOND = "Default", "Second"
NEUTRAL_FONT: Final = "Noto Sans"
"""The font of the styles that come along; a language with letters of its own gets its own."""

HDR_WHITE: Final = {16: 0.58, 18: 0.75}
"""Reference white as a share of the signal, by transfer (16 PQ, 18 HLG): ITU-R BT.2408, table 1.

White as in SDR would be the brightest light that the screen can make."""

_BY_THE_TEXT: Final = -1
"""The `Encoding` with which libass takes a line's direction from its text."""


def style_text(style: str, upright: tuple[int, int]) -> str:
    """The text of a style file: `style` is a built-in name, "auto", or such a text itself.

    `upright` is width and height as they are seen; "auto" is "vertical" for a picture taller than
    wide, else "clean".
    """
    if style == AUTO:
        style = "vertical" if upright[1] > upright[0] else CLEAN
    if style in BUILT_IN:
        return files("vat").joinpath(f"data/styles/{style}.ass").read_text(encoding="utf-8")
    return style


@dataclass(frozen=True, slots=True)
class Look:
    """A style file as read: `info` is its head; `styles` has Default and Second."""

    info: dict[str, str]
    styles: dict[str, "SSAStyle"]

    def fitted(self, name: str, code: str, pixel_aspect: float, transfer: int) -> "SSAStyle":
        """The style called `name` for a language, pixels that are no squares, and the light.

        `pixel_aspect` is the shown width of a pixel by its height, `transfer` the number of the
        picture's transfer function (ITU-T H.273).
        """
        import pysubs2

        white = HDR_WHITE.get(transfer, 1.0)

        def dimmed(colour: "pysubs2.Color") -> "pysubs2.Color":
            return pysubs2.Color(
                round(colour.r * white), round(colour.g * white), round(colour.b * white), colour.a
            )

        style = self.styles[name]
        neutral = style.fontname == NEUTRAL_FONT
        return replace(
            style,
            fontname=font_of(code).family if neutral else style.fontname,
            scalex=style.scalex / pixel_aspect,
            primarycolor=dimmed(style.primarycolor),
            secondarycolor=dimmed(style.secondarycolor),
            outlinecolor=dimmed(style.outlinecolor),
            backcolor=dimmed(style.backcolor),
            encoding=_BY_THE_TEXT,
        )


def read_style(style: str, upright: tuple[int, int]) -> Look:
    """The style that `style` names (see `style_text`); Second is Default where the file has none.

    Raises:
        EmbedError: where it is not one.
    """
    import pysubs2

    with suppress(pysubs2.Pysubs2Error, KeyError, ValueError, IndexError):
        file = pysubs2.SSAFile.from_string(style_text(style, upright), format_="ass")
        if int(file.info["PlayResY"]) > 0 and DEFAULT in file.styles:
            file.styles.setdefault(SECOND, file.styles[DEFAULT])
            return Look(file.info, file.styles)
    raise EmbedError(
        "embed.style names a file that is not a style: it needs PlayResY and a style called"
        " Default, as src/vat/data/styles/clean.ass has."
    )
