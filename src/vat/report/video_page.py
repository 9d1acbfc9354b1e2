"""The page of one video: its subtitles in all languages, and the places that deserve a look."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from markupsafe import escape

from vat.files import read_json
from vat.report.rendering import render
from vat.report.risks import Look, Shown
from vat.subtitles.track import Track
from vat.translate.glossary import read_terms

SPOKEN: Final = "source"
_HEAD_BYTES: Final = 65_536
"""A page's first characters, in which its title stands."""

_SHOWN: Final = ("subtitles", "edited", "translations")
"""The folders of a video whose records its page shows."""

Glossary = Callable[[str], Sequence[Path]]
"""The user's tables of terms for a language."""


def _no_glossary(language: str) -> Sequence[Path]:
    return ()


def track_files(folder: Path) -> list[Path]:
    """The files of a video's tracks of one language as generated, the spoken one first."""
    files = [file for file in (folder / "subtitles").glob("*.json") if "." not in file.stem]
    return sorted(files, key=lambda file: (file.stem != SPOKEN, file.stem))


def read_tracks(
    folder: Path, last: Set[Path] = frozenset(), glossary: Glossary = _no_glossary
) -> dict[str, Shown]:
    """A video's tracks of one language, the spoken one first.

    They are as corrected where the corrected ones are among the `last` files of the run.
    """
    found = {}
    for file in track_files(folder):
        edited = folder / "edited" / file.name
        used = edited if edited.with_suffix(".srt") in last and edited.is_file() else file
        track = Track.read(used)
        if track.second is None:
            report = {} if used == edited else read_record(folder / "translations" / file.name)
            check, terms = read_record(used.with_suffix(".check.json")), glossary(file.stem)
            found[file.stem] = Shown(track, check, report, read_terms(terms))
    return found


def video_page(
    video: str,
    name: str,
    tracks: Mapping[str, Shown],
    found: list[Look],
    strip: Mapping[str, Any] | None = None,
) -> str:
    """The page of one video, whose places are ordered by the script that is in it.

    `strip` is the loudness of its speech (see `vat.report.waveform`).
    """
    data: dict[str, Any] = {
        "video": video,
        "tracks": {
            name: [[cue.start, cue.end, cue.text] for cue in one.track.cues]
            for name, one in tracks.items()
        },
        "languages": {name: one.track.language for name, one in tracks.items()},
        "looks": [asdict(look) for look in found],
        "strip": strip,
    }
    voices = {
        name: [" / ".join(cue.voices) for cue in one.track.shown()]
        for name, one in tracks.items()
        if one.track.speakers
    }
    data |= {"speakers": voices} if voices else {}
    return render("video.html", "video.js", video=video, name=name, data=data)


def read_hearings(folder: Path) -> list[Any]:
    """How the windows of a video sound, by the records of its chunks."""
    records = (read_record(file) for file in sorted((folder / "words").glob("*.json")))
    return [one for record in records for one in record.get("hearings", ())]


def read_record(path: Path) -> dict[str, Any]:
    """What a stage recorded; nothing where it has not run."""
    record: dict[str, Any] = read_json(path) if path.is_file() else {}
    return record


def is_fresh(page: Path, folder: Path, last: Set[Path], name: str, tables: Set[Path]) -> bool:
    """Whether a page is newer than all that it shows, and than what makes it.

    `last` are the last files of the run, `name` is what the video is called there, `tables` are the
    glossaries.
    """
    if not page.is_file():
        return False
    own = [*Path(__file__).parent.glob("*.py"), *Path(__file__).parent.glob("templates/*")]
    shown = [folder / "transcript.json", folder / "media.json", folder / "edited"]
    shown += [file for part in _SHOWN for file in (folder / part).glob("*.json")]
    # A correction that is taken back leaves its track, and changes no time.
    unused = {*(folder / "edited").glob("*.srt")} - last
    if any(page.stat().st_mtime_ns > file.stat().st_mtime_ns for file in unused):
        return False
    times = [file.stat().st_mtime_ns for file in [*own, *shown, *tables] if file.exists()]
    # The title of a sheet is in no file of the video.
    return page.stat().st_mtime_ns > max(times) and _has_title(page, name)


def _has_title(page: Path, name: str) -> bool:
    with page.open(encoding="utf-8") as file:
        return f"<title>{escape(name)}</title>" in file.read(_HEAD_BYTES)
