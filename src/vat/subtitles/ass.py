"""Advanced SubStation Alpha: the files beside a video, the tracks in it, and burned-in text."""

from typing import Final

from vat.subtitles.styles import CLEAN, DEFAULT, SECOND, read_style
from vat.subtitles.track import Shown, Track

_WIDE: Final = (16, 9)


def ass_document(
    track: Track,
    style: str = CLEAN,
    upright: tuple[int, int] = _WIDE,
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

    look = read_style(style, upright)
    file = pysubs2.SSAFile()
    file.info |= look.info
    height = int(look.info["PlayResY"])
    file.info["PlayResX"] = str(round(height * upright[0] * pixel_aspect / upright[1]))
    for name, code in ((DEFAULT, track.language), (SECOND, track.second or track.language)):
        file.styles[name] = look.fitted(name, code, pixel_aspect, transfer)
    for cue in track.shown():
        file.append(pysubs2.SSAEvent(cue.start, cue.end, style=DEFAULT, text=_text(cue)))
    return file.to_string("ass")


def _text(cue: Shown) -> str:
    """The text of an event; the style changes before the first line of the lower language."""
    upper, lower = list(map(ass_text, cue.upper)), list(map(ass_text, cue.lower))
    lower[:1] = [f"{{\\r{SECOND}}}{line}" for line in lower[:1]]
    return r"\N".join([*upper, *lower])


def ass_text(line: str) -> str:
    """A plain line as it stands in an event.

    Braces are escaped as libass reads them. A backslash cannot be escaped; the invisible U+2060
    after it keeps it from joining with the next character to a command, as in ffmpeg and mpv.
    """
    return line.translate(_ESCAPES)


_ESCAPES: Final = str.maketrans({"\\": "\\\u2060", "{": r"\{", "}": r"\}"})
