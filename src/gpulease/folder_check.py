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

from gpulease.errors import LedgerError

logger = logging.getLogger(__name__)

_NETWORK: Final = re.compile(
    r"(nfs\d?|cifs|smb\d?|smbfs|lustre|gpfs|ceph|beegfs|afs|9p|glusterfs|orangefs|fuse\..*)"
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
    doubt = find_doubt(folder, mount_of(folder))
    if doubt:
        logger.warning("%s", doubt)


def find_doubt(folder: Path, mount: Mount | None) -> str:
    """Why others may not see what is promised here, and what to do; "" where nothing shows it."""
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
