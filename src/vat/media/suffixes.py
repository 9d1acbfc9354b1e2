"""By which endings of their names a folder's videos and sound files are recognised."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePath
from typing import Final

import av

_DEMUXERS: Final = (
    *("avi", "bmv", "dhav", "dv", "flv", "ivf", "ivr", "kux", "matroska,webm", "moflex"),
    *("mov,mp4,m4a,3gp,3g2,mj2", "nut", "ogg", "ty", "usm", "vivo", "xmv"),
)
"""ffmpeg's demuxers of containers with pictures that tell their endings and have no muxer."""

_UNTOLD: Final = frozenset(
    (
        *("360", "divx", "dvr-ms", "insv", "ivf", "lrv", "m2p", "m2v", "mod", "mpe", "ogm", "qt"),
        *("rmvb", "tod", "tp", "trp", "vro"),
    )
)
"""Endings that cameras, recorders and other programs give to these containers, which no program
knows but they."""

_NO_PICTURE: Final = frozenset({"none", "png"})
"""Default codecs of the pictures in containers of sound: none, or one for covers."""

_SOUND: Final = frozenset(
    (
        *("aac", "ac3", "aif", "aiff", "amr", "ape", "au", "caf", "dts", "eac3", "flac", "m4a"),
        *("m4b", "mka", "mp2", "mp3", "oga", "opus", "ra", "spx", "tta", "wav", "weba"),
        *("wma", "wv"),
    )
)

_NO_VIDEO: Final = frozenset({"avif", "heic", "heif", "ism", "isma", "m3u8", "mks", "mpd"})
"""Pictures, sound, subtitles and lists of parts, in or about containers that may have videos."""


def _told() -> Iterator[str]:
    """Endings of which ffmpeg tells that they are those of pictures with sound."""
    for name in av.formats_available:
        try:
            form = av.ContainerFormat(name, "w")
            if not form.extensions:
                continue
            with av.open(BytesIO(), "w", format=name) as container:
                usual = {container.default_video_codec, container.default_audio_codec}
        except (ValueError, av.FFmpegError):
            # It is a demuxer alone, or one that writes to no file.
            continue
        if not usual & _NO_PICTURE:
            yield from form.extensions
    for name in _DEMUXERS:
        try:
            yield from av.ContainerFormat(name, "r").extensions
        except ValueError:
            # A build of ffmpeg without it.
            continue


SOUND_SUFFIXES: Final = frozenset(f".{ending}" for ending in _SOUND)
"""Suffixes of files that have sound and no moving picture."""

SUFFIXES: Final = SOUND_SUFFIXES | {f".{ending}" for ending in {*_told(), *_UNTOLD} - _NO_VIDEO}
"""Suffixes by which what is to be translated is recognised in a folder; a file that is named on its
own may have any."""


def is_sound(name: str) -> bool:
    """Whether a file has sound alone, by its name."""
    return PurePath(name).suffix.lower() in SOUND_SUFFIXES
