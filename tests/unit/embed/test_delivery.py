"""Finished videos lie under their own names, and nothing of anyone else's is touched."""

import os
import shutil
from pathlib import Path

import pytest

from vat.embed.delivery import deliver
from vat.errors import EmbedError
from vat.planning.delivery_names import delivery_names
from vat.planning.sources import Video
from vat.subtitles.formats import write_track
from vat.subtitles.track import Track
from vat.timeline import Cue


def video(source: str, folder: str = "", remote: bool = False) -> Video:
    return Video("s", source, remote, None, "auto", ("zh",), True, None, folder)


def names(**videos: Video) -> dict[str, str | None]:
    return delivery_names({slug.replace("_", "-"): one for slug, one in videos.items()})


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The results of one video with subtitles in two languages."""
    folder = tmp_path / "results" / "a-0123abcd"
    for name, code in (("zh", "zh"), ("source", "en")):
        files = [folder / "subtitles" / f"{name}.{end}" for end in ("json", "srt", "vtt", "ass")]
        write_track(Track(code, [Cue(1, 0, 1, f"in {code}")]), *files)
    (folder / "a-0123abcd.mkv").write_bytes(b"video")
    return folder


def put(results: Path, name: str | None = "a", **more: object) -> list[str]:
    options: dict[str, object] = {
        "video": results / "a-0123abcd.mkv",
        "subtitles": [results / "subtitles" / f"{code}.json" for code in ("zh", "source")],
        "source_name": "a.mp4",
        "copy": False,
        "endings": ["srt"],
        "edits": results.parent / "edits",
    }
    return deliver(results.parent / "delivery", results.name, name, **options | more)  # type: ignore[arg-type]


def test_names_keep_the_folders() -> None:
    assert names(x=video("/in/a b.mp4", "."), y=video("/in/sub/c.d.mkv", "sub")) == {
        "x": "a b",
        "y": "sub/c.d",
    }


def test_equal_names_stay_apart() -> None:
    found = names(
        a_1=video("/in/a.mp4", "."),
        a_2=video("/in/A.mov", "."),
        b_3=video("/one/b.mp4", "."),
        b_4=video("/two/b.mp4", "."),
        c_5=video("/in/c.mp4", "."),
        c_6=video("/in/sub/c.mp4", "sub"),
    )
    assert found == {
        "a-1": "a.mp4",
        "a-2": "A.mov",
        "b-3": "b [3]",
        "b-4": "b [4]",
        "c-5": "c",
        "c-6": "sub/c",
    }
    assert len({str(name).casefold() for name in found.values()}) == len(found)


def test_a_name_that_another_one_would_take() -> None:
    found = names(a=video("/in/a.mp4", "."), b=video("/in/a.mov", "."), c=video("/x/a.mp4.mkv"))
    assert len({str(name).casefold() for name in found.values()}) == 3


def test_a_remote_video_is_named_later() -> None:
    assert names(x=video("https://host/a.mp4", remote=True)) == {"x": None}


@pytest.mark.parametrize("copy", [False, True])
def test_video_and_sidecars_are_there(results: Path, copy: bool) -> None:
    delivered = put(results, "sub/a b", copy=copy, endings=["srt", "ass"])
    folder = results.parent / "delivery"
    ends = ("en.ass", "en.srt", "mkv", "zh.ass", "zh.srt")
    assert delivered == [f"sub/a b.{end}" for end in ends]
    assert (folder / "sub/a b.mkv").read_bytes() == b"video"
    assert "in zh" in (folder / "sub/a b.zh.srt").read_text()
    assert all((folder / name).is_symlink() != copy for name in delivered)


def test_links_survive_a_move(results: Path, tmp_path: Path) -> None:
    put(results)
    moved = results.parent.rename(tmp_path / "elsewhere")
    assert (moved / "delivery" / "a.mkv").read_bytes() == b"video"


def test_links_lead_out_of_a_folder_that_is_a_link(results: Path, tmp_path: Path) -> None:
    (tmp_path / "disk" / "deep" / "delivery").mkdir(parents=True)
    (results.parent / "delivery").symlink_to(tmp_path / "disk" / "deep" / "delivery")
    put(results)
    assert (results.parent / "delivery" / "a.mkv").read_bytes() == b"video"


def test_another_delivery_replaces_its_own_files_only(results: Path) -> None:
    folder = results.parent / "delivery"
    put(results, endings=["srt", "vtt"])
    (folder / "mine.txt").write_text("mine")
    assert put(results, "b", copy=True) == ["b.en.srt", "b.mkv", "b.zh.srt"]
    there = sorted(path.name for path in folder.iterdir())
    assert there == [".vat", "b.en.srt", "b.mkv", "b.zh.srt", "mine.txt"]


def test_a_strangers_file_is_left_alone(results: Path) -> None:
    folder = results.parent / "delivery"
    folder.mkdir()
    (folder / "a.mkv").write_text("mine")
    (folder / "a [0123abcd].zh.srt").mkdir()
    for _ in range(2):
        with pytest.raises(EmbedError, match="in the way"):
            put(results)
    (folder / "a [0123abcd].zh.srt").rmdir()
    assert "a [0123abcd].mkv" in put(results)
    assert (folder / "a.mkv").read_text() == "mine"


def test_a_name_that_went_to_another_video_is_left_to_it(results: Path) -> None:
    folder = results.parent / "delivery"
    other = results.with_name("b-4567cdef")
    shutil.copytree(results, other)
    put(results, copy=True)
    for name in ("a.mkv", "a.zh.srt", "a.en.srt"):
        (folder / name).unlink()
    (other / "a-0123abcd.mkv").write_bytes(b"other")
    theirs = put(other, video=other / "a-0123abcd.mkv", copy=True)
    put(results, copy=True)
    put(results, "elsewhere", copy=True)
    assert (folder / next(name for name in theirs if name.endswith("mkv"))).read_bytes() == b"other"


def test_a_name_that_two_videos_were_delivered_as_is_removed_by_neither(results: Path) -> None:
    put(results, copy=True)
    (results.parent / "delivery/.vat/b-4567cdef.json").write_text('["a.mkv"]')
    assert put(results, copy=True)[1] == "a [0123abcd].mkv"
    assert (results.parent / "delivery/a.mkv").read_bytes() == b"video"


def test_a_folder_in_place_of_a_delivered_file_is_left_alone(results: Path) -> None:
    folder = results.parent / "delivery"
    put(results)
    for name in ("a.mkv", "a.zh.srt"):
        (folder / name).unlink()
        (folder / name).mkdir()
    assert "a [0123abcd].mkv" in put(results)
    put(results, "b")
    assert (folder / "a.mkv").is_dir()
    assert (folder / "a.zh.srt").is_dir()


@pytest.mark.parametrize("place", [".", ".vat", "sub", "sub/deep"])
def test_a_file_in_place_of_a_folder_is_named(results: Path, place: str) -> None:
    file = results.parent / "delivery" / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("mine")
    with pytest.raises(EmbedError, match=rf"delivery{'' if place == '.' else '/' + place}' is in"):
        put(results, "sub/deep/a")
    assert file.read_text() == "mine"


def test_a_file_in_place_of_an_earlier_folder_is_left_alone(results: Path) -> None:
    put(results, "sub/a")
    shutil.rmtree(results.parent / "delivery/sub")
    (results.parent / "delivery/sub").write_text("mine")
    assert "a.mkv" in put(results)
    assert (results.parent / "delivery/sub").read_text() == "mine"


def test_a_folder_in_place_of_the_record_is_named(results: Path) -> None:
    (results.parent / "delivery/.vat" / f"{results.name}.json").mkdir(parents=True)
    with pytest.raises(EmbedError, match="in the way"):
        put(results)


@pytest.mark.parametrize(
    ("source_name", "stem"),
    [
        ("talk.mp4", "talk"),
        ("St. Louis / Part 1.5", "St. Louis _ Part 1.5"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "video"),
        ("a\nb\x00", "a_b_"),
    ],
)
def test_a_remote_title_is_a_safe_name(results: Path, source_name: str, stem: str) -> None:
    assert f"{stem} [0123abcd].mkv" in put(results, None, source_name=source_name)
    assert {path.name for path in results.parent.iterdir()} == {results.name, "delivery"}


@pytest.mark.parametrize(
    "name", ["y" * 250, "测" * 83, "-dash", "new\nline", "{braces} 100%", "caf\udce9"]
)
def test_any_name_can_be_delivered(results: Path, name: str) -> None:
    delivered = put(results, name, copy=True)
    assert len(delivered) == 3
    assert all(one.startswith(name) or "[0123abcd]" in one for one in delivered)
    assert all(len(os.fsencode(Path(one).name)) <= 255 for one in delivered)


def test_subtitles_alone(results: Path) -> None:
    assert put(results, video=None) == ["a.en.srt", "a.zh.srt"]


def test_two_tracks_of_one_language_are_both_there(results: Path) -> None:
    files = [results / "subtitles" / f"source.{end}" for end in ("json", "srt", "vtt", "ass")]
    write_track(Track("zh", [Cue(1, 0, 1, "spoken")]), *files)
    assert put(results) == ["a.mkv", "a.source.zh.srt", "a.zh.srt"]


def test_a_subtitle_file_that_was_changed_meanwhile_is_kept(results: Path) -> None:
    put(results, "talk", copy=True)
    folder = results.parent / "delivery"
    delivered = folder / "talk.zh.srt"
    delivered.write_text("mine")
    put(results, "talk", copy=True)
    assert delivered.read_text() != "mine"
    assert (folder / "talk.zh.edited-1.srt").read_text() == "mine"

    delivered.write_text("taken over")
    (results.parent / "edits").mkdir()
    (results.parent / "edits/zh.srt").write_text("taken over")
    put(results, "talk", copy=True)
    assert not (folder / "talk.zh.edited-2.srt").exists()


def test_files_with_the_times_of_words_are_delivered(results: Path) -> None:
    spoken = results / "subtitles" / "source.json"
    words = [spoken.with_name(f"source.words.{ending}") for ending in ("vtt", "ass")]
    for path in words:
        path.write_text("words")
    found = put(results, endings=["srt", "words.vtt", "words.ass"], words=[spoken, *words])
    assert found == ["a.en.srt", "a.en.words.ass", "a.en.words.vtt", "a.mkv", "a.zh.srt"]
    assert put(results) == ["a.en.srt", "a.mkv", "a.zh.srt"]
