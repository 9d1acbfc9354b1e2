"""The folder that all who share GPUs share: which one it is, and whether it can be trusted."""

import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from gpulease.errors import LedgerAwayError, LedgerError
from gpulease.untrusted import PASSING, printable

FOLDER_VARIABLE: Final = "GPULEASE_DIR"

# Sticky, so that nobody can remove or replace what another user wrote.
_MODES: Final = {"user": 0o700, "group": 0o3770}
SHARED_MODE: Final = 0o1777
"""Mode of a folder that users share: all may write, each may remove what is his."""


def scope_folder(scope: str) -> Path:
    """The folder of a scope: system (all users), group, user, or the path of any folder.

    The variable GPULEASE_DIR overrides it, for containers that mount the folder elsewhere.
    """
    if override := os.environ.get(FOLDER_VARIABLE):
        return Path(override).absolute()
    # Fixed, not $TMPDIR: where every job or user has a temporary folder of its own, each would
    # have a ledger of its own.
    base = Path("/tmp")  # noqa: S108
    names = {
        "system": "gpulease",
        "group": f"gpulease-group-{os.getgid()}",
        "user": f"gpulease-user-{os.getuid()}",
    }
    return base / names[scope] if scope in names else Path(scope).absolute()


def prepare(folder: Path, scope: str) -> None:
    """Make the folder with the rights that its scope needs, or see that it can be used.

    Raises:
        LedgerError: where neither is so; LedgerAwayError where that may pass.
    """
    try:
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            folder.chmod(_MODES.get(scope, SHARED_MODE))
        found = folder.lstat()
    except OSError as error:
        raise trouble_of(error)(
            f"The folder {folder} cannot be made ({error.strerror}); set {FOLDER_VARIABLE} to a"
            " folder that all users of these GPUs can write to."
        ) from error
    trusted = found.st_uid in {0, os.getuid()} or bool(found.st_mode & stat.S_ISVTX)
    if not stat.S_ISDIR(found.st_mode) or not trusted or not os.access(folder, os.W_OK):
        raise LedgerError(
            f"{folder} is not a folder that can be trusted and written to; ask its owner to remove"
            f" it, or set {FOLDER_VARIABLE} to another."
        )


def open_shared(path: Path) -> int:
    """Open a file that any user may have made: without O_CREAT, which sticky folders refuse.

    Raises:
        LedgerError: where it is not a regular file or cannot be opened; LedgerAwayError where that
            may pass.
    """
    fd = _open_or_make(path)
    found = os.fstat(fd)
    if stat.S_ISREG(found.st_mode):
        return fd
    os.close(fd)
    raise LedgerError(
        f"{path} is not a regular file; ask its owner, {user_name(found.st_uid)}, to remove it, or"
        f" set {FOLDER_VARIABLE} to another folder."
    )


def _open_or_make(path: Path) -> int:
    # Without O_NONBLOCK, a FIFO would keep everybody who opens it.
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with suppress(FileNotFoundError):
            return os.open(path, os.O_RDONLY | flags)
        with suppress(FileExistsError):
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | flags, 0o644)
            os.fchmod(fd, 0o644)
            return fd
        return os.open(path, os.O_RDONLY | flags)
    except OSError as error:
        owner = ""
        with suppress(OSError):
            owner = f"ask its owner, {user_name(path.lstat().st_uid)}, to remove it, or "
        raise trouble_of(error)(
            f"{path} cannot be opened as a lock file ({error.strerror}); {owner}set"
            f" {FOLDER_VARIABLE} to another folder."
        ) from error


def trouble_of(error: OSError) -> type[LedgerError]:
    """What an error in the folder is: one that passes, as a full disk, or one for good."""
    passing = error.errno in PASSING or isinstance(error, FileNotFoundError)
    return LedgerAwayError if passing else LedgerError


def is_at(fd: int, path: Path) -> bool:
    """Whether the open file is still the one with this name: cleaners of /tmp remove files."""
    try:
        here = path.lstat()
    except FileNotFoundError:
        return False
    mine = os.fstat(fd)
    return (here.st_dev, here.st_ino) == (mine.st_dev, mine.st_ino)


def user_name(uid: int) -> str:
    """The name of a user, or the number where there is none."""
    try:
        return printable(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return str(uid)
