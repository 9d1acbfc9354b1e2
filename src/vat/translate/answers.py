"""What of a language model's answer can be taken, and what is wrong with the rest."""

import json
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final
from unicodedata import category

from vat.subtitles.lines import one_line
from vat.translate.integrity import begins

MISSING = "it has no translation"
MOVED = "the translation of another subtitle may stand in its place"
BESIDE = "a subtitle beside it has no translation, so the two may be merged"
_LONGEST_ID: Final = 20


def read_answer(
    answer: str, asked: Mapping[int, str], *, echo: bool
) -> tuple[dict[int, str], dict[int, str]]:
    """The usable translations in an answer, and a reason for each one that is not; both by id.

    `asked` has the source text of every id, in order. With `echo` each translation must be proved
    by the first words of its source. Without, a gap or an invented number spoils the whole answer:
    all texts after it may have moved. A single subtitle needs no proof.
    """
    record = _record(answer)
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
        return clean(value.get("translation")), clean(value.get("begins"))
    return "", ""


def _record(answer: str) -> Mapping[str, Any]:
    """The JSON object in an answer, whatever is said around it; empty where there is none."""
    # Some models think aloud first; but a subtitle may hold the sign of it, too.
    for spoken in (answer, answer.partition("</think>")[2], answer.rpartition("</think>")[2]):
        begin, end = spoken.find("{"), spoken.rfind("}")
        try:
            record = json.loads(spoken[begin : end + 1], object_pairs_hook=_unambiguous)
        except (ValueError, RecursionError):
            continue
        if isinstance(record.get("subtitles"), dict):
            record = record["subtitles"]
        return dict(record)
    return {}


def _unambiguous(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object without the keys that it has twice."""
    count = Counter(key for key, _ in pairs)
    return {key: value for key, value in pairs if count[key] == 1}


def clean(text: object) -> str:
    """The text on one line; blank if it is none, or has halves of characters, as no file can."""
    if not isinstance(text, str) or any("\ud800" <= character <= "\udfff" for character in text):
        return ""
    return one_line("".join(" " if category(one) == "Cc" else one for one in text))
