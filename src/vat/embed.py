"""The video with its subtitles: every stream kept, new tracks added, or text in the picture."""

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av

from vat.errors import EmbedError
from vat.ffmpeg import LOCAL_ONLY, FfmpegError, run_ffmpeg
from vat.files import atomic_path, write_text
from vat.languages import language
from vat.media import Media, Stream, probe_duration
from vat.subtitles import to_srt
from vat.timeline import Cue

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

_MISSING_GLYPH = "failed to find any fallback"
_AUDIO_FRAME = 2048


@dataclass(frozen=True, slots=True)
class Track:
    """Subtitles to put into a video, in one language."""

    language: str
    cues: Sequence[Cue]


@dataclass(frozen=True, slots=True)
class EmbedSettings:
    """How subtitles are put into a video: the keys of the configuration's `embed` section."""

    mode: str = "soft"
    container: str = "mkv"
    source_track: bool = False
    default_track: bool = True
    burn_language: str | None = None
    encoder: str = "libx264"
    quality: int = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A stream of the source in the result: copied, or a text subtitle turned into `codec`."""

    stream: Stream
    codec: str = "copy"


def embed(
    source: str | Path,
    media: Media,
    tracks: Sequence[Track],
    destination: str | Path,
    settings: EmbedSettings,
    *,
    ffmpeg: str,
) -> None:
    """Write the video with its subtitles; the result is checked before it appears.

    All streams, chapters and metadata of the source are copied, but for those that the container
    cannot hold, which the log names.

    Raises:
        EmbedError: where the container cannot hold picture or sound, no font shows the text, or
            the result is not what was planned.
    """
    kept = plan_streams(media, settings.container)
    new = [] if settings.mode == "burn" else list(tracks)
    burnt = _burnt_track(tracks, settings)
    with (
        tempfile.TemporaryDirectory(prefix="vat-embed-") as scratch,
        atomic_path(Path(destination).absolute()) as part,
    ):
        arguments = [*LOCAL_ONLY, "-i", f"file:{Path(source).absolute()}"]
        for number, track in enumerate(new):
            write_text(Path(scratch) / f"{number}.srt", to_srt(track.cues))
            arguments += ["-f", "srt", "-i", f"{number}.srt"]
        arguments += stream_arguments(kept, new, settings)
        if burnt is not None:
            check_fonts(burnt, Path(scratch), ffmpeg)
            write_text(Path(scratch) / "burn.srt", to_srt(burnt.cues))
            arguments += burn_arguments(settings)
        arguments += ["-f", {"mkv": "matroska", "mp4": "mp4"}[settings.container], f"file:{part}"]
        try:
            # The subtitle files are named by themselves: no path has to survive a filter graph.
            run_ffmpeg(arguments, ffmpeg=ffmpeg, cwd=Path(scratch), total_seconds=media.duration)
        except FfmpegError as error:
            raise EmbedError(f"Subtitles cannot be put into '{media.name}': {error}") from error
        check_result(part, media, kept, new)


def plan_streams(media: Media, container: str) -> list[Kept]:
    """Which streams of the source the result has, and how; what is left out is logged.

    Raises:
        EmbedError: where the container cannot hold a picture or a sound track.
    """
    kept = []
    for stream in media.streams:
        codec = _codec_in(stream, container)
        if codec is not None:
            kept.append(Kept(stream, codec))
        elif stream.type in ("video", "audio"):
            raise EmbedError(
                f"An {container} file cannot hold the {stream.codec} {stream.type} of"
                f" '{media.name}'; set embed.container to mkv."
            )
        else:
            logger.warning(
                "%s cannot hold stream %d (%s, %s); it is left out",
                container,
                stream.index,
                stream.type,
                stream.codec,
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
        return "copy" if container == "mkv" or stream.codec in MP4_CODECS else None
    return "copy" if container == "mkv" and stream.type == "attachment" else None


def stream_arguments(
    kept: Sequence[Kept], new: Sequence[Track], settings: EmbedSettings
) -> list[str]:
    """Mapping, codecs, languages, titles and dispositions for ffmpeg."""
    arguments = ["-map_metadata", "0", "-map_chapters", "0", "-c", "copy"]
    for one in kept:
        arguments += ["-map", f"0:{one.stream.index}"]
    old = [one for one in kept if one.stream.type == "subtitle"]
    takes_over = bool(new) and settings.default_track and settings.mode == "soft"
    for index, one in enumerate(old):
        arguments += [f"-c:s:{index}", one.codec]
        if takes_over and one.stream.default:
            arguments += [f"-disposition:s:{index}", "-default"]
    # Copied, SubRip keeps every character; ffmpeg's own conversion would mend tags that are none.
    text = {"mkv": "copy", "mp4": "mov_text"}[settings.container]
    for number, track in enumerate(new):
        index, known = len(old) + number, language(track.language)
        arguments += ["-map", f"{number + 1}:s:0", f"-c:s:{index}", text]
        arguments += [f"-metadata:s:s:{index}", f"language={known.iso639_2}"]
        arguments += [f"-metadata:s:s:{index}", f"title={known.native}"]
        arguments += [f"-metadata:s:s:{index}", f"handler_name={known.native}"]
        default = takes_over and number == 0
        arguments += [f"-disposition:s:{index}", "default" if default else "0"]
    if settings.container == "mp4":
        arguments += ["-movflags", "+faststart"]
    return arguments


def check_fonts(track: Track, scratch: Path, ffmpeg: str) -> None:
    """See that this host's fonts have every character of a track, before an hour is encoded.

    libass draws a box for a character without font and goes on; only its words tell.

    Raises:
        EmbedError: where a character has no font.
    """
    characters = sorted({c for cue in track.cues for c in cue.text if not c.isspace()})
    write_text(scratch / "check.srt", to_srt([Cue(1, 0.0, 1.0, "".join(characters))]))
    arguments = ["-f", "lavfi", "-i", "color=s=1280x720:r=1:d=1", "-vf", "subtitles=check.srt"]
    said = run_ffmpeg([*arguments, "-f", "null", "-"], ffmpeg=ffmpeg, cwd=scratch)
    if _MISSING_GLYPH in said:
        raise EmbedError(
            f"No font on this host shows all characters of the {track.language} subtitles; install"
            " one (Noto Sans covers most languages) or set embed.mode to soft."
        )


def burn_arguments(settings: EmbedSettings) -> list[str]:
    """Filter and encoder that draw burn.srt into the first picture."""
    arguments = ["-filter:v:0", "subtitles=burn.srt", "-c:v:0", settings.encoder]
    if settings.encoder.endswith("nvenc"):
        return [*arguments, "-rc:v:0", "vbr", "-cq:v:0", str(settings.quality)]
    return [*arguments, "-crf:v:0", str(settings.quality)]


def _burnt_track(tracks: Sequence[Track], settings: EmbedSettings) -> Track | None:
    """The track that is drawn into the picture, None where there is nothing to draw."""
    if settings.mode == "soft":
        return None
    wanted = settings.burn_language
    for track in tracks:
        if wanted in (None, track.language):
            return track if track.cues else None
    there = ", ".join(track.language for track in tracks)
    raise EmbedError(f"No {wanted} subtitles are made; set embed.burn_language to one of: {there}.")


def _frame_seconds(stream: Stream) -> float:
    """Length of one frame: containers count it differently at a stream's end.

    Of picture it follows from the rate; of sound the longest in common use is taken, that of AAC.
    """
    if stream.type == "video" and stream.frame_rate:
        return 1 / stream.frame_rate
    return _AUDIO_FRAME / stream.sample_rate if stream.sample_rate else 0.0


def check_result(path: Path, media: Media, kept: Sequence[Kept], new: Sequence[Track]) -> None:
    """See that a finished file is what was planned.

    Raises:
        EmbedError: where its duration, its streams or its subtitles differ.
    """
    duration = probe_duration(path)
    if abs(duration - media.duration) > max(map(_frame_seconds, media.streams)):
        raise EmbedError(
            f"The result lasts {duration:.3f} s and '{media.name}' {media.duration:.3f} s; the file"
            " is not delivered."
        )
    with av.open(f"file:{path}") as container:
        # MP4 keeps chapters in a data stream of its own.
        found = sorted(stream.type for stream in container.streams if stream.type != "data")
        wanted = sorted([*(one.stream.type for one in kept), *("subtitle" for _ in new)])
        if found != wanted:
            raise EmbedError(
                f"The result has the streams {found} instead of {wanted}; it is not delivered."
            )
        if not new:
            return
        added = container.streams.subtitles[-len(new) :]
        events = dict.fromkeys((stream.index for stream in added), 0)
        for packet in container.demux(*added):
            # mov_text fills the time between cues with packets of two bytes.
            events[packet.stream.index] += packet.size > 2
    for track, count in zip(new, events.values(), strict=True):
        if count != len(track.cues):
            raise EmbedError(
                f"The result has {count} of {len(track.cues)} {track.language} subtitles; it is not"
                " delivered."
            )
