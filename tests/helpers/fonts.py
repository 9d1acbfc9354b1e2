"""A font that tests bring along, so that what they see does not depend on the host's fonts."""

import struct
import tempfile
from collections.abc import Iterable
from itertools import combinations, pairwise
from pathlib import Path

from tests.helpers.media import FFMPEG
from vat.embed.font_check import check_fonts
from vat.errors import EmbedError
from vat.subtitles.ass import ass_document
from vat.subtitles.track import Track
from vat.timeline import Cue

FAMILY = "Patterns"
"""The family's name; nothing asks for it, so that it is found as any fallback is."""

_EM, _CELL, _ADVANCE = 1000, 200, 700
_COLUMNS, _ROWS = 3, 4
_CELLS = tuple(range(_COLUMNS * _ROWS))
_HALVES = list(combinations(_CELLS, len(_CELLS) // 2))
_FIRST, _LAST = 0x21, 0x1FFFF


def fontconfig(folder: Path, fonts: Path) -> Path:
    """A configuration for FONTCONFIG_FILE, written into `folder`: the fonts of one other folder."""
    path = folder / "fonts.conf"
    path.write_text(
        f"<fontconfig><dir>{fonts}</dir><cachedir>{folder / 'cache'}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return path


def pattern_font() -> bytes:
    """A TrueType font that shows every character up to U+1FFFF as a pattern of squares.

    Half of 3 by 4 squares are filled, so that each character has the same area and looks unlike all
    but each 924th other.
    """
    # 97 and the number of patterns have no common divisor: characters in a row look unlike.
    patterns = [_HALVES[index * 97 % len(_HALVES)] for index in range(len(_HALVES))]
    glyphs = [_glyph(_CELLS), b"", *map(_glyph, patterns)]
    offsets = [sum(map(len, glyphs[:index])) for index in range(len(glyphs) + 1)]
    count, height, width = len(glyphs), _ROWS * _CELL, _COLUMNS * _CELL
    tables = {
        b"OS/2": struct.pack(
            ">HhHHH11h10s4I4sHHHhhhHHIIhhHHH",
            *(4, _ADVANCE, 400, 5, 0, *([100] * 10), 0, bytes(10), 1, 0, 0, 0, b"test"),
            *(0x40, ord(" "), 0xFFFF, height, -_CELL, 0, height),
            *(_CELL, 1, 0, height, height, 0, ord(" "), 0),
        ),
        b"cmap": _characters(len(patterns)),
        b"glyf": b"".join(glyphs),
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh",
            *(0x10000, 0x10000, 0, 0x5F0F3CF5, 3, _EM, 0, 0, 0, 0, width, height, 0, 8, 2, 1, 0),
        ),
        b"hhea": struct.pack(
            ">IhhhHhhh8hH",
            *(0x10000, height, -_CELL, 0, _ADVANCE, 0, 0, width, 1, *([0] * 7), count),
        ),
        b"hmtx": struct.pack(">Hh", _ADVANCE, 0) * count,
        b"loca": struct.pack(f">{count + 1}I", *offsets),
        b"maxp": struct.pack(
            ">I14H", 0x10000, count, 4 * len(_CELLS), len(_CELLS), 0, 0, 2, *([0] * 8)
        ),
        b"name": _names({1: FAMILY, 2: "Regular", 4: FAMILY, 6: FAMILY}),
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, -100, 50, 0, 0, 0, 0, 0),
    }
    return _file(tables)


def _characters(patterns: int) -> bytes:
    """The table from characters to glyphs: a blank, then the patterns in turn, again and again."""
    starts = [*range(_FIRST, _LAST + 1, patterns), _LAST + 1]
    groups = [(ord(" "), ord(" "), 1), *((a, b - 1, 2) for a, b in pairwise(starts))]
    packed = b"".join(struct.pack(">3I", *group) for group in groups)
    head = struct.pack(">4HI", 0, 1, 3, 10, 12)
    return head + struct.pack(">2H3I", 12, 0, 16 + len(packed), 0, len(groups)) + packed


def _glyph(cells: Iterable[int]) -> bytes:
    """The outline of filled squares, numbered from the upper left one."""
    corners, last = [(0, 0)], list[int]()
    for cell in cells:
        left, bottom = cell % _COLUMNS * _CELL, (_ROWS - 1 - cell // _COLUMNS) * _CELL
        right, top = left + _CELL, bottom + _CELL
        corners += [(left, bottom), (left, top), (right, top), (right, bottom)]
        last.append(len(corners) - 2)
    head = struct.pack(">5h", len(last), 0, 0, _COLUMNS * _CELL, _ROWS * _CELL)
    ends = struct.pack(f">{len(last)}HH", *last, 0)
    flags = bytes([1] * (len(corners) - 1))  # on the curve; each step takes two bytes
    steps = [
        struct.pack(f">{len(flags)}h", *(b[axis] - a[axis] for a, b in pairwise(corners)))
        for axis in (0, 1)
    ]
    return _padded(b"".join([head, ends, flags, *steps]))


def _names(names: dict[int, str]) -> bytes:
    records, texts = b"", b""
    for number, name in names.items():
        text = name.encode("utf-16-be")
        records += struct.pack(">6H", 3, 1, 0x409, number, len(text), len(texts))
        texts += text
    return struct.pack(">3H", 0, len(names), 6 + len(records)) + records + texts


def _file(tables: dict[bytes, bytes]) -> bytes:
    power = len(tables).bit_length() - 1
    search = 16 << power
    head = struct.pack(">I4H", 0x10000, len(tables), search, power, 16 * len(tables) - search)
    entries, body = b"", b""
    for tag, table in tables.items():
        padded, offset = _padded(table), len(head) + 16 * len(tables) + len(body)
        total = sum(struct.unpack(f">{len(padded) // 4}I", padded)) % 2**32
        entries += struct.pack(">4s3I", tag, total, offset, len(table))
        body += padded
    return head + entries + body


def _padded(table: bytes) -> bytes:
    return table + bytes(-len(table) % 4)


def shows(text: str, language: str) -> bool:
    """Whether the fonts of this host have all characters of a text."""
    track = Track(language, [Cue(1, 0, 1, text)])
    with tempfile.TemporaryDirectory() as folder:
        try:
            document = ass_document(track, "clean", (16, 9))
            check_fonts(track, document, Path(folder), ffmpeg=FFMPEG, environment={})
        except EmbedError:
            return False
    return True
