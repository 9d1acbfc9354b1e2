"""Videos that are encrypted, each in the way of a shop, a broadcast or a disc."""

import random
import re
from collections.abc import Callable
from pathlib import Path

from tests.helpers.media import ffmpeg
from tests.helpers.oddities import BOTH, FAST, PACKET, PICTURE, SOUND

KEY = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76" * 16]
CENC = [*KEY, "-encryption_kid", "a7" * 16]
PMT, PIDS = 0x1000, (0x100, 0x101)
SAMPLE_AES = {0x1B: 0xDB, 0x0F: 0xCF}


def cenc(path: Path) -> None:
    ffmpeg(*PICTURE, *SOUND, *BOTH, *FAST, *CENC, path)


def cenc_in_fragments(path: Path) -> None:
    ffmpeg(*PICTURE, *SOUND, *BOTH, *FAST, *CENC, "-movflags", "frag_keyframe+empty_moov", path)


def renamed(was: bytes, now: bytes) -> Callable[[Path], None]:
    """A sample entry that tells of encryption; the packets do not."""

    def make(path: Path) -> None:
        ffmpeg(*PICTURE, *SOUND, *BOTH, *FAST, path)
        whole = path.read_bytes()
        at = whole.rindex(was)
        path.write_bytes(whole[:at] + now + whole[at + 4 :])

    return make


def scrambled(path: Path) -> None:
    """Pay television, as a receiver without its card records it."""
    ffmpeg(*PICTURE, *SOUND, *BOTH, *FAST, path)
    chance, data = random.Random(7), bytearray(path.read_bytes())
    for at in range(0, len(data), PACKET):
        if (data[at + 1] & 0x1F) << 8 | data[at + 2] in PIDS:
            data[at + 3] |= 0x80
            begin = at + 4 + (1 + data[at + 4] if data[at + 3] & 0x20 else 0)
            data[begin : at + PACKET] = chance.randbytes(at + PACKET - begin)
    path.write_bytes(data)


def sample_aes(path: Path) -> None:
    """A part of an HLS stream, whose table of streams tells of encryption."""
    ffmpeg(*PICTURE, *SOUND, *BOTH, *FAST, path)
    data = bytearray(path.read_bytes())
    for at in range(0, len(data), PACKET):
        if (data[at + 1] & 0x1F) << 8 | data[at + 2] == PMT:
            begin = at + 5 + data[at + 4]
            end = begin + 3 + ((data[begin + 1] & 15) << 8 | data[begin + 2])
            section = data[begin : end - 4]
            stream = 12 + ((section[10] & 15) << 8 | section[11])
            while stream < len(section):
                section[stream] = SAMPLE_AES[section[stream]]
                stream += 5 + ((section[stream + 3] & 15) << 8 | section[stream + 4])
            data[begin:end] = section + crc(bytes(section)).to_bytes(4, "big")
    path.write_bytes(data)


def crc(section: bytes) -> int:
    """The checksum of a table in MPEG-TS."""
    value = 0xFFFFFFFF
    for byte in section:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


def element(number: str, content: bytes) -> bytes:
    """One of Matroska, with a size of four bytes."""
    return bytes.fromhex(number) + (0x10000000 | len(content)).to_bytes(4, "big") + content


def encrypted_webm(path: Path) -> None:
    codecs = ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"]
    ffmpeg(*PICTURE, *SOUND, *BOTH, *codecs, path)
    encryption = element("5035", element("47E1", b"\x05") + element("47E2", bytes(16)))
    kind = element("5033", b"\x01")
    encodings = element("6D80", element("6240", kind + encryption))
    whole = path.read_bytes()
    tracks = whole.rindex(bytes.fromhex("1654AE6B"))
    size = whole[tracks + 4]
    length = 9 - size.bit_length()
    begin = tracks + 4 + length
    content = int.from_bytes(whole[tracks + 4 : begin], "big") & ((1 << 7 * length) - 1)
    end = begin + content
    # A second list of tracks would not be read, so the first track gets it at its end.
    first = whole[begin:end]
    head = 2 if first[1] & 0x80 else 9 - first[1].bit_length() + 1
    inside = int.from_bytes(first[1:head], "big") & ((1 << 7 * (head - 1)) - 1)
    track = element("AE", first[head : head + inside] + encodings)
    segment = whole.index(bytes.fromhex("18538067")) + 4
    unknown = b"\x01" + b"\xff" * 7
    head_of_file = whole[:segment] + unknown + whole[segment + 8 : tracks]
    path.write_bytes(
        head_of_file + element("1654AE6B", track + first[head + inside :]) + whole[end:]
    )


def disc(path: Path) -> None:
    """A file of a DVD, copied without its keys."""
    ffmpeg(*PICTURE, *SOUND, *BOTH, "-c:v", "mpeg2video", "-c:a", "mp2", path)
    data = bytearray(path.read_bytes())
    packs = re.finditer(rb"\x00\x00\x01[\xbd\xc0-\xef]..[\x80-\xbf]", bytes(data), re.DOTALL)
    for pack in packs:
        data[pack.start() + 6] |= 0x10
    path.write_bytes(data)


ENCRYPTED: dict[str, tuple[str, Callable[[Path], None]]] = {
    "CENC": ("mp4", cenc),
    "CENC in fragments": ("mp4", cenc_in_fragments),
    "encrypted sound entry": ("mp4", renamed(b"mp4a", b"enca")),
    "encrypted picture entry": ("mov", renamed(b"avc1", b"encv")),
    "FairPlay's sound": ("m4v", renamed(b"mp4a", b"drms")),
    "Audible's sound": ("m4b", renamed(b"mp4a", b"aavd")),
    "scrambled broadcast": ("ts", scrambled),
    "SAMPLE-AES": ("ts", sample_aes),
    "WebM": ("webm", encrypted_webm),
    "DVD": ("vob", disc),
}
"""Suffix and maker of each kind."""
