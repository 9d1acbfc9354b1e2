"""Answers about the task in place of a translation: refusals, labels, notes, marks of a format.

Nothing here knows what a sentence means. A table has, for each language, how one says that one
cannot help, what one calls a text and its translation, and how notes begin. An answer that says
such things, where its source says nothing of the kind in its own language, is taken for one about
the task. Where someone in the film cannot help, the source says so, too.
"""

import functools
import re
from typing import Final
from unicodedata import normalize

from vat.languages import LANGUAGES, base, letters
from vat.translate.concepts import has_concepts, shared
from vat.translate.refusals import about_the_task
from vat.translate.remark_signs import Pair, is_remark, talks_on
from vat.translate.remark_words import features, patterns, plain

REFUSAL: Final = "it seems to speak of the task instead of translating"
LABEL: Final = "a label or number stands before it that is not in the source"
NOTE: Final = "it has a note that is not in the source"
MARKS: Final = "it has marks of a format that are not in the source"

_ORDINALS: Final = frozenset(
    {"de", "da", "no", "nn", "fi", "cs", "sk", "pl", "hu", "tr"}
    | {"hr", "sl", "et", "lv", "is", "fo", "sr", "bs", "lb", "eu"}
)
"""Languages in which "3." is read as third."""

_LAST_DAY: Final = 31
_NUMBERED: Final = re.compile(r"\W{0,2}(\d{1,4})\s*([\])}:、]|\.)(?!\d)\s*(?=\S)")
_WORDS: Final = r"(?:[^\W\d]{1,14}[.:=]?[\s_]{0,2}){1,2}"
_COUNTED: Final = re.compile(
    rf"\W{{0,3}}(?:(?:{_WORDS})?[#№º°]?\s?\d{{1,5}}\s?[^\W\d]{{0,3}}"
    rf"\s?[\])}}]?\s?(?:[:)\]}}、]|\s?[-–—])(?!\d)|(?:{_WORDS})?[#№]\s?\d{{1,5}}\b)"
)
"""A number, with a word or a sign or a counter beside it, before a text, in any language:
"Line 12:", "№ 6.", "第12句:", "15번:"."""

_TAGS: Final = re.compile(
    r"</?[a-z][a-z0-9]{0,11}(?:[\s.=][^<>]{0,80})?/?>|<\|[^|<>]{1,30}\|>|\[/?inst\]|</s>"
    r"|\{\\[^{}]{0,80}\}|\{an?\d\}|\*\*|```|^#{1,5} |^[_*][^_*]+[_*]$",
    re.IGNORECASE,
)
_ENTITY: Final = re.compile(r"&(?:#\d{1,6}|#x[0-9a-f]{1,5}|[a-z]{2,8}\d?);", re.IGNORECASE)
_BRACKETS: Final = re.compile(r"[(\[{【〔]([^()\[\]{}【】〔〕]*)[)\]}】〕]")
_ARROWS: Final = re.compile(r"//|->|=>|→|\S / \S|(?!km/h)\b[^\W\d]+/[^\W\d]+")
_LISTED: Final = re.compile(r"\b1[.):]\s?\S.*\b2[.):]\s?\S")
_SCRAPS: Final = re.compile(r"[\"”]\s*(?:,\s*$|[}\]])|^\W*\w+\"\s*:|[-=~_]{3,}")
"""What is left of JSON, and lines that are drawn between texts."""

PICTURE: Final = re.compile("[\u2600-\u2668\u2670-\u27bf\u2b50\u2b55\ufe0f\U0001f300-\U0001faff]")
"""Emoji, but not the notes of music."""

_TECHNICAL: Final = frozenset("<>{}|#=*_^`")
"""What nobody writes into a subtitle where the source has it not."""

_ENDING: Final = re.compile(r"[.!?。؟।]\s*(?:END|EOF|EOS)\W*$")
_DASH: Final = re.compile(r"\s[-–—]\s")
_BARE_NUMBER: Final = re.compile(r"\W{0,2}\d{1,5}\s+(?=[^\W\d])|[.!?。؟।]\s*(?!1\b)\d{1,5}\W*$")
_LETTER: Final = re.compile(r"\W{0,2}[a-z]{1,3}:\s")
_BULLET: Final = re.compile(r"[-–—•*]\s")
_COUNTS: Final = frozenset({"numbers", "time", "measure", "day", "night"})
"""Things that a translation may write in figures: twelve, noon, a dozen."""

_LONGEST_LABEL: Final = 60
_NAME_STEM: Final = 6


def remarks(
    source: str, answer: str, pair: tuple[str, str], spoken: str = ""
) -> list[tuple[str, bool]]:
    """What in an answer has no ground in its source, and whether that is certain.

    `pair` are the languages of source and answer; `spoken` is the whole sentence where the source
    is but one cue of it.
    """
    spoken = spoken or source
    said, found = plain(spoken), plain(answer)
    reasons = []
    worded = about_the_task(said, found, pair)
    one = Pair(plain(source), found, pair, said)
    signs = is_remark(one)
    if signs is None:
        signs = worded is not None or talks_on(one)
    if worded or signs:
        reasons.append((REFUSAL, bool(worded)))
    if _has_label(said, found, pair):
        reasons.append((LABEL, False))
    if _has_note(said, found, pair):
        reasons.append((NOTE, False))
    if _has_marks(spoken, answer):
        reasons.append((MARKS, False))
    return reasons


def _has_label(source: str, answer: str, pair: tuple[str, str]) -> bool:
    if _COUNTED.match(answer) and not re.search(r"[\d:–—-]", source):
        return True
    numbered = _NUMBERED.match(answer)
    if numbered and numbered[1] not in re.findall(r"\d+", source):
        number, mark = int(numbered[1]), numbered[2]
        ordinal = mark == "." and number <= _LAST_DAY
        if not (ordinal and base(pair[1]) in _ORDINALS) and not (mark == ":" and ":" in source):
            return True
    if _BARE_NUMBER.search(answer) and _has_no_number(source, pair):
        return True
    return ":" not in source and _has_named_label(source, answer, pair)


def _has_named_label(source: str, answer: str, pair: tuple[str, str]) -> bool:
    """Whether a word for a text, a language or an answer stands before a colon or a dash."""
    if _LETTER.match(answer) or label_pattern(pair[1]).match(answer):
        return True
    before, colon, rest = answer.partition(":")
    dash = not colon and re.search(r"[-–—]", source) is None and _DASH.search(answer)
    if dash:
        before, rest = answer[: dash.start()], answer[dash.end() :]
        return label_pattern(pair[1]).match(f"{before}:{rest}") is not None
    named = features(before, pair[1]) - features(source, pair[0])
    about = {"task", "object"} & named or any(name in before for name in _names(pair[1]))
    return bool(colon and len(before) <= _LONGEST_LABEL and about)


def _has_no_number(source: str, pair: tuple[str, str]) -> bool:
    """Whether a source surely has no number, in figures or in words."""
    if not has_concepts(pair) or re.search(r"\d", source):
        return False
    return not _COUNTS & shared("", source, pair[::-1]).new


@functools.cache
def _names(code: str) -> tuple[str, ...]:
    """How the beginning of a language's name is written in the language itself, and in English."""
    known = LANGUAGES[base(code)]
    return tuple(plain(name)[:_NAME_STEM] for name in (known.english, known.native))


@functools.cache
def label_pattern(code: str) -> re.Pattern[str]:
    """A label such as "Translation:" or the language's name before a text in a language."""
    known = [LANGUAGES[code], LANGUAGES[base(code)]]
    names = [name.lower() for one in known for name in (one.english, one.native)]
    own = [re.escape(normalize("NFKC", name)) for name in names]
    labels = [patterns(one)["label"].pattern for one in (code, "en") if "label" in patterns(one)]
    one = "|".join([*labels, *own])
    return re.compile(
        rf"[\W_]{{0,3}}(?:{one})(?:\s*\(?(?:{'|'.join(own)})\)?)?(?:\s*#?\d+)?"
        r"[\W_]{0,3}[:：=]"
        r"(?:(?![¡¿(\[{])[\W_]){0,3}",
        re.IGNORECASE,
    )


def note_pattern(code: str) -> re.Pattern[str] | None:
    """How a note begins in a language; None where that is not known."""
    return patterns(code).get("note")


def _has_note(source: str, answer: str, pair: tuple[str, str]) -> bool:
    bracketed = re.search(r"[(\[{【]", source) is not None
    if not bracketed and "note" not in features(source, pair[0]):
        notes = (note_pattern(code) for code in (pair[1], "en"))
        if any(note and note.search(answer) for note in notes):
            return True
    if not bracketed and any(
        letters(match[1]) not in letters(source) for match in _BRACKETS.finditer(answer)
    ):
        return True
    if not bracketed and _BRACKETS.fullmatch(answer.strip(" .")):
        return True
    if _LISTED.search(answer) and not re.search(r"\d", source):
        return True
    return bool(_ARROWS.search(answer) and not re.search(r"->|=>|→|/", source))


def _has_marks(source: str, answer: str) -> bool:
    tag = _TAGS.search(answer)
    return any(
        (
            "\\" in answer and "\\" not in source,
            _ENTITY.search(answer) and "&" not in source,
            _SCRAPS.search(answer) and not re.search(r"[\"{\[“”]|[-=~_]{2}", source),
            PICTURE.search(answer) and not PICTURE.search(source),
            (_TECHNICAL & {*answer}) - {*source},
            _ENDING.search(answer) and not _ENDING.search(source),
            _BULLET.match(answer) and not re.match(r"\W*[-–—•*]", source),
            tag is not None and tag[0].strip()[0] not in source,
        )
    )
