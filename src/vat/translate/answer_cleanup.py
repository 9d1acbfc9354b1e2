"""Clean-up of a translated text: the labels, quotes and notes that a model leaves around it go.

Taken away is only what shows a translation otherwise whole, and what its source has not: so nothing
that was said is lost.
"""

import html
import re
from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

from vat.subtitles.chinese import written
from vat.subtitles.lines import one_line
from vat.translate.remarks import PICTURE, label_pattern, note_pattern

_ESCAPES: Final = (
    (re.compile(r"\\[nN]|\\r(?:\\n)?"), "\n"),
    (re.compile(r"\\[th]"), " "),
    (re.compile(r"\\u([0-9a-fA-F]{4})"), lambda match: chr(int(match[1], 16))),
    (re.compile(r"\\(?=[\"'“”/\\])"), ""),
)
_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG: Final = re.compile(
    r"</?(?:i|b|u|s|em|strong|font|span|p|div|ruby|rb|rt|c|v|q|small|text|subtitle|translation"
    r"|target|output|answer|result)(?:[\s.=][^<>]{0,80})?/?>|<\|[^|<>]{1,30}\|>|</?s>|\[/?INST\]"
    r"|<(?:end|start)_of_[a-z]+>|<(?:[be]os|unk|pad|eot|end)>",
    re.IGNORECASE,
)
_ASS: Final = re.compile(r"\{\\[^{}]{0,80}\}|\{an?\d\}")
_STARS: Final = re.compile(r"\*\*([^*]+)\*\*|^\*([^*]+)\*$|^__?([^_]+)__?$|^`+([^`]+)`+$")
_HEADING: Final = re.compile(r"^(?:#{1,5}|>) +")
_BULLET: Final = re.compile(r"^[-–—•*]\s+|\s[-•]+$|\s*(?:-{3,}|={3,}|~{3,})$")
_NOTE_IN_BRACKETS: Final = re.compile(r"\s*[(（\[【]([^()（）\[\]【】]*)[)）\]】]\s*\.?$")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?。！？…।؟])\s*")
_QUOTES: Final = ('""', "''", "“”", "‘’", "„“", "„”", "«»", "「」", "『』", "``")
_UNSEEN: Final = "\u200b\u2060\ufeff"
_APOSTROPHE: Final = re.compile(r"(?<=\w)['’](?=\w)|(?<=s)['’](?=\s)")
_MARKS: Final = "\"'“”‘’„«»「」『』`"


def mended(answer: str, source: str, target: str, numbers: Iterable[int]) -> str:
    """The translation alone, in the form of Chinese that is wanted.

    It is the answer itself where nothing would be left.

    `numbers` are those under which the source was shown.
    """
    text = _unescaped(answer, source)
    text = _without_marks(text, source)
    text = _without_label(text, source, target, numbers)
    text = _without_note(text, source, target)
    text = written(one_line(_without_quotes(text.strip(), source)), target)
    return text if any(map(str.isalnum, text)) else answer


def _unescaped(text: str, source: str) -> str:
    if "\\" in text and "\\" not in source and not _ASS.search(text):
        for pattern, instead in _ESCAPES:
            text = pattern.sub(instead, text)
    if "&" in text and "&" not in source:
        text = html.unescape(text).replace("\xa0", " ")
    return "".join(one for one in text if one not in _UNSEEN and not "\ud800" <= one <= "\udfff")


def _without_marks(text: str, source: str) -> str:
    if "<" not in source and "[" not in source:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    if not PICTURE.search(source):
        text = PICTURE.sub("", text)
    if "{" not in source:
        text = _ASS.sub("", text)
    if not re.search(r"[-–—•*=~]", source):
        text = _BULLET.sub("", text.strip())
    if not re.search(r"[*_`#>]", source):
        text = _STARS.sub(lambda match: next(filter(None, match.groups())), text.strip())
        text = _HEADING.sub("", text)
    return text


def _without_label(text: str, source: str, target: str, numbers: Iterable[int]) -> str:
    plain = normalize("NFKC", text)
    said = re.findall(r"\d+", source)
    own = "|".join(str(one) for one in numbers if str(one) not in said)
    if own:
        number = rf"\W{{0,2}}(?:[^\W\d]{{1,12}}\.?\s?[#№]?\s?|#\s?)?(?:{own})"
        behind = r"\s?[条條行句番번]?\s?[\])}]?\s?[:.、)\]-]+(?!\d)\s*"
        text = _cut(text, plain, re.compile(rf"{number}{behind}"))
    if not re.search("[:=]", normalize("NFKC", source)):
        text = _cut(text, normalize("NFKC", text), label_pattern(target))
    return text


def _cut(text: str, plain: str, pattern: re.Pattern[str]) -> str:
    """The text without what matches at its beginning."""
    match = pattern.match(plain)
    if match is None:
        return text
    if len(plain) != len(text):
        text = plain
    rest = text[match.end() :]
    return rest if any(map(str.isalnum, rest)) else text


def _without_note(text: str, source: str, target: str) -> str:
    if re.search(r"[(（\[【:：]", source):
        return text
    patterns = [one for one in (note_pattern(target), note_pattern("en")) if one is not None]

    def is_note(part: str) -> bool:
        plain = normalize("NFKC", part).lower()
        return any(pattern.match(plain) for pattern in patterns)

    match = _NOTE_IN_BRACKETS.search(text)
    if match and text[: match.start()].strip() and is_note(match[0].strip()):
        text = text[: match.start()]
    ends = [match.end() for match in _SENTENCE_END.finditer(text) if match.start() > 0]
    first = next((end for end in ends if end < len(text) and is_note(text[end:])), None)
    return text if first is None else text[:first].rstrip()


def _without_quotes(text: str, source: str) -> str:
    said = _APOSTROPHE.sub("", source)
    if any(mark in said for mark in _MARKS) or len(text) < 3:
        return text
    marks = [one for one in _APOSTROPHE.sub("", text) if one in _MARKS]
    if len(marks) == 1:
        # One half of a pair that was left over.
        return text.removeprefix(marks[0]).removesuffix(marks[0]).strip()
    return text[1:-1].strip() if len(marks) == 2 and text[0] + text[-1] in _QUOTES else text
