"""Whether a file has all that its own structure promises: where it has not, it was broken off."""

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from vat.errors import SourceError
from vat.media.boxes import boxes

logger = logging.getLogger(__name__)

_BOXES: Final = frozenset(
    (
        *(b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"mfra", b"sidx", b"free", b"skip"),
        *(b"wide", b"uuid", b"meta", b"udta", b"emsg", b"prft"),
    )
)
"""Boxes at the top of an MP4 or QuickTime file (ISO/IEC 14496-12, 8.1)."""

_INDEX: Final = frozenset({b"moov", b"moof"})

_UNTOLD: Final = frozenset({0, 0xFFFFFFFF})
"""Sizes in an AVI file whose writer could not come back."""


def check_whole(path: str | Path, name: str, seconds: float, missing: float, choice: str) -> None:
    """Warn of a file that was broken off, or refuse it where the `choice` is "fail".

    A recording whose battery was empty has nothing more, and a copy would. `seconds` is how long
    the file is, `missing` what its header promises beyond.

    Raises:
        SourceError: saying what is missing.
    """
    lost = missing_bytes(path)
    if missing:
        told = f"ends after {seconds:.1f} s of the {seconds + missing:.1f} s that it promises"
    elif lost:
        told = f"ends after {seconds:.1f} s, and {lost} bytes are missing at its end"
    else:
        return
    if choice == "fail":
        raise SourceError(
            f"'{name}' is truncated: it {told}; copy or download it again, or set"
            " download.truncated to warn to have what is there."
        )
    logger.warning(
        "'%s' %s; what is there is taken. If it is a copy or a download that was broken off, bring"
        " it here again",
        name,
        told,
    )


def missing_bytes(path: str | Path) -> int:
    """How many bytes are missing at the end of an AVI, MP4 or QuickTime file.

    0 where none is, and where the file does not tell: of other kinds, and of recordings whose
    writer never knew.
    """
    size = Path(path).stat().st_size
    with Path(path).open("rb") as file:
        head = file.read(12)
        kind = _parts if head[:4] == b"RIFF" and head[8:] == b"AVI " else _ends
        return max(0, max(kind(file, size), default=0) - size)


def lacks_index(path: str | Path) -> bool:
    """Whether an MP4 or QuickTime file has sound and picture, and nothing tells where they are.

    False for one that cannot be read at all.
    """
    whole: set[bytes] = set()
    with suppress(OSError), Path(path).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        for kind, _, end in boxes(file, 0, size):
            if kind not in _BOXES:
                break
            if kind == b"mdat" or end <= size:
                whole.add(kind)
    return b"mdat" in whole and not whole & _INDEX


def _parts(file: BinaryIO, size: int) -> Iterator[int]:
    """Where each part of an AVI file ends; large ones have several (OpenDML)."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or length in _UNTOLD:
            return
        at += 8 + length
        yield at


def _ends(file: BinaryIO, size: int) -> Iterator[int]:
    """Where each box of an MP4 file ends."""
    for kind, _, end in boxes(file, 0, size):
        if kind not in _BOXES:
            return
        yield end
