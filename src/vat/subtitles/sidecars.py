"""Subtitle files beside a video, called as players expect: `film.srt`, `film.en.forced.srt`."""

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unicodedata import normalize

from vat.languages import code_of
from vat.subtitles.reading import ENDINGS

FOLDERS: Final = frozenset({"subs", "sub", "subtitles"})
"""Folders beside a video in which players look, in small letters."""

PICTURE_ENDINGS: Final = {"sup": "PGS", "idx": "VobSub", "sub": "VobSub or MicroDVD"}
"""Endings of files whose subtitles are pictures, or in no form that is read."""

_MARKS: Final = {
    **dict.fromkeys(("forced", "foreign"), "forced"),
    **dict.fromkeys(("sdh", "cc", "hi"), "hearing_impaired"),
    **dict.fromkeys(("signs", "songs"), "signs"),
    **dict.fromkeys(("commentary", "comment", "comments"), "comment"),
    **dict.fromkeys(("default", "full"), "default"),
}
_CHINESE: Final = {
    **dict.fromkeys(("chs", "gb", "简体", "简中", "简"), "zh-hans"),
    **dict.fromkeys(("cht", "big5", "繁体", "繁體", "繁中", "繁"), "zh-hant"),
}
_PARTS: Final = re.compile(r"[.\s_]+")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A subtitle file beside a video: the code of its language where its name tells, and marks."""

    path: Path
    language: str | None
    marks: tuple[str, ...]


def sidecars_of(video: Path, files: Iterable[Path]) -> list[Sidecar]:
    """Those of the files that belong to a video by their names, in the order of these.

    Between the video's name and the ending stand a language and marks, in any order; where anything
    else does, the file belongs to another video.
    """
    found = []
    endings = (*ENDINGS, *PICTURE_ENDINGS)
    for file in sorted(files):
        if file.suffix.lower()[1:] not in endings:
            continue
        rest = _rest(file.stem, video.stem)
        told = None if rest is None else _told(rest)
        if told is not None:
            found.append(Sidecar(file, *told))
    return found


def _rest(stem: str, of: str) -> str | None:
    """What follows the video's name; however disks and hands write it. None for another name."""
    name, start = _plain(stem), _plain(of)
    if not name.startswith(start):
        return None
    rest = name[len(start) :]
    return rest if not rest or rest[0] in "._- (" else None


@functools.lru_cache(maxsize=65536)
def _plain(name: str) -> str:
    return normalize("NFC", name).casefold()


def _told(rest: str) -> tuple[str | None, tuple[str, ...]] | None:
    """Language and marks of the parts of a name; None where one of them is neither."""
    language, marks = None, list[str]()
    parts = [part.strip("-()[]") for part in _PARTS.split(rest)]
    parts = [part for part in parts if part]
    for number, part in enumerate(parts):
        # Of the two meanings of hi, Hindi is the one that stands alone.
        known = part in _MARKS and not (part == "hi" and language is None and len(parts) == 1)
        if known:
            marks.append(_MARKS[part])
        elif language is None and (code := _CHINESE.get(part) or code_of(part)):
            language = code
        elif not (part.isdecimal() and number and len(part) == 1):
            return None
    return language, tuple(dict.fromkeys(marks))


def files_beside(video: Path) -> Iterator[Path]:
    """All files in the folder of a video, and in folders for subtitles in it."""
    for place in _listed(video.parent):
        if place.name.casefold() in FOLDERS and place.is_dir():
            yield from _listed(place)
        else:
            yield place


def _listed(folder: Path) -> Sequence[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        # Where nobody may look, there is nothing to be found.
        return ()
