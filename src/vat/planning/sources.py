"""Which videos there are: from the `videos` setting to one record per video."""

import hashlib
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from anyascii import anyascii

from vat.errors import ConfigError
from vat.jobs.addresses import has_login, is_address, masked
from vat.languages import is_rewritten
from vat.media.suffixes import SUFFIXES, is_sound
from vat.planning.config import checked
from vat.planning.schema import Schema
from vat.planning.sheets import LISTS, SHEETS, SPREADSHEETS, read_list, read_sheet
from vat.settings import AUTO, MULTI
from vat.subtitles.reading import ENDINGS

logger = logging.getLogger(__name__)

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_READABLE_LENGTH = 48
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Video:
    """One video of the run.

    `slug` names it in paths, `source` is its absolute path or URL, `title` what people call it.
    `language` is a code, "auto" or "multi", and for "multi" `languages` are those that may be
    spoken, none if any may. `targets` are codes; `audio_track` counts from 0, None is the
    container's default. `folder` is where it lies below the folder that was searched, empty for a
    file named on its own. `subtitles` tells where those in the spoken language come from (see
    `vat.subtitles.settings`).
    """

    slug: str
    source: str
    remote: bool
    title: str | None
    language: str
    targets: tuple[str, ...]
    separate: bool | str
    audio_track: int | None
    folder: str = ""
    languages: tuple[str, ...] = ()
    subtitles: str = AUTO

    @property
    def is_sound(self) -> bool:
        """Whether it has no picture by its name: a podcast, of which no video is made."""
        return is_sound(urlsplit(self.source).path if self.remote else self.source)

    @property
    def is_detected(self) -> bool:
        """Whether only the sound tells what is spoken."""
        return self.language in (AUTO, MULTI)

    @property
    def foreign_targets(self) -> list[str]:
        """The targets that need a translator, as all do where only the sound tells what is spoken.

        Others are the spoken language, or Chinese in another form of writing.
        """
        return [code for code in self.targets if not is_rewritten(self.language, code)]


@dataclass(frozen=True, slots=True)
class Finder:
    """Turns the `videos` setting into records.

    `bases` are the folders in which a relative path is looked for, in this order. `expand` gives
    the entries of a playlist's URL, or the URL itself. `recall` is given a key for a folder and a
    function that lists it, and answers with that list or the one it remembers. Files below a folder
    of `skip` are not videos to translate (the results of earlier runs).
    """

    config: Mapping[str, Any]
    sheet_schema: Schema
    bases: Sequence[Path]
    skip: Sequence[Path]
    expand: Callable[[str], Sequence[str]]
    recall: Callable[[str, Callable[[], Sequence[str]]], Sequence[str]]

    def find(self) -> dict[str, Video]:
        """All videos by slug, in the order of the setting, each once.

        Raises:
            ConfigError: where a source is not there, a folder has no video, or a sheet is wrong.
        """
        entries = self.config["videos"]
        videos: dict[str, Video] = {}
        for entry in [entries] if isinstance(entries, str) else entries:
            for source, overrides in self._sources(entry):
                video = self._video(source, overrides, entry)
                if overrides and video.slug in videos:
                    raise ConfigError(f"The video '{source}' is listed twice; remove one.")
                videos.setdefault(video.slug, video)
        return videos

    def _sources(self, entry: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if is_url(entry):
            yield from ((url, {}) for url in self._remote(entry))
            return
        path = locate(entry, self.bases)
        if path.is_dir():
            yield from ((file, {}) for file in self._files(path))
        elif path.suffix.lower() in SHEETS:
            yield from self._rows(path, read_sheet(path))
        elif path.suffix.lower() in LISTS:
            yield from self._rows(path, read_list(path))
        elif path.suffix.lower() in SPREADSHEETS:
            raise ConfigError(
                f"'{path.name}' is of a spreadsheet program; save it as CSV there, and name that."
            )
        else:
            yield str(path), {}

    def _remote(self, entry: str) -> Sequence[str]:
        """The videos behind a URL, which has no login: logs and metadata would show it."""
        url = entry.strip()
        if has_login(url):
            raise ConfigError(
                f"{masked(url)} holds a user name or password; take them out of the address, and"
                " put them into ~/.netrc (machine HOST login USER password PASSWORD), or cookies"
                " into download.cookies."
            )
        if not is_address(url):
            raise ConfigError(f"{masked(url)} in videos is no valid address; correct it.")
        return self.expand(url)

    def _files(self, folder: Path) -> Sequence[str]:
        recursive = self.config["download"]["recursive"]
        # No path or URL begins like this, so that no name can be taken for the key of a folder.
        key = f"{'tree' if recursive else 'folder'} {folder}"
        there = self.recall(key, lambda: list_videos(folder, self.skip, recursive=recursive))
        found = [name for name in there if not self._is_excluded(Path(name), folder)]
        if not found:
            hint = "" if recursive else ", or set download.recursive to search its subfolders"
            raise ConfigError(f"The folder '{folder}' contains no videos; name another{hint}.")
        return found

    def _is_excluded(self, file: Path, folder: Path) -> bool:
        names = file.name, str(file.relative_to(folder))
        patterns = self.config["download"]["exclude"]
        return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)

    def _rows(
        self, sheet: Path, rows: Iterable[tuple[int, dict[str, Any]]]
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        number = 0
        for number, cells in rows:
            where = f"video sheet '{sheet.name}', row {number}"
            row = checked(cells, self.sheet_schema, where)
            source = row.pop("source")
            if is_url(source):
                yield from ((url, row) for url in self._remote(source))
            else:
                yield str(locate(source, [*self.bases[:1], sheet.parent, *self.bases[1:]])), row
        if not number:
            raise ConfigError(f"'{sheet}' names no videos; write them into it, or name another.")

    def _video(self, source: str, overrides: Mapping[str, Any], entry: str) -> Video:
        languages = self.config["languages"]
        language, possible = _spoken(overrides.get("language", languages["source"]))
        remote = is_url(source)
        searched = Path() if is_url(entry) else locate(entry, self.bases)
        inside = not remote and searched.is_dir()
        return Video(
            slug=slug(source if remote else identity(Path(source), self.bases)),
            source=source,
            remote=remote,
            title=overrides.get("title"),
            language=language,
            targets=tuple(overrides.get("targets", languages["targets"])),
            separate=overrides.get("separate", self.config["separate"]["enabled"]),
            audio_track=overrides.get("audio_track", self.config["download"]["audio_track"]),
            folder=str(Path(source).parent.relative_to(searched)) if inside else "",
            languages=possible,
            subtitles=overrides.get("subtitles", self.config["subtitles"]["source"]),
        )


def _spoken(source: str | Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Language and possible languages of a video for a value of `languages.source`."""
    if isinstance(source, str):
        return source, ()
    return (source[0], ()) if len(source) == 1 else (MULTI, tuple(source))


def list_videos(folder: Path, skip: Sequence[Path], *, recursive: bool) -> list[str]:
    """The paths of a folder's videos in the order of their names, those out of reach included.

    What has another suffix than videos have is passed over, and counted in one warning.
    """
    found = sorted(folder.rglob("*") if recursive else folder.iterdir())
    for place in found:
        if recursive and _is_dir(place) and not os.access(place, os.R_OK | os.X_OK):
            logger.warning("the folder '%s' may not be searched; nothing in it is found", place)
    files = [
        file
        for file in found
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not any(file.is_relative_to(place) for place in skip)
        and not _is_dir(file)
    ]
    videos = [str(file) for file in files if file.suffix.lower() in SUFFIXES]
    known = {*SUFFIXES, *(f".{ending}" for ending in ENDINGS)}
    others = [file.name for file in files if file.suffix.lower() not in known]
    if others:
        some = ", ".join(others[:_NAMED]) + (", ..." if len(others) > _NAMED else "")
        logger.warning(
            "%d files in '%s' are not taken for videos by their names (%s); one that is a video can"
            " be named on its own",
            len(others),
            folder,
            some,
        )
    return videos


def _is_dir(path: Path) -> bool:
    """Whether it is a folder; what cannot be reached (behind a closed folder, say) is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_url(entry: str) -> bool:
    """Whether `entry` starts with a scheme such as https://."""
    return _URL.match(entry.strip()) is not None


def locate(name: str, bases: Iterable[Path]) -> Path:
    """The absolute path of the existing file or folder `name`, looked for in `bases` in order.

    Symbolic links are kept: a link is a name of its own.

    Raises:
        ConfigError: where it is in none of them.
    """
    tried = [(base / Path(name).expanduser()).absolute() for base in bases]
    for path in tried:
        if path.exists():
            return path
    places = " or ".join(dict.fromkeys(f"'{path}'" for path in tried))
    raise ConfigError(f"There is no file or folder {places}; correct the path.")


def identity(path: Path, bases: Iterable[Path]) -> str:
    """What a local video's slug is made from: its path, relative to the first base that holds it.

    So a project folder can be moved as a whole, and no other video has a say in it.
    """
    for base in bases:
        if path.is_relative_to(base):
            return str(path.relative_to(base))
    return str(path)


def slug(source: str) -> str:
    """A short name for paths: what is readable of the file's name, and a hash of the whole source.

    It depends on nothing but `source`: adding or removing other videos never changes it. ASCII
    letters, digits and hyphens only; two sources share one with a probability of 2**-32 per pair
    of equal readable parts.
    """
    digest = hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    plain = anyascii(_name(source).encode("utf-8", "replace").decode("utf-8")).lower()
    readable = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_READABLE_LENGTH].strip("-")
    return f"{readable or 'video'}-{digest}"


def _name(source: str) -> str:
    if not is_url(source):
        return Path(source).stem
    parts = urlsplit(source)
    query = parse_qs(urlsplit(masked(source)).query)
    return query["v"][0] if "v" in query else Path(unquote(parts.path)).stem or str(parts.hostname)
