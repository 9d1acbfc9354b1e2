"""Files that are not whole yet: somebody copies, records or downloads them."""

import os
from contextlib import suppress
from pathlib import Path

from vat.errors import SourceError
from vat.media.probe import fingerprint_of


def check_finished(source: str, fingerprint: str) -> None:
    """See that nobody writes to a file, and that it is the one that it was when the run began.

    Not every container tells how long it should be (MPEG-TS, a Matroska file without an end), so
    that its first half looks whole. Writers are known where they are this user's own, on this host.

    Raises:
        SourceError: where it changes or is open for writing.
    """
    name = Path(source).name
    if fingerprint and fingerprint_of(source) != fingerprint:
        raise SourceError(
            f"'{name}' has changed since the run began, as where it is still recorded or copied; it"
            " is left for the next run, so start that when the file is whole."
        )
    if writer := writer_of(source):
        raise SourceError(
            f"'{name}' is still open for writing in {writer}, as where it is recorded or copied; it"
            " is left for the next run, so start that when the file is whole."
        )


def writer_of(source: str) -> str:
    """The name and number of a process that may write to a file; "" where none is seen."""
    with suppress(OSError):
        status = Path(source).stat()
        wanted = status.st_dev, status.st_ino
        for process in Path("/proc").glob("[0-9]*"):
            # Processes end at any time, and those of others show nothing.
            with suppress(OSError):
                if _writes(process, wanted):
                    name = (process / "comm").read_text("utf-8", "replace").strip()
                    return f"{name} (process {process.name})"
    return ""


def _writes(process: Path, wanted: tuple[int, int]) -> bool:
    for opened in (process / "fd").iterdir():
        with suppress(OSError):
            status = opened.stat()
            if (status.st_dev, status.st_ino) != wanted:
                continue
            facts = (process / "fdinfo" / opened.name).read_text(encoding="ascii")
            flags = int(facts.partition("flags:")[2].split()[0], 8)
            if flags & os.O_ACCMODE != os.O_RDONLY:
                return True
    return False
