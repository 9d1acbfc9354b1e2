"""The delivery folder: finished videos and subtitle files under their own names."""

import hashlib
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import count
from pathlib import Path
from typing import Final

from vat.errors import EmbedError
from vat.files import DamagedError, atomic_path, read_json, write_json
from vat.media.suffixes import SUFFIXES
from vat.subtitles.reading import ENDINGS
from vat.subtitles.track import BILINGUAL, WORD_ENDINGS, Track

logger = logging.getLogger(__name__)

_RECORDS: Final = ".vat"
_STEM_BYTES: Final = 200
"""Longest name before the suffixes: Linux allows 255 bytes for all, and a hash may come in."""


def digest_of(slug: str) -> str:
    """The hash at the end of a video's slug."""
    return slug.rpartition("-")[2]


def deliver(
    folder: Path,
    slug: str,
    name: str | None,
    source_name: str,
    video: Path | None,
    subtitles: Sequence[Path],
    *,
    copy: bool,
    endings: Iterable[str],
    edits: Path,
    words: Sequence[Path] = (),
) -> list[str]:
    """Put a finished video and its subtitle files into `folder`; return their paths below it.

    `name` is where it goes (see `vat.planning.delivery_names`); a remote video takes its
    `source_name` and the hash of its slug. `subtitles` are JSON files, beside which those of all
    `endings` lie; `words` are a track as JSON and files of it with the time of every word. What
    an earlier delivery of this video left is replaced; a file of anyone else is not, nor one that
    another video was delivered as. A subtitle file that somebody has changed since, and that is not
    in the folder `edits`, is kept under another name.

    Raises:
        EmbedError: where a file or folder that is not this video's is in the way.
    """
    record = folder / _RECORDS / f"{slug}.json"
    _check_folders(folder, record)
    if record.is_dir():
        raise _in_the_way(record)
    claimed = _claims(record)
    recorded = _recorded(record) if record.exists() else set()
    mark = f" [{digest_of(slug)}]"
    stem = _fitting(name, mark) if name is not None else _remote_stem(source_name, mark)
    files = dict(sidecars(subtitles, endings)) | dict(_word_sidecars(words))
    if video is not None:
        files[video.suffix] = video
    if recorded is None:
        recorded = {
            f"{stem}{end}" for end, file in files.items() if _leads_to(folder, stem, end, file)
        }
    known = recorded - claimed
    # A folder that took the place of a delivered file is the user's own.
    before = {target for target in known if _is_file(folder / target)}

    stem = _free_stem(folder, stem, mark, files, before, claimed)
    wanted = {f"{stem}{end}": file for end, file in files.items()}
    _replace(folder, record, before, wanted, edits, copy=copy)
    return sorted(wanted)


def _replace(
    folder: Path,
    record: Path,
    before: Set[str],
    wanted: Mapping[str, Path],
    edits: Path,
    *,
    copy: bool,
) -> None:
    """Put the `wanted` files where those of `before` were, and record it."""
    sums = read_sums(record)
    for target in sorted(before):
        _keep_changed(folder / target, sums.get(target), edits)
    # The record comes first: a file without one would be taken for someone else's.
    write_json(record, dict.fromkeys(sorted({*before, *wanted})))
    for target, file in wanted.items():
        _put(file, folder / target, copy=copy)
    for old in sorted(before - set(wanted)):
        logger.info("'%s', from an earlier delivery, is removed", old)
        (folder / old).unlink(missing_ok=True)
    write_json(record, {target: _sum(wanted[target]) for target in sorted(wanted)})


def read_sums(record: Path) -> dict[str, str | None]:
    """What was delivered, by name, with hashes of the subtitle files where they are known."""
    return (_record_of(record) or {}) if record.exists() else {}


def _sum(file: Path) -> str | None:
    """A hash of a subtitle file; videos have none, since nobody edits them in place."""
    if file.suffix[1:] not in ENDINGS:
        return None
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _keep_changed(file: Path, delivered: str | None, edits: Path) -> None:
    """Put a subtitle file aside that was changed since its delivery, unless `edits` has it."""
    if delivered is None or file.is_symlink() or not file.is_file():
        return
    found = _sum(file)
    copies = edits.iterdir() if edits.is_dir() else []
    if found in (None, delivered) or found in {_sum(one) for one in copies if one.is_file()}:
        return
    names = (file.with_name(f"{file.stem}.edited-{number}{file.suffix}") for number in count(1))
    aside = next(one for one in names if not os.path.lexists(one))
    file.rename(aside)
    logger.warning("'%s' was changed by someone and is kept as '%s'", file, aside.name)


def _free_stem(
    folder: Path, stem: str, mark: str, ends: Iterable[str], own: Set[str], claimed: Set[str]
) -> str:
    """The stem, with the mark where one of its files is someone else's.

    Raises:
        EmbedError: where that is taken, too, or there is a file where a folder has to be.
    """

    def taken(stem: str) -> Iterator[str]:
        for target in (f"{stem}{end}" for end in ends):
            if target in claimed or (target not in own and os.path.lexists(folder / target)):
                yield target

    _check_folders(folder, folder / stem)
    if next(taken(stem), None) is None:
        return stem
    logger.info("'%s' belongs to another video; a hash is added to the name", stem)
    for target in taken(f"{stem}{mark}"):
        raise _in_the_way(folder / target)
    return f"{stem}{mark}"


def _in_the_way(place: Path) -> EmbedError:
    return EmbedError(f"'{place}' is in the way of the delivery; move it.")


def _is_file(path: Path) -> bool:
    """Whether a file or a link is there, be it a dead one."""
    return path.is_file() or path.is_symlink()


def _check_folders(folder: Path, file: Path) -> None:
    """See that `file` can be made below `folder`: that nothing else is where folders have to be."""
    for place in (folder, *(one for one in file.parents if folder in one.parents)):
        if os.path.lexists(place) and not place.is_dir():
            raise _in_the_way(place)


def _claims(record: Path) -> set[str]:
    """What all other videos were delivered as, by the records beside this one."""
    # A hidden one is still written by another job.
    others = (path for path in record.parent.glob("[!.]*.json") if path != record)
    return {target for path in others for target in _recorded(path) or ()}


def _recorded(record: Path) -> set[str] | None:
    """What a record says was delivered; None where it is damaged, which stops no other video."""
    found = _record_of(record)
    return None if found is None else set(found)


def _record_of(record: Path) -> dict[str, str | None] | None:
    try:
        known = read_json(record)
    except DamagedError as error:
        logger.warning("%s", error)
        return None
    if isinstance(known, dict):
        return known
    return dict.fromkeys(one for one in known if isinstance(one, str))


def _leads_to(folder: Path, stem: str, end: str, file: Path) -> bool:
    """Whether a delivered link is there that leads to the very file."""
    target = folder / f"{stem}{end}"
    return target.is_symlink() and os.path.realpath(target) == os.path.realpath(file)


def _remote_stem(source_name: str, mark: str) -> str:
    """The name of a remote video as a name of a file, with its mark."""
    plain = "".join("_" if c == "/" or not c.isprintable() else c for c in source_name).strip()
    title = Path(plain).stem if Path(plain).suffix.lower() in SUFFIXES else plain
    fitting = _fitting(title.lstrip(".") or "video", mark)
    return fitting if fitting.endswith(mark) else f"{fitting}{mark}"


def _fitting(name: str, mark: str) -> str:
    """The name; one that leaves no room for suffixes is cut, and gets the mark instead."""
    tail = Path(name).name
    whole = os.fsencode(tail)
    if len(whole) <= _STEM_BYTES:
        return name
    cut = whole[:_STEM_BYTES].decode("utf-8", "ignore") + mark
    logger.warning("the name '%s' is too long for suffixes and is cut to '%s'", tail, cut)
    return str(Path(name).with_name(cut))


def sidecars(subtitles: Sequence[Path], endings: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """What comes after the video's name, `.<language>.<ending>`, and the file.

    Those with the time of every word are not among them.
    """
    taken: set[str] = set()
    for path in subtitles:
        track = Track.read(path)
        label = track.language
        if track.second or label in taken:
            label = f"{track.name if track.second is None else BILINGUAL}.{label}"
        taken.add(label)
        for ending in endings:
            if ending not in WORD_ENDINGS:
                yield f".{label}.{ending}", path.with_suffix(f".{ending}")


def _word_sidecars(words: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """The same of the files with the time of every word: `.<language>.words.<ending>`."""
    for spoken in words[:1]:
        label = Track.read(spoken).language
        yield from ((f".{label}.{path.name.partition('.')[2]}", path) for path in words[1:])


def _put(file: Path, target: Path, *, copy: bool) -> None:
    with atomic_path(target) as part:
        if copy:
            shutil.copyfile(file, part)
        else:
            # Where a folder is a link itself, `..` leads out of the folder that it points to.
            here = os.path.realpath(target.parent)
            part.symlink_to(os.path.relpath(os.path.realpath(file), here))
