"""What an embedded video must be before it is delivered."""

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.stream import Stream as AvStream

from vat.embed.extent import read_extent
from vat.embed.picture import Picture, differences, read_picture
from vat.embed.settings import EmbedSettings
from vat.embed.streams import Kept, read_tags
from vat.embed.track_files import StoredCue, content_of, planned_cues, resolution
from vat.errors import EmbedError, SourceError
from vat.media.probe import Media, Stream, opened, probe
from vat.subtitles.track import Track

logger = logging.getLogger(__name__)

SAMPLES: Final = 24
"""How many events of a track are read in full; of all others the index tells the times."""

_AUDIO_FRAME = 2048
_EMPTY_TEXT = 2
"""Bytes of the event that fills the time between two cues in MP4."""

_NO_TAGS: Final = frozenset(
    {"encoder", "major_brand", "minor_version", "compatible_brands", "duration", "creation_time"}
)
"""Metadata that describes a file and not what is in it."""

_SAME_CODEC: Final = {"ssa": "ass", "srt": "subrip", "text": "subrip"}

_SAME_IN_MP4: Final = {"mp2": "mp3"}
"""MP4 has one name for all layers of MPEG audio; a reader takes it for mp3."""


def check_result(
    path: Path,
    source: Path,
    tags: Mapping[str, str],
    media: Media,
    kept: Sequence[Kept],
    new: Sequence[Track],
    settings: EmbedSettings,
    picture: tuple[Picture, int] | None,
) -> None:
    """See that a finished file is what was planned.

    `tags` are the source's own; those that the container has no place for are logged. `picture` is
    the source's picture that was encoded, and its number among the result's video streams; None
    where everything was copied.

    Raises:
        EmbedError: where its duration, its streams, its picture or its subtitles differ.
    """
    try:
        found = probe(path, name=path.name, title=None, source="", audio_track=None)
    except SourceError as error:
        raise EmbedError(f"The result cannot be read back: {error}") from error
    same = _SAME_CODEC | (_SAME_IN_MP4 if settings.container == "mp4" else {})
    _check_streams(found, kept, len(new), same, encoded=picture[1] if picture else None)
    if picture:
        encoded = found.of_type("video")[picture[1]]
        lost = differences(picture[0], read_picture(path, encoded.index))
        if lost:
            raise EmbedError(
                f"Encoding '{media.name}' lost {', '.join(lost)}; set embed.mode to soft."
            )
    shift = _check_duration(path, found, source, media, kept, encoded=picture is not None)
    with opened(path) as container:
        lost_tags = sorted(tags.keys() - read_tags(container).keys() - _NO_TAGS)
        if lost_tags:
            logger.warning("the container has no place for the tags: %s", ", ".join(lost_tags))
        for number, track in enumerate(new):
            stream = container.streams[found.of_type("subtitle")[number - len(new)].index]
            _check_track(container, stream, track, settings, shift)


def _frame_seconds(stream: Stream) -> float:
    """Length of one frame: containers count it differently at a stream's end.

    Of picture it follows from the rate; of sound the longest in common use is taken, that of AAC.
    """
    if stream.type == "video" and stream.frame_rate:
        return 1 / stream.frame_rate
    return _AUDIO_FRAME / stream.sample_rate if stream.sample_rate else 0.0


def _check_streams(
    found: Media, kept: Sequence[Kept], new: int, same: Mapping[str, str], *, encoded: int | None
) -> None:
    """Number, types, codecs and sizes of the streams; a cover comes after the other pictures."""
    for kind in ("video", "audio", "subtitle", "attachment"):
        ours = [one for one in kept if one.stream.type == kind]
        in_order = sorted(ours, key=lambda one: one.cover)
        planned = [_described(one.stream, same, one.codec) for one in in_order]
        there = [_described(stream, same) for stream in found.of_type(kind)]
        if kind == "video" and encoded is not None and encoded < min(len(planned), len(there)):
            planned[encoded] = there[encoded]
        if kind == "subtitle":
            planned += there[len(planned) :][:new]
            there += ["nothing"] * (len(ours) + new - len(there))
        if planned != there:
            raise EmbedError(
                f"The result has the {kind} streams {there} instead of {planned}; it is not"
                " delivered."
            )


def _described(stream: Stream, same: Mapping[str, str], codec: str = "copy") -> str:
    name = stream.codec if codec == "copy" else codec
    size = f" {stream.width}x{stream.height}" if stream.type == "video" else ""
    return f"{same.get(name, name)}{size}"


def _check_duration(
    path: Path,
    found: Media,
    source: Path,
    media: Media,
    kept: Sequence[Kept],
    *,
    encoded: bool,
) -> float:
    """See that picture and sound are all there, and return by how many seconds they are later.

    The ends are those of the streams that are kept, as read: a header may count others, or what is
    not there. A muxer that must not write negative times moves everything by the same; subtitles
    stay with the picture. The stream that moved least tells how far: of one that starts between
    two key frames ffmpeg leaves out the first frames.
    """
    before, after = _moving([one.stream for one in kept]), _moving(found.streams)
    old = read_extent(source, [stream.index for stream in before])
    new = read_extent(path, [stream.index for stream in after])
    frame = max(map(_frame_seconds, media.streams)) + 0.001
    if old.hidden > frame and new.hidden == 0.0 and not encoded:
        raise EmbedError(
            f"'{media.name}' hides its first {old.hidden:.3f} s by an edit list, which the result"
            " would show; set embed.container to mp4."
        )
    moved = [
        new.starts[b.index] - old.starts[a.index]
        for a, b in zip(before, after, strict=True)
        if a.index in old.starts and b.index in new.starts
        # A picture that is encoded loses what an edit list hides.
        if not (encoded and old.hidden and a.type == "video")
    ]
    shift = min(moved, default=0.0) + media.start_time
    lasts, wanted = new.end - shift, old.end - media.start_time
    if abs(lasts - wanted) > frame:
        raise EmbedError(
            f"The result lasts {lasts:.3f} s and '{media.name}' {wanted:.3f} s; it is not"
            " delivered."
        )
    return shift


def _moving(streams: Iterable[Stream]) -> list[Stream]:
    """Pictures and sounds, first the one and then the other, without covers."""
    return [
        stream
        for kind in ("video", "audio")
        for stream in streams
        if stream.type == kind and not stream.attached_pic
    ]


def _check_track(
    container: InputContainer,
    stream: AvStream,
    track: Track,
    settings: EmbedSettings,
    shift: float,
) -> None:
    """See that a new track has the cues, all and nothing else.

    Number and starts of all events are looked up in the container's index; ends and texts are read
    for up to SAMPLES of them, spread over the track. So a long file is not read as a whole.
    """
    planned = planned_cues(track, settings)
    offset = round(shift * 1000) if abs(shift) * 1000 >= 1 else 0
    allowed = resolution(settings) - 1 + bool(offset)
    starts = _indexed_starts(container, stream, settings)
    if len(starts) != len(planned):
        starts = _read_starts(container, stream, settings)
    if len(starts) != len(planned):
        raise EmbedError(
            f"The result has {len(starts)} of {len(planned)} {track.title} subtitles; it is not"
            " delivered."
        )
    every = max(1, math.ceil(len(planned) / SAMPLES))
    for number, (event, start) in enumerate(zip(planned, starts, strict=True)):
        found = StoredCue(round(start * 1000) - offset, event.end, event.content)
        if number % every == 0:
            found = _read_event(container, stream, start, settings, offset)
        if (
            abs(found.start - event.start) > allowed
            or abs(found.end - event.end) > allowed
            or found.content != event.content
        ):
            raise EmbedError(
                f"Subtitle {number + 1} in {track.title} is {found} in the result instead of"
                f" {event}; it is not delivered."
            )


def _has_text(size: int, settings: EmbedSettings) -> bool:
    """Whether an event of so many bytes is a subtitle; only MP4 fills the time between two."""
    return settings.container != "mp4" or size > _EMPTY_TEXT


def _indexed_starts(
    container: InputContainer, stream: AvStream, settings: EmbedSettings
) -> list[float]:
    """When the events of a track start, from the container's index; in seconds.

    Empty where the index does not know the track.
    """
    base = stream.time_base
    if base is None:
        return []
    try:
        # Matroska's index is read when it is needed for the first time.
        container.seek(0, stream=stream)
    except av.FFmpegError:
        return []
    return [
        float(entry.timestamp * base)
        for entry in stream.index_entries
        if entry.size == 0 or _has_text(entry.size, settings)
    ]


def _read_starts(
    container: InputContainer, stream: AvStream, settings: EmbedSettings
) -> list[float]:
    """The same by reading the whole file."""
    container.seek(0)
    return [
        float(packet.pts * packet.time_base)
        for packet in container.demux(stream)
        if packet.pts is not None
        and packet.time_base is not None
        and _has_text(packet.size, settings)
    ]


def _read_event(
    container: InputContainer, stream: AvStream, start: float, settings: EmbedSettings, offset: int
) -> StoredCue:
    """The event that starts at a moment, in milliseconds of video time."""
    base = stream.time_base
    if base is not None:
        wanted = round(start / base)
        container.seek(wanted, stream=stream)
        for packet in container.demux(stream):
            if packet.pts is None or packet.pts < wanted:
                continue
            if _has_text(packet.size, settings):
                begin, length = packet.pts * base, (packet.duration or 0) * base
                content = content_of(bytes(packet), settings)
                end = round((begin + length) * 1000) - offset
                return StoredCue(round(begin * 1000) - offset, end, content)
    return StoredCue(-1, -1, b"")
