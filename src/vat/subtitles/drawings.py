"""Drawings and exact places of Advanced SubStation Alpha, taken from one script into another.

They are kept as for a picture of `CANVAS`, and scaled to the one that they are written for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Final

from vat.files import Record

if TYPE_CHECKING:
    from pysubs2 import SSAEvent, SSAFile, SSAStyle

CANVAS: Final = (1920.0, 1080.0)
"""Width and height of the picture whose pixels drawings and places are kept in."""

USUAL_CANVAS: Final = (384.0, 288.0)
"""The picture of a script that names none, as libass takes it."""

_BLOCK: Final = re.compile(r"(\{[^{}]*\})")
_MODE: Final = re.compile(r"\\p(\d+|(?![A-Za-z\d]))")
"""What begins and ends drawing; without a number it ends it, as players take it."""

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?|-?\.\d+")
_POINTS: Final = re.compile(r"\\(pos|org|move|i?clip)\(([^()]*)\)")
_LENGTH: Final = re.compile(r"\\([xy]?bord|[xy]?shad|pbo)(-?[\d.]+)")
_EXACT: Final = re.compile(r"\\(?:pos|move)\([^()]*\)")
_ANCHOR: Final = re.compile(r"\\an?\d")
_MOVED: Final = 4
"""Numbers of a move that are places; what follows are times."""


@dataclass(frozen=True, slots=True)
class Drawing(Record):
    """What is drawn between two moments (seconds), as an event's text of ASS without words.

    `margins` are those at the left, at the right and vertically; greater layers are nearer.
    """

    start: float
    end: float
    text: str
    layer: int = 0
    margins: tuple[int, ...] = (0, 0, 0)


def canvas_of(script: "SSAFile") -> tuple[float, float]:
    """Width and height of a script's picture; one that is not told goes by the other."""
    width, height = (_size(script.info.get(name)) for name in ("PlayResX", "PlayResY"))
    if width and height:
        return width, height
    if not (width or height):
        return USUAL_CANVAS
    ratio = USUAL_CANVAS[0] / USUAL_CANVAS[1]
    return (width, width / ratio) if width else (height * ratio, height)


def _size(told: str | None) -> float:
    return float(told) if told and str(told).isdecimal() else 0.0


def parted(said: str) -> tuple[str, str]:
    """The text of an event without what is drawn, and the drawing without the text."""
    if "\\p" not in said:
        return said, ""
    words, shapes, mode = list[str](), list[str](), 0
    for number, part in enumerate(_BLOCK.split(said)):
        if number % 2:
            mode = _mode_after(part, mode)
            words.append(part)
            shapes.append(part)
        else:
            (shapes if mode else words).append(part)
    return "".join(words), "".join(shapes) if _has_shape(shapes) else ""


def _mode_after(commands: str, mode: int) -> int:
    """The mode of drawing that commands leave, 0 for text."""
    told = _MODE.findall(commands)
    return int(told[-1] or 0) if told else mode


def _has_shape(parts: list[str]) -> bool:
    return any(part.strip() for part in parts if not part.startswith("{"))


def drawing_of(
    event: "SSAEvent", shape: str, style: "SSAStyle | None", canvas: tuple[float, float]
) -> Drawing:
    """The drawing of an event with the look of its style, on `CANVAS`."""
    scale = CANVAS[0] / canvas[0], CANVAS[1] / canvas[1]
    own = event.marginl, event.marginr, event.marginv
    usual = (style.marginl, style.marginr, style.marginv) if style else (0, 0, 0)
    factors = scale[0], scale[0], scale[1]
    margins = [
        round((one or other) * factor)
        for one, other, factor in zip(own, usual, factors, strict=True)
    ]
    look = _look(style, shape) if style else ""
    text = scaled(look + shape, scale)
    return Drawing(event.start / 1000, event.end / 1000, text, event.layer, tuple(margins))


def _look(style: "SSAStyle", shape: str) -> str:
    """The commands that make the look of a style; an anchor only where the event has none."""
    anchor = "" if _ANCHOR.search(shape) else f"\\an{int(style.alignment)}"
    colours = [(1, style.primarycolor), (3, style.outlinecolor), (4, style.backcolor)]
    told = "".join(
        f"\\{at}c&H{one.b:02X}{one.g:02X}{one.r:02X}&\\{at}a&H{one.a:02X}&" for at, one in colours
    )
    lines = f"\\bord{style.outline:g}\\shad{style.shadow:g}"
    return f"{{{anchor}{told}{lines}\\fscx{style.scalex:g}\\fscy{style.scaley:g}}}"


def place_of(commands: str, usual: int, canvas: tuple[float, float]) -> str:
    """The exact place that an event has, with its anchor, on `CANVAS`; nothing for none.

    `usual` is the anchor of its style, as the keys of a number pad lie.
    """
    exact = _EXACT.search(commands)
    if exact is None or not _NUMBER.search(exact[0]):
        return ""
    anchor = _ANCHOR.search(commands)
    scale = CANVAS[0] / canvas[0], CANVAS[1] / canvas[1]
    told = anchor[0] if anchor and anchor[0].startswith("\\an") else f"\\an{usual}"
    return told + scaled(f"{{{exact[0]}}}", scale)[1:-1]


def scaled(said: str, scale: tuple[float, float]) -> str:
    """The text of an event whose places and drawings are so many times as wide and as high."""
    return "".join(_scaled_parts(said, scale))


def _scaled_parts(said: str, scale: tuple[float, float]) -> Iterator[str]:
    mode = 0
    for number, part in enumerate(_BLOCK.split(said)):
        if number % 2:
            mode = _mode_after(part, mode)
            points = _POINTS.sub(lambda found: _scaled_points(found, scale), part)
            yield _LENGTH.sub(lambda found: _scaled_length(found, scale), points)
        else:
            yield _pairs(part, scale) if mode else part


def _scaled_points(found: re.Match[str], scale: tuple[float, float]) -> str:
    name, told = found.groups()
    if name == "move":
        numbers = told.split(",")
        places = _pairs(",".join(numbers[:_MOVED]), scale)
        return f"\\move({','.join([places, *numbers[_MOVED:]])})"
    finer = re.match(r"\s*\d+\s*,(?=\s*[a-zA-Z])", told)
    head = finer[0] if finer else ""
    return f"\\{name}({head}{_pairs(told[len(head) :], scale)})"


def _scaled_length(found: re.Match[str], scale: tuple[float, float]) -> str:
    factor = scale[0] if found[1].startswith("x") else scale[1]
    number = _NUMBER.fullmatch(found[2])
    return f"\\{found[1]}{_told(float(found[2]) * factor)}" if number else found[0]


def _pairs(told: str, scale: tuple[float, float]) -> str:
    """Numbers that are in turn places across and down, whatever stands between them."""
    factors = cycle(scale)
    return _NUMBER.sub(lambda found: _told(float(found[0]) * next(factors)), told)


def _told(number: float) -> str:
    return f"{round(number, 2):g}" if abs(number) < 1e5 else str(round(number))
