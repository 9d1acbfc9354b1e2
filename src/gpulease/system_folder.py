"""The folder of the whole host, made by root: no user can remove what others wrote into it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from gpulease.errors import LedgerError, UsageError
from gpulease.folder import SHARED_MODE, user_name


def make_system_folder(folder: Path) -> Iterator[str]:
    """Make it, or take it over from the user who made it; what was done, in sentences.

    What is promised in it stays promised.

    Raises:
        UsageError: for users other than root.
        LedgerError: where something else is in its place.
    """
    if os.getuid():
        raise UsageError(
            "Only root can make a folder that no user owns; run sudo gpulease init --system."
        )
    try:
        folder.mkdir(parents=True)
        yield f"{folder} was made."
    except FileExistsError:
        _take_over(folder)
        yield f"{folder} is root's; what was promised in it stays."
    except OSError as error:
        raise LedgerError(f"{folder} cannot be made ({error.strerror}).") from error
    # Opened, so that nobody can put a link into its place in between.
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchown(fd, 0, 0)
        os.fchmod(fd, SHARED_MODE)
    finally:
        os.close(fd)
    yield "All users may write into it, and each may remove only what is his (mode 1777)."
    yield (
        "So that it is there again after a restart and nothing cleans it, put this into"
        " /etc/tmpfiles.d/gpulease.conf:"
    )
    yield from tmpfiles(folder).splitlines()


def tmpfiles(folder: Path) -> str:
    """Lines of tmpfiles.d(5): make the folder at every start, and never clean it."""
    return f"d {folder} {SHARED_MODE:o} root root -\nx {folder}\n"


def _take_over(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise LedgerError(
            f"{folder} is not a folder; {user_name(found.st_uid)} put it there. Remove it and run"
            " this again."
        )
    if found.st_uid and not found.st_mode & stat.S_ISVTX:
        raise LedgerError(
            f"{folder} belongs to {user_name(found.st_uid)}, and everybody could change what is in"
            " it (it is not sticky). Remove it when no job runs, and run this again."
        )
