"""What an embedded video must be before it is delivered."""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream as AvStream

from vat.embed.fates import SECOND_VIEW
from vat.embed.picture import Picture, differences, read_picture
from vat.embed.settings import EmbedSettings
from vat.embed.streams import Kept, read_tags, with_packets
from vat.embed.timing import check_timing
from vat.embed.track_files import StoredCue, content_of, planned_cues, resolution
from vat.errors import EmbedError, SourceError
from vat.media.containers import known_as
from vat.media.probe import Media, opened, probe
from vat.media.stream import Stream
from vat.subtitles.track import Track

logger = logging.getLogger(__name__)

SAMPLES: Final = 24
"""How many events of a track are read in full; of all others the index tells the times."""

_EMPTY_TEXT = 2
"""Bytes of the event that fills the time between two cues in MP4."""

_NO_TAGS: Final = frozenset(
    {"encoder", "major_brand", "minor_version", "compatible_brands", "duration", "creation_time"}
)
"""Metadata that describes a file and not what is in it."""


def check_result(
    path: Path,
    source: Path,
    tags: Mapping[str, str],
    media: Media,
    kept: Sequence[Kept],
    new: Sequence[Track],
    settings: EmbedSettings,
    picture: Picture | None,
    *,
    suspicious: bool = False,
) -> None:
    """See that a finished file is what was planned.

    `tags` are the source's own; those that the container has no place for are logged. `picture` is
    the source's picture that was encoded; None where everything was copied. `suspicious` tells that
    ffmpeg complained about times.

    Raises:
        EmbedError: where its duration, its streams, its picture or its subtitles differ.
    """
    try:
        found = probe(path, name=path.name, title=None, source="", audio_track=None)
    except SourceError as error:
        raise EmbedError(f"The result cannot be read back: {error}") from error
    sentence = _check_streams(found, kept, len(new), settings.container)
    if sentence:
        # A muxer may leave out a stream that is declared and empty.
        kept = with_packets(source, kept)
        sentence = _check_streams(found, kept, len(new), settings.container)
    if sentence:
        raise EmbedError(f"{sentence}; it is not delivered.")
    if picture:
        _check_picture(path, found, kept, picture, media.name)
    # Matroska tells the time of each packet, MP4 only how long each lasts.
    to_mkv = settings.container == "mp4" and all(one.stream.in_mkv == "copy" for one in kept)
    advice = "set embed.container to mkv" if to_mkv else "it is not delivered"
    shift = check_timing(path, found, source, media, kept, suspicious=suspicious, advice=advice)
    with opened(path) as container:
        lost_tags = sorted(tags.keys() - read_tags(container).keys() - _NO_TAGS)
        if lost_tags:
            logger.warning("the container has no place for the tags: %s", ", ".join(lost_tags))
        for number, track in enumerate(new):
            stream = container.streams[found.of_type("subtitle")[number - len(new)].index]
            _check_track(container, stream, track, settings, shift)


def _check_picture(
    path: Path, found: Media, kept: Sequence[Kept], picture: Picture, name: str
) -> None:
    encoded = next(one for one in found.of_type("video") if not one.attached_pic)
    lost = differences(picture, read_picture(path, encoded.index))
    if lost:
        raise EmbedError(f"Encoding '{name}' lost {', '.join(lost)}; set embed.mode to soft.")
    _tell_lost_facts(kept, encoded)


def _tell_lost_facts(kept: Sequence[Kept], encoded: Stream) -> None:
    """Warn of side data that an encoded picture is without.

    A rotation has been carried out, and hidden margins are gone or told of.
    """
    before = next(one.stream for one in kept if one.codec == "encode")
    lost = {*before.facts} - {*encoded.facts, SECOND_VIEW, "display matrix", "frame cropping"}
    if lost:
        logger.warning("the encoded picture is without its %s", ", ".join(sorted(lost)))


def _check_streams(found: Media, kept: Sequence[Kept], new: int, container: str) -> str | None:
    """What is said where number, types, codecs or sizes of the streams differ; None where not.

    A cover may be read as a picture or as an attachment.
    """
    for kind in ("video", "audio", "subtitle"):
        ours = [one for one in kept if one.stream.type == kind and not one.stream.attached_pic]
        theirs = [stream for stream in found.of_type(kind) if not stream.attached_pic]
        planned = [_described(one.stream, container, one.codec) for one in ours]
        there = [_described(stream, container) for stream in theirs]
        for number, one in enumerate(ours[: len(there)]):
            if one.codec == "encode":
                planned[number] = there[number]
        if kind == "subtitle":
            planned += there[len(planned) :][:new]
            there += ["nothing"] * (len(ours) + new - len(there))
        if planned != there:
            return (
                f"The result has the {kind} streams {', '.join(there) or 'none'} instead of"
                f" {', '.join(planned) or 'none'}"
            )
    return _check_attached(found, kept)


def _check_attached(found: Media, kept: Sequence[Kept]) -> str | None:
    """What is said where covers or attachments are missing."""

    def attached(streams: Iterable[Stream]) -> int:
        return sum(stream.attached_pic or stream.type == "attachment" for stream in streams)

    there, planned = attached(found.streams), attached(one.stream for one in kept)
    if there != planned:
        return f"The result has {there} covers and attachments instead of {planned}"
    return None


def _described(stream: Stream, container: str, codec: str = "copy") -> str:
    name = stream.codec if codec == "copy" else codec
    size = f" {stream.width}x{stream.height}" if stream.type == "video" else ""
    return f"{known_as(name, container)}{size}"


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
    planned = planned_cues(track, settings, stream.codec_context.extradata or b"")
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
    place = 0
    for number, (event, start) in enumerate(zip(planned, starts, strict=True)):
        # A drawing may begin together with a text.
        place = place + 1 if number and start == starts[number - 1] else 0
        found = StoredCue(round(start * 1000) - offset, event.end, event.content)
        if number % every == 0:
            found = _read_event(container, stream, (start, place), settings, offset)
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
    return [
        float(packet.pts * packet.time_base)
        for packet in _packets(container, stream, 0)
        if packet.pts is not None
        and packet.time_base is not None
        and _has_text(packet.size, settings)
    ]


def _packets(
    container: InputContainer, stream: AvStream, moment: int
) -> Iterator["Packet[AvStream]"]:
    """The packets of a stream from a moment of its clock on, or from the start.

    Where no picture is marked as a key frame, a file is not searched at all.
    """
    try:
        container.seek(moment, stream=stream)
    except av.FFmpegError:
        with opened(container.name.removeprefix("file:")) as again:
            yield from again.demux(again.streams[stream.index])
        return
    yield from container.demux(stream)


def _read_event(
    container: InputContainer,
    stream: AvStream,
    where: tuple[float, int],
    settings: EmbedSettings,
    offset: int,
) -> StoredCue:
    """The event that starts at a moment, in milliseconds of video time.

    `where` is that moment, in seconds, and how many events before it start at the same.
    """
    base = stream.time_base
    start, before = where
    if base is not None:
        wanted = round(start / base)
        for packet in _packets(container, stream, wanted):
            if packet.pts is None or packet.pts < wanted:
                continue
            if _has_text(packet.size, settings):
                before -= 1
                if before >= 0:
                    continue
                begin, length = packet.pts * base, (packet.duration or 0) * base
                content = content_of(bytes(packet), settings)
                end = round((begin + length) * 1000) - offset
                return StoredCue(round(begin * 1000) - offset, end, content)
    return StoredCue(-1, -1, b"")
