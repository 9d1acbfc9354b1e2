"""Whether a folder can be the one ledger of a host: what is found at the start, and the remedy."""

import errno
import fcntl
import logging
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from gpulease.errors import LedgerError
from gpulease.processes import knows_driver_pids

logger = logging.getLogger(__name__)

_NETWORK: Final = re.compile(
    r"(nfs\d?|cifs|smb\d?|smbfs|lustre|gpfs|ceph|beegfs|afs|9p|glusterfs|orangefs|fuse\..*"
    r"|virtiofs|vboxsf|prl_fs|drvfs|gfs2?|ocfs2|panfs|pvfs2|wekafs|ncpfs|coda|acfs|dvs)"
)
# systemd's PrivateTmp (systemd.exec(5)) and pam_namespace (namespace.conf(5)) put folders of such
# names in the place of /tmp.
_PRIVATE: Final = re.compile(r"/(systemd-private-[^/]*|tmp-inst|[^/]*\.inst|inst-[^/]*)(/|$)")
_ELSEWHERE: Final = "set GPULEASE_DIR to a folder of a local disk that all users share"
_NO_LOCKS: Final = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
_told: Final[set[str]] = set()


@dataclass(frozen=True, slots=True)
class Mount:
    """What is mounted where a folder lies (proc_pid_mountinfo(5)).

    Attributes:
        root: the part of the file system that is mounted.
        point: where.
        kind: type of the file system.
    """

    root: str
    point: str
    kind: str


def check_folder(folder: Path) -> None:
    """Warn once, in a sentence with the remedy, of what makes a folder a doubtful ledger.

    Raises:
        LedgerError: where locks do not work in it at all: nothing could be promised.
    """
    if str(folder) in _told:
        return
    _told.add(str(folder))
    _check_locks(folder)
    doubt = doubt_of(folder)
    if doubt:
        logger.warning("%s", doubt)


def doubt_of(folder: Path) -> str:
    """Why others may not see what is promised in a folder, and what to do; "" where they do."""
    return find_doubt(folder, mount_of(folder)) or find_other_view(folder)


def find_doubt(folder: Path, mount: Mount | None) -> str:
    """The same as far as the kind of its mount shows it."""
    if mount is None:
        return ""
    if _NETWORK.fullmatch(mount.kind):
        return (
            f"{folder} is on a network file system ({mount.kind}), where locks can fail and other"
            f" hosts mix their GPUs in; {_ELSEWHERE}."
        )
    if _PRIVATE.search(mount.root):
        return (
            f"{folder} is private to this service or user ({mount.root} in the place of"
            f" {mount.point}): others promise the same memory again; {_ELSEWHERE}, or turn"
            " PrivateTmp or pam_namespace off for it."
        )
    if mount.kind == "overlay":
        return (
            f"{folder} is this container's own: others promise the same memory again; mount the"
            " host's folder into it, as in -v /tmp/gpulease:/tmp/gpulease."
        )
    return ""


def find_other_view(folder: Path) -> str:
    """Whether the processes that this one comes from see another folder there; "" where not.

    A temporary file system in the place of /tmp looks like any other; so a service with a /tmp of
    its own is told by what the first process of the host sees, and a sandbox by its parents.
    """
    here = _identity(folder)
    for pid in [*(process.pid for process in _ancestors()), 1]:
        there = _identity(Path(f"/proc/{pid}/root{folder.resolve()}"))
        if there is not None and here is not None and there != here:
            return (
                f"{folder} is not the folder that process {pid} sees there, because this service"
                f" or sandbox has mounts of its own: others promise the same memory again;"
                f" {_ELSEWHERE}, or mount the host's folder there."
            )
    if mount_is_a_containers(mount_of(folder), nested=not knows_driver_pids(), folder=folder):
        return (
            f"{folder} is on a temporary file system of this container; unless that is the host's,"
            " others promise the same memory again: mount the host's folder into it, as in"
            " -v /tmp/gpulease:/tmp/gpulease."
        )
    return ""


def mount_is_a_containers(mount: Mount | None, *, nested: bool, folder: Path) -> bool:
    """Whether a folder is in a container's own temporary file system, as far as that shows."""
    return bool(
        mount and nested and mount.kind in {"tmpfs", "ramfs"} and mount.point != str(folder)
    )


def _ancestors() -> list[psutil.Process]:
    with suppress(psutil.Error):
        return psutil.Process().parents()
    return []


def _identity(folder: Path) -> tuple[int, int] | None:
    """Device and number of the folder, or of what it would be made in; None where that is hidden.

    Of a process of another user or of a sandbox, the kernel shows no files.
    """
    for each in (folder, *folder.parents):
        try:
            found = each.stat()
        except FileNotFoundError:
            continue
        except OSError:
            return None
        return found.st_dev, found.st_ino
    return None


def mount_of(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> Mount | None:
    """What is mounted where the folder lies; None where that is not told."""
    best: Mount | None = None
    with suppress(OSError):
        real = Path(os.path.realpath(folder))
        for line in mounts.read_text(errors="replace").splitlines():
            words = line.split()
            if "-" not in words[6:]:
                continue
            kind = words[words.index("-", 6) + 1]
            found = Mount(_unescape(words[3]), _unescape(words[4]), kind)
            # Of several at one place the last hides the others.
            if real.is_relative_to(found.point) and (
                best is None or len(found.point) >= len(best.point)
            ):
                best = found
    return best


def _unescape(text: str) -> str:
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), text)


def _check_locks(folder: Path) -> None:
    with suppress(PermissionError):
        try:
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".locks-") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                other = os.open(file.name, os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                finally:
                    os.close(other)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                # No room, and the like, is told by whoever writes there.
                return
        raise LedgerError(
            f"Locks do not work in {folder}, so nothing can be promised there; {_ELSEWHERE}."
        )
