"""What is no file, or none that can be meant, is named; nobody waits for it."""

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest

from vat.errors import ConfigError
from vat.jobs.given_files import read_given, read_given_text
from vat.planning.sheets import read_list, read_sheet
from vat.translate.glossary import read_terms
from vat.translate.people import read_people


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def a_huge_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


WRONG: Final[Mapping[str, tuple[Callable[[Path], object], str]]] = MappingProxyType(
    {
        "pipe": (os.mkfifo, "no file"),
        "socket": (a_socket, r"No such device|no file"),
        "folder": (Path.mkdir, "no file|Is a directory"),
        "device": (lambda path: path.symlink_to("/dev/zero"), "no file"),
        "huge": (a_huge_file, "too large"),
        "away": (lambda path: path.symlink_to("nowhere"), "No such file"),
    }
)


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("read", [read_list, read_sheet])
def test_what_is_no_list_is_one_sentence(
    read: Callable[[Path], Any], kind: str, tmp_path: Path
) -> None:
    make, reason = WRONG[kind]
    make(tmp_path / "v.tsv")
    with pytest.raises(ConfigError, match=rf"v\.tsv' cannot be read: .*({reason})"):
        list(read(tmp_path / "v.tsv"))


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("read", [read_terms, read_people])
def test_what_is_no_table_is_one_sentence(
    read: Callable[[list[Path]], Any], kind: str, tmp_path: Path
) -> None:
    make, reason = WRONG[kind]
    make(tmp_path / "v.tsv")
    with pytest.raises(ConfigError, match=rf"v\.tsv' cannot be read: .*({reason})"):
        read([tmp_path / "v.tsv"])


def test_a_text_has_no_mark_and_plain_ends_of_lines(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes("\ufeffé\r\nb\rc\n".encode())
    assert read_given_text(file) == "é\nb\nc\n"
    assert read_given(file).endswith(b"c\n")
