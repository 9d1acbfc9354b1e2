"""Chinese in one form of writing: which form a text has, and the text in the wanted one.

Speech recognition and translation models flip between simplified and traditional characters inside
one file. OpenCC converts by phrases, so that 皇后 keeps its 后 where 后面 becomes 後面.
"""

import functools
import re
from collections.abc import Sequence
from typing import Any, Final
from unicodedata import name as unicode_name

from vat.languages import base, chinese_script

_CONVERTERS: Final = {
    "zh-hans": ("tw2s", None),
    "zh-cn": ("tw2sp", None),
    "zh-hant": ("s2t", None),
    "zh-tw": ("s2twp", "t2tw"),
    "zh-hk": ("s2hkp", "t2hk"),
}
"""OpenCC's conversions into each form: of text in the other one, and of its own one's variants.

Those that end in p also take the region's own words, such as 軟體 for 软件 in Taiwan.
"""

_SAME_WORDS: Final = {"zh-cn": "tw2s", "zh-tw": "s2tw", "zh-hk": "s2hk"}
"""The conversions that keep what was said, character by character."""

_OPEN: Final = {"Hans": "zh-hans", "Hant": "zh-hant"}
WIDE_MARKS: Final = tuple("，。？！：；、")
"""Marks behind which no blank is written."""

_IDEOGRAPH: Final = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WIDE: Final = str.maketrans(",.?!:;", "，。？！：；")
_MARK: Final = re.compile(rf"(?<=[{_IDEOGRAPH}」』》”）])(?:[?!]+|[,.:;])(?![\d.])")
_BLANK: Final = re.compile(rf"(?<=[，。？！：；、]) +(?=[{_IDEOGRAPH}「『《“（\w])")


def is_chinese(code: str) -> bool:
    """Whether a language is written in Chinese characters alone: Mandarin and Cantonese."""
    return base(code) in ("zh", "yue")


@functools.lru_cache(maxsize=4096)
def variant_counts(text: str) -> tuple[int, int]:
    """How many characters of a text only simplified Chinese has, and how many only traditional.

    A character is of one form alone where only one of GB 2312 and Big5 has it. Punctuation does not
    count: the two standards differ in it, too, but both forms are written with either. What Hong
    Kong adds to Big5 is written in traditional texts, unless OpenCC knows a traditional form of it.
    """
    chinese = [one for one in text if unicode_name(one, "").startswith("CJK")]
    simplified = [one for one in chinese if _is_simplified(one)]
    traditional = [one for one in chinese if _is_in(one, "big5") and not _is_in(one, "gb2312")]
    return len(simplified), len(traditional)


def script_of(text: str, code: str) -> str | None:
    """The form of Chinese that a text in a language has, Hans or Hant; None for other languages.

    It is the one that the code asks for; where that leaves it open, the one with more characters of
    its own in the text, and where it has none, what is usual.
    """
    if not is_chinese(code):
        return None
    if wanted := chinese_script(code):
        return wanted
    simplified, traditional = variant_counts(text)
    if simplified == traditional:
        return "Hant" if code == "yue" else "Hans"
    return "Hans" if simplified > traditional else "Hant"


def converted(texts: Sequence[str], code: str, *, same_words: bool = False) -> list[str]:
    """The texts of one track, all in one form of Chinese; those of other languages as they are.

    Where the code leaves the form open, it is that of the most characters. With `same_words` no
    word becomes another region's: what was said stays. A text that either form could have, such as
    皇后在后面, is in that of the whole track.
    """
    if not is_chinese(code):
        return list(texts)
    whole = "".join(texts)
    script = script_of(whole, base(code)) or "Hans"
    if not chinese_script(code):
        code = _OPEN[script] if all(variant_counts(whole)) else code
    foreign = chinese_script(code) not in (None, script) and any(variant_counts(whole))
    return [_converted(text, code, same_words=same_words, foreign=foreign) for text in texts]


def written(text: str, code: str) -> str:
    """A text in the form and with the marks of a Chinese language; any other as it is.

    Where the code leaves the form open, only the marks change.
    """
    return punctuated(_converted(text, code)) if is_chinese(code) else text


def _converted(text: str, code: str, *, same_words: bool = False, foreign: bool = False) -> str:
    """The same for one text; `foreign` tells whether it is in the other form if in doubt."""
    if code not in _CONVERTERS:
        return text
    other, own = _CONVERTERS[code]
    simplified, traditional = variant_counts(text)
    theirs, ours = simplified, traditional
    if chinese_script(code) == "Hans":
        theirs, ours = traditional, simplified
    if not theirs and (ours or not foreign):
        return _converter(own).convert(text) if own else text
    name = _SAME_WORDS.get(code, other) if same_words else other
    return str(_converter(name).convert(text))


def wide_marks(text: str) -> str:
    """A Chinese text with full-width marks after its characters, as long as before."""
    return _MARK.sub(lambda match: match[0].translate(_WIDE), text)


def punctuated(text: str) -> str:
    """A Chinese text with full-width marks after its characters, and no blanks behind them."""
    return _BLANK.sub("", wide_marks(text))


@functools.cache
def _converter(name: str) -> Any:
    # Its dictionaries take a moment, which most runs need not.
    import opencc

    return opencc.OpenCC(name)


@functools.lru_cache(maxsize=8192)
def _is_simplified(character: str) -> bool:
    if _is_in(character, "big5") or not _is_in(character, "gb2312"):
        return False
    in_hong_kong = _is_in(character, "big5hkscs")
    return not in_hong_kong or _converter("s2t").convert(character) != character


@functools.lru_cache(maxsize=8192)
def _is_in(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
