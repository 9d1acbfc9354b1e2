"""Who is in a video: names with gender and a note, as a table that a user may correct."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

from vat.errors import ConfigError
from vat.files import Record
from vat.speech.speaker_names import cell, known_gender, read_rows

COLUMNS: Final = ("name", "gender", "note")
MOST_PEOPLE: Final = 40
"""So many are shown to a model at once: a film has fewer who matter, and each costs tokens."""


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
    said = [cell(one) for one in (name, gender, note)]
    return Person(said[0], known_gender(said[1]), said[2]) if said[0] else None


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
    return [_row(*one) for one in read_rows(file, "people", COLUMNS[:1], COLUMNS)]


def _row(place: str, row: Mapping[str, str]) -> Person:
    found = person(row["name"], row.get("gender"), row.get("note"))
    if found is None:
        raise ConfigError(f"{place} has no name.")
    if (row.get("gender") or "").strip() and not found.gender:
        raise ConfigError(f"{place} has an unknown gender; write female, male, other or nothing.")
    return found
