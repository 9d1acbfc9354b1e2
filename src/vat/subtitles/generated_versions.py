"""What was generated when a user began to edit: the versions beside the edited copies."""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from vat.errors import VatError
from vat.files import StrPath, write_json, write_text
from vat.speech.speaker_names import Speaker
from vat.subtitles.check import check_cues
from vat.subtitles.edits import Conflict, edited_places, merge_edits
from vat.subtitles.formats import CheckedFiles, to_srt, write_checked
from vat.subtitles.limits import CueSettings
from vat.subtitles.overlaps import apart
from vat.subtitles.prefixes import without_prefixes
from vat.subtitles.reading import ENDINGS, read_subtitles
from vat.subtitles.track import Track
from vat.timeline import Cue

logger = logging.getLogger(__name__)

_FOLDER: Final = ".generated"
_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class EditFolder:
    """The corrections of one video: `{track}.srt` (.vtt, .ass), and `.generated/{track}.{n}.json`.

    The latter are the versions that a user may have started from. A user's file is only read.
    """

    path: Path

    def edit(self, track: str) -> Path | None:
        """The user's copy of a track, the newest where there are several; None for none."""
        return max(self.copies(track), key=lambda file: file.stat().st_mtime_ns, default=None)

    def copies(self, track: str) -> list[Path]:
        """All copies of a track, whatever their form, and however its ending is written."""
        files = sorted(self.path.iterdir()) if self.path.is_dir() else []
        named = [one for one in files if one.stem == track and one.suffix[1:].lower() in ENDINGS]
        return [one for one in named if one.is_file()]

    def generations(self, track: str) -> list[Sequence[Cue]]:
        """The versions that were generated, in time order; damaged ones are left out."""
        return [one.cues for one in self._versions(track)]

    def speakers(self, track: str) -> list[Speaker]:
        """Whose names may stand before the subtitles of a copy, where it was written with them."""
        return [one for version in self._versions(track) for one in version.prefixes]

    def _versions(self, track: str) -> list[Track]:
        found = []
        for file in self._files(track):
            try:
                found.append(Track.read(file))
            except (VatError, OSError, KeyError, TypeError) as error:
                logger.warning("'%s' is damaged and is left out: %s", file, error)
        return found

    def keep(self, track: str, generated: Track) -> None:
        """Keep what is generated now as a version that may be edited; no version twice."""
        for one in self._versions(track):
            same_names = _names(one) == _names(generated)
            if same_names and not edited_places(one.cues, generated.cues):
                return
        numbers = [int(file.suffixes[-2][1:]) for file in self._files(track)]
        file = self.path / _FOLDER / f"{track}.{max(numbers, default=0) + 1}.json"
        write_json(file, generated.to_json())

    def is_changed(self, track: str, cues: Sequence[Cue]) -> bool:
        """Whether a copy differs from everything that was ever generated."""
        said = without_prefixes(cues, self.speakers(track))
        return all(edited_places(one, said) for one in self.generations(track))

    def lay_out(self, track: str, generated: Track) -> Path | None:
        """A copy to edit, where the user has none; where it lies."""
        self.keep(track, generated)
        if self.edit(track) is not None:
            return None
        file = self.path / f"{track}.srt"
        write_text(file, to_srt(generated))
        return file

    def _files(self, track: str) -> list[Path]:
        def number(file: Path) -> int:
            return int(file.suffixes[-2][1:]) if file.suffixes[-2][1:].isdecimal() else -1

        files = (self.path / _FOLDER).glob(f"{track}.*.json")
        return sorted((file for file in files if number(file) >= 0), key=number)


def _names(track: Track) -> tuple[Sequence[Speaker], Sequence[Speaker]]:
    return tuple(track.speakers), tuple(track.prefixes)


@dataclass(frozen=True, slots=True)
class Edited:
    """A track with the user's corrections, how many there are, and those that conflict."""

    track: Track
    edits: int
    conflicts: Sequence[Conflict]


def free_name(file: Path) -> Path:
    """Where an earlier version of a user's file can be kept, under a name that is no copy's."""
    numbers = (Path(f"{file}.{number}") for number in itertools.count(1))
    return next(one for one in numbers if not one.exists())


def with_edits(generated: Track, name: str, folder: EditFolder, copy: Path | None = None) -> Edited:
    """A generated track with the corrections that the user has made of it, or of an earlier one.

    The user started from that generation from which the copy differs least. `copy` is the user's
    file where it is called otherwise than the track.

    Raises:
        SubtitleError: where the user's file cannot be read.
    """
    file = copy or folder.edit(name)
    if file is None:
        return Edited(generated, 0, ())
    mine = read_subtitles(file)
    folder.keep(name, generated)
    if mine.styled:
        logger.warning("'%s': markup of %d subtitles is left out", file, mine.styled)
    versions = list(reversed(folder.generations(name))) or [generated.cues]
    said = without_prefixes(mine.cues, folder.speakers(name))
    then = min(versions, key=lambda version: edited_places(version, said))
    found = merge_edits(then, said, generated.cues)
    cues = apart(found.cues)
    if len(cues) != len(found.cues):
        logger.warning("%d subtitles overlap and are shown together", len(found.cues) - len(cues))
    logger.info("%d corrections from '%s'", found.edits, file)
    for one in found.conflicts[:_NAMED]:
        logger.warning(
            "%.1f to %.1f s: '%s' was generated anew as '%s'; your '%s' is kept",
            *(one.start, one.end, one.generated_then, one.generated_now, one.edited),
        )
    track = replace(generated, cues=cues)
    return Edited(track, found.edits, found.conflicts)


class EditedFiles(CheckedFiles, Protocol):
    """Where a corrected track, its check and its report go, as a job's outputs name it."""

    report: StrPath


def write_edited(edited: Edited, layout: CueSettings, out: EditedFiles) -> None:
    """Write a corrected track as JSON, SRT, WebVTT and ASS, its check and its report.

    The report has `edits`, how many places the user has changed, and `conflicts`.
    """
    track = edited.track
    write_checked(track, check_cues(track.cues, track.language, layout), out)
    conflicts = [one.to_json() for one in edited.conflicts]
    write_json(out.report, {"edits": edited.edits, "conflicts": conflicts})
