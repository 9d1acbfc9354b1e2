"""What is said of an error: one line, without secrets, that names a cure."""

import errno
from typing import Final

from vat.errors import VatError
from vat.jobs.addresses import scrubbed

_LONGEST: Final = 1500
"""Characters of a message; what a name or a site has beyond that helps nobody."""

_CURES: Final = {
    errno.ENOSPC: "free some space, and run again",
    errno.EDQUOT: "free some space, or have the quota raised, and run again",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), and run again",
    errno.EROFS: "use another folder (--directory), or mount it so that it can be written to",
    errno.EACCES: "give this user the right to it, or use another folder",
    errno.EPERM: "give this user the right to it, or use another folder",
    errno.ENAMETOOLONG: "use a folder with a shorter path",
    errno.EIO: "look at the disk, and run again",
    errno.ESTALE: "look at the network disk, and run again",
}


def sentence(error: BaseException) -> str:
    """What is said of an error: one line that can be printed, whatever names or sites put into it.

    Secrets of addresses are masked. A long one is cut in its middle; the end says what to do.
    """
    if isinstance(error, OSError) and not isinstance(error, VatError):
        said = scrubbed(_of_system(error))
    else:
        said = scrubbed(str(error))
    if len(said) > _LONGEST:
        said = f"{said[: _LONGEST // 2]} [...] {said[-_LONGEST // 2 :]}"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in said)


def is_of_system(error: BaseException) -> bool:
    """Whether an error is one of the disk or its permissions, and not a fault of the program."""
    return isinstance(error, OSError) and (error.filename is not None or error.errno in _CURES)


def _of_system(error: OSError) -> str:
    cure = _CURES.get(error.errno or 0, "correct that, and run again")
    place = "" if error.filename is None else f"'{error.filename}': "
    return f"{place}{error.strerror or error}; {cure}."
