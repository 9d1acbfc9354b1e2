"""Which files belong to a video, and what their names tell."""

from pathlib import Path

import pytest

from vat.subtitles.sidecars import files_beside, sidecars_of

VIDEO = Path("in/Film (2020).mkv")


@pytest.mark.parametrize(
    ("name", "language", "marks"),
    [
        ("Film (2020).srt", None, ()),
        ("film (2020).EN.srt", "en", ()),
        ("Film (2020).eng.forced.srt", "en", ("forced",)),
        ("Film (2020).forced.eng.ass", "en", ("forced",)),
        ("Film (2020).en.sdh.vtt", "en", ("hearing_impaired",)),
        ("Film (2020).en.hi.srt", "en", ("hearing_impaired",)),
        ("Film (2020).hi.srt", "hi", ()),
        ("Film (2020).pt-BR.srt", "pt-br", ()),
        ("Film (2020).zh-Hans.srt", "zh-hans", ()),
        ("Film (2020).chs.srt", "zh-hans", ()),
        ("Film (2020).English.2.srt", "en", ()),
        ("Film (2020)_de.srt", "de", ()),
        ("Film (2020).en.sup", "en", ()),
    ],
)
def test_players_conventions(name: str, language: str | None, marks: tuple[str, ...]) -> None:
    (found,) = sidecars_of(VIDEO, [Path("in") / name])
    assert (found.language, found.marks) == (language, marks)


@pytest.mark.parametrize(
    "name",
    [
        "Film (2020) part two.srt",
        "Film (2020).trailer.en.srt",
        "Film (2020)x.srt",
        "Film (20).srt",
        "Film (2020).en.txt",
        "Another.en.srt",
    ],
)
def test_files_of_other_videos(name: str) -> None:
    assert sidecars_of(VIDEO, [Path("in") / name]) == []


def test_letters_that_a_disk_writes_in_two_parts() -> None:
    (found,) = sidecars_of(Path("Caf\u00e9.mp4"), [Path("Cafe\u0301.fr.srt")])
    assert found.language == "fr"


def test_folders_for_subtitles_are_searched(tmp_path: Path) -> None:
    (tmp_path / "Subs").mkdir()
    (tmp_path / "other").mkdir()
    for name in ("a.srt", "Subs/a.en.srt", "other/a.de.srt"):
        (tmp_path / name).touch()
    names = {str(one.relative_to(tmp_path)) for one in files_beside(tmp_path / "a.mp4")}
    assert names >= {"a.srt", "Subs/a.en.srt"}
    assert "other/a.de.srt" not in names
    assert list(files_beside(tmp_path / "none" / "a.mp4")) == []
