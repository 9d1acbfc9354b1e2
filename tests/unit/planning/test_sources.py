"""Which videos there are: folders, files, URLs, lists and sheets, whatever their names."""

from collections.abc import Callable, Sequence
from glob import escape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.errors import ConfigError
from vat.planning.config import SHEET_ROW, complete
from vat.planning.sources import Finder, Video, identity, slug

HOSTILE = [
    "plain.mp4",
    "with blanks  and\ttab.mp4",
    'it\'s "quoted".mp4',
    "[brackets] {braces} (parens).mp4",
    "-rf.mp4",
    "--help.mp4",
    "100% $HOME `id` ;ls&|.mp4",
    "测试 视频.mp4",
    "😀🎬.mp4",
    "новости.mkv",
    "a\nnewline.mp4",
    "x" * 200 + ".mp4",
    "<results>.mp4",
    "Plain.mp4",
    "plain.mkv",
]


@pytest.fixture
def find(root: Path, tmp_path: Path) -> Callable[..., dict[str, Video]]:
    def finder(
        videos: Any,
        expand: Callable[[str], Sequence[str]] = lambda url: [url],
        recall: Callable[[str, Any], Sequence[str]] = lambda key, look: look(),
        **sections: Any,
    ) -> dict[str, Video]:
        config = complete({"videos": videos, **sections})
        skip = [tmp_path / "results"]
        return Finder(config, SHEET_ROW, (tmp_path, root), skip, expand, recall).find()

    return finder


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_every_hostile_name_gets_its_own_readable_slug(find: Any, tmp_path: Path) -> None:
    touch(tmp_path / "in", *HOSTILE)
    videos = find("in")
    assert len(videos) == len(HOSTILE)
    for name, video in videos.items():
        assert slug(f"in/{Path(video.source).name}") == name == video.slug
        assert name.isascii()
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert len(name) <= 60
        assert Path(video.source).is_file()
    assert any(name.startswith("ceshi-shipin-") for name in videos)
    assert any(name.startswith("plain-") for name in videos)


def test_a_name_that_is_no_utf8_is_taken(find: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with open(bytes(tmp_path / "in") + b"/caf\xe9.mp4", "wb") as file:  # noqa: PTH123
        file.write(b"x")
    (video,) = find("in").values()
    assert Path(video.source).is_file()
    assert video.slug.startswith("caf-")


def test_a_slug_does_not_depend_on_other_videos(find: Any, tmp_path: Path) -> None:
    touch(tmp_path / "in", "a/talk.mp4")
    before = find("in", download={"recursive": True})
    touch(tmp_path / "in", "b/talk.mp4", "talk.mp4", "talk.mkv")
    after = find("in", download={"recursive": True})
    assert len(after) == 4
    assert set(before) <= set(after)


def test_a_file_has_one_slug_however_it_is_named(find: Any, tmp_path: Path) -> None:
    touch(tmp_path / "in", "talk.mp4")
    assert set(find("in")) == set(find("in/talk.mp4")) == set(find([str(tmp_path / "in/talk.mp4")]))
    assert len(find(["in", "in/talk.mp4"])) == 1


def test_a_project_folder_can_be_moved(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert identity(here / "in/a.mp4", [here]) == identity(there / "in/a.mp4", [there])
    assert identity(Path("/elsewhere/a.mp4"), [here]) == "/elsewhere/a.mp4"


def test_subfolders_are_searched_only_if_asked(find: Any, tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.mp4", "sub/b.webm", "notes.txt", ".hidden.mp4", ".cache/c.mp4")
    assert len(find("in")) == 1
    assert len(find("in", download={"recursive": True})) == 2


def test_files_can_be_left_out_of_a_folder(find: Any, tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.mp4", "a.part.mp4", "sub/b.mp4", "sub/c[1].mp4", "sub/B.mp4")

    def left(*patterns: str) -> set[str]:
        options = {"recursive": True, "exclude": list(patterns)}
        return {Path(video.source).name for video in find("in", download=options).values()}

    assert left("*.part.mp4") == {"a.mp4", "b.mp4", "c[1].mp4", "B.mp4"}
    assert left("sub/*", "a.part.*") == {"a.mp4"}
    assert left("b.mp4", escape("sub/c[1].mp4")) == {"a.mp4", "a.part.mp4", "B.mp4"}
    assert len(find("in/a.part.mp4", download={"exclude": ["*.part.mp4"]})) == 1
    with pytest.raises(ConfigError, match="contains no videos"):
        left("*")


def test_every_ending_of_videos_and_sound_is_found(
    find: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    videos = {"3g2", "dv", "wtv", "m2v", "m2t", "mod", "tod", "trp", "tp", "vro", "dvr-ms", "mpe"}
    videos |= {"mk3d", "qt", "ismv", "insv", "lrv", "360", "amv", "dvd", "gxf", "mxf", "roq"}
    sound = {"mp3", "m4a", "flac", "wav", "opus", "aac", "wma"}
    others = {"jpg", "heic", "txt", "nfo", "h264"}
    # Subtitles belong to videos and are no surprise.
    touch(tmp_path / "in", *(f"a.{end}" for end in (*videos, *sound, *others, "srt", "ass")))
    found = find("in").values()
    assert {Path(one.source).suffix[1:] for one in found} == videos | sound
    assert {Path(one.source).suffix[1:] for one in found if one.is_sound} == sound
    assert f"{len(others)} files in" in caplog.text


def test_the_folder_below_the_searched_one_is_known(find: Any, tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.mp4", "sub/deep/b.webm")
    found = find("in", download={"recursive": True}).values()
    assert [video.folder for video in found] == [".", "sub/deep"]
    assert [video.folder for video in find("in/sub/deep/b.webm").values()] == [""]


def test_results_are_not_taken_for_videos(find: Any, tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "results/a/a.mkv")
    assert len(find(".", download={"recursive": True})) == 1


def test_an_empty_folder_and_a_missing_one_are_named(find: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"'.*empty' contains no videos.*recursive"):
        find("empty")
    with pytest.raises(ConfigError, match="nowhere"):
        find("nowhere")


@pytest.mark.parametrize("target", ["/nowhere/gone.mkv", "a.mp4", "x" * 300])
def test_a_link_that_leads_nowhere_is_a_video_of_the_folder(
    find: Any, tmp_path: Path, target: str
) -> None:
    touch(tmp_path / "in", "b.mp4")
    (tmp_path / "in/a.mp4").symlink_to(target)
    assert [Path(video.source).name for video in find("in").values()] == ["a.mp4", "b.mp4"]


def test_what_is_remembered_of_a_folder_is_taken(find: Any, tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.mp4", "sub/b.mp4")
    asked: list[str] = []

    def recall(key: str, look: Callable[[], Sequence[str]]) -> Sequence[str]:
        asked.append(key)
        return [*look(), str(tmp_path / "in/gone.mp4")]

    names = [Path(video.source).name for video in find("in", recall=recall).values()]
    assert names == ["a.mp4", "gone.mp4"]
    names = [
        Path(video.source).name
        for video in find("in", recall=recall, download={"recursive": True}).values()
    ]
    assert names == ["a.mp4", "b.mp4", "gone.mp4"]
    assert len(set(asked)) == 2


def test_a_playlist_becomes_its_entries(find: Any) -> None:
    entries = ["https://example.org/watch?v=one", "https://example.org/watch?v=two"]
    videos = find("https://example.org/list", expand=lambda url: entries)
    assert [video.source for video in videos.values()] == entries
    assert all(video.remote for video in videos.values())
    assert [name.rsplit("-", 1)[0] for name in videos] == ["one", "two"]


def test_a_sheet_may_name_several_languages(find: Any, tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "b.mp4")
    rows = "source\tlanguage\na.mp4\ten, de\nb.mp4\tmulti\n"
    (tmp_path / "videos.tsv").write_text(rows)
    a, b = find("videos.tsv", languages={"source": "en", "targets": ["zh"]}).values()
    assert (a.language, a.languages, a.is_detected) == ("multi", ("en", "de"), True)
    assert (b.language, b.languages) == ("multi", ())


def test_a_sheet_overrides_single_videos(find: Any, tmp_path: Path) -> None:
    touch(tmp_path, "in/a.mp4", 'in/it\'s "b".mp4')
    (tmp_path / "videos.tsv").write_text(
        "source\ttitle\tlanguage\ttargets\tseparate\taudio_track\n"
        "in/a.mp4\tA talk\tfr\tde, ja\tfalse\t1\n"
        'in/it\'s "b".mp4\t\t\t\t\t\n'
        "https://example.org/c.mp4#t=1\t\tauto\t\tyes\t\n"
    )
    a, b, c = find("videos.tsv", languages={"source": "en", "targets": ["zh"]}).values()
    assert (a.title, a.language, a.targets, a.separate, a.audio_track) == (
        "A talk",
        "fr",
        ("de", "ja"),
        False,
        1,
    )
    assert (b.title, b.language, b.targets, b.separate, b.audio_track) == (
        None,
        "en",
        ("zh",),
        "auto",
        None,
    )
    assert (c.source, c.language, c.remote) == ("https://example.org/c.mp4#t=1", "auto", True)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.mp4\tmaybe\t", "row 2.*separate"),
        ("a.mp4\t\tminus one", "row 2.*audio_track"),
        ("missing.mp4\t\t", "missing.mp4"),
        ("a.mp4\t\t\na.mp4\tno\t", "listed twice"),
    ],
)
def test_a_wrong_row_is_named(find: Any, tmp_path: Path, row: str, message: str) -> None:
    touch(tmp_path, "a.mp4")
    (tmp_path / "v.tsv").write_text(f"source\tseparate\taudio_track\n{row}\n")
    with pytest.raises(ConfigError, match=message):
        find("v.tsv")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("v.csv", 'source,title\nin/a.mp4,"A, b"\n'),
        ("v.csv", '\ufeffsource;title\r\nin/a.mp4;"A, b"\r\n'),
        ("v.csv", "source\ttitle\nin/a.mp4\tA, b\n"),
        ("v.tsv", "\ufeffsource\ttitle\nin/a.mp4\tA, b\n"),
    ],
)
def test_sheets_of_spreadsheet_programs_are_read(
    find: Any, tmp_path: Path, name: str, text: str
) -> None:
    touch(tmp_path, "in/a.mp4")
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    (video,) = find(name).values()
    assert video.title == "A, b"


def test_a_file_of_a_spreadsheet_program_is_refused_with_what_to_do(
    find: Any, tmp_path: Path
) -> None:
    touch(tmp_path, "list.xlsx")
    with pytest.raises(ConfigError, match=r"'list\.xlsx' .* save it as CSV"):
        find("list.xlsx")


def test_a_list_of_paths_and_addresses_is_read(find: Any, tmp_path: Path) -> None:
    touch(tmp_path, "in/a b.mp4")
    lines = ["# mine", "in/a b.mp4", "", "  https://example.org/c.mp4  "]
    (tmp_path / "list.txt").write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    a, c = find("list.txt").values()
    assert Path(a.source).name == "a b.mp4"
    assert (c.source, c.remote) == ("https://example.org/c.mp4", True)
    for name, empty in (("list.txt", "# nothing yet\n\n"), ("sheet.tsv", "source\ttitle\n")):
        (tmp_path / name).write_text(empty)
        with pytest.raises(ConfigError, match=rf"{name}' names no videos"):
            find(name)
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"list\.txt"):
        find("list.txt")


def test_what_a_search_passes_over_is_counted(
    find: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path / "in", "a.mp4", "b.QT", "c.dvr-ms", *(f"{n}.xyz" for n in range(7)), ".d.xyz")
    assert len(find("in")) == 3
    (record,) = caplog.records
    assert "7 files" in record.getMessage()
    assert "0.xyz, 1.xyz" in record.getMessage()


@given(st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1))
def test_any_name_gives_a_valid_slug(name: str) -> None:
    made = slug(name)
    assert made.isascii()
    assert not made.startswith("-")
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert made == slug(name)


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("zh,ja", ("zh", "ja")),
        ("zh ja", ("zh", "ja")),
        ("zh-TW; jp", ("zh-tw", "ja")),
        ("Brazilian Portuguese", ("pt-br",)),
        ("Traditional Chinese, Brazilian Portuguese", ("zh-hant", "pt-br")),
    ],
)
def test_a_sheet_names_languages_as_people_do(
    find: Any, tmp_path: Path, cell: str, codes: tuple[str, ...]
) -> None:
    touch(tmp_path, "a.mp4")
    rows = f"source\tlanguage\ttargets\na.mp4\tEnglish\t{cell}\n"
    (tmp_path / "s.tsv").write_text(rows)
    (video,) = find("s.tsv").values()
    assert (video.language, video.targets) == ("en", codes)
