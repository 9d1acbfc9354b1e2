"""The picture that text is burned into: what it is, and that it stays so."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import av
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vat.errors import EmbedError
from vat.media.probe import opened
from vat.media.stream import described

logger = logging.getLogger(__name__)

_LOOKED_AT: Final = 12
"""Frames of the beginning in which fields and metadata show."""

_FIELD_ORDERS: Final = frozenset({2, 3, 4, 5})
"""ffmpeg's AVFieldOrder of interlaced pictures."""

_LOST: Final = {
    "DOVI_RPU_BUFFER": "Dolby Vision",
    "DOVI_METADATA": "Dolby Vision",
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DYNAMIC_HDR_VIVID": "HDR Vivid",
}
"""What describes single frames and is lost when they are encoded again."""

_KEPT: Final = {
    "MASTERING_DISPLAY_METADATA": "the mastering display's colours",
    "CONTENT_LIGHT_LEVEL": "the content's light level",
}
_SAME_FORMAT: Final = {"nv12": "yuv420p", "p010le": "yuv420p10le", "nv16": "yuv422p"}
_RIGHT_ANGLE = 90


@dataclass(frozen=True, slots=True)
class Picture:
    """One video stream as it is stored.

    `rotation` is in degrees; `pixel_aspect` the shown width of a pixel by its height; `colour` the
    numbers of primaries, transfer, matrix (ITU-T H.273) and range; `facts` ffmpeg's names of the
    metadata that frames carry.
    """

    width: int
    height: int
    rotation: int
    pixel_aspect: float
    pixel_format: str
    colour: tuple[int, int, int, int]
    interlaced: bool
    facts: frozenset[str]

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height in pixels as they are seen, after the rotation."""
        turned = self.rotation % 180 != 0
        return (self.height, self.width) if turned else (self.width, self.height)

    @property
    def upright_pixel_aspect(self) -> float:
        """The shown width of a pixel by its height, after the rotation."""
        return 1 / self.pixel_aspect if self.rotation % 180 else self.pixel_aspect

    @property
    def transfer(self) -> int:
        """The transfer function's number: 16 is PQ, 18 is HLG."""
        return self.colour[1]

    @property
    def deep(self) -> bool:
        """Whether it has more than 8 bits per value."""
        return any(depth in self.pixel_format for depth in ("10", "12", "14", "16"))


_CROPPING: Final = re.compile(r"Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)")
_DOLBY_VISION: Final = "DOVI configuration record"


def read_picture(path: Path, index: int, *, cropped: bool = True) -> Picture:
    """Look at the first frames of the stream with this index.

    The size is the one that ffmpeg decodes to: without the margins that the container hides, unless
    it is told to leave these on (`cropped`).

    Raises:
        EmbedError: where none can be decoded.
    """
    with opened(path) as container:
        stream = container.streams[index]
        if not isinstance(stream, VideoStream):
            raise EmbedError(f"Stream {index} is not a picture; set embed.mode to soft.")
        frames: list[VideoFrame] = []
        try:
            for frame in container.decode(stream):
                frames.append(frame)
                if len(frames) == _LOOKED_AT:
                    break
        except av.FFmpegError as error:
            if not frames:
                raise EmbedError(f"The picture cannot be decoded ({error.strerror}).") from error
        if not frames:
            raise EmbedError("The picture has no frames; set embed.mode to soft.")
        first = frames[0]
        told = described(container)[index]
        margins = _CROPPING.search(told) if cropped else None
        left, right, top, bottom = map(int, margins.groups()) if margins else (0, 0, 0, 0)
        field_order = getattr(stream.codec_context, "field_order", 0)
        return Picture(
            width=first.width - left - right,
            height=first.height - top - bottom,
            rotation=first.rotation,
            pixel_aspect=float(stream.sample_aspect_ratio or 1) or 1.0,
            pixel_format=_plain(first.format.name),
            colour=(
                int(first.color_primaries),
                int(first.color_trc),
                int(first.colorspace),
                2 if first.format.name.startswith("yuvj") else int(first.color_range),
            ),
            interlaced=field_order in _FIELD_ORDERS or any(f.interlaced_frame for f in frames),
            facts=frozenset(
                ({"DOVI_METADATA"} if _DOLBY_VISION in told else set()).union(*map(_facts, frames))
            ),
        )


def _facts(frame: VideoFrame) -> set[str]:
    """The names of a frame's metadata; PyAV refuses all where it does not know one of them."""
    try:
        return {fact.type.name for fact in cast("Any", frame.side_data)}
    except ValueError as error:
        logger.info("the picture carries metadata of an unknown kind: %s", error)
        return set()


def _plain(pixel_format: str) -> str:
    """The format's name without what is told by the colour range."""
    return pixel_format.replace("yuvj", "yuv", 1)


def is_rgb(pixel_format: str) -> bool:
    """Whether a format has colours as red, green and blue, and not as brightness and difference."""
    return VideoFormat(pixel_format).is_rgb or pixel_format == "pal8"


def check_drawable(picture: Picture, name: str, instead: str) -> None:
    """See that text can be drawn into a picture without losing what it has.

    `instead` is what to set otherwise.

    Raises:
        EmbedError: naming what would be lost.
    """
    lost = sorted({_LOST[fact] for fact in picture.facts if fact in _LOST})
    if lost:
        raise EmbedError(
            f"Burning subtitles into '{name}' would lose its {' and '.join(lost)}; set {instead}."
        )
    if picture.rotation % _RIGHT_ANGLE:
        raise EmbedError(
            f"'{name}' is shown rotated by {picture.rotation} degrees, which is not a right angle;"
            f" set {instead}."
        )


def differences(before: Picture, after: Picture) -> list[str]:
    """What an encoded picture has lost, in words; empty where it is as it was.

    A rotation is carried out while encoding, so the upright pictures are compared.
    """
    found = []
    if before.upright != after.upright:
        found.append(f"its size ({before.upright} is {after.upright})")
    if abs(before.upright_pixel_aspect / after.upright_pixel_aspect - 1) > 0.01:
        found.append("its aspect")
    old, new = (_SAME_FORMAT.get(one.pixel_format, one.pixel_format) for one in (before, after))
    if old != new:
        found.append(f"its pixel format ({old} is {new})")
    if before.interlaced != after.interlaced:
        found.append("its fields")
    unspecified = (0, 2)
    for was, now in zip(before.colour[:3], after.colour[:3], strict=True):
        if was not in unspecified and was != now:
            found.append(f"a colour tag ({was} is {now})")
    if before.colour[3] and after.colour[3] and before.colour[3] != after.colour[3]:
        found.append("its colour range")
    found += [words for fact, words in _KEPT.items() if fact in before.facts - after.facts]
    return found
