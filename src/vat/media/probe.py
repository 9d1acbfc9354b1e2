"""What a media file holds: its length, its streams, and which audio track is transcribed."""

import logging
import os
import stat
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.stream import Disposition
from av.stream import Stream as AvStream

from vat.errors import SourceError
from vat.files import Record

logger = logging.getLogger(__name__)

SUFFIXES: Final = frozenset(
    f".{suffix}"
    for suffix in (
        *("360", "3g2", "3gp", "asf", "avi", "divx", "dv", "dvr-ms", "f4v", "flv", "gxf", "insv"),
        *("ismv", "lrv", "m2t", "m2ts", "m2v", "m4v", "mk3d", "mkv", "mod", "mov", "mp4", "mpe"),
        *("mpeg", "mpg", "mts", "mxf", "ogm", "ogv", "qt", "rm", "rmvb", "tod", "tp", "trp", "ts"),
        *("vob", "vro", "webm", "wmv", "wtv"),
    )
)
"""Suffixes by which a folder's videos are recognised; a file named on its own may have any.

ffmpeg's own lists do not serve: they name sound, pictures and texts as well, and lack half of
these."""

TRUNCATION_SECONDS = 2.0
"""How much earlier than its header says a file may end before it counts as truncated, and at least
two frames of its picture (a slide show has long ones). Muxers round durations to a frame or a
fragment, which is below one second in all containers of the tests."""

TS_DISCONT: Final = 0x0200
"""libavformat's mark of containers whose clock may start anew (AVFMT_TS_DISCONT)."""

_FRAMES = 2
_FIRST_PACKETS = 50
_SEEK_BACK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Stream(Record):
    """One stream of a container. `start` is in seconds of video time, None where unknown."""

    index: int
    type: str
    codec: str
    language: str | None
    title: str | None
    default: bool
    start: float | None
    channels: int | None = None
    sample_rate: int | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    attached_pic: bool = False


@dataclass(frozen=True, slots=True)
class Media(Record):
    """A video and what is known of it.

    `duration` and `audio_start` are seconds of video time, whose t = 0 is the container's start;
    `start_time` is that moment on the container's own clock. `audio_track` counts among the audio
    streams from 0 and is None where there is no sound.
    """

    name: str
    title: str
    source: str
    duration: float
    start_time: float
    streams: tuple[Stream, ...]
    audio_track: int | None
    audio_start: float

    def of_type(self, kind: str) -> list[Stream]:
        """The streams of one type: video, audio, subtitle, attachment or data."""
        return [stream for stream in self.streams if stream.type == kind]


def probe_duration(path: str | Path) -> float:
    """Seconds from start to end, quickly: the header and the last seconds are read.

    Raises:
        SourceError: where the file is missing or no media file.
    """
    with opened(path) as container:
        return _duration(container, path)


def probe(
    path: str | Path, *, name: str, title: str | None, source: str, audio_track: int | None
) -> Media:
    """Read everything that is known of a file without decoding it.

    `name` is what the file is called in messages. `audio_track` counts from 0; None takes the
    container's default track, else the first.

    Raises:
        SourceError: where the file is missing, no video, truncated, or lacks that audio track.
    """
    with opened(path, name) as container:
        duration = _duration(container, name)
        streams = tuple(_stream(stream, container) for stream in container.streams)
        if not any(stream.type in ("video", "audio") for stream in streams):
            raise SourceError(f"'{name}' has neither picture nor sound; remove it from the videos.")
        _check_complete(container, duration, name)
        _check_readable(container, name)
        begin = _start(container)
    audio = [stream for stream in streams if stream.type == "audio"]
    track = _choose_track(audio, audio_track, name)
    start = (audio[track].start or 0.0) if track is not None else 0.0
    title = title or Path(name).stem
    return Media(name, title, source, duration, begin, streams, track, start)


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
        reason = error.strerror if isinstance(error, OSError) else error
        raise SourceError(
            f"'{name}' cannot be read as a video ({reason}); replace it or remove it."
        ) from error


def _duration(container: InputContainer, name: str | Path) -> float:
    """Seconds to the end of the last packet; the header's word only where that agrees.

    Headers of recordings that were broken off promise too little, those of some programs count
    from a clock's zero and not from the first packet.

    Raises:
        SourceError: where there are no packets, or none near the end that the header promises.
    """
    promised = float(container.duration) / av.time_base if container.duration else 0.0
    if promised:
        near_end = max(0.0, promised - _SEEK_BACK_SECONDS) + _start(container)
        try:
            container.seek(int(near_end * av.time_base), backward=True)
        except av.FFmpegError:
            logger.debug("'%s' cannot be searched", name)
    end = _last_moment(container)
    if end is None and not promised:
        raise SourceError(f"'{Path(name).name}' contains no picture or sound at all; remove it.")
    if end is None:
        return promised
    start, tolerance = _start(container), _tolerance(container)
    counts_from_zero = start > tolerance and abs(promised - start - end) < tolerance
    return end if not promised or end > promised + tolerance or counts_from_zero else promised


def _tolerance(container: InputContainer) -> float:
    """Seconds by which the header and the last packet may differ."""
    rates = [float(s.average_rate) for s in container.streams.video if s.average_rate]
    return max([TRUNCATION_SECONDS, *(_FRAMES / rate for rate in rates)])


def _start(container: InputContainer) -> float:
    """The moment of the container's clock, in seconds, that is the video's zero.

    That is ffmpeg's zero when picture and sound are copied: in containers for broadcasts the first
    of these two, else the container's start. A data track that begins earlier moves nothing.
    """
    if container.format.flags & TS_DISCONT:
        starts = [
            stream.start_time * stream.time_base
            for stream in (*container.streams.video, *container.streams.audio)
            if stream.start_time is not None and stream.time_base is not None
        ]
        if starts:
            return float(min(starts))
    return (container.start_time or 0) / av.time_base


def _last_moment(container: InputContainer) -> float | None:
    """The end of the last packet from where the container stands, in video time."""
    start, end = _start(container), None
    try:
        for packet in container.demux():
            if packet.pts is not None and packet.time_base is not None:
                last = float((packet.pts + (packet.duration or 0)) * packet.time_base) - start
                end = last if end is None else max(end, last)
    except av.FFmpegError:
        return end
    return end


def _check_complete(container: InputContainer, duration: float, name: str) -> None:
    """See that there is something near the end that the header promises."""
    tolerance = _tolerance(container)
    if duration <= tolerance:
        return
    near_end = max(0.0, duration - _SEEK_BACK_SECONDS) + _start(container)
    try:
        container.seek(int(near_end * av.time_base), backward=True)
        end = _last_moment(container)
    except av.FFmpegError:
        end = None
    if end is None or end < duration - tolerance:
        until = "before its last seconds" if end is None else f"after {end:.1f} s"
        raise SourceError(
            f"'{name}' is truncated: it should last {duration:.1f} s but ends {until};"
            " copy or download it again."
        )


def _check_readable(container: InputContainer, name: str) -> None:
    """See that picture and sound are not encrypted: they would be copied and heard as garbage."""
    container.seek(0)
    for packet in islice(container.demux(), _FIRST_PACKETS):
        if packet.has_sidedata("encryption_info"):
            raise SourceError(
                f"'{name}' is encrypted; only whoever has its key can read it. Name a copy that is"
                " not protected."
            )


def _choose_track(audio: list[Stream], wanted: int | None, name: str) -> int | None:
    if wanted is None:
        if not audio:
            return None
        return next((i for i, stream in enumerate(audio) if stream.default), 0)
    if wanted < len(audio):
        return wanted
    tracks = ", ".join(
        f"{i} ({' '.join(filter(None, (s.language, s.title, s.codec)))})"
        for i, s in enumerate(audio)
    )
    raise SourceError(
        f"'{name}' has no audio track {wanted}; choose one of: {tracks or 'none, it is silent'}."
    )


def _stream(stream: AvStream, container: InputContainer) -> Stream:
    context = getattr(stream, "codec_context", None)
    rate = getattr(stream, "average_rate", None)
    start = None
    if stream.start_time is not None and stream.time_base is not None:
        start = float(stream.start_time * stream.time_base) - _start(container)
    return Stream(
        index=stream.index,
        type=stream.type,
        codec=context.codec.canonical_name if context is not None else "unknown",
        language=stream.metadata.get("language"),
        title=stream.metadata.get("title") or stream.metadata.get("filename"),
        default=bool(stream.disposition & Disposition.default),
        start=start,
        channels=getattr(context, "channels", None) if stream.type == "audio" else None,
        sample_rate=getattr(context, "sample_rate", None) if stream.type == "audio" else None,
        width=getattr(context, "width", None) if stream.type == "video" else None,
        height=getattr(context, "height", None) if stream.type == "video" else None,
        frame_rate=float(rate) if rate else None,
        attached_pic=bool(stream.disposition & Disposition.attached_pic),
    )
