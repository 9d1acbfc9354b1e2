"""Files that users name: read whole, and only where they are files of a size that can be meant."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

_MOST_BYTES: Final = 256 * 2**20
"""Largest list, table or subtitle file that is read: a list of a million videos has less."""


def read_given(path: Path) -> bytes:
    """The content of a file; a pipe or a device, on which one may wait for ever, is none.

    Raises:
        OSError: where it cannot be read, is no file, or has more than 256 MB.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no file", str(path))
        if status.st_size > _MOST_BYTES:
            raise OSError(errno.EFBIG, "it is too large", str(path))
        return file.read(_MOST_BYTES)


def read_given_text(path: Path) -> str:
    """The text of a file in UTF-8, without a byte order mark, its lines ended by \\n.

    Raises:
        OSError: as `read_given`.
        UnicodeDecodeError: where it is no such text.
    """
    text = read_given(path).decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")
