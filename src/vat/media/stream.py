"""One stream of a video: what it is, and which audio track is transcribed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import av
from av.container import InputContainer
from av.stream import Disposition
from av.stream import Stream as AvStream

from vat.errors import SourceError
from vat.files import Record
from vat.media.titles import one_line

_ASIDE: Final = (
    Disposition.comment
    | Disposition.visual_impaired
    | Disposition.descriptions
    | Disposition.karaoke
)
_ASIDE_TITLE: Final = re.compile(
    r"comment|kommentar|descri[pb]|audiodes|audio ?des|解说|评论|解説|visually", re.IGNORECASE
)
"""Titles of commentaries and descriptions, as few programs set the marks for them."""

_SIDE_DATA: Final = re.compile(r"^ {4}Side data:\n((?: {6}.*\n?)*)", re.MULTILINE)
_OF_CODEC: Final = frozenset({"cpb properties", "audio service type"})
"""Side data that follows from the codec, or that every muxer makes anew."""

_NO_FACTS: Final = Disposition.default | Disposition.attached_pic

_NAME: Final = re.compile(r": \w+: (\S+?)(?:,| \(([^/)\s]+) / |\s|$)")


@dataclass(frozen=True, slots=True)
class Stream(Record):
    """One stream of a container. `start` is in seconds of video time, None where unknown.

    `aside` tells of sound that is said about the picture and not in it: commentaries, descriptions.
    `empty` tells of picture or sound that is declared and has no packets. `in_mkv` and `in_mp4` say
    how these containers hold the stream (see `vat.media.containers`): "copy", a codec that it has
    to be converted into, "made" for what the container makes anew, "" for not at all, None where
    nobody has tried; `lost_in_mkv` and `lost_in_mp4` say without which of its `facts`. These are
    side data by ffmpeg's names, language and marks. `chapters` tells of a track that only holds the
    titles of the chapters, `read_as` of the decoder that reads text which ffmpeg does not know.
    `keyless` tells of a picture none of whose packets is marked as a key frame.
    """

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
    aside: bool = False
    empty: bool = False
    in_mkv: str | None = None
    in_mp4: str | None = None
    facts: tuple[str, ...] = ()
    lost_in_mkv: str = ""
    lost_in_mp4: str = ""
    chapters: bool = False
    read_as: str | None = None
    keyless: bool = False

    @property
    def words(self) -> str:
        """What it is called in messages."""
        language = None if self.language == "und" else self.language
        return " ".join(filter(None, (language, self.title, self.codec, self.type)))


def input_options(streams: Iterable[Stream]) -> list[str]:
    """What has to stand before ffmpeg's input for these streams to be read."""
    odd = [one for one in streams if one.read_as]
    return [part for one in odd for part in (f"-c:{one.index}", str(one.read_as))]


def output_options(streams: Iterable[Stream]) -> list[str]:
    """What has to stand before ffmpeg's output that copies these streams, in their order.

    ffmpeg leaves out what comes before the first key frame, which would be everything here.
    """
    return [f"-copyinkf:{number}" for number, stream in enumerate(streams) if stream.keyless]


def choose_track(audio: Sequence[Stream], wanted: int | None, name: str) -> int | None:
    """The audio track that is transcribed: the one that is `wanted`, else the default or the first.

    One without packets, one that nobody decodes, and a commentary or description are no rivals.
    None where there is no sound.

    Raises:
        SourceError: where there is no such track, or none that can be decoded.
    """
    if wanted is None:
        main = _main_tracks(audio, name)
        return next((track for track in main if audio[track].default), min(main, default=None))
    if wanted < len(audio):
        return wanted
    tracks = ", ".join(f"{i} ({stream.words})" for i, stream in enumerate(audio))
    raise SourceError(
        f"'{name}' has no audio track {wanted}; choose one of: {tracks or 'none, it is silent'}."
    )


def _main_tracks(audio: Sequence[Stream], name: str) -> list[int]:
    full = [track for track, stream in enumerate(audio) if not stream.empty]
    heard = [track for track in full if audio[track].channels is not None]
    if full and not heard:
        codecs = ", ".join(sorted({audio[track].codec for track in full}))
        raise SourceError(
            f"The sound of '{name}' is {codecs}, which cannot be decoded; convert it to AAC or FLAC"
            " with a program that knows it."
        )
    return [track for track in heard if not audio[track].aside] or heard


def told_choice(audio: Sequence[Stream], taken: int | None, name: str) -> str | None:
    """Which of several audio tracks is transcribed, and why; None where there is but one."""
    others = [track for track, one in enumerate(audio) if track != taken and not one.empty]
    if taken is None or not others:
        return None
    why = "the default one" if audio[taken].default else "the first that is no commentary"
    told = ", ".join(f"{track} ({audio[track].words})" for track in others)
    return (
        f"'{name}' has {len(others) + 1} audio tracks; track {taken} ({audio[taken].words}) is"
        f" transcribed, {why}; set download.audio_track for another: {told}"
    )


def described(container: InputContainer) -> list[str]:
    """What ffmpeg's own listing says of each stream: codecs that nobody decodes, side data.

    It lists the streams by programmes; here they are in the order of their indexes.
    """
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        # PyAV's types do not know it.
        listing: str = cast("Any", container).dumps_format()
    finally:
        av.logging.set_level(level)
    told = re.split(r"^  Stream #\d+:(\d+)", listing, flags=re.MULTILINE)[1:]
    by_index = dict(zip(map(int, told[::2]), told[1::2], strict=True))
    return [by_index.get(stream.index, "") for stream in container.streams]


def stream_of(stream: AvStream, zero: float, told: Sequence[str]) -> Stream:
    """What is known of a stream; `zero` is the video's on the container's clock.

    `told` is what ffmpeg's listing says of each stream.
    """
    context = getattr(stream, "codec_context", None)
    rate = getattr(stream, "average_rate", None)
    about = told[stream.index] if stream.index < len(told) else ""
    called = stream.metadata.get("title") or stream.metadata.get("filename")
    title = one_line(called or "") or None
    start = None
    if stream.start_time is not None and stream.time_base is not None:
        start = float(stream.start_time * stream.time_base) - zero
    return Stream(
        index=stream.index,
        type=stream.type,
        codec=_codec(stream, about),
        language=stream.metadata.get("language"),
        title=title,
        default=bool(stream.disposition & Disposition.default),
        start=start,
        channels=getattr(context, "channels", None) if stream.type == "audio" else None,
        sample_rate=getattr(context, "sample_rate", None) if stream.type == "audio" else None,
        width=getattr(context, "width", None) if stream.type == "video" else None,
        height=getattr(context, "height", None) if stream.type == "video" else None,
        frame_rate=float(rate) if rate else None,
        attached_pic=bool(stream.disposition & Disposition.attached_pic),
        aside=bool(stream.disposition & _ASIDE) or bool(_ASIDE_TITLE.search(title or "")),
        facts=_facts(stream, about),
    )


def _facts(stream: AvStream, told: str) -> tuple[str, ...]:
    """What a stream carries beside its packets, in words."""
    side_data = _SIDE_DATA.search(told)
    lines = side_data[1].splitlines() if side_data else []
    names = {line.strip().partition(":")[0].lower() for line in lines} - _OF_CODEC
    marks = Disposition(stream.disposition) & ~_NO_FACTS
    words = {f"mark {one.name}" for one in Disposition if one.name and marks & one}
    language = stream.metadata.get("language", "und")
    spoken = set() if language in ("", "und") else {f"language {language}"}
    return tuple(sorted(names | words | spoken))


def _codec(stream: AvStream, told: str) -> str:
    """The codec's name; of one that nobody decodes that of its tag, such as apac."""
    context = getattr(stream, "codec_context", None)
    if context is not None:
        return str(context.codec.canonical_name)
    match = _NAME.search(told)
    name, tag = match.groups() if match else (None, None)
    return tag or (name if name and name != "none" else "unknown")
