"""Every error that VAT raises on purpose.

The message of a `VatError` is for the person who runs the workflow: one sentence that names the
thing at fault and says what to do next. Anything that is not a `VatError` is a bug and keeps its
traceback.
"""

import errno
from typing import Final, TypeVar

from vat.jobs.addresses import scrubbed

_LONGEST: Final = 1500
"""Characters of a message; what a name or a site has beyond that helps nobody."""


FINAL_STATUS: Final = 65
"""Exit status of a job whose error another attempt meets again (sysexits.h: EX_DATAERR)."""


class VatError(Exception):
    """Base of all errors whose message is meant for the user.

    `final` says that another attempt at the same job would meet it again.
    """

    final: bool = False


_Error = TypeVar("_Error", bound=VatError)


def final(error: _Error) -> _Error:
    """The error, as one that another attempt would meet again."""
    error.final = True
    return error


class DiskError(VatError, OSError):
    """A disk is full, gone, or may not be written to."""


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


class ConfigError(VatError):
    """The configuration or the video sheet asks for something impossible."""

    final = True


class SourceError(VatError):
    """A video cannot be found, fetched or read; where a site was asked, it may answer later."""

    final = True


class ModelError(VatError):
    """A model is missing, incomplete or of the wrong kind."""


class DeviceError(VatError):
    """The device that was asked for is not there or cannot be used."""


class GpuMemoryError(VatError):
    """The GPU ran out of memory; the same job may succeed with more."""


class TranscriptError(VatError):
    """Chunks or words do not add up to the whole video."""


class TranslationError(VatError):
    """A cue could not be translated, or the translator cannot be reached."""


class EmbedError(VatError):
    """The subtitles could not be put into the video."""


class SubtitleError(VatError):
    """A subtitle file cannot be read."""


def is_of_system(error: BaseException) -> bool:
    """Whether an error is one of the disk or its permissions, and not a fault of the program."""
    return isinstance(error, OSError) and (error.filename is not None or error.errno in _CURES)


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


def _of_system(error: OSError) -> str:
    cure = _CURES.get(error.errno or 0, "correct that, and run again")
    place = "" if error.filename is None else f"'{error.filename}': "
    return f"{place}{error.strerror or error}; {cure}."
