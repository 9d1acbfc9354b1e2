"""One track from subtitles that a video has: its texts, and its times to the millisecond."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from vat.media.subtitle_streams import subtitle_packets
from vat.subtitles.check import CueCheck, check_cues
from vat.subtitles.existing import Existing
from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import lay_out
from vat.subtitles.overlaps import apart
from vat.subtitles.reading import read_packets, read_subtitles
from vat.subtitles.settings import TRACK
from vat.subtitles.subtitle_file import SubtitleFile
from vat.subtitles.track import Track
from vat.timeline import Cue

logger = logging.getLogger(__name__)

_WIDE: Final = ("line_length", "line_count")


def existing_track(
    source: str, taken: Existing, layout: CueSettings, *, relayout: bool
) -> tuple[Track, CueCheck]:
    """The track, and how well it can be read; of a sidecar no other file is looked at.

    With `relayout` the lines of those that break the limits are broken anew.

    Raises:
        SourceError, SubtitleError: where it cannot be read.
    """
    language = taken.language or ""
    logger.info("%s is taken as it is", taken.words)
    file = _read(source, taken)
    cues = [replace(cue, start=max(0.0, cue.start)) for cue in file.cues if cue.end > 0]
    single = apart(cues)
    _tell(file, len(file.cues) - len(cues), sum(_overlap(cues)))
    if relayout:
        faults = check_cues(single, language, layout).faults
        wide = {number for name in _WIDE for number in faults[name]}
        single = [
            replace(cue, text=lay_out(cue.text, language, layout)) if cue.id in wide else cue
            for cue in single
        ]
        logger.info("%d subtitles are laid out anew", len(wide))
    drawings = [replace(one, start=max(0.0, one.start)) for one in file.drawings if one.end > 0]
    track = Track(language, single, drawings=drawings)
    return track, check_cues(single, language, layout)


def _read(source: str, taken: Existing) -> SubtitleFile:
    if taken.where != TRACK:
        return read_subtitles(Path(taken.place))
    codec, header, packets = subtitle_packets(source, int(taken.place))
    return read_packets(codec, header, packets, taken.words)


def _overlap(cues: Sequence[Cue]) -> list[bool]:
    return [after.start < before.end for before, after in pairwise(cues)]


def _tell(file: SubtitleFile, early: int, overlapping: int) -> None:
    """Log what of a file is read otherwise than it stands there."""
    if file.styled:
        logger.info("markup of %d subtitles is left out, but for their places", file.styled)
    if file.drawings:
        logger.info("%d drawings are kept for the forms that show them", len(file.drawings))
    if early:
        logger.warning("%d subtitles end before the video begins and are left out", early)
    if overlapping:
        logger.warning(
            "%d subtitles begin before the one before has ended; they are shown one after another,"
            " or together",
            overlapping,
        )
