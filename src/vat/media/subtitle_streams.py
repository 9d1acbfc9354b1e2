"""The subtitles that a video has: what each of its streams is, and what is shown when."""

import logging
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer
from av.stream import Disposition
from av.stream import Stream as AvStream

from vat.errors import SourceError
from vat.files import Record
from vat.media.probe import opened, zero_of

logger = logging.getLogger(__name__)

TEXT: Final = frozenset({"subrip", "ass", "ssa", "mov_text", "webvtt", "text"})
"""ffmpeg's names of the codecs whose packets are text."""

PICTURES: Final = {
    "hdmv_pgs_subtitle": "PGS",
    "dvd_subtitle": "VobSub",
    "dvb_subtitle": "DVB",
    "xsub": "XSUB",
}
"""Codecs whose packets are pictures of text, and what people call them."""

Packet = Any
"""One of PyAV, whose types differ by its version."""

Shown = tuple[float, float, bytes]
"""Start and end in seconds of video time, and a packet's text in the codec's own form."""

_WHOLE_BYTES: Final = 2**28
"""Up to this size a file is read to its end to count its subtitles; of a larger one, parts."""

_PARTS: Final = 12
_PART_SECONDS: Final = 30.0
_SAMPLED: Final = 200
_SAMPLE_CHARACTERS: Final = 4000
_ASS_FIELDS: Final = 8
"""Fields of an event of ASS in a container before its text."""

_LAST_SECONDS: Final = 4.0
"""How long a subtitle without a length is shown where no other follows."""


@dataclass(frozen=True, slots=True)
class SubtitleStream(Record):
    """A stream of subtitles: what it is called, and how much it shows.

    `marks` are its dispositions as ffmpeg names them. `cues` is how many subtitles it has,
    estimated where the file is large; `first` and `last` are the seconds between which they lie,
    `placed` the share of those with a place of their own in pixels, and `sample` is some of their
    text.
    """

    index: int
    codec: str
    language: str | None
    title: str
    marks: tuple[str, ...]
    cues: int = 0
    first: float = 0.0
    last: float = 0.0
    placed: float = 0.0
    sample: str = ""


def sound_language(path: str | Path, track: int | None) -> str | None:
    """The tag of the language of a video's audio track, the default or first one for None."""
    with opened(path) as container:
        audio = list(container.streams.audio)
        chosen = audio[:1] if track is None else audio[track : track + 1]
        if track is None:
            chosen = [one for one in audio if one.disposition & Disposition.default][:1] or chosen
        return next((one.metadata.get("language") for one in chosen), None)


def subtitle_streams(path: str | Path) -> list[SubtitleStream]:
    """What is known of a video's streams of subtitles; those that are text are measured.

    Raises:
        SourceError: where it cannot be read.
    """
    with opened(path) as container:
        found = [_stream(one) for one in container.streams.subtitles]
        texts = [one.index for one in found if one.codec in TEXT]
        if not texts:
            return found
        zero, length = zero_of(container), (container.duration or 0) / av.time_base
        whole = Path(path).stat().st_size <= _WHOLE_BYTES or length < _PARTS * _PART_SECONDS
        packets = _all(container, texts) if whole else _some(container, texts, zero, length)
        codecs, shown = {one.index: one.codec for one in found}, dict[int, list[Shown]]()
        for packet in packets:
            at = packet.stream.index
            shown.setdefault(at, []).append(_shown(packet, codecs[at], zero))
    share = 1.0 if whole else _PARTS * _PART_SECONDS / length
    return [_measured(one, shown.get(one.index, []), share) for one in found]


def subtitle_packets(path: str | Path, index: int) -> tuple[str, bytes, list[Shown]]:
    """Codec, header and all packets of one stream of text, in the order of their times.

    Raises:
        SourceError: where the video cannot be read, or the stream is none of text.
    """
    with opened(path) as container:
        streams = {one.index: one for one in container.streams.subtitles}
        codec = _stream(streams[index]).codec if index in streams else ""
        if codec not in TEXT:
            raise SourceError(f"Stream {index} of '{Path(path).name}' has no subtitles of text.")
        header = streams[index].codec_context.extradata or b""
        zero = zero_of(container)
        found = [_shown(packet, codec, zero) for packet in _all(container, [index])]
    return codec, header, _with_ends([one for one in found if one[2].strip()])


def _stream(stream: AvStream) -> SubtitleStream:
    context = getattr(stream, "codec_context", None)
    marks = tuple(one.name for one in Disposition if one.name and stream.disposition & one)
    return SubtitleStream(
        index=stream.index,
        codec=str(context.codec.canonical_name) if context is not None else "unknown",
        language=stream.metadata.get("language"),
        title=stream.metadata.get("title") or "",
        marks=marks,
    )


def _all(container: InputContainer, indices: Sequence[int]) -> Iterator[Packet]:
    """The packets of some streams to the end of the file, or to where it is damaged."""
    wanted = [container.streams[index] for index in indices]
    try:
        for packet in container.demux(wanted):
            if packet.stream.index in indices and packet.pts is not None and packet.size:
                yield packet
    except av.FFmpegError as error:
        logger.warning("'%s' cannot be read to its end: %s", container.name, error)


def _some(
    container: InputContainer, indices: Sequence[int], zero: float, length: float
) -> Iterator[Packet]:
    """The packets of some streams in parts that lie evenly in the video."""
    for number in range(_PARTS):
        begin = (number + 0.5) * length / _PARTS - _PART_SECONDS / 2 + zero
        try:
            container.seek(int(begin * av.time_base), backward=True)
            for packet in container.demux():
                if packet.pts is None or packet.time_base is None:
                    continue
                time = float(packet.pts * packet.time_base)
                if time > begin + _PART_SECONDS:
                    break
                if packet.stream.index in indices and time >= begin and packet.size:
                    yield packet
        except av.FFmpegError as error:
            logger.debug("'%s' cannot be searched: %s", container.name, error)


def _measured(stream: SubtitleStream, shown: Sequence[Shown], share: float) -> SubtitleStream:
    shown = [one for one in shown if one[2].strip()]
    if not shown:
        return stream
    said = [data for _, _, data in shown[:: max(1, len(shown) // _SAMPLED)]]
    if stream.codec in ("ass", "ssa"):
        said = [data.split(b",", _ASS_FIELDS)[-1] for data in said]
    text = b"\n".join(said)
    placed = sum(b"\\pos(" in data or b"\\move(" in data for _, _, data in shown)
    return replace(
        stream,
        placed=placed / len(shown),
        cues=round(len(shown) / share),
        first=min(start for start, _, _ in shown),
        last=max(max(start, end) for start, end, _ in shown),
        sample=text.decode("utf-8", "replace")[:_SAMPLE_CHARACTERS],
    )


def _shown(packet: Packet, codec: str, zero: float) -> Shown:
    base = packet.time_base or 0
    start = float((packet.pts or 0) * base) - zero
    return start, start + float((packet.duration or 0) * base), _content(bytes(packet), codec)


def _content(data: bytes, codec: str) -> bytes:
    """The text of a packet; one of MP4 begins with its length and may end with styles."""
    if codec != "mov_text":
        return data
    if len(data) < 2:
        return b""
    text = data[2 : 2 + struct.unpack(">H", data[:2])[0]]
    return text.decode("utf-16").encode() if text[:2] in (b"\xfe\xff", b"\xff\xfe") else text


def _with_ends(shown: Sequence[Shown]) -> list[Shown]:
    """The packets in the order of their times; one without a length lasts until the next begins."""
    ordered = sorted(shown, key=lambda one: one[0])
    starts = [start for start, _, _ in ordered[1:]]
    found = []
    for number, (start, end, data) in enumerate(ordered):
        following = starts[number] if number < len(starts) else start + _LAST_SECONDS
        found.append((start, end if end > start else max(following, start), data))
    return found
