"""What a media file holds: its length, its streams, and which audio track is transcribed."""

import logging
import os
import stat
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer

from vat.errors import SourceError
from vat.files import Record
from vat.media.encryption import is_encrypted
from vat.media.matroska import WEBVTT, codec_ids
from vat.media.stream import Stream, choose_track, described, stream_of
from vat.media.titles import one_line
from vat.media.wholeness import lacks_index

logger = logging.getLogger(__name__)

TRUNCATION_SECONDS = 2.0
"""How much earlier than its header says a file may end before it counts as broken off, and at least
two frames of its picture (a slide show has long ones). Muxers round durations to a frame or a
fragment, which is below one second in all containers of the tests."""

TS_DISCONT: Final = 0x0200
"""libavformat's mark of containers whose clock may start anew (AVFMT_TS_DISCONT)."""

_NO_TIMES: Final = 0x0080
"""libavformat's mark of formats without time stamps (AVFMT_NOTIMESTAMPS)."""

_FRAMES = 2
_KEYLESS_PACKETS = 600
"""So many packets without a key frame: of a picture that has any, one comes every few seconds."""

_SEEK_BACK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Media(Record):
    """A video and what is known of it.

    `duration` and `audio_start` are seconds of video time, whose t = 0 is the container's start;
    `start_time` is that moment on the container's own clock. `audio_track` counts among the audio
    streams from 0 and is None where there is no sound. `missing` are the seconds that the header
    promises and the file has not, as where it was broken off.
    """

    name: str
    title: str
    source: str
    duration: float
    start_time: float
    streams: tuple[Stream, ...]
    audio_track: int | None
    audio_start: float
    missing: float = 0.0

    def of_type(self, kind: str) -> list[Stream]:
        """The streams of one type: video, audio, subtitle, attachment or data."""
        return [stream for stream in self.streams if stream.type == kind]

    def without(self, indices: Collection[int]) -> "Media":
        """The same as if it had not these streams."""
        kept = tuple(stream for stream in self.streams if stream.index not in indices)
        return replace(self, streams=kept)

    @property
    def first_picture(self) -> Stream | None:
        """The first moving picture; a cover is none."""
        videos = self.of_type("video")
        return next((one for one in videos if not one.attached_pic and not one.empty), None)

    @property
    def has_picture(self) -> bool:
        """Whether there is a moving picture, and not sound alone."""
        return self.first_picture is not None


def probe_duration(path: str | Path) -> float:
    """Seconds from start to end, quickly: the header and the last seconds are read.

    Raises:
        SourceError: where the file is missing or no media file.
    """
    with opened(path) as container:
        return _length(container, path)[0]


def probe(
    path: str | Path, *, name: str, title: str | None, source: str, audio_track: int | None
) -> Media:
    """Read everything that is known of a file without decoding it.

    `name` is what the file is called in messages. `audio_track` counts from 0; None takes the
    container's default track, else the first.

    Raises:
        SourceError: where the file is missing, no video, or lacks that audio track.
    """
    with opened(path, name) as container:
        streams = _streams(container)
        if not any(stream.type in ("video", "audio") for stream in streams):
            raise SourceError(f"'{name}' has neither picture nor sound; remove it from the videos.")
        _check_readable(path, container, name)
        begin = zero_of(container)
    with opened(path, name) as container:
        duration, missing = _length(container, name)
    if any(_may_be_empty(stream) for stream in streams):
        streams = _with_empty_ones(path, streams)
    streams = _with_keyless_ones(path, streams)
    audio = [stream for stream in streams if stream.type == "audio"]
    track = choose_track(audio, audio_track, name)
    start = (audio[track].start or 0.0) if track is not None else 0.0
    title = one_line(title or "") or Path(name).stem
    return Media(name, title, source, duration, begin, streams, track, start, missing)


def status_of(path: str | Path, name: str | None = None) -> os.stat_result:
    """Size and times of a local file; `name` is what it is called in messages.

    Raises:
        SourceError: where it is missing, out of reach or no file.
    """
    name = name or Path(path).name
    try:
        status = Path(path).stat()
    except OSError as error:
        raise SourceError(
            f"'{name}' cannot be read ({error.strerror}); correct its path or link, or remove it."
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"'{name}' is not a file; correct its path.")
    return status


def fingerprint_of(source: str) -> str:
    """Size and time of change of a file: what tells that it is another one now.

    Raises:
        SourceError: where it is missing, out of reach or no file.
    """
    status = status_of(source)
    return f"{status.st_size} {status.st_mtime_ns}"


def opened(path: str | Path, name: str | None = None) -> InputContainer:
    """Open a local media file; `name` is what it is called in messages.

    Raises:
        SourceError: where it is missing, empty or no media file.
    """
    name = name or Path(path).name
    if status_of(path, name).st_size == 0:
        raise SourceError(f"'{name}' is empty (0 bytes); copy or download it again.")
    try:
        return av.open(
            f"file:{path}",
            metadata_errors="replace",
            options={"protocol_whitelist": "file,crypto,data"},
        )
    except (av.FFmpegError, ValueError) as error:
        if lacks_index(path):
            raise SourceError(
                f"'{name}' has no index (moov), as where a recording or a copy was broken off;"
                " copy it again, or have it repaired by its camera or a program such as untrunc."
            ) from error
        reason = getattr(error, "strerror", None) or error
        raise SourceError(
            f"'{name}' cannot be read as a video ({reason}); replace it or remove it."
        ) from error


def _length(container: InputContainer, name: str | Path) -> tuple[float, float]:
    """Seconds to the end of the last packet, or to the header's where that is a little later.

    And the seconds that the header promises beyond that, if these are more than a rounding. Headers
    of recordings that were broken off promise too little or too much, those of some programs count
    from a clock's zero and not from the first packet.

    Raises:
        SourceError: where there are no packets.
    """
    promised = float(container.duration) / av.time_base if container.duration else 0.0
    start, tolerance = zero_of(container), _tolerance(container)
    end = _last_moment(container, start, promised)
    if end is None or end < promised - tolerance:
        # Not every container is searched well, and some not at all.
        with opened(container.name.removeprefix("file:"), str(name)) as again:
            end = _last_moment(again, start, 0.0)
    if end is None and container.format.flags & _NO_TIMES:
        raise SourceError(
            f"'{Path(name).name}' is a raw stream, which tells no times; put it into a container"
            f" with its frame rate (ffmpeg -r 25 -i FILE -c copy {Path(name).stem}.mp4), and name"
            " that."
        )
    if end is None:
        raise SourceError(f"'{Path(name).name}' contains no picture or sound at all; remove it.")
    if start > 0 and abs(promised - start - end) < tolerance:
        return end, 0.0
    if end < promised - tolerance:
        return end, promised - end
    return max(end, promised), 0.0


def _tolerance(container: InputContainer) -> float:
    """Seconds by which the header and the last packet may differ."""
    rates = [float(s.average_rate) for s in container.streams.video if s.average_rate]
    return max([TRUNCATION_SECONDS, *(_FRAMES / rate for rate in rates)])


def zero_of(container: InputContainer, mapped: Collection[int] | None = None) -> float:
    """The moment of the container's clock, in seconds, that ffmpeg takes for zero.

    `mapped` are the streams that it is to copy; None for picture and sound, whose zero is that of
    the video. In containers for broadcasts it is the first of these, else the container's start: a
    data track that begins earlier moves nothing.
    """
    begin = (container.start_time or 0) / av.time_base
    if not container.format.flags & TS_DISCONT:
        return begin
    starts = [
        float(stream.start_time * stream.time_base)
        for stream in container.streams
        if (stream.type in ("video", "audio") if mapped is None else stream.index in mapped)
        and stream.start_time is not None
        and stream.time_base is not None
    ]
    return max(begin, min(starts, default=begin))


def _last_moment(container: InputContainer, start: float, promised: float) -> float | None:
    """The end of the last packet after a search for the last seconds, in video time."""
    if promised > _SEEK_BACK_SECONDS:
        near_end = promised - _SEEK_BACK_SECONDS + start
        try:
            container.seek(int(near_end * av.time_base), backward=True)
        except av.FFmpegError:
            return None
    end = None
    try:
        for packet in container.demux():
            if packet.pts is not None and packet.time_base is not None:
                last = float((packet.pts + (packet.duration or 0)) * packet.time_base) - start
                end = last if end is None else max(end, last)
    except av.FFmpegError as error:
        logger.debug("'%s' cannot be read to its end: %s", container.name, error)
    return end


def _check_readable(path: str | Path, container: InputContainer, name: str) -> None:
    if is_encrypted(path, container, described(container)):
        raise SourceError(
            f"'{name}' is encrypted; only whoever has its key can read it. Name a copy that is not"
            " protected."
        )


def _streams(container: InputContainer) -> tuple[Stream, ...]:
    told, zero = described(container), zero_of(container)
    streams = [stream_of(stream, zero, told) for stream in container.streams]
    if any(_is_nameless(one) for one in streams) and "matroska" in container.format.name:
        names = dict(enumerate(codec_ids(container.name.removeprefix("file:"))))
        streams = [_named(one, names.get(one.index, "")) for one in streams]
    # ffmpeg reads the text track of QuickTime's chapters as data, and the chapters from it.
    named = bool(container.chapters())
    return tuple(
        replace(one, chapters=named and (one.type, one.codec) == ("data", "text"))
        for one in streams
    )


def _is_nameless(stream: Stream) -> bool:
    return (stream.type, stream.codec) == ("subtitle", "unknown")


def _named(stream: Stream, name: str) -> Stream:
    """A track of Matroska with the codec's name there, where ffmpeg knows none."""
    if not _is_nameless(stream) or not name:
        return stream
    if name == WEBVTT:
        return replace(stream, codec="webvtt", read_as="subrip")
    return replace(stream, codec=name)


def _may_be_empty(stream: Stream) -> bool:
    if stream.type not in ("video", "audio") or stream.attached_pic:
        return False
    return stream.start is None or not (stream.sample_rate or stream.width)


def _with_empty_ones(path: str | Path, streams: tuple[Stream, ...]) -> tuple[Stream, ...]:
    """The streams, with a mark on pictures and sounds that have no packets in the whole file."""
    doubtful = [stream.index for stream in streams if _may_be_empty(stream)]
    with opened(path) as container, suppress(av.FFmpegError):
        for packet in container.demux([container.streams[index] for index in doubtful]):
            if packet.size and packet.stream.index in doubtful:
                doubtful.remove(packet.stream.index)
            if not doubtful:
                break
    return tuple(replace(one, empty=one.index in doubtful) for one in streams)


def _with_keyless_ones(path: str | Path, streams: tuple[Stream, ...]) -> tuple[Stream, ...]:
    """The streams, with a mark on pictures none of whose first packets is a key frame."""
    pictures = {
        one.index
        for one in streams
        if one.type == "video" and not one.attached_pic and not one.empty
    }
    with opened(path) as container, suppress(av.FFmpegError):
        packets = container.demux([container.streams[index] for index in pictures])
        for packet in islice(packets, _KEYLESS_PACKETS):
            if packet.is_keyframe:
                pictures.discard(packet.stream.index)
            if not pictures:
                break
    return tuple(replace(one, keyless=one.index in pictures) for one in streams)
