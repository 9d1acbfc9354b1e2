"""Which streams of the source the result has, and in which form."""

import logging
import mimetypes
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer

from vat.embed.fates import fates
from vat.embed.settings import EmbedSettings
from vat.embed.ways_out import OTHER_CONTAINER, way_out
from vat.errors import EmbedError
from vat.media.containers import MADE
from vat.media.probe import Media, opened
from vat.media.stream import Stream, output_options
from vat.subtitles.track import Track

logger = logging.getLogger(__name__)

_EXTENSIONS: Final = {"mjpeg": "jpg", "jpegxl": "jxl"}
"""The usual ending of an attached picture, where it is not the codec's name."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A stream of the source in the result.

    `codec` is "copy", the one that it is turned into, or "encode" for the picture that text is
    burned into. A `cover` is an attached picture that Matroska holds as an attachment.
    """

    stream: Stream
    codec: str = "copy"
    cover: bool = False


def plan_streams(media: Media, settings: EmbedSettings, *, encodes: bool = False) -> list[Kept]:
    """Which streams of the source the result has, and how; what is left out or changed is logged.

    See `vat.embed.fates` for what becomes of each.

    Raises:
        EmbedError: where what would be left out may not be (see `_check_lost`).
    """
    kept, lost = [], []
    for fate in fates(media, settings, encodes=encodes):
        stream = fate.stream
        if fate.why:
            logger.warning("%s", fate.why)
        if fate.codec and fate.codec != MADE:
            cover = settings.container == "mkv" and stream.attached_pic
            kept.append(Kept(stream, fate.codec, cover))
        elif not fate.codec and not stream.empty and stream.type != "data":
            lost.append(stream)
    _check_lost(media, settings, kept, lost)
    return kept


def _check_lost(
    media: Media, settings: EmbedSettings, kept: Sequence[Kept], lost: Sequence[Stream]
) -> None:
    """See that what is left out may be.

    Raises:
        EmbedError: where nothing else is there or `embed.unsupported` is "fail", and where it is
            the picture or the sound that is heard, and the other container holds them.
    """
    if not lost:
        return
    audio = media.of_type("audio")
    heard = audio[media.audio_track] if media.audio_track is not None else None
    matters = any(stream in (media.first_picture, heard) for stream in lost)
    nothing = not any(one.stream.type in ("video", "audio") and not one.cover for one in kept)
    strict = settings.unsupported == "fail"
    encodable = media.first_picture in lost
    advice = way_out(media, settings, lost)
    if strict or nothing or (matters and advice.startswith(OTHER_CONTAINER)):
        words = " and the ".join(stream.words for stream in lost)
        otherwise = (
            " or embed.unsupported to leave-out" if strict and (encodable or not nothing) else ""
        )
        raise EmbedError(
            f"An {settings.container} file cannot hold the {words} of '{media.name}';"
            f" {advice}{otherwise}."
        )


def first_picture(kept: Sequence[Kept]) -> tuple[Stream, int] | None:
    """The moving picture that text is drawn into, and its number among the result's video streams.

    None where the source has none; a cover does not count.
    """
    videos = [one.stream for one in kept if one.stream.type == "video" and not one.cover]
    found = ((stream, n) for n, stream in enumerate(videos) if not stream.attached_pic)
    return next(found, None)


def is_encoded(kept: Sequence[Kept]) -> bool:
    """Whether a picture is encoded anew."""
    return any(one.codec == "encode" for one in kept)


def stream_arguments(
    kept: Sequence[Kept], new: Sequence[Track], settings: EmbedSettings
) -> list[str]:
    """Mapping, codecs, languages, titles and dispositions for ffmpeg.

    The new tracks are ffmpeg's inputs 1, 2, ..., in the container's own form.
    """
    arguments = ["-map_metadata", "0", "-map_chapters", "0", "-c", "copy"]
    for one in kept:
        if not one.cover:
            arguments += ["-map", f"0:{one.stream.index}"]
    arguments += output_options(one.stream for one in kept if not one.cover)
    if settings.container == "mp4":
        arguments += _titles(kept)
    old = [one for one in kept if one.stream.type == "subtitle"]
    for index, one in enumerate(one for one in kept if one.stream.type == "audio"):
        arguments += [f"-c:a:{index}", one.codec]
    # Players would show nothing at all by a track that is default and has no cues.
    takes_over = bool(new and new[0].cues) and settings.default_track and settings.adds_tracks
    for index, one in enumerate(old):
        arguments += [f"-c:s:{index}", one.codec]
        if takes_over and one.stream.default:
            arguments += [f"-disposition:s:{index}", "-default"]
    for number, track in enumerate(new):
        index = len(old) + number
        arguments += ["-map", f"{number + 1}:s:0"]
        arguments += [f"-metadata:s:s:{index}", f"language={track.iso639_2}"]
        arguments += [f"-metadata:s:s:{index}", f"title={track.title}"]
        arguments += [f"-metadata:s:s:{index}", f"handler_name={track.title}"]
        flags = ["default"] if takes_over and number == 0 else []
        flags += ["forced"] if settings.forced_track and number == 0 else []
        arguments += [f"-disposition:s:{index}", "+".join(flags) or "0"]
    if settings.container == "mp4":
        arguments += ["-movflags", "+faststart"]
    return arguments


def _titles(kept: Sequence[Kept]) -> list[str]:
    """Titles as MP4 has them, where a stream's own title is that of its handler."""
    arguments: list[str] = []
    for kind in ("video", "audio", "subtitle"):
        own = (one.stream for one in kept if one.stream.type == kind and not one.cover)
        for number, stream in enumerate(own):
            if stream.title:
                title = f"handler_name={stream.title}"
                arguments += [f"-metadata:s:{kind[0]}:{number}", title]
    return arguments


def cover_arguments(source: Path, kept: Sequence[Kept], scratch: Path) -> list[str]:
    """Attach the source's covers, which are written to `scratch`; plain copies would be tracks."""
    covers = [one.stream for one in kept if one.cover]
    if not covers:
        return []
    first = sum(one.stream.type == "attachment" for one in kept)
    arguments: list[str] = []
    with opened(source) as container:
        for number, stream in enumerate(covers):
            name = f"cover.{_EXTENSIONS.get(stream.codec, stream.codec)}"
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            packet = next(iter(container.demux(container.streams[stream.index])))
            file = f"{number}-{name}"
            (scratch / file).write_bytes(bytes(packet))
            tag = f"-metadata:s:t:{first + number}"
            title = stream.title or name
            arguments += ["-attach", file, tag, f"mimetype={kind}", tag, f"filename={title}"]
    return arguments


def read_tags(container: InputContainer) -> dict[str, str]:
    """The metadata of a file as a whole, by the tags' names in small letters."""
    return {name.lower(): value for name, value in container.metadata.items()}


def title_arguments(media: Media, tags: Mapping[str, str]) -> list[str]:
    """The title that players show: the one asked for, else the source's own, else its name.

    `tags` are the source's own.
    """
    asked_for = media.title != Path(media.name).stem
    if tags.get("title") and not asked_for:
        return []
    return ["-metadata", f"title={media.title.encode('utf-8', 'replace').decode('utf-8')}"]


def with_packets(source: Path, kept: Sequence[Kept]) -> list[Kept]:
    """The streams without those that have no packets in the whole source, which are logged."""
    doubtful = {
        one.stream.index
        for one in kept
        if one.stream.type != "attachment" and not one.stream.attached_pic
    }
    with opened(source) as container, suppress(av.FFmpegError):
        for packet in container.demux([container.streams[index] for index in doubtful]):
            if packet.size:
                doubtful.discard(packet.stream.index)
            if not doubtful:
                break
    for one in kept:
        if one.stream.index in doubtful:
            words = f"stream {one.stream.index} ({one.stream.words})"
            logger.warning("%s is declared and has no packets; it is left out", words)
    return [one for one in kept if one.stream.index not in doubtful]
