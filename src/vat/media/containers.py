"""What a container holds of a video's streams: asked from ffmpeg's muxers, before any other work.

No list of codecs would do: what a muxer takes depends on its version, and on more than a codec. So
the beginning of every stream is written, and what has become of it is read.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import av

from vat.files import scratch_folder
from vat.media.ffmpeg import LOCAL_ONLY, complaint
from vat.media.probe import Media
from vat.media.stream import Stream, described, input_options, output_options, stream_of

logger = logging.getLogger(__name__)

MUXERS: Final = {"mkv": "matroska", "mp4": "mp4"}
"""ffmpeg's muxer for each container."""

MUXER_OPTIONS: Final = {"mkv": (), "mp4": ("-strict", "unofficial")}
"""What makes the muxers write all that they can: Dolby Vision, 3D and spheres in MP4."""

MADE: Final = "made"
"""How a stream is held that the muxer makes anew from metadata: time codes, chapters."""

_OTHERWISE: Final = {
    ("mkv", "subtitle"): ("srt",),
    ("mp4", "subtitle"): ("mov_text",),
    ("mkv", "audio"): ("flac",),
    ("mp4", "audio"): ("flac",),
}
"""What a stream that cannot be copied is converted into: text stays text, and FLAC loses nothing of
sound."""

_SAME: Final = {"ssa": "ass", "srt": "subrip", "text": "subrip"}
_SAME_IN_MP4: Final = {"mp2": "mp3"}
"""MP4 has one name for all layers of MPEG audio; a reader takes it for mp3."""

_TRIED_SECONDS: Final = 0.5
_BEFORE_SECONDS: Final = 0.1
_LIMIT_SECONDS: Final = 120
"""A trial reads the beginning; even a slow disk has that by then."""

_TRIED_TYPES: Final = ("video", "audio", "subtitle", "data")


def known_as(codec: str, container: str) -> str:
    """What a reader of a container calls a codec that is in it."""
    same = _SAME | (_SAME_IN_MP4 if container == "mp4" else {})
    return same.get(codec, codec)


def with_holdings(media: Media, path: str | Path, ffmpeg: str) -> Media:
    """The media with what each container holds of its streams."""
    in_mkv, in_mp4 = (
        _Trials(media, Path(path), container, ffmpeg).answers() for container in MUXERS
    )
    streams = (
        replace(
            stream,
            in_mkv=in_mkv[stream.index].way,
            in_mp4=in_mp4[stream.index].way,
            lost_in_mkv=in_mkv[stream.index].lost,
            lost_in_mp4=in_mp4[stream.index].lost,
        )
        for stream in media.streams
    )
    return replace(media, streams=tuple(streams))


@dataclass(frozen=True, slots=True)
class _Holding:
    """How a stream is held: "copy", a codec, MADE, or "" for not at all; and what it loses."""

    way: str
    lost: str = ""


@dataclass(slots=True)
class _Trials:
    """Trials of one container with the beginning of a file."""

    media: Media
    path: Path
    container: str
    ffmpeg: str
    _makes_timecode: bool = field(default=False, init=False)

    def answers(self) -> dict[int, _Holding]:
        """How the container holds each stream, by its index."""
        found = {stream.index: self._untried(stream) for stream in self.media.streams}
        open_ = [stream for stream in self.media.streams if found[stream.index] is None]
        moving = [
            one for one in open_ if one.type != "data" and _begin(one) == 0 and not one.read_as
        ]
        answers = {index: _Holding(way) for index, way in found.items() if way is not None}
        together = self._tried({stream.index: "copy" for stream in moving}, moving)
        if together is not None:
            answers |= {index: _Holding("copy", lost) for index, lost in together.items()}
        for stream in open_:
            if stream.index not in answers:
                answers[stream.index] = self._alone(stream)
        return answers

    def _untried(self, stream: Stream) -> str | None:
        """How a stream is held where that follows from what it is; None where a trial has to tell.

        Matroska attaches files of any kind, covers too.
        """
        if stream.chapters:
            return MADE
        if stream.empty or stream.type not in (*_TRIED_TYPES, "attachment"):
            return ""
        if stream.type == "attachment" or (stream.attached_pic and self.container == "mkv"):
            return "copy" if self.container == "mkv" else ""
        return None

    def _alone(self, stream: Stream) -> _Holding:
        copied = () if stream.read_as else ("copy",)
        for way in (*copied, *_OTHERWISE.get((self.container, stream.type), ())):
            lost = self._tried({stream.index: way}, [stream])
            if lost is not None:
                return _Holding(way, lost[stream.index])
        return _Holding(MADE if stream.codec == "tmcd" and self._makes_timecode else "")

    def _tried(
        self, ways: Mapping[int, str], streams: Sequence[Stream]
    ) -> Mapping[int, str] | None:
        """What is lost of the beginning of these streams; None where the muxer does not take it."""
        if not ways:
            return {}
        with scratch_folder() as folder:
            trial, counts = folder / "trial", folder / "counts"
            if not self._writes(ways, streams, trial, counts):
                return None
            lost, refusal = self._compared(ways, streams, trial, _counted(counts))
        if refusal:
            logger.info("%s does not take %s: %s", self.container, dict(ways), refusal)
            return None
        return lost

    def _writes(
        self, ways: Mapping[int, str], streams: Sequence[Stream], trial: Path, counts: Path
    ) -> bool:
        """Whether ffmpeg writes the beginning; `counts` gets a line for every packet copied."""
        maps = [
            argument
            for number, stream in enumerate(streams)
            for argument in ("-map", f"0:{stream.index}", f"-c:{number}", ways[stream.index])
        ]
        copies = [stream for stream in streams if ways[stream.index] == "copy"]
        copied = [part for one in copies for part in ("-map", f"0:{one.index}")]
        length = ["-frames:a", "1"] if "flac" in ways.values() else ["-t", f"{_TRIED_SECONDS}"]
        begin = max(_begin(stream) for stream in streams)
        seek = ["-ss", f"{begin:.3f}"] if begin else []
        command = [
            *LOCAL_ONLY,
            *seek,
            *input_options(streams),
            "-fflags",
            "+genpts",
            "-i",
            f"file:{self.path}",
            *maps,
            *output_options(streams),
            *length,
        ]
        command += [*MUXER_OPTIONS[self.container], "-f", MUXERS[self.container], str(trial)]
        if copied:
            command += [
                *copied,
                "-c",
                "copy",
                *output_options(copies),
                *length,
                "-f",
                "framecrc",
                str(counts),
            ]
        said = complaint(command, ffmpeg=self.ffmpeg, limit_seconds=_LIMIT_SECONDS)
        if said is not None:
            logger.info("%s does not take %s: %s", self.container, dict(ways), said)
        return said is None

    def _compared(
        self,
        ways: Mapping[int, str],
        streams: Sequence[Stream],
        trial: Path,
        written: Sequence[int],
    ) -> tuple[dict[int, str], str]:
        """What of each stream is not in a trial, and why the trial as a whole is none, if so."""
        try:
            there, counts = _read(trial)
        except av.FFmpegError:
            # Of streams without any packet a muxer leaves a header, and not always that.
            return dict.fromkeys(ways, ""), "it is not read again" if any(written) else ""
        copied = iter(written)
        self._makes_timecode |= any(one.codec == "tmcd" for one in there)
        lost = dict.fromkeys(ways, "")
        for stream in streams:
            way = ways[stream.index]
            planned = next(copied, 0) if way == "copy" else 0
            if stream.attached_pic:
                continue
            wanted = known_as(stream.codec if way == "copy" else way, self.container)
            found = next((one for one in there if one.type == stream.type), None)
            if found is None and not planned and way == "copy":
                # MP4 has no track without packets, and this one has none so early.
                continue
            if found is None or known_as(found.codec, self.container) != wanted:
                return lost, f"stream {stream.index} is read again as {found and found.codec}"
            there.remove(found)
            # Uncompressed sound is parted into packets as a muxer likes.
            if counts[found.index] < planned and not stream.codec.startswith("pcm_"):
                return lost, f"of stream {stream.index} {planned} packets became fewer"
            lost[stream.index] = ", ".join(sorted({*stream.facts} - {*found.facts}))
        return lost, ""


def _begin(stream: Stream) -> float:
    """Where the trial of a stream begins, in seconds of video time; only what is late has one."""
    late = (stream.start or 0.0) - _BEFORE_SECONDS
    return late if late + _BEFORE_SECONDS >= _TRIED_SECONDS else 0.0


def _read(trial: Path) -> tuple[list[Stream], Counter[int]]:
    """The streams of a trial but for covers, and how many packets each has."""
    # What an edit list hides has been written all the same.
    with av.open(f"file:{trial}", options={"ignore_editlist": "1"}) as container:
        told = described(container)
        streams = [stream_of(stream, 0.0, told) for stream in container.streams]
        counts = Counter(packet.stream.index for packet in container.demux() if packet.size)
    return [stream for stream in streams if not stream.attached_pic], counts


def _counted(counts: Path) -> list[int]:
    """How many packets each copied stream had, in the order of the streams."""
    numbers = Counter(_numbers(counts)) if counts.exists() else Counter[int]()
    return [numbers[number] for number in range(max(numbers, default=-1) + 1)]


def _numbers(counts: Path) -> Iterator[int]:
    with counts.open(encoding="ascii", errors="replace") as file:
        for line in file:
            number, _, _, _, size = line.split(",")[:5] if line[:1] != "#" else ["0"] * 5
            # A packet without content repeats a picture, in Theora for one.
            if int(size):
                yield int(number)
