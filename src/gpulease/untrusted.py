"""Files that anybody may have put into the shared folder: opened so that none can stop the reader.

Whatever is wrong with one is said once, and it is ignored: a FIFO would block whoever opens it, a
link lead elsewhere, and contents may be huge, nested without end, or of wrong types.
"""

import errno
import functools
import json
import logging
import math
import os
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, get_type_hints

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 65536
"""The largest file that is read: a record with the most GPUs of a host is far smaller."""

MOST: Final = 1 << 53
"""No number of a record is larger: memory in MB, places, process ids, seconds."""

PASSING: Final = {
    errno.EDQUOT,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ENOSPC,
    errno.EROFS,
}
"""Errors of the system that say nothing of the file, and may be over in a moment."""

_MOST_NAMES: Final = 1024
_LABEL_LENGTH: Final = 200
_warned: Final[set[str]] = set()


def warn_once(path: Path, what: str) -> None:
    """Say what is wrong with a file, the first time that this process sees it."""
    key = f"{path} {what}"
    if key not in _warned:
        _warned.add(key)
        logger.warning("%s is ignored: %s", printable(str(path), 4096), what)


def open_regular(path: Path) -> int | None:
    """Open a file for reading, as `open_known` does."""
    opened = open_known(path)
    return opened[0] if opened else None


def open_known(path: Path) -> tuple[int, os.stat_result] | None:
    """Open a file for reading; None, with a warning, where it is not one of a sensible size.

    Returns:
        The file, and what is known of it.

    Raises:
        OSError: where that says nothing of the file: what cannot be read now is not nothing.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in PASSING:
            raise
        warn_once(path, f"it cannot be opened ({error.strerror})")
        return None
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        warn_once(path, "it is not a regular file")
    elif found.st_size > MOST_BYTES:
        warn_once(path, f"it has {found.st_size} bytes, which no file of this folder has")
    else:
        return fd, found
    os.close(fd)
    return None


def as_object(raw: bytes) -> dict[str, Any] | None:
    """The JSON object in these bytes; None where they are none."""
    try:
        found = json.loads(raw)
    # Nested too deep, a number of too many digits, no text at all.
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_owned(path: Path, uid: int) -> str | None:
    """The text of a file that belongs to this user; None where there is none of his."""
    fd = None
    with suppress(OSError):
        fd = open_regular(path)
    if fd is None:
        return None
    try:
        if os.fstat(fd).st_uid != uid:
            return None
        return os.pread(fd, MOST_BYTES, 0).decode(errors="replace")
    finally:
        os.close(fd)


def is_mark(path: Path, uid: int) -> bool:
    """Whether there is a mark, of this user: anybody may put a file there."""
    with suppress(OSError):
        found = path.lstat()
        return stat.S_ISREG(found.st_mode) and found.st_uid == uid
    return False


def write_owned(path: Path, text: str) -> None:
    """Replace the text of a file of one's own; the open call never waits.

    Raises:
        OSError: where it cannot be written, or is no regular file.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(path, flags, 0o644)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(f"{path} is not a regular file")
        os.fchmod(fd, 0o644)
        os.ftruncate(fd, 0)
        os.pwrite(fd, text.encode(), 0)
    finally:
        os.close(fd)


def known_fields(kind: type, raw: dict[str, Any], signed: Collection[str] = ()) -> dict[str, Any]:
    """The fields of a dataclass of numbers, texts and tuples of them, as far as they are right.

    Fields that it does not have are left out: another version of this package may know more.

    Args:
        kind: the dataclass.
        raw: what was read.
        signed: the whole numbers that may be below 0.

    Raises:
        ValueError: where one has a wrong type, or is out of all bounds.
    """
    return {
        name: _checked(name, hint, raw[name], -MOST if name in signed else 0)
        for name, hint in _hints(kind).items()
        if name in raw
    }


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _checked(name: str, hint: Any, found: Any, least: int) -> Any:
    if hint is int and type(found) is int and least <= found < MOST:
        return found
    if hint is float and type(found) in {int, float} and 0 <= found < MOST and math.isfinite(found):
        return float(found)
    if hint is str and type(found) is str:
        return printable(found)
    if hint is bool and type(found) is bool:
        return found
    if hint == tuple[float, ...] and type(found) is list and len(found) <= _MOST_NAMES:
        return tuple(_checked(name, float, each, least) for each in found)
    if hint == tuple[str, ...] and type(found) is list and _are_names(found):
        return tuple(printable(each) for each in found)
    raise ValueError(name)


def _are_names(found: list[Any]) -> bool:
    short = (type(each) is str and len(each) <= _LABEL_LENGTH for each in found)
    return len(found) <= _MOST_NAMES and all(short)


def printable(text: str, length: int = _LABEL_LENGTH) -> str:
    """A text as a terminal may show it: no control characters, none that turn its direction."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:length])
