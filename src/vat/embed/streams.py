"""Which streams of the source the result has, and in which form."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from av.container import InputContainer

from vat.embed.settings import EmbedSettings
from vat.errors import EmbedError
from vat.media.probe import Media, Stream, opened
from vat.subtitles.track import Track

logger = logging.getLogger(__name__)

TEXT_CODECS: Final = frozenset({"subrip", "ass", "ssa", "mov_text", "webvtt", "text"})
"""Subtitle codecs that ffmpeg converts into one another."""

MKV_SUBTITLES: Final = frozenset(
    {"subrip", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"}
)
"""Subtitle codecs that Matroska holds as they are."""

MP4_CODECS: Final = frozenset(
    {"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "png"}
    | {"aac", "mp3", "mp2", "ac3", "eac3", "opus", "flac", "alac", "dts"}
)
"""Picture and sound that MP4 holds."""

NOT_IN_MKV: Final = frozenset(
    {"pcm_bluray", "pcm_dvd", "s302m", "nellymoser", "adpcm_ima_qt", "rv20"}
)
"""Picture and sound that ffmpeg's Matroska muxer refuses, tried with ffmpeg 9.0; MP4 has no place
for them either."""

_COVERS: Final = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}
"""Matroska's name and type of an attached picture, by codec."""

MUXERS: Final = {"mkv": "matroska", "mp4": "mp4"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A stream of the source in the result.

    `codec` is "copy", or the one that a text subtitle is turned into. A `cover` is an attached
    picture that Matroska holds as an attachment.
    """

    stream: Stream
    codec: str = "copy"
    cover: bool = False


def plan_streams(media: Media, container: str) -> list[Kept]:
    """Which streams of the source the result has, and how; what is left out or changed is logged.

    Raises:
        EmbedError: where the container cannot hold a picture or a sound track.
    """
    kept, impossible = [], None
    for stream in media.streams:
        codec = _codec_in(stream, container)
        words = f"stream {stream.index} ({stream.type}, {stream.codec})"
        if codec is None:
            logger.warning("%s cannot hold %s; it is left out", container, words)
            if stream.type in ("video", "audio"):
                impossible = impossible or stream
            continue
        if codec != "copy":
            logger.info("%s holds %s as %s, its styles may be lost", container, words, codec)
        cover = container == "mkv" and stream.attached_pic and stream.codec in _COVERS
        kept.append(Kept(stream, codec, cover))
    if impossible:
        way_out = "set embed.container to mkv"
        if impossible.codec in NOT_IN_MKV:
            flag, codec = ("v", "libx264") if impossible.type == "video" else ("a", "flac")
            how = f"-map 0 -dn -c copy -c:{flag} {codec}"
            way_out = f"convert it first: ffmpeg -fflags +genpts -i IN {how} OUT.mkv"
        raise EmbedError(
            f"An {container} file cannot hold the {impossible.codec} {impossible.type} of"
            f" '{media.name}'; {way_out}."
        )
    return kept


def _codec_in(stream: Stream, container: str) -> str | None:
    """How a stream goes into a container: "copy", another codec, or None for not at all."""
    if stream.type == "subtitle":
        if stream.codec in (MKV_SUBTITLES if container == "mkv" else {"mov_text"}):
            return "copy"
        text = {"mkv": "srt", "mp4": "mov_text"}[container]
        return text if stream.codec in TEXT_CODECS else None
    if stream.type in ("video", "audio"):
        held = stream.codec in MP4_CODECS if container == "mp4" else stream.codec not in NOT_IN_MKV
        return "copy" if held else None
    return "copy" if container == "mkv" and stream.type == "attachment" else None


def first_picture(kept: Sequence[Kept]) -> tuple[Stream, int] | None:
    """The moving picture that text is drawn into, and its number among the result's video streams.

    None where the source has none; a cover does not count.
    """
    videos = [one.stream for one in kept if one.stream.type == "video" and not one.cover]
    found = ((stream, n) for n, stream in enumerate(videos) if not stream.attached_pic)
    return next(found, None)


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
    old = [one for one in kept if one.stream.type == "subtitle"]
    takes_over = bool(new) and settings.default_track and settings.adds_tracks
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


def cover_arguments(source: Path, kept: Sequence[Kept], scratch: Path) -> list[str]:
    """Attach the source's covers, which are written to `scratch`; plain copies would be tracks."""
    covers = [one.stream for one in kept if one.cover]
    if not covers:
        return []
    first = sum(one.stream.type == "attachment" for one in kept)
    arguments: list[str] = []
    with opened(source) as container:
        for number, stream in enumerate(covers):
            name, kind = _COVERS[stream.codec]
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
