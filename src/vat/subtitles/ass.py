"""Advanced SubStation Alpha: the files beside a video, the tracks in it, and burned-in text."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from vat.subtitles.drawings import CANVAS, Drawing, scaled
from vat.subtitles.styles import CLEAN, DEFAULT, SECOND, Look, read_style
from vat.subtitles.track import Shown, Track

if TYPE_CHECKING:
    from pysubs2 import SSAEvent, SSAFile

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
    look = read_style(style, upright)
    codes = track.language, track.second or track.language
    file = _script(look, codes, upright, pixel_aspect, transfer)
    scale = int(file.info["PlayResX"]) / CANVAS[0], int(file.info["PlayResY"]) / CANVAS[1]
    above = max((one.layer for one in track.drawings), default=-1) + 1
    events = [_drawn(one, scale) for one in track.drawings]
    events += [
        _event(cue.start, cue.end, _text(cue, scale), above, _actor(cue)) for cue in track.shown()
    ]
    file.events = sorted(events, key=lambda one: one.start)
    return file.to_string("ass")


def ass_of(events: Iterable[tuple[int, int, str]], codes: tuple[str, str]) -> str:
    """The same of events with start and end in milliseconds and a text with ASS's own commands.

    `codes` are the languages of the two styles.
    """
    file = _script(read_style(CLEAN, _WIDE), codes, _WIDE, 1.0, 0)
    file.events = [_event(start, end, text) for start, end, text in events]
    return file.to_string("ass")


def _script(
    look: Look,
    codes: tuple[str, str],
    upright: tuple[int, int],
    pixel_aspect: float,
    transfer: int,
) -> "SSAFile":
    """A script without events, for a picture of `upright` pixels."""
    import pysubs2

    file = pysubs2.SSAFile()
    file.info |= look.info
    height = int(look.info["PlayResY"])
    file.info["PlayResX"] = str(round(height * upright[0] * pixel_aspect / upright[1]))
    for name, code in zip((DEFAULT, SECOND), codes, strict=True):
        file.styles[name] = look.fitted(name, code, pixel_aspect, transfer)
    return file


def _event(start: int, end: int, text: str, layer: int = 0, actor: str = "") -> "SSAEvent":
    import pysubs2

    return pysubs2.SSAEvent(start, end, style=DEFAULT, text=text, layer=layer, name=actor)


def _drawn(drawing: Drawing, scale: tuple[float, float]) -> "SSAEvent":
    times = round(drawing.start * 1000), round(drawing.end * 1000)
    event = _event(*times, scaled(drawing.text, scale), drawing.layer)
    left, right, vertical = drawing.margins
    event.marginl, event.marginr = round(left * scale[0]), round(right * scale[0])
    event.marginv = round(vertical * scale[1])
    return event


def _text(cue: Shown, scale: tuple[float, float]) -> str:
    """The text of an event, where it is not shown at the usual place with that.

    The style changes before the first line of the lower language.
    """
    upper, lower = list(map(ass_text, cue.upper)), list(map(ass_text, cue.lower))
    lower[:1] = [f"{{\\r{SECOND}}}{line}" for line in lower[:1]]
    place = f"{{\\an{cue.position}}}" if cue.position else ""
    place = scaled(f"{{{cue.place}}}", scale) if cue.place else place
    return place + r"\N".join([*upper, *lower])


def _actor(cue: Shown) -> str:
    """Who speaks, as the field for it can have it: a comma would end it."""
    return " / ".join(cue.voices).replace(",", ";")


def ass_text(line: str) -> str:
    """A plain line as it stands in an event.

    Braces are escaped as libass reads them. A backslash cannot be escaped; the invisible U+2060
    after it keeps it from joining with the next character to a command, as in ffmpeg and mpv.
    """
    return line.translate(_ESCAPES)


_ESCAPES: Final = str.maketrans({"\\": "\\\u2060", "{": r"\{", "}": r"\}"})
