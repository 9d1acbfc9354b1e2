"""FLAC files: written by soundfile and read again, with sentences where that fails."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vat.files import StrPath, damaged

if TYPE_CHECKING:
    from soundfile import SoundFile

_SYSTEM: Final = 2
"""libsndfile's code for an error of the system (SF_ERR_SYSTEM), of which it does not tell more."""


@contextmanager
def flac_writer(path: Path, rate: int, channels: int) -> "Iterator[SoundFile]":
    """A file of 16-bit samples; to be used inside `vat.files.atomic_path`.

    Raises:
        OSError: where the disk does not take it.
    """
    import soundfile

    options: dict[str, Any] = {"format": "FLAC", "subtype": "PCM_16"}
    try:
        with soundfile.SoundFile(str(path), "w", rate, channels, **options) as file:
            yield file
    except soundfile.LibsndfileError as error:
        if error.code != _SYSTEM:
            raise
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path)) from error


@contextmanager
def flac_reader(path: StrPath) -> "Iterator[SoundFile]":
    """A file that an earlier job has written.

    Raises:
        DamagedError: where it is not what that job wrote.
    """
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as file:
            yield file
    except soundfile.LibsndfileError as error:
        raise damaged(path, error) from None
