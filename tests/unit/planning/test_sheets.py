"""Sheets and lists are read as people and programs leave them, or refused with the row."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.errors import ConfigError
from vat.planning.sheets import read_list, read_sheet

WANTED = {"source": "Été, 1.mp4", "title": "Größe"}


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("v.csv", 'source,title\n"Été, 1.mp4",Größe\n', "utf-8"),
        ("v.csv", 'source,title\r\n"Été, 1.mp4",Größe\r\n', "utf-8-sig"),
        ("v.csv", "source;title\r\nÉté, 1.mp4;Größe\r\n", "cp1252"),
        ("v.csv", 'source,title\r"Été, 1.mp4",Größe\r', "utf-8"),
        ("v.csv", "source\ttitle\r\nÉté, 1.mp4\tGröße\r\n", "utf-16"),
        ("v.tsv", 'source\ttitle\r\n"Été, 1.mp4"\tGröße\r\n', "utf-16"),
        ("v.csv", "sep=;\r\nsource;title\r\nÉté, 1.mp4;Größe\r\n", "utf-8-sig"),
        ("v.csv", "source;title;;\r\nÉté, 1.mp4;Größe;;\r\n;;;\r\n", "utf-8"),
        ("v.csv", '\n"Source";" TITLE "\n\nÉté, 1.mp4;Größe\n\n', "utf-8"),
        ("v.csv", "title;notes, of mine;source\nGröße;;Été, 1.mp4\n", "utf-8"),
        ("v.csv", "source;title;language\nÉté, 1.mp4;Größe\n", "utf-8"),
    ],
)
def test_a_sheet_is_read_however_it_was_saved(
    name: str, text: str, encoding: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(text.encode(encoding))
    ((_, cells),) = read_sheet(tmp_path / name)
    assert cells == WANTED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source,title\na.mp4,Hello, world\n", r"Row 2 .* more cells than the first row; .*quotes"),
        ("source,,title\na.mp4,x,T\n", r"Row 2 .* column without a name"),
        ("a.mp4\nb.mp4\n", r"no column 'source' in its first row; .*\.txt"),
        ("source,title,Title\na.mp4,x,y\n", r"two columns 'title'"),
        ('source,title\nb.mp4,\n"a.mp4,T\nb.mp4,U\n', r"from row 3 on: .* quotation mark"),
        ("source\na\0b\n", r"is no text"),
    ],
)
def test_a_sheet_that_may_be_misread_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text(text)
    with pytest.raises(ConfigError, match=message):
        list(read_sheet(tmp_path / "v.csv"))


def test_rows_are_numbered_as_they_stand_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text('source,title\n\na.mp4,"two\nlines"\nb.mp4,x\n')
    assert [number for number, _ in read_sheet(tmp_path / "v.csv")] == [3, 5]


@given(
    rows=st.lists(
        st.tuples(st.text(min_size=1), st.text()).filter(
            lambda row: (
                all("\0" not in one and one.isprintable() for one in row)
                and row[0].strip()
                and not row[0].strip().startswith("#")
            )
        ),
        max_size=5,
    ),
    separator=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_program_writes_is_read_back(
    rows: list[tuple[str, str]],
    separator: str,
    encoding: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    import csv
    import io

    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator)
    writer.writerows([("source", "title"), *rows])
    sheet = tmp_path_factory.mktemp("sheet") / "v.csv"
    sheet.write_bytes(written.getvalue().encode(encoding))
    found = [(cells["source"], cells.get("title", "")) for _, cells in read_sheet(sheet)]
    assert found == [(source.strip(), title.strip()) for source, title in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_list_is_read_however_it_was_saved(encoding: str, tmp_path: Path) -> None:
    lines = ["# mine", "Été.mp4", "", '"C:\\my films\\Größe.mp4"', " https://h/x.mp4#t=1 "]
    (tmp_path / "v.txt").write_bytes("\r\n".join(lines).encode(encoding))
    found = [(number, cells["source"]) for number, cells in read_list(tmp_path / "v.txt")]
    assert found == [(2, "Été.mp4"), (4, "C:\\my films\\Größe.mp4"), (5, "https://h/x.mp4#t=1")]
