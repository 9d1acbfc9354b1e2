"""Where the picture is cut: the moments at which a new shot begins."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vat.errors import SourceError
from vat.files import Record, StrPath, scratch_folder
from vat.media.ffmpeg import LOCAL_ONLY, FfmpegError, run_ffmpeg
from vat.media.probe import Media

logger = logging.getLogger(__name__)

_WIDTH: Final = 160
"""Pixels of the picture in which cuts are looked for; more of them find the same."""

_SCORE: Final = 0.3
"""ffmpeg's scene score above which a new shot begins; its documentation names 0.3 to 0.5."""

_USUAL_RATE: Final = 25.0
_FOUND: Final = re.compile(r"pts_time:(-?[\d.]+)")


@dataclass(frozen=True, slots=True)
class Shots(Record):
    """The moments at which shots begin, in seconds of video time, and how long a frame lasts."""

    begins: tuple[float, ...]
    frame_seconds: float


def find_shots(source: StrPath, media: Media, ffmpeg: str, threads: int) -> Shots:
    """The cuts of the first picture; none where there is no moving one.

    The whole picture is decoded.

    Raises:
        SourceError: where it cannot be.
    """
    picture = media.first_picture
    if picture is None:
        return Shots((), 1 / _USUAL_RATE)
    scaled = f"scale={_WIDTH}:-2:flags=fast_bilinear,select='gt(scene,{_SCORE})'"
    with scratch_folder() as folder:
        wanted = f"{scaled},metadata=print:file=shots"
        # The container's own clock, as the sound is read, too.
        arguments = ["-copyts", *LOCAL_ONLY, "-threads", str(threads)]
        arguments += ["-i", f"file:{Path(source).resolve()}", "-map", f"0:{picture.index}", "-an"]
        arguments += ["-vf", wanted, "-f", "null", "-"]
        try:
            run_ffmpeg(
                arguments,
                ffmpeg=ffmpeg,
                cwd=Path(folder),
                total_seconds=media.duration,
                task="looking for cuts",
            )
        except FfmpegError as error:
            raise SourceError(
                f"The picture of '{media.name}' cannot be decoded; set merge.shot_changes to"
                f" false: {error}"
            ) from error
        list_ = Path(folder, "shots")
        told = list_.read_text(encoding="utf-8") if list_.exists() else ""
    begins = sorted(float(time) - media.start_time for time in _FOUND.findall(told))
    logger.info("%d cuts in %.0f s", len(begins), media.duration)
    frame = 1 / (picture.frame_rate or _USUAL_RATE)
    return Shots(tuple(round(time, 3) for time in begins if time > 0), frame)
