"""A still picture for sound: a podcast becomes a video whose subtitles players show."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

from vat.embed.settings import COVER, EmbedSettings
from vat.embed.ways_out import held
from vat.errors import EmbedError
from vat.media.ffmpeg import LOCAL_ONLY, FfmpegError, run_ffmpeg
from vat.media.probe import Media, probe

logger = logging.getLogger(__name__)

_RATE: Final = 10
"""Frames a second, by which burned-in text comes and goes."""

_SIZE: Final = (1280, 720)
_SAME_SECONDS: Final = 0.5


def with_still(
    source: Path, media: Media, settings: EmbedSettings, scratch: Path, ffmpeg: str
) -> Path:
    """A video in `scratch` with a sound's tracks, chapters and tags, and the configured picture.

    It has the same zero and length as the sound. Where the sound has no cover that was asked for,
    the picture is black.

    Raises:
        EmbedError: where the picture cannot be read.
    """
    result = scratch / "still.mkv"
    width, height = _SIZE
    fitted = (
        f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2,"
        f"pad={width}:{height}:-1:-1,setsar=1,format=yuv420p"
    )
    audio = [one for one in media.of_type("audio") if held(one, "mkv")]
    arguments = [
        *LOCAL_ONLY,
        "-i",
        f"file:{source}",
        *_picture(source, media, settings, scratch, ffmpeg),
    ]
    arguments += ["-map", "1:v:0", "-vf", fitted, "-c:v", "libx264", "-preset", "veryfast"]
    arguments += ["-tune", "stillimage", "-crf", str(settings.quality), "-g", str(10 * _RATE)]
    for number, one in enumerate(audio):
        arguments += ["-map", f"0:{one.index}", f"-c:a:{number}", held(one, "mkv")]
    arguments += ["-map_metadata", "0", "-map_chapters", "0", "-t", f"{media.duration:.3f}"]
    try:
        run_ffmpeg(
            [*arguments, "-f", "matroska", f"file:{result}"],
            ffmpeg=ffmpeg,
            total_seconds=media.duration,
            task=f"picture of {media.name}",
        )
    except FfmpegError as error:
        raise EmbedError(
            f"'{media.name}' cannot be put together with the picture of embed.still: {error}"
        ) from error
    made = probe(result, name=media.name, title=None, source="", audio_track=None)
    if abs(made.duration - media.duration) > _SAME_SECONDS:
        raise EmbedError(
            f"With a picture '{media.name}' lasts {made.duration:.3f} s instead of"
            f" {media.duration:.3f} s; set embed.still to null."
        )
    return result


def media_of(path: Path, media: Media) -> Media:
    """What is known of that video, which is called as the sound is."""
    made = probe(path, name=media.name, title=media.title, source=media.source, audio_track=None)
    return replace(made, audio_track=media.audio_track)


def _picture(
    source: Path, media: Media, settings: EmbedSettings, scratch: Path, ffmpeg: str
) -> list[str]:
    """Ffmpeg's second input."""
    cover = next((one for one in media.streams if one.attached_pic), None)
    given = settings.still != COVER
    if not given and cover is None:
        logger.warning("'%s' has no cover; its picture is black", media.name)
        width, height = _SIZE
        return ["-f", "lavfi", "-i", f"color=black:s={width}x{height}:r={_RATE}"]
    file = Path(str(settings.still)).expanduser().absolute() if given else source
    which = "0:v:0" if given or cover is None else f"0:{cover.index}"
    # Repeated as it is, a picture that cannot be decoded would be tried for ever.
    decoded = scratch / "still.png"
    command = [*LOCAL_ONLY, "-i", f"file:{file}", "-map", which, "-frames:v", "1"]
    try:
        run_ffmpeg([*command, f"file:{decoded}"], ffmpeg=ffmpeg)
    except FfmpegError as error:
        what = f"The picture '{file.name}' of embed.still" if given else "The cover"
        raise EmbedError(f"{what} cannot be put to '{media.name}': {error}") from error
    return ["-loop", "1", "-framerate", str(_RATE), "-i", f"file:{decoded}"]
