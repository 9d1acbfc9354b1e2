"""The boxes of which MP4 and QuickTime files consist (ISO/IEC 14496-12, 4.2)."""

from collections.abc import Iterator
from typing import BinaryIO, Final

_LONG: Final = 1
"""The size of a box whose real size follows in 64 bits."""

_HEAD_BYTES: Final = 8


def boxes(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin of the content and end of each box between two places of a file.

    The end of the last one lies beyond the file where that is cut off.
    """
    at = begin
    while at + _HEAD_BYTES <= end:
        file.seek(at)
        head = file.read(2 * _HEAD_BYTES)
        length, content = int.from_bytes(head[:4], "big"), at + _HEAD_BYTES
        if length == _LONG:
            length, content = int.from_bytes(head[8:], "big"), at + 2 * _HEAD_BYTES
        if length < _HEAD_BYTES:
            # The last box goes on to the end of the file.
            length = end - at
        yield head[4:8], content, at + length
        at += length
