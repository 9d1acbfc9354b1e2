"""Who is in a video: names with gender and a note, as a table that a user may correct."""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

from vat.errors import ConfigError
from vat.files import Record

COLUMNS: Final = ("name", "gender", "note")
MOST_PEOPLE: Final = 40
"""So many are shown to a model at once: a film has fewer who matter, and each costs tokens."""

_LONGEST: Final = 200
_GENDERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("f", "female", "woman", "girl", "she", "she/her", "weiblich", "女"), "female"),
    **dict.fromkeys(("m", "male", "man", "boy", "he", "he/him", "männlich", "男"), "male"),
    **dict.fromkeys(("other", "nonbinary", "non-binary", "they", "they/them"), "other"),
}


@dataclass(frozen=True, slots=True)
class Person(Record):
    """Someone who speaks or is spoken of; `gender` is female, male, other, or empty where unknown.

    `note` says who it is, and whatever else a translator should know, such as a form of address.
    """

    name: str
    gender: str = ""
    note: str = ""


def person(name: Any, gender: Any = "", note: Any = "") -> Person | None:
    """A person from what somebody wrote; None without a name. An unknown gender is left empty."""
    said = [" ".join(str(one or "").split())[:_LONGEST] for one in (name, gender, note)]
    known = _GENDERS.get(said[1].casefold().rstrip("."), "")
    return Person(normalize("NFC", said[0]), known, said[2]) if said[0] else None


def people_names(video: str | None) -> list[str]:
    """The files with people in a glossary folder: for all videos, and for one, if it is named."""
    return ["people.tsv", *([f"{video}.people.tsv"] if video else [])]


def read_people(files: Iterable[str | Path]) -> list[Person]:
    """The people of tab-separated files with the columns name, gender and note.

    A later file wins over an earlier one.

    Raises:
        ConfigError: naming the file and what is wrong with it.
    """
    found: list[Person] = []
    for file in files:
        found = joined(found, _read(Path(file)))
    return found


def joined(earlier: Iterable[Person], later: Iterable[Person]) -> list[Person]:
    """The people of both, in order; who is in both is as the later one says, where it says so."""
    found: dict[str, Person] = {}
    for one in (*earlier, *later):
        key = one.name.casefold()
        known = found.get(key, one)
        found[key] = Person(known.name, one.gender or known.gender, one.note or known.note)
    return list(found.values())


def write_people(people: Iterable[Person]) -> str:
    """The people as a file that `read_people` reads."""
    rows = [COLUMNS, *(astuple(one) for one in people)]
    return "".join("\t".join(" ".join(cell.split()) for cell in row) + "\n" for row in rows)


def people_digest(people: Sequence[Person]) -> str:
    """Changes whenever a person does; empty for none."""
    if not people:
        return ""
    text = json.dumps([astuple(one) for one in people], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _read(file: Path) -> list[Person]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
        if not {"name"} <= set(rows.fieldnames or ()) <= set(COLUMNS):
            raise ConfigError(
                f"The table of people '{file}' needs the column name, and may have the columns"
                " gender and note; separate them with tabs and name them in its first line."
            )
        return [_row(file, rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"The table of people '{file}' cannot be read: {error}.") from error


def _row(file: Path, line: int, row: Mapping[Any, Any]) -> Person:
    place = f"The table of people '{file}', line {line},"
    if None in row:
        raise ConfigError(f"{place} has too many columns.")
    found = person(row["name"], row.get("gender"), row.get("note"))
    if found is None:
        raise ConfigError(f"{place} has no name.")
    if (row.get("gender") or "").strip() and not found.gender:
        raise ConfigError(f"{place} has an unknown gender; write female, male, other or nothing.")
    return found
