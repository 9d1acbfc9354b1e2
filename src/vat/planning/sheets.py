"""Sheets and lists of videos, as people and spreadsheet programs write them."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from vat.errors import ConfigError
from vat.jobs.given_files import read_given
from vat.languages import code_of
from vat.subtitles.encodings import encoding_of

SHEETS: Final = (".tsv", ".csv")
LISTS: Final = (".txt",)
SPREADSHEETS: Final = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
"""Endings of tables, of lists, and of what has to be saved as a table first."""

_SOURCE: Final = "source"
_SEPARATORS: Final = ",;\t"
_TOLD: Final = re.compile(r"sep=(.)", re.IGNORECASE)
"""A first line by which Excel is told what separates cells, and which it writes itself."""

_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"')
_DIGITS: Final = 10
_SEPARATE: Final = {"true": True, "yes": True, "false": False, "no": False, "auto": "auto"}
_FALLBACK: Final = "cp1252"

Row = tuple[int, dict[str, Any]]
"""The number of a line, and the cells that are not empty by their columns."""


def read_sheet(sheet: Path) -> Iterator[Row]:
    """The rows of a video sheet with their numbers in the file; empty cells are left out.

    Cells are separated by tabs in a .tsv file, else by what its first line shows: programs differ
    by country. Names of columns may have capitals.

    Raises:
        ConfigError: where the file is no table, or a row has cells in no column.
    """
    lines = _text(sheet, "video sheet").split("\n")
    told = _TOLD.fullmatch(lines[0].strip())
    tabs = sheet.suffix.lower() == ".tsv"
    separator = "\t" if tabs else told[1] if told else _separator(lines)
    rows = _plain(lines) if tabs else _quoted(lines, separator, sheet)
    columns: list[str] | None = None
    for number, cells in rows:
        if not any(cells) or (told and number == 1):
            continue
        if columns is None:
            columns = _columns(cells, sheet)
            continue
        if any(cells[len(columns) :]):
            raise ConfigError(
                f"Row {number} of the video sheet '{sheet.name}' has more cells than the first row;"
                ' put a text that has the separator in it into quotes ("Hello, world").'
            )
        filled = {key: text for key, text in zip(columns, cells, strict=False) if text}
        if None in filled or "" in filled:
            raise ConfigError(
                f"Row {number} of the video sheet '{sheet.name}' has a cell in a column without a"
                " name; name the column, or empty the cell."
            )
        yield number, {key: _cell(key, text) for key, text in filled.items()}


def read_list(file: Path) -> Iterator[Row]:
    """The lines of a list of paths and URLs, numbered, without empty ones and those after #.

    Quotes around a whole line are left out, as Windows puts them around a path that is copied.

    Raises:
        ConfigError: where the file is no text.
    """
    for number, line in enumerate(_text(file, "list of videos").split("\n"), 1):
        source = _unquoted(line.strip())
        if source and not source.startswith("#"):
            yield number, {_SOURCE: source}


def _text(file: Path, what: str) -> str:
    """The text of a file in UTF-8, or as old programs and those of Windows store it."""
    try:
        data = read_given(file)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode(encoding_of(data) or _FALLBACK).removeprefix("\ufeff")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(f"The {what} '{file}' cannot be read: {reason}.") from error
    if "\0" in text:
        raise ConfigError(f"The {what} '{file}' cannot be read: it is no text.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _separator(lines: Iterable[str]) -> str:
    head = next((line for line in lines if line.strip()), "")

    def names(separator: str) -> tuple[bool, int]:
        cells = [cell.strip().lower() for cell in next(csv.reader([head], delimiter=separator), [])]
        return _SOURCE in cells, len(cells)

    return max(_SEPARATORS, key=names)


def _plain(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, 1):
        yield number, [_unquoted(cell.strip()) for cell in line.split("\t")]


def _quoted(lines: Sequence[str], separator: str, sheet: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator, strict=True)
    number = 1
    try:
        for cells in reader:
            yield number, [cell.strip() for cell in cells]
            number = reader.line_num + 1
    except csv.Error as error:
        raise ConfigError(
            f"The video sheet '{sheet}' cannot be read from row {number} on: {error}; see whether"
            " a quotation mark is missing there."
        ) from error


def _columns(cells: Sequence[str], sheet: Path) -> list[str]:
    names = [cell.lower() for cell in cells]
    if _SOURCE not in names:
        raise ConfigError(
            f"The video sheet '{sheet.name}' has no column '{_SOURCE}' in its first row; name its"
            " columns there, or call it .txt where it only lists paths."
        )
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice:
        raise ConfigError(
            f"The video sheet '{sheet.name}' has two columns '{twice}'; remove or rename one."
        )
    return names


def _unquoted(cell: str) -> str:
    """A cell without the quotes that spreadsheet programs put around some; others stay."""
    match = _QUOTED.fullmatch(cell)
    return match[1].replace('""', '"').strip() if match else cell


def _cell(column: str, text: str) -> Any:
    """A cell as the schema wants it; what cannot be converted is left for the schema to refuse."""
    if column in ("targets", "language"):
        several = _languages(text)
        return several if column == "targets" or len(several) > 1 else text
    if column == "separate":
        return _SEPARATE.get(text.lower(), text)
    if column == "audio_track" and text.isdecimal() and len(text) < _DIGITS:
        return int(text)
    return text


def _languages(text: str) -> list[str]:
    """The languages that a cell lists, by commas or blanks; a name may have blanks of its own."""
    # Not where a comma is in brackets, as in "Chinese (Traditional, Taiwan)".
    parts = re.split(r"[,;](?![^(]*\))", text)
    if len(parts) == 1 and not code_of(text):
        parts = text.split()
    return [part.strip() for part in parts if part.strip()]
