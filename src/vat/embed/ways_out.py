"""What to set where a result cannot be made as it is asked for: only what works is advised."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from vat.embed.settings import EmbedSettings
from vat.embed.stream_times import hidden_seconds
from vat.media.probe import Media
from vat.media.stream import Stream

OTHER_CONTAINER: Final = "set embed.container"
"""How advice begins that names the other container."""

_ROUNDING_SECONDS: Final = 0.001


def held(stream: Stream, container: str) -> str:
    """How a container holds a stream: "copy", a codec, or "" for not at all."""
    return (stream.in_mkv if container == "mkv" else stream.in_mp4) or ""


def other(container: str) -> str:
    """The container that is not configured."""
    return "mp4" if container == "mkv" else "mkv"


def way_out(media: Media, settings: EmbedSettings, lost: Sequence[Stream]) -> str:
    """What to set so that nothing of `lost` is lost; only what has been tried is advised."""
    container = other(settings.container)
    moving = [one for one in media.streams if one.type in ("video", "audio") and not one.empty]
    if all(held(stream, container) for stream in [*lost, *moving]):
        return f"{OTHER_CONTAINER} to {container}"
    return "set embed.mode to none for subtitle files alone"


def unburnt(source: Path, stream: Stream, settings: EmbedSettings) -> str:
    """What keeps a picture into which no text can be burned, as what follows the word "set"."""
    for container in (settings.container, other(settings.container)):
        if is_copied(source, stream, container):
            more = "" if container == settings.container else f" and embed.container to {container}"
            return f"embed.mode to soft{more}"
    return "embed.mode to none for subtitle files alone"


def is_copied(source: Path, stream: Stream, container: str) -> bool:
    """Whether a container shows a picture as the source does."""
    return bool(held(stream, container)) and not shown_by_mkv(source, [stream], container)


def shown_by_mkv(source: Path, copied: Iterable[Stream], container: str) -> float:
    """Seconds of pictures that an edit list hides and the container would show; else 0.

    Matroska has no edit lists.
    """
    pictures = list(copied)
    if container != "mkv" or not pictures:
        return 0.0
    hidden = hidden_seconds(source, [stream.index for stream in pictures])
    frame = max((1 / one.frame_rate for one in pictures if one.frame_rate), default=0.0)
    return hidden if hidden > frame + _ROUNDING_SECONDS else 0.0
