"""Corrections that a user has made: in the folder `edits`, or in the files that VAT has written."""

import hashlib
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vat.embed.delivery import sidecars
from vat.errors import SubtitleError, VatError
from vat.files import DamagedError, atomic_path, read_json
from vat.jobs.given_files import read_given
from vat.subtitles.edits import edited_places
from vat.subtitles.generated_versions import EditFolder, free_name
from vat.subtitles.prefixes import without_prefixes
from vat.subtitles.reading import ENDINGS, read_subtitles
from vat.subtitles.track import Track

logger = logging.getLogger(__name__)

FOLDER: Final = "edits"
"""Below the working directory; in it a folder for each video, called by its slug."""

SPOKEN: Final = "source"
RESTORED: Final = "restore.txt"
"""In a video's folder: what is to come back from quarantine, an id a line."""

_WRITTEN_WITHIN_NS: Final = 2_000_000_000
"""The files of a track are written one after another; what is later by more was changed since."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A user's version of a track: `file` is the newest, `digest` changes whenever it does."""

    video: str
    track: str
    file: Path
    digest: str


@dataclass(frozen=True, slots=True)
class EditedTracks:
    """Where the corrections of a run's videos may be, and what each video has.

    `tracks` are the names of each video's tracks, `spoken` the language that "source" is in, where
    it is known; `shown` are the tracks that are delivered, in their order.
    """

    here: Path
    results: Path
    tracks: Mapping[str, Sequence[str]]
    spoken: Mapping[str, str]
    shown: Mapping[str, Sequence[str]]
    endings: Sequence[str]

    def find(self) -> dict[tuple[str, str], Edit]:
        """All corrections, by video and track. Files that belong to nothing are warned about."""
        self._warn_of_strangers()
        found = {}
        for video, tracks in self.tracks.items():
            delivered = dict(self._changed_sidecars(video))
            for track in tracks:
                files = [*self._copies(video, track), *self._changed_results(video, track)]
                files += delivered.get(track, [])
                if files:
                    file = max(files, key=lambda one: one.stat().st_mtime_ns)
                    digest = hashlib.sha256(read_given(file)).hexdigest()
                    found[video, track] = Edit(video, track, file, digest)
        return found

    def adopt(self, edit: Edit) -> None:
        """Put a correction that was made elsewhere into the folder `edits`; no copy is lost."""
        folder = self._folder(edit.video)
        target = folder.path / f"{edit.track}{edit.file.suffix.lower()}"
        if edit.file in folder.copies(edit.track):
            return
        generated = self.results / edit.video / "subtitles" / f"{edit.track}.json"
        if generated.is_file():
            folder.keep(edit.track, Track.read(generated))
        while (old := folder.edit(edit.track)) is not None:
            aside = old.rename(free_name(old))
            logger.warning("your earlier '%s' is kept as '%s'", old, aside.name)
        with atomic_path(target) as part:
            shutil.copyfile(edit.file, part)
        logger.warning("your changes in '%s' are taken over into '%s'", edit.file, target)

    def _folder(self, video: str) -> EditFolder:
        return EditFolder(self.here / FOLDER / video)

    def _copies(self, video: str, track: str) -> list[Path]:
        """The user's copies in the folder `edits`, where they differ from what was generated."""
        folder = self._folder(video)
        names = [track]
        if track == SPOKEN and self.spoken.get(video) not in self.tracks[video]:
            names.append(self.spoken.get(video, SPOKEN))
        files = (file for name in names for file in folder.copies(name))
        return [file for file in files if _is_changed(folder, track, file)]

    def _changed_results(self, video: str, track: str) -> Iterator[Path]:
        """Files of a track that somebody has changed where VAT had written them."""
        for place in ("subtitles", "edited"):
            written = self.results / video / place / f"{track}.json"
            for ending in ENDINGS:
                file = written.with_suffix(f".{ending}")
                if _is_later(file, written, _WRITTEN_WITHIN_NS) and _differs(file, written):
                    yield file

    def _changed_sidecars(self, video: str) -> Iterator[tuple[str, list[Path]]]:
        """Delivered files that are files of their own and say something else than was delivered."""
        record = self.results / video / "delivery.json"
        if not record.is_file():
            return
        try:
            names = list(read_json(record))
        except (DamagedError, TypeError) as error:
            # It is made anew; until then nobody can tell what was delivered.
            logger.warning("%s", error)
            return
        delivered = (self.results / "delivery" / str(name) for name in names)
        files = [file for file in delivered if file.suffix[1:] in ENDINGS]
        files = [file for file in files if file.is_file() and not file.is_symlink()]
        files = [file for file in files if _is_later(file, record, 0)]
        if not files:
            return
        written = [self._written(video, track) for track in self.shown[video]]
        written = [path for path in written if path.is_file()]
        for label, path in sidecars(written, self.endings):
            mine = [file for file in files if file.name.endswith(label)]
            json = path.with_suffix(".json")
            if mine and Track.read(json).second is None and _differs(mine[0], json):
                yield json.stem, mine[:1]

    def _written(self, video: str, track: str) -> Path:
        """The track that was delivered last: the corrected one, where there is one."""
        edited = self.results / video / "edited" / f"{track}.json"
        return edited if edited.is_file() else self.results / video / "subtitles" / edited.name

    def _warn_of_strangers(self) -> None:
        folder = self.here / FOLDER
        videos = sorted(folder.iterdir()) if folder.is_dir() else []
        others = [one.name for one in videos if one.is_dir() and one.name not in self.tracks]
        if others:
            logger.warning(
                "corrections of %d videos that are not in this run are left alone: %s",
                *(len(others), ", ".join(others[:5]) + (" …" if len(others) > 5 else "")),
            )
        for video in (one for one in videos if one.name in self.tracks):
            known = {*self.tracks[video.name], self.spoken.get(video.name, SPOKEN)}
            for file in sorted(video.iterdir()):
                if file.suffix[1:].lower() in ENDINGS and file.stem not in known:
                    logger.warning(
                        "'%s' corrects nothing: the video has the tracks %s",
                        *(file, ", ".join(sorted(known))),
                    )


def restored_ids(folder: Path) -> list[str]:
    """What the user puts back from quarantine in a video, by the folder of its corrections."""
    file = folder / RESTORED
    if not file.is_file():
        return []
    lines = file.read_text("utf-8", "replace").split("\n")
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


def _is_later(file: Path, other: Path, by: int) -> bool:
    try:
        return file.stat().st_mtime_ns > other.stat().st_mtime_ns + by
    except OSError:
        return False


def _is_changed(folder: EditFolder, track: str, file: Path) -> bool:
    """Whether a copy differs from all that was generated; an unreadable one fails in its job."""
    try:
        return folder.is_changed(track, read_subtitles(file).cues)
    except SubtitleError:
        return True


def _differs(file: Path, written: Path) -> bool:
    """Whether a file says something else than the track that it was written from."""
    try:
        track = Track.read(written)
        said = without_prefixes(read_subtitles(file).cues, track.prefixes)
        return bool(edited_places(track.cues, said))
    except (VatError, OSError, KeyError, TypeError):
        return True
