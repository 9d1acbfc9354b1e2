"""Whether a file is encrypted: it would be copied, and heard, as garbage."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import av
from av.container import InputContainer

from vat.media.boxes import boxes
from vat.media.matroska import encrypted_tracks

_FIRST_PACKETS: Final = 50

_SAMPLE_ENTRIES: Final = frozenset((b"encv", b"enca", b"drmi", b"drms", b"aavd"))
"""Kinds of encrypted tracks in MP4 (ISO/IEC 14496-12, 8.12), in FairPlay's files and Audible's."""

_WAY: Final = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
"""The boxes in which the one of the sample entries lies."""

_SAMPLE_AES: Final = re.compile(r"\[(?:193|194|207|219)\]\[0\]\[0\]\[0\] / 0x00(?:C1|C2|CF|DB)\)")
"""Stream types of SAMPLE-AES in MPEG-TS (Apple, MPEG-2 Stream Encryption Format, 2.3)."""

_LOOKED_AT_BYTES: Final = 4 * 2**20
_TS_PACKET: Final = 188
_TS_SIZES: Final = {188: 0, 192: 4, 204: 0}
"""Bytes from packet to packet, and before its first one: plain, with time codes, with parity."""
_FEW: Final = 20
"""Fewer packets with the mark of a scrambled one may be damaged ones."""


def is_encrypted(path: str | Path, container: InputContainer, told: Sequence[str]) -> bool:
    """Whether picture or sound of an opened file are encrypted; `told` is ffmpeg's listing."""
    looks: list[tuple[str, Callable[[BinaryIO], bool]]] = [
        ("mov", _in_boxes),
        ("matroska", encrypted_tracks),
        ("mpegts", _is_scrambled),
        ("mpeg", _is_css),
    ]
    look = next((one for name, one in looks if container.format.name.startswith(name)), None)
    if look is _is_scrambled and any(_SAMPLE_AES.search(one) for one in told):
        return True
    # ffmpeg tells so of Windows Media.
    if "encryption" in container.metadata:
        return True
    if look is not None:
        with Path(path).open("rb") as file:
            if look(file):
                return True
    with suppress(av.FFmpegError):
        packets = islice(container.demux(), _FIRST_PACKETS)
        return any(packet.has_sidedata("encryption_info") for packet in packets)
    return False


def _in_boxes(file: BinaryIO) -> bool:
    end = file.seek(0, 2)
    return any(kind in _SAMPLE_ENTRIES for kind in _sample_entries(file, 0, end))


def _sample_entries(file: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    for kind, content, until in boxes(file, begin, end):
        if kind in _WAY:
            yield from _sample_entries(file, content, min(until, end))
        elif kind == b"stsd":
            # Version, flags and the number of entries come before them.
            yield from (one for one, _, _ in boxes(file, content + 8, min(until, end)))


def _is_scrambled(file: BinaryIO) -> bool:
    """Whether all streams with a content, or all but tables, are marked as scrambled."""
    data = file.read(_LOOKED_AT_BYTES)
    for size, before in _TS_SIZES.items():
        starts = range(before, len(data) - _TS_PACKET + 1, size)
        if starts and all(data[at] == 0x47 for at in starts[:_FEW]):
            return _mostly_scrambled(data, starts)
    return False


def _mostly_scrambled(data: bytes, starts: Sequence[int]) -> bool:
    clear, scrambled = Counter[int](), Counter[int]()
    for at in starts:
        pid = (data[at + 1] & 0x1F) << 8 | data[at + 2]
        if data[at] != 0x47 or data[at + 1] & 0x80 or not data[at + 3] & 0x10:
            continue
        (scrambled if data[at + 3] & 0xC0 else clear)[pid] += 1
    found = [pid for pid, count in scrambled.items() if count > max(_FEW, clear[pid])]
    # Tables are never scrambled; what carries picture or sound has more packets than they.
    most = max(clear.values(), default=0)
    return any(scrambled[pid] > most for pid in found)


def _is_css(file: BinaryIO) -> bool:
    """Whether packs of a DVD are marked as scrambled (ISO/IEC 13818-1, 2.4.3.7)."""
    data = file.read(_LOOKED_AT_BYTES)
    marks = [
        bool(one[0][6] & 0x30)
        for one in re.finditer(rb"\x00\x00\x01[\xbd\xc0-\xef]..[\x80-\xbf]", data, re.DOTALL)
    ]
    return sum(marks) > max(_FEW, len(marks) // 2)
