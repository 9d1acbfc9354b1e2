"""Advanced SubStation Alpha: the files beside a video, the tracks in it, and burned-in text."""

from collections.abc import Iterable
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
    events = ((cue.start, cue.end, _text(cue)) for cue in track.shown())
    codes = track.language, track.second or track.language
    return ass_of(events, codes, style, upright, pixel_aspect=pixel_aspect, transfer=transfer)


def ass_of(
    events: Iterable[tuple[int, int, str]],
    codes: tuple[str, str],
    style: str = CLEAN,
    upright: tuple[int, int] = _WIDE,
    *,
    pixel_aspect: float = 1.0,
    transfer: int = 0,
) -> str:
    """The same of events with start and end in milliseconds and a text with ASS's own commands.

    `codes` are the languages of the two styles.
    """
    import pysubs2

    look = read_style(style, upright)
    file = pysubs2.SSAFile()
    file.info |= look.info
    height = int(look.info["PlayResY"])
    file.info["PlayResX"] = str(round(height * upright[0] * pixel_aspect / upright[1]))
    for name, code in zip((DEFAULT, SECOND), codes, strict=True):
        file.styles[name] = look.fitted(name, code, pixel_aspect, transfer)
    for start, end, text in events:
        file.append(pysubs2.SSAEvent(start, end, style=DEFAULT, text=text))
    return file.to_string("ass")


def _text(cue: Shown) -> str:
    """The text of an event, where it is not shown at the usual place with that.

    The style changes before the first line of the lower language.
    """
    upper, lower = list(map(ass_text, cue.upper)), list(map(ass_text, cue.lower))
    lower[:1] = [f"{{\\r{SECOND}}}{line}" for line in lower[:1]]
    place = f"{{\\an{cue.position}}}" if cue.position else ""
    return place + r"\N".join([*upper, *lower])


def ass_text(line: str) -> str:
    """A plain line as it stands in an event.

    Braces are escaped as libass reads them. A backslash cannot be escaped; the invisible U+2060
    after it keeps it from joining with the next character to a command, as in ffmpeg and mpv.
    """
    return line.translate(_ESCAPES)


_ESCAPES: Final = str.maketrans({"\\": "\\\u2060", "{": r"\{", "}": r"\}"})
