"""What a watched folder holds: files that are whole, and files that are still written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vat.media.unfinished import writer_of
from vat.planning.sources import list_videos

Mark = tuple[int, int]
"""Bytes of a file, and when it was last changed, in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found: files to take, with their marks, and those that are still written."""

    whole: Mapping[Path, Mark]
    unfinished: Sequence[Path]


@dataclass(slots=True)
class Settling:
    """Tells whole files from those that grow, by how they were at the look before.

    `is_written` tells whether a program has a file open for writing.
    """

    is_written: Callable[[str], object] = writer_of
    _before: Mapping[Path, Mark] = field(default_factory=dict)
    _whole: Mapping[Path, Mark] = field(default_factory=dict)

    def look(self, now: Mapping[Path, Mark]) -> Look:
        """The files of `now`: whole is what has not changed since the last look and is not open."""
        whole = {
            path: mark
            for path, mark in now.items()
            if self._whole.get(path) == mark
            or (self._before.get(path) == mark and not self.is_written(str(path)))
        }
        self._before, self._whole = dict(now), whole
        return Look(whole, [path for path in now if path not in whole])


def marks_of(folders: Iterable[Path], skip: Sequence[Path], *, recursive: bool) -> dict[Path, Mark]:
    """The videos in folders, with their marks; a folder that is away has none."""
    found = dict[Path, Mark]()
    for folder in folders:
        try:
            names = list_videos(folder, skip, recursive=recursive)
        except OSError:
            continue
        for name in names:
            try:
                status = Path(name).stat()
            except OSError:
                continue
            found[Path(name)] = status.st_size, status.st_mtime_ns
    return found
