"""What a power cut or a full disk has left of results: damaged files, which are made anew."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from vat.files import is_whole

logger = logging.getLogger(__name__)

_FOLDERS: Final = ("", "words", "subtitles", "translations")
"""Where a video's JSON files lie, below its own folder."""


def set_damaged_aside(videos: Iterable[Path]) -> None:
    """Rename the damaged JSON files in the folders of videos, so that Snakemake makes them anew.

    Their first and last bytes are looked at. What is damaged in its middle fails the job that reads
    it, by its name. Subtitles, transcripts and reports are made anew in any case, other findings
    where a job needs them.
    """
    for path in (file for video in videos for file in _files(video)):
        if not is_whole(path):
            logger.warning("'%s' is damaged; it is set aside, and made anew if need be", path)
            path.rename(path.with_name(f"{path.name}.damaged"))
            # Without one of the files that a run is to make, Snakemake makes all that come with it.
            for made in _made_with(path):
                made.unlink(missing_ok=True)


def _made_with(path: Path) -> Iterator[Path]:
    """The subtitles that a run is to make, and that are made by the same job as a JSON file."""
    track = path.name.partition(".")[0]
    if path.parent.name in ("subtitles", "translations"):
        yield path.parent.parent / "subtitles" / f"{track}.srt"
    elif track == "transcript":
        yield path.parent / "subtitles" / "source.srt"


def _files(video: Path) -> Iterator[Path]:
    for name in _FOLDERS:
        yield from (path for path in (video / name).glob("*.json") if path.is_file())
