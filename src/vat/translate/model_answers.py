"""What of a language model's answer can be taken, and what is wrong with the rest."""

import json
import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final
from unicodedata import category

from vat.subtitles.lines import one_line
from vat.translate.almost_json import objects
from vat.translate.integrity import begins

MISSING = "it has no translation"
MOVED = "the translation of another subtitle may stand in its place"
BESIDE = "a subtitle beside it has no translation, so the two may be merged"
_LONGEST_ID: Final = 20
_DEEPEST: Final = 4
_TRANSLATION: Final = ("translation", "translated", "translated_text", "text", "target")
_NUMBER: Final = ("id", "number", "index", "key", "n")
"""Names that models give to the parts of an entry, whatever they were told."""

_KEY: Final = re.compile(r"(?:(?:subtitle|line|cue)[ _-]?|[#(\[])?(\d{1,20})[.)\]]?", re.IGNORECASE)
_ESCAPED: Final = re.compile(r'\{\s*\\"')
_QUOTE: Final = '"'
_THOUGHT_ENDS: Final = re.compile(
    r"</(?:think|thinking|thought|reasoning)>|\[/THINK\]|<\|channel\|>final<\|message\|>"
    r"|<channel\|>|<\|end_of_thought\|>",
    re.IGNORECASE,
)
"""What stands between the thoughts of a model and its answer."""


def read_answer(
    answer: str, asked: Mapping[int, str], *, echo: bool
) -> tuple[dict[int, str], dict[int, str]]:
    """The usable translations in an answer, and a reason for each one that is not; both by id.

    `asked` has the source text of every id, in order. With `echo` each translation must be proved
    by the first words of its source. Without, a gap or an invented number spoils the whole answer:
    all texts after it may have moved. A single subtitle needs no proof.
    """
    found = _record(answer, asked)
    record = {str(_id(key)) if _id(key) in asked else key: value for key, value in found.items()}
    proof = echo and len(asked) > 1
    entries = {at: _entry(record.get(str(at))) for at in asked}
    faults = {at: MISSING for at, (text, _) in entries.items() if not text}
    invented = any(_is_invented(key, asked) for key in record)
    if not proof and len(asked) > 1 and (faults or invented):
        return {}, dict.fromkeys(asked, MOVED) | faults
    if proof:
        moved = {
            at: MOVED
            for at, (text, said) in entries.items()
            if text and not begins(said, asked[at])
        }
        faults = moved | faults
    order = list(asked)
    for before, after in pairwise(order):
        for one, other in ((before, after), (after, before)):
            if faults.get(other) == MISSING:
                faults.setdefault(one, BESIDE)
    return {at: text for at, (text, _) in entries.items() if at not in faults}, faults


def _is_invented(key: str, asked: Container[int]) -> bool:
    # Python reads no more than some thousand digits as a number.
    return key.isdecimal() and (len(key) > _LONGEST_ID or int(key) not in asked)


def _entry(value: Any) -> tuple[str, str]:
    """Translation and echo of one entry, whether it came as an object or as a text."""
    if isinstance(value, str):
        return clean(value), ""
    if isinstance(value, Mapping):
        texts = [value[name] for name in _TRANSLATION if name in value]
        return clean(texts[0] if texts else None), clean(value.get("begins"))
    return "", ""


def _record(answer: str, asked: Collection[int]) -> Mapping[str, Any]:
    """The entries of an answer by number, whatever is said around them; empty where there are none.

    Where several objects have all that was asked for, the last one counts: models draft before they
    answer. Otherwise they are parts of one answer, as of one object a line; what two of them say
    differently is left out.
    """
    best: dict[str, Any] = {}
    for spoken in _spoken(answer):
        found = [one for object_ in objects(spoken) for one in _records(object_)]
        found = [one for one in found if _coverage(one, asked)]
        if not found:
            continue
        most = max(_coverage(one, asked) for one in found)
        whole = next(one for one in reversed(found) if _coverage(one, asked) == most)
        joined = _joined(found)
        parted = most < len(asked) and _coverage(joined, asked) >= most
        record = joined if parted else whole
        if _coverage(record, asked) > _coverage(best, asked):
            best = record
    return best


def _spoken(answer: str) -> Iterator[str]:
    """What follows the last thought, then all; for a subtitle may hold the sign of a thought."""
    ends = [match.end() for match in _THOUGHT_ENDS.finditer(answer)]
    yield from (answer[end:] for end in dict.fromkeys([*ends[-1:], *ends[:1]]))
    yield answer
    if _ESCAPED.search(answer):
        # An object that was written as a text, with or without the quotation marks of one.
        try:
            inner = json.loads(f'"{answer.strip().strip(_QUOTE)}"', strict=False)
        except ValueError:
            return
        yield inner


def _records(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The objects in an object, and its lists of entries that name their numbers, as objects."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield value
        if not isinstance(value.get("translation"), str):
            for one in value.values():
                yield from _records(one, depth + 1)
    if isinstance(value, list):
        entries = [one for one in value if isinstance(one, dict)]
        yield from ({key: one} for one in entries if (key := _number(one)))
        for one in entries:
            yield from _records(one, depth + 1)
    elif depth == 0 and (key := _number(value)):
        yield {key: value}


def _number(entry: Mapping[str, Any]) -> str:
    """The number that an entry gives itself, empty for none."""
    if not any(name in entry for name in _TRANSLATION):
        return ""
    named = [entry[name] for name in _NUMBER if isinstance(entry.get(name), str | int)]
    return str(named[0]) if named else ""


def _joined(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for one in found:
        for key, value in one.items():
            joined[key] = value if joined.get(key, value) == value else None
    return joined


def _coverage(record: Mapping[str, Any], asked: Container[int]) -> int:
    return sum(1 for key, value in record.items() if value and _id(key) in asked)


def _id(key: str) -> int:
    """The number in a key, which may be written as in "subtitle 7" or "#7"; -1 for none."""
    digits = _KEY.fullmatch(key.strip())
    return int(digits[1]) if digits else -1


def clean(text: object) -> str:
    """The text on one line; blank if it is none, or has halves of characters, as no file can."""
    if not isinstance(text, str) or any("\ud800" <= character <= "\udfff" for character in text):
        return ""
    return one_line("".join(" " if category(one) == "Cc" and one != "\n" else one for one in text))
