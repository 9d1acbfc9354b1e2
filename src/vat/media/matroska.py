"""What Matroska calls the codecs of its tracks: ffmpeg tells only of those that it knows."""

from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

WEBVTT: Final = "S_TEXT/WEBVTT"
"""WebVTT as mkvmerge writes it: a block is the text of a cue, as in SubRip."""

_SEGMENT: Final = 0x18538067
_TRACKS: Final = 0x1654AE6B
_TRACK: Final = 0xAE
_CODEC: Final = 0x86
_ENCODINGS: Final = (0x6D80, 0x6240)
_ENCODING_TYPE: Final = 0x5033
_ENCRYPTION: Final = 1
_CHAPTERS: Final = 0x1043A770
_EDITION: Final = 0x45B9
_ORDERED: Final = 0x45DD
_MAGIC: Final = b"\x1aE\xdf\xa3"
_UNKNOWN_SIZES: Final = frozenset(2 ** (7 * length) - 1 for length in range(1, 9))
"""All ones, as where the writer could not come back."""

_MOST_BYTES: Final = 2**24


def codec_ids(path: str | Path) -> list[str]:
    """The codec of each track, in their order; none where the tracks are not found."""
    with Path(path).open("rb") as file:
        tracks = _found(file, (_SEGMENT, _TRACKS))
    return [
        next((data.decode("ascii", "replace") for kind, data in _parts(one) if kind == _CODEC), "")
        for number, one in _parts(tracks)
        if number == _TRACK
    ]


def encrypted_tracks(file: BinaryIO) -> bool:
    """Whether a track is encrypted (RFC 9559, 5.1.4.1.31.4)."""
    tracks = _found(file, (_SEGMENT, _TRACKS))
    return any(
        kind == _ENCODING_TYPE and int.from_bytes(data, "big") == _ENCRYPTION
        for number, track in _parts(tracks)
        if number == _TRACK
        for encoding in _inside(track, _ENCODINGS)
        for kind, data in _parts(encoding)
    )


def has_ordered_chapters(path: str | Path) -> bool:
    """Whether chapters tell players to show parts in another order (RFC 9559, 20.2.2).

    ffmpeg does not know of it, and reads a file from its start to its end.
    """
    with Path(path).open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return False
        file.seek(0)
        chapters = _found(file, (_SEGMENT, _CHAPTERS))
    return any(
        kind == _ORDERED and any(data)
        for edition in _inside(chapters, (_EDITION,))
        for kind, data in _parts(edition)
    )


def _inside(data: bytes, way: tuple[int, ...]) -> list[bytes]:
    """The contents of all elements on a way from one element's content."""
    found = [data]
    for number in way:
        found = [content for one in found for kind, content in _parts(one) if kind == number]
    return found


def _found(file: BinaryIO, way: tuple[int, ...]) -> bytes:
    """The content of the first element on a way from the file's root."""
    while head := _head(file):
        number, size = head
        if number != way[0]:
            if size is None:
                break
            file.seek(size, 1)
        elif len(way) > 1:
            way = way[1:]
        else:
            return file.read(min(size or 0, _MOST_BYTES))
    return b""


def _parts(data: bytes) -> list[tuple[int, bytes]]:
    """The elements of one, as numbers and contents."""
    file, found = BytesIO(data), []
    while head := _head(file):
        found.append((head[0], file.read(head[1] or 0)))
    return found


def _head(file: BinaryIO) -> tuple[int, int | None] | None:
    """Number and size of the next element; the size is None where it is unknown."""
    number, size = _integer(file, marked=True), _integer(file, marked=False)
    if number is None or size is None:
        return None
    return number, None if size in _UNKNOWN_SIZES else size


def _integer(file: BinaryIO, *, marked: bool) -> int | None:
    """An EBML integer, whose first byte tells its length; numbers keep that mark (RFC 8794, 4)."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    rest = file.read(length - 1)
    lead = first[0] if marked else first[0] - (1 << (8 - length))
    return int.from_bytes(bytes([lead]) + rest, "big") if len(rest) == length - 1 else None
