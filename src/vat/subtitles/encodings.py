"""The encoding of a subtitle file, of which nothing but its bytes tells."""

import re
from collections.abc import Iterable
from typing import Final
from unicodedata import category

from vat.subtitles.likely_language import likely_language

_HEAD: Final = 4096
_WIDE_SHARE: Final = 4
"""UTF-16 without its mark has a zero for every Latin letter, blank and digit: half of all bytes."""

_MARKS: Final = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SIGNS: Final = ("-->", "Dialogue")
"""What every subtitle file has in it, whatever it says."""

_SAMPLE_BYTES: Final = 100_000
_SPOILT_SHARE: Final = 0.3
"""UTF-8 with fewer damaged letters than this for each sound one: other encodings have several."""

_PAGES: Final = (
    *("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "cp874", "cp1251", "koi8_r", "cp866"),
    *("cp1253", "cp1255", "cp1256"),
)
"""The encodings in which subtitles are about, but for those of Latin letters."""

_LATIN: Final = {
    "cp1252": "af ca da de en es eu fi fr gl id is it ms nb nl nn no pt sq sv",
    "cp1250": "pl cs sk hu hr sl ro bs sq sr",
    "iso8859_2": "pl cs sk hu hr sl ro bs sq sr",
    "cp1254": "tr az ku",
    "cp1257": "lt lv et",
    "cp1258": "vi",
}
"""Those of Latin letters, which have much in common, and the languages that tell them apart."""

_KANA_SHARE: Final = 0.3
"""Of what is not ASCII; no other language than Japanese has so many kana."""

_HANJA_SHARE: Final = 0.1
"""Korean subtitles have fewer Chinese characters than this for each syllable."""


def encoding_of(data: bytes) -> str | None:
    """The encoding of a text by its mark, or as the letters make it likely; None for no text."""
    known = next((name for mark, name in _MARKS if data.startswith(mark)), None) or _wide(data)
    if known:
        return known
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        if _is_spoilt_utf8(data):
            return "utf-8"
        return None if b"\0" in data else _likely(data)
    return "iso2022_jp" if b"\x1b$" in data and _decodes(data, "iso2022_jp") else "utf-8"


def _wide(data: bytes) -> str | None:
    """The order of UTF-16's bytes where its mark is missing."""
    for name in ("utf-16-le", "utf-16-be"):
        for sign in _SIGNS:
            coded = re.escape(sign.encode(name))
            if any(found.start() % 2 == 0 for found in re.finditer(coded, data)):
                return name
    zeros = data[: _HEAD & ~1]
    if zeros[1::2].count(0) > len(zeros) // _WIDE_SHARE:
        return "utf-16-le"
    if zeros[::2].count(0) > len(zeros) // _WIDE_SHARE:
        return "utf-16-be"
    return None


def _is_spoilt_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    spoilt = text.count("\N{REPLACEMENT CHARACTER}")
    sound = sum(not one.isascii() for one in text) - spoilt
    return spoilt < _SPOILT_SHARE * sound


def _decodes(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _likely(data: bytes) -> str | None:
    """The encoding that makes least mess of what is said."""
    from charset_normalizer import from_bytes

    said = _sample(line for line in data.splitlines() if not line.isascii())
    ranked = from_bytes(said, cp_isolation=[*_PAGES, *_LATIN])
    best = next((one for one in ranked if one.encoding != "cp949" or _is_korean(str(one))), None)
    if best is None:
        return None
    if best.encoding in _LATIN or _is_inside_words(str(best)):
        readable = [name for name in _LATIN if _decodes(said, name)]
        return max(readable, key=lambda name: _sense(said.decode(name), name))
    is_japanese = _decodes(said, "euc_jp") and _kana_share(said.decode("euc_jp")) > _KANA_SHARE
    return "euc_jp" if is_japanese else best.encoding


def _sample(lines: Iterable[bytes]) -> bytes:
    """Whole lines, as half a letter at the end would be a fault."""
    taken, size = list[bytes](), 0
    for line in lines:
        if taken and size > _SAMPLE_BYTES:
            break
        taken.append(line)
        size += len(line)
    return b"\n".join(taken)


def _is_korean(text: str) -> bool:
    """Whether a text has next to no Chinese characters among its syllables, as Chinese read so."""
    syllables = sum("\uac00" <= one <= "\ud7a3" for one in text)
    return sum("\u4e00" <= one <= "\u9fff" for one in text) <= _HANJA_SHARE * syllables


def _is_inside_words(text: str) -> bool:
    """Whether most letters that are not ASCII stand beside such that are, as accents do."""
    wide = sum(not one.isascii() for one in text)
    beside = re.findall(r"(?<=[a-z])[^\x00-\x7f]|[^\x00-\x7f](?=[a-z])", text)
    return len(beside) * 2 > wide


def _kana_share(text: str) -> float:
    wide = [one for one in text if not one.isascii()]
    return sum("\u3041" <= one <= "\u30ff" for one in wide) / max(1, len(wide))


def _sense(text: str, encoding: str) -> float:
    """How much sense a text makes in an encoding: in its languages, and with few odd signs."""
    name, probability, _ = likely_language(re.sub(r"\s+", " ", text), "en")
    wide = [one for one in text if not one.isascii()]
    odd = sum(category(one)[0] not in "LMP" and one not in "♪♫°€£" for one in wide)
    return probability * (name in _LATIN[encoding].split()) - odd / max(1, len(wide))
