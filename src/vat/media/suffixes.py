"""By which endings of their names a folder's videos and sound files are recognised."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

import av

_DEMUXERS: Final = (
    *("avi", "bmv", "dhav", "dv", "flv", "ivr", "kux", "matroska,webm", "moflex"),
    *("mov,mp4,m4a,3gp,3g2,mj2", "nut", "ogg", "ty", "usm", "vivo", "xmv"),
)
"""ffmpeg's demuxers of containers with pictures that tell their endings."""

_UNTOLD: Final = frozenset(
    (
        *("360", "asf", "divx", "dvr-ms", "gxf", "insv", "lrv", "m2p", "m2t", "m2ts", "m2v"),
        *("m4v", "mod", "mpe", "mpeg", "mpg", "mts", "mxf", "ogm", "ogv", "qt", "rm", "rmvb"),
        *("swf", "tod", "tp", "trp", "ts", "vob", "vro", "wmv", "wtv"),
    )
)
"""Endings of videos that ffmpeg recognises by what is in them, and so has in no list."""

_SOUND: Final = frozenset(
    (
        *("aac", "ac3", "aif", "aiff", "amr", "ape", "au", "caf", "dts", "eac3", "flac", "m4a"),
        *("m4b", "mka", "mp2", "mp3", "oga", "opus", "ra", "spx", "tta", "wav", "weba"),
        *("wma", "wv"),
    )
)

_NO_VIDEO: Final = frozenset({"avif", "heic", "heif", "ism", "isma", "mks"})
"""Pictures, sound and subtitles in containers that may have videos."""


def _told() -> Iterator[str]:
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
