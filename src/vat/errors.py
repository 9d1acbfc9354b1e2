"""Every error that VAT raises on purpose.

The message of a `VatError` is for the person who runs the workflow: one sentence that names the
thing at fault and says what to do next. Anything that is not a `VatError` is a bug and keeps its
traceback.
"""

from typing import Final, TypeVar

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


class ConfigError(VatError):
    """The configuration or the video sheet asks for something impossible."""

    final = True


class UsageError(VatError):
    """A command line asks for something that there is not."""


class RequestError(VatError):
    """A page asks the server that shows it for something that cannot be done."""


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
