"""The folders that a run writes to, looked at before anything runs."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from vat.errors import ConfigError

_LONGEST: Final = 4096
"""Bytes of a path on Linux (PATH_MAX)."""

_BELOW: Final = 600
"""Bytes that the names of results may take below a folder, those of temporary files included."""

_SIGNS: Final = frozenset("{}<>*")
"""What stands for something else in Snakemake's paths, or in searches for files."""


def check_names(names: Iterable[str], place: Callable[[str], str]) -> None:
    """See that each of Snakemake's own folders has a path; `place` gives it.

    Raises:
        ConfigError: naming the first whose path is empty: the root of the disk would be taken.
    """
    for name in names:
        if not place(name).strip():
            raise ConfigError(f"The path of '{name[1:-1]}' in pathvars is empty; give it one.")


def check_places(folders: Iterable[Path]) -> None:
    """See that each of the folders is there or can be made, and can be written to.

    Raises:
        ConfigError: naming the first that is not.
    """
    for folder in folders:
        if wrong := next((c for c in str(folder) if c in _SIGNS or not c.isprintable()), None):
            raise ConfigError(
                f"The path '{folder}' of a folder holds {wrong!r}, which Snakemake takes for more"
                " than a name; correct pathvars."
            )
        place = folder.absolute()
        if len(os.fsencode(place)) > _LONGEST - _BELOW:
            raise ConfigError(
                f"The path '{place}' is too long for what goes below it; use a shorter one"
                " (--directory)."
            )
        there = next(one for one in (place, *place.parents) if os.path.lexists(one))
        if not there.is_dir():
            raise ConfigError(f"'{there}' is in the way of the folder '{place}'; move it.")
        if not os.access(there, os.W_OK | os.X_OK):
            raise ConfigError(
                f"The folder '{there}' cannot be written to; give this user the right to it, or use"
                " another (--directory)."
            )
