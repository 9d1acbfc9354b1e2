"""What a container holds of a video's streams: asked from ffmpeg's muxers, before any other work.

No list of codecs would do: what a muxer takes depends on its version, and on more than a codec.
"""

import logging
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from vat.media.ffmpeg import LOCAL_ONLY
from vat.media.probe import Media
from vat.media.stream import Stream

logger = logging.getLogger(__name__)

MUXERS: Final = {"mkv": "matroska", "mp4": "mp4"}
"""ffmpeg's muxer for each container."""

_OTHERWISE: Final = {
    ("mkv", "subtitle"): ("srt",),
    ("mp4", "subtitle"): ("mov_text",),
    ("mkv", "audio"): ("flac",),
    ("mp4", "audio"): ("flac",),
}
"""What a stream that cannot be copied is converted into: text stays text, and FLAC loses nothing of
sound."""

_TRIED_SECONDS: Final = "0.5"
_LIMIT_SECONDS: Final = 120
"""A trial reads the beginning; even a slow disk has that by then."""


def with_holdings(media: Media, path: str | Path, ffmpeg: str) -> Media:
    """The media with what each container holds of its streams."""
    answers = {container: _holdings(media, path, container, ffmpeg) for container in MUXERS}
    return replace(
        media,
        streams=tuple(
            replace(
                stream,
                in_mkv=answers["mkv"][stream.index],
                in_mp4=answers["mp4"][stream.index],
            )
            for stream in media.streams
        ),
    )


def _holdings(media: Media, path: str | Path, container: str, ffmpeg: str) -> dict[int, str]:
    """How a container holds each stream, by index: "copy", a codec, or "" for not at all."""
    found = {stream.index: _untried(stream, container) for stream in media.streams}
    open_ = [stream for stream in media.streams if found[stream.index] is None]
    answers = {index: how for index, how in found.items() if how is not None}
    if _takes(path, {stream.index: "copy" for stream in open_}, open_, container, ffmpeg):
        return answers | {stream.index: "copy" for stream in open_}
    for stream in open_:
        ways = ("copy", *_OTHERWISE.get((container, stream.type), ()))
        answers[stream.index] = next(
            (way for way in ways if _takes(path, {stream.index: way}, [stream], container, ffmpeg)),
            "",
        )
    return answers


def _untried(stream: Stream, container: str) -> str | None:
    """How a stream is held where that follows from its type; None where a trial has to tell."""
    if stream.empty or stream.type not in ("video", "audio", "subtitle", "attachment"):
        return ""
    if stream.type == "attachment" or (stream.attached_pic and container == "mkv"):
        # Matroska attaches files of any kind, covers too.
        return "copy" if container == "mkv" else ""
    return None


def _takes(
    path: str | Path,
    ways: Mapping[int, str],
    streams: Sequence[Stream],
    container: str,
    ffmpeg: str,
) -> bool:
    """Whether the muxer writes the beginning of these streams."""
    if not ways:
        return True
    maps: list[str] = []
    for number, stream in enumerate(streams):
        maps += ["-map", f"0:{stream.index}", f"-c:{number}", ways[stream.index]]
    converts = any(way == "flac" for way in ways.values())
    length = ["-frames:a", "1"] if converts else ["-t", _TRIED_SECONDS]
    with tempfile.TemporaryDirectory(prefix="vat-trial-") as folder:
        command = [ffmpeg, "-hide_banner", "-nostdin", "-y", "-v", "error", *LOCAL_ONLY]
        command += ["-fflags", "+genpts", "-i", f"file:{path}", *maps, *length]
        command += ["-f", MUXERS[container], str(Path(folder) / "trial")]
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                timeout=_LIMIT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            logger.warning("ffmpeg did not try %s within %d s", container, _LIMIT_SECONDS)
            return False
    if done.returncode:
        logger.info("%s does not take %s: %s", container, dict(ways), done.stderr.strip())
    return done.returncode == 0
