"""Who the speakers are: a table of their labels with names, as a user fills it in."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

from vat.errors import ConfigError
from vat.files import Record
from vat.jobs.given_files import read_given_text

COLUMNS: Final = ("label", "name", "gender", "note")

_LONGEST: Final = 200
_GENDERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("f", "female", "woman", "girl", "she", "she/her", "weiblich", "女"), "female"),
    **dict.fromkeys(("m", "male", "man", "boy", "he", "he/him", "männlich", "男"), "male"),
    **dict.fromkeys(("other", "nonbinary", "non-binary", "they", "they/them"), "other"),
}


@dataclass(frozen=True, slots=True)
class Speaker(Record):
    """Who has a label; what is not known is empty. `gender` is female, male or other."""

    label: str
    name: str = ""
    gender: str = ""
    note: str = ""

    @property
    def shown(self) -> str:
        """What viewers are told: the name, or else the label."""
        return self.name or self.label


def cell(said: Any) -> str:
    """What somebody wrote into a cell of a table, on one line and not too long."""
    return normalize("NFC", " ".join(str(said or "").split())[:_LONGEST])


def known_gender(said: str) -> str:
    """female, male or other for what somebody wrote; empty for anything else."""
    return _GENDERS.get(said.casefold().rstrip("."), "")


def speaker_files(folder: Path, video: str) -> list[Path]:
    """The tables of a folder that concern a video: that for all videos first."""
    files = (folder / "speakers.tsv", folder / f"{video}.speakers.tsv")
    return [file for file in files if file.is_file()]


def blank_table(labels: Iterable[str]) -> str:
    """A table with labels alone, for a user to fill in."""
    rows = [COLUMNS, *((label, *[""] * (len(COLUMNS) - 1)) for label in labels)]
    return "".join("\t".join(row) + "\n" for row in rows)


def read_speakers(files: Iterable[Path]) -> list[Speaker]:
    """The speakers of tab-separated files with the columns label, name, gender and note.

    A later file wins over an earlier one.

    Raises:
        ConfigError: naming the file and what is wrong with it.
    """
    found = dict[str, Speaker]()
    for file in files:
        for place, row in read_rows(file, "speakers", COLUMNS[:1], COLUMNS):
            said = [cell(row.get(column)) for column in COLUMNS]
            if not said[0]:
                raise ConfigError(f"{place} has no label.")
            gender = known_gender(said[2])
            if said[2] and not gender:
                raise ConfigError(
                    f"{place} has an unknown gender; write female, male, other or nothing."
                )
            found[said[0]] = Speaker(said[0], said[1], gender, said[3])
    return list(found.values())


def read_rows(
    file: Path, of: str, needed: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The rows of a tab-separated table, each with how its place is named to people.

    Raises:
        ConfigError: naming the file and what is wrong with it.
    """
    named = f"The table of {of} '{file}'"
    try:
        text = read_given_text(file)
        rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
        if not {*needed} <= set(rows.fieldnames or ()) <= {*columns}:
            others = [one for one in columns if one not in needed]
            raise ConfigError(
                f"{named} needs the column {needed[0]}, and may have the columns"
                f" {', '.join(others[:-1])} and {others[-1]}; separate them with tabs and name them"
                " in its first line."
            )
        for row in rows:
            place = f"{named}, line {rows.line_num},"
            if None in row:
                raise ConfigError(f"{place} has too many columns.")
            yield place, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", error)
        raise ConfigError(f"{named} cannot be read: {reason}.") from error
