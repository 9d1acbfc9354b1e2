"""Terms and how each must be translated."""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final
from unicodedata import normalize

from vat.errors import ConfigError
from vat.jobs.given_files import read_given_text
from vat.languages import base, letters
from vat.translate.written_language import words

COLUMNS: Final = ("source", "target", "note")
_STEM_FROM: Final = 5
_PRIVATE_USE: Final = 0xF0000
"""From here on, characters are nobody's."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the spoken language and its translation; `target` may hold several, as "a|b"."""

    source: str
    target: str
    note: str = ""

    @property
    def targets(self) -> list[str]:
        """The translations that are allowed."""
        return [one.strip() for one in self.target.split("|") if one.strip()]


def glossary_names(video: str | None, language: str) -> list[list[str]]:
    """The files of a glossary folder: that for all videos, and that for one, if one is named.

    Of each, the first that there is: zh.tsv serves zh-tw where there is no zh-tw.tsv.
    """
    codes = dict.fromkeys((language, base(language)))
    scopes = ["", *([f"{video}."] if video else [])]
    return [[f"{scope}{code}.tsv" for code in codes] for scope in scopes]


def read_terms(files: Iterable[str | Path]) -> list[Term]:
    """The terms of tab-separated files with the columns source, target and note.

    A later file wins over an earlier one; a row without a target is not decided and left out.

    Raises:
        ConfigError: naming the file and what is wrong with it.
    """
    found: dict[str, Term] = {}
    for file in files:
        for term in _read(Path(file)):
            found[term.source] = term
    return [term for term in found.values() if term.targets]


def _read(file: Path) -> list[Term]:
    try:
        text = normalize("NFC", read_given_text(file))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", error)
        raise ConfigError(f"The glossary '{file}' cannot be read: {reason}.") from error
    rows = csv.DictReader(text.split("\n"), delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        return _terms(file, rows)
    except csv.Error as error:
        raise ConfigError(
            f"The glossary '{file}', line {rows.line_num}, cannot be read: {error}."
        ) from error


def _terms(file: Path, rows: "csv.DictReader[str]") -> list[Term]:
    if not {"source", "target"} <= set(rows.fieldnames or ()) <= set(COLUMNS):
        raise ConfigError(
            f"The glossary '{file}' needs the columns source and target, and may have a column"
            " note; separate them with tabs and name them in its first line."
        )
    terms = []
    for row in rows:
        if None in row:
            raise ConfigError(f"The glossary '{file}', line {rows.line_num}, has too many columns.")
        term = Term(*((row.get(column) or "").strip() for column in COLUMNS))
        terms += [term] if term.source else []
    return terms


def write_terms(terms: Iterable[Term]) -> str:
    """The terms as a file that `read_terms` reads."""
    rows = [COLUMNS, *(astuple(term) for term in terms)]
    return "".join("\t".join(" ".join(cell.split()) for cell in row) + "\n" for row in rows)


def digest(terms: Sequence[Term]) -> str:
    """Changes whenever a term does; empty for none."""
    if not terms:
        return ""
    text = json.dumps([astuple(term) for term in terms], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def terms_in(text: str, terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms that a text holds, the longer ones first; no character serves two of them.

    A term in small letters is found in any case; one with capitals as it is written, or in a text
    that has capitals only.
    """
    found, rest = [], normalize("NFC", text)
    for term in sorted(terms, key=lambda one: (-len(one.source), one.source)):
        left = _pattern(term.source, text).sub("\0", rest)
        if left != rest:
            found.append(term)
            rest = left
    return tuple(found)


def replace_terms(part: str, text: str, terms: Sequence[Term]) -> str:
    """A part of a text with the first translations in place of the terms that the text holds."""
    held = terms_in(text, terms)
    # A mark for each first, so that no term is found in the translation of another.
    part = normalize("NFC", part)
    for mark, term in enumerate(held, _PRIVATE_USE):
        part = _pattern(term.source, text).sub(chr(mark), part)
    for mark, term in enumerate(held, _PRIVATE_USE):
        part = part.replace(chr(mark), term.targets[0])
    return part


def _pattern(source: str, text: str) -> re.Pattern[str]:
    exact = source != source.lower() and not text.isupper()
    begin = r"(?<!\w)" if _is_bounded(source[0]) else ""
    end = r"(?!\w)" if _is_bounded(source[-1]) else ""
    body = r"\s+".join(map(re.escape, normalize("NFC", source).split()))
    return re.compile(begin + body + end, 0 if exact else re.IGNORECASE)


def _is_bounded(character: str) -> bool:
    """Whether words that begin or end with it are separated from others by blanks."""
    return character.isalnum() and ord(character) < 0x2E80 and not "\u0e00" <= character <= "\u0eff"


def missing_terms(source: str, answer: str, terms: Sequence[Term]) -> list[Term]:
    """The terms of the source whose translation is not in the answer."""
    return [
        term
        for term in terms_in(source, terms)
        if not any(_appears(target, answer) for target in term.targets)
    ]


def _appears(target: str, answer: str) -> bool:
    """Whether a term is there, with whatever ending its words have."""
    if letters(target) in letters(answer):
        return True
    found = [word.casefold() for word in words(answer)]
    return all(
        any(one.startswith(_stem(word.casefold())) for one in found) for word in words(target)
    )


def _stem(word: str) -> str:
    return word if len(word) < _STEM_FROM else word[: max(_STEM_FROM - 1, len(word) * 2 // 3)]
