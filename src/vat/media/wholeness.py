"""Whether a file has all the bytes that its own structure promises."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

_BOXES: Final = frozenset(
    (
        *(b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"mfra", b"sidx", b"free", b"skip"),
        *(b"wide", b"uuid", b"meta", b"udta", b"emsg", b"prft"),
    )
)
"""Boxes at the top of an MP4 or QuickTime file (ISO/IEC 14496-12, 8.1)."""

_LONG: Final = 1
"""The size of a box whose real size follows in 64 bits."""

_UNTOLD: Final = frozenset({0, 0xFFFFFFFF})
"""Sizes in an AVI file whose writer could not come back."""


def missing_bytes(path: str | Path) -> int:
    """How many bytes are missing at the end of an AVI, MP4 or QuickTime file.

    0 where none is, and where the file does not tell: of other kinds, and of recordings whose
    writer never knew.
    """
    size = Path(path).stat().st_size
    with Path(path).open("rb") as file:
        head = file.read(12)
        kind = _riff if head[:4] == b"RIFF" and head[8:] == b"AVI " else _boxes
        file.seek(0)
        return max(0, max(kind(file, size), default=0) - size)


def _riff(file: BinaryIO, size: int) -> Iterator[int]:
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


def _boxes(file: BinaryIO, size: int) -> Iterator[int]:
    """Where each box of an MP4 file ends."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == _LONG:
            length = int.from_bytes(head[8:], "big")
        if head[4:8] not in _BOXES or length < 8:
            return
        at += length
        yield at
