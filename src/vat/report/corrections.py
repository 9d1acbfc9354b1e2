"""Corrections made on the page of a video: texts, and words of the quarantine put back."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any, Final

from vat.errors import RequestError
from vat.files import read_json, write_text
from vat.planning.edits import RESTORED, restored_ids
from vat.subtitles.edits import SAME_SECONDS
from vat.subtitles.formats import to_srt
from vat.subtitles.generated_versions import EditFolder, free_name, with_edits
from vat.subtitles.reading import read_subtitles
from vat.subtitles.subtitle_file import SubtitleFile, trimmed
from vat.subtitles.track import Track
from vat.timeline import Cue

_LONGEST: Final = 2_000
"""Characters of one subtitle, which no screen has room for."""

_MOST_CHANGES: Final = 20_000
_LONGEST_SECONDS: Final = 1e6


@dataclass(frozen=True, slots=True)
class Change:
    """The text of the subtitle that stands from `start` to `end` seconds; an empty one is none."""

    start: float
    end: float
    text: str

    @classmethod
    def of(cls, said: Any) -> "Change":
        """A change as a list of the three.

        Raises:
            RequestError: where it is none.
        """
        if not isinstance(said, list) or len(said) != 3:
            raise RequestError("A change is a list of start, end and text.")
        start, end, text = said
        times = [one for one in (start, end) if type(one) in (int, float) and isfinite(one)]
        if len(times) < 2 or not 0 <= start < end <= _LONGEST_SECONDS or not isinstance(text, str):
            raise RequestError("A change has a start, a later end in seconds, and a text.")
        if len(text) > _LONGEST:
            raise RequestError(f"A subtitle has at most {_LONGEST} characters.")
        return cls(float(start), float(end), _lines(text))


def _lines(text: str) -> str:
    """The lines of a text that say something: an empty one would end the subtitle in a file."""
    lines = (re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", one) for one in text.split("\n"))
    kept = "\n".join(line.rstrip() for line in lines if line.strip())
    return kept.encode("utf-8", "replace").decode()


def changed(cues: Sequence[Cue], changes: Sequence[Change]) -> list[Cue]:
    """The cues with these texts; what has none is taken away, what is new stands in its time."""
    found = list(cues)
    for change in changes:
        at = _found(change, found)
        if at is not None and change.text:
            found[at] = replace(found[at], text=change.text)
        elif at is not None:
            del found[at]
        elif change.text:
            new = max((cue.id for cue in found), default=0) + 1
            found.append(Cue(new, change.start, change.end, change.text))
    return sorted(found, key=lambda cue: (cue.start, cue.end))


def _found(change: Change, cues: Sequence[Cue]) -> int | None:
    """Which of the cues a change is of; None for none of them."""
    for at, cue in enumerate(cues):
        near = (abs(change.start - cue.start), abs(change.end - cue.end))
        if max(near) < SAME_SECONDS:
            return at
    return None


def _kept(copy: Path, mine: SubtitleFile, target: Path, language: str) -> str:
    """Keep what is lost where a copy is written anew as `target`; what of it the user is told."""
    said = []
    if copy != target:
        said.append(f"{copy.name} stays as it is; of its markup only places are taken over.")
    if target.is_file() and (copy != target or _loses(copy, mine, language)):
        # Were it renamed, a full disk would leave no copy at all.
        aside = free_name(target)
        shutil.copy2(target, aside)
        said.append(f"Your earlier {target.name} is kept as {aside.name}.")
    return " ".join(said)


def _loses(copy: Path, mine: SubtitleFile, language: str) -> bool:
    """Whether a copy says more than its texts, times and places, such as markup."""
    ours = to_srt(Track(language, mine.cues), places=True)
    theirs = copy.read_bytes().decode("utf-8", "replace")
    return trimmed(theirs).split() != trimmed(ours).split()


@dataclass(frozen=True, slots=True)
class Saved:
    """The file where a correction is, and what became of the user's own files by it."""

    file: Path
    beside: str = ""

    @property
    def said(self) -> str:
        """The same in sentences."""
        return f"Saved in {self.file}." + (f" {self.beside}" if self.beside else "")


@dataclass(frozen=True, slots=True)
class Corrections:
    """The corrections of one video: its `results`, and the `folder` where the user's copies are."""

    results: Path
    folder: Path

    @property
    def tracks(self) -> list[str]:
        """The tracks that can be corrected."""
        files = (self.results / "subtitles").glob("*.json")
        return sorted(file.stem for file in files if "." not in file.stem and "+" not in file.stem)

    def copy(self, track: str) -> Path | None:
        """The user's copy of a track; that of the spoken one may be called by its language."""
        names = [track]
        if track == "source":
            code = self._generated(track).language
            names += [code] if code and code not in self.tracks else []
        copies = (EditFolder(self.folder).edit(name) for name in names)
        there = [one for one in copies if one is not None]
        return max(there, key=lambda one: one.stat().st_mtime_ns, default=None)

    def save(self, track: str, changes: Sequence[Change]) -> Saved:
        """Put changes into the user's copy, which is laid out where there is none; where it lies.

        A file that would be overwritten stays under another name where something of it would be
        lost: one that is not the copy, or that has other markup than places.

        Raises:
            RequestError: where the video has no such track, or these are too many changes.
            SubtitleError: where the user's copy cannot be read.
        """
        if track not in self.tracks:
            raise RequestError(f"The video has no track '{track}'.")
        if len(changes) > _MOST_CHANGES:
            raise RequestError("These are too many changes at once.")
        generated, copy = self._generated(track), self.copy(track)
        EditFolder(self.folder).keep(track, generated)
        file = self.folder / f"{copy.stem if copy else track}.srt"
        mine = read_subtitles(copy) if copy else None
        cues = mine.cues if mine else generated.cues
        if any(_found(change, cues) is None for change in changes):
            # The page shows what a run makes of the copy, which has other times.
            cues = with_edits(generated, track, EditFolder(self.folder), copy).track.cues
        beside = _kept(copy, mine, file, generated.language) if copy and mine else ""
        found = Track(generated.language, changed(cues, changes), track)
        write_text(file, to_srt(found, places=mine is not None))
        return Saved(file, beside)

    def restore(self, item: str, *, back: bool) -> Saved:
        """Put words of the quarantine back at the next run, or leave them out after all.

        Raises:
            RequestError: where the video has no such item.
        """
        known = read_json(self.results / "transcript.json").get("quarantine", ())
        if item not in {one["id"] for one in known}:
            raise RequestError("The video has no such words in quarantine.")
        kept = [one for one in restored_ids(self.folder) if one != item] + [item] * back
        write_text(self.folder / RESTORED, "".join(f"{one}\n" for one in kept))
        return Saved(self.folder / RESTORED)

    def shown(self) -> dict[str, Any]:
        """What the user has changed so far: the cues of each copy, and what is put back."""
        copies = {track: copy for track in self.tracks if (copy := self.copy(track))}
        tracks = {
            track: [[cue.start, cue.end, cue.text] for cue in read_subtitles(copy).cues]
            for track, copy in copies.items()
        }
        return {"tracks": tracks, "restored": restored_ids(self.folder)}

    def _generated(self, track: str) -> Track:
        return Track.read(self.results / "subtitles" / f"{track}.json")
