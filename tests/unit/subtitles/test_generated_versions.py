"""Corrections are merged with the generation that the user started from."""

from dataclasses import replace
from pathlib import Path

import pytest

from vat.speech.speaker_names import Speaker
from vat.subtitles.formats import to_srt
from vat.subtitles.generated_versions import EditFolder, with_edits
from vat.subtitles.track import Track
from vat.timeline import Cue


def track(*texts: str) -> Track:
    cues = [Cue(at, at * 2.0, at * 2.0 + 1, text) for at, text in enumerate(texts, 1)]
    return Track("en", cues, "en")


def texts(found: Track) -> list[str]:
    return [cue.text for cue in found.cues]


def save(folder: EditFolder, version: Track, ending: str = "srt") -> None:
    folder.path.mkdir(parents=True, exist_ok=True)
    (folder.path / f"en.{ending}").write_text(to_srt(version), "utf-8")


def test_a_correction_survives_a_later_model_and_the_conflict_is_told(tmp_path: Path) -> None:
    folder = EditFolder(tmp_path / "v")
    first, second = track("one", "two", "three"), track("eins", "two", "drei")
    assert folder.lay_out("en", first) == tmp_path / "v/en.srt"
    save(folder, track("one", "TWO", "THREE"))
    found = with_edits(second, "en", folder)
    assert texts(found.track) == ["eins", "TWO", "THREE"]
    assert [one.generated_now for one in found.conflicts] == ["drei"]
    assert found.edits == 2


def test_a_copy_of_a_later_generation_is_merged_with_that(tmp_path: Path) -> None:
    folder = EditFolder(tmp_path / "v")
    first, second, third = track("one", "two"), track("eins", "zwei"), track("uno", "zwei")
    folder.keep("en", first)
    folder.keep("en", second)
    save(folder, track("eins", "ZWEI"))
    assert texts(with_edits(third, "en", folder).track) == ["uno", "ZWEI"]


def test_no_generation_is_kept_twice_and_damaged_ones_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = EditFolder(tmp_path / "v")
    for _ in range(3):
        folder.keep("en", track("one"))
    assert len(folder.generations("en")) == 1
    (tmp_path / "v/.generated/en.7.json").write_text("{")
    (tmp_path / "v/.generated/en.odd.json").write_text("{")
    folder.keep("en", track("two"))
    assert len(folder.generations("en")) == 2
    assert (tmp_path / "v/.generated/en.8.json").exists()
    assert "en.7.json' is damaged" in caplog.text


def test_a_copy_is_laid_out_once_and_unchanged_ones_are_no_edits(tmp_path: Path) -> None:
    folder = EditFolder(tmp_path / "v")
    folder.lay_out("en", track("one"))
    assert not folder.is_changed("en", track("one").cues)
    assert folder.is_changed("en", track("two").cues)
    save(folder, track("mine"))
    assert folder.lay_out("en", track("one")) is None
    assert texts(with_edits(track("one"), "en", folder).track) == ["mine"]


def test_cues_that_overlap_are_shown_one_at_a_time_and_none_is_lost(tmp_path: Path) -> None:
    folder = EditFolder(tmp_path / "v")
    mine = track("one", "two", "three", "four")
    moved = [
        replace(cue, start=start, end=end)
        for cue, (start, end) in zip(mine.cues, [(1, 4), (3, 5), (3.1, 6), (8, 9)], strict=True)
    ]
    save(folder, Track("en", moved, "en"))
    found = with_edits(track("one"), "en", folder).track
    assert [(cue.start, cue.end, cue.text) for cue in found.cues] == [
        (1, 3, "one"),
        (3, 6, "two\nthree"),
        (8, 9, "four"),
    ]


def named(name: str, *texts: str) -> Track:
    cues = [replace(cue, speakers=("S1",)) for cue in track(*texts).cues]
    return replace(track(), cues=cues, speakers=(Speaker("S1", name),), prefix=True)


def test_the_names_of_speakers_are_no_correction(tmp_path: Path) -> None:
    folder = EditFolder(tmp_path / "v")
    folder.keep("en", named("Ann", "one", "two"))
    folder.path.mkdir(exist_ok=True)
    copy = folder.path / "en.srt"
    copy.write_text(to_srt(named("Ann", "one", "TWO"), prefix=True), "utf-8")
    assert "Ann: one" in copy.read_text("utf-8")
    # Since then, she has got another name.
    found = with_edits(named("Anna", "one", "two"), "en", folder)
    assert texts(found.track) == ["one", "TWO"]
    assert (found.edits, found.conflicts) == (1, [])
    assert [cue.speakers for cue in found.track.cues] == [("S1",)] * 2
    assert found.track.speakers == (Speaker("S1", "Anna"),)
    copy.write_text(to_srt(named("Anna", "one", "two"), prefix=True), "utf-8")
    assert with_edits(named("Anna", "one", "two"), "en", folder).edits == 0
    # A copy to edit is written without them.
    (tmp_path / "v/en.srt").unlink()
    folder.lay_out("en", named("Anna", "one"))
    assert "Anna" not in copy.read_text("utf-8")


def test_a_name_that_a_user_writes_where_none_were_written_is_a_correction(tmp_path: Path) -> None:
    folder = EditFolder(tmp_path / "v")
    plain = replace(named("Anna", "Hello."), prefix=False)
    folder.lay_out("en", plain)
    save(folder, track("Anna: Hello."))
    found = with_edits(plain, "en", folder)
    assert (texts(found.track), found.edits) == (["Anna: Hello."], 1)
    assert folder.is_changed("en", track("Anna: Hello.").cues)
    # From now on names are written; a copy with them is none.
    folder.keep("en", named("Anna", "Hello."))
    assert not folder.is_changed("en", track("Anna: Hello.").cues)


def test_a_version_is_kept_once_whether_names_are_written_or_not(tmp_path: Path) -> None:
    folder = EditFolder(tmp_path / "v")
    nobody = replace(track("one"), prefix=True)
    for version in (nobody, named("Anna", "one"), replace(named("Anna", "one"), prefix=False)):
        for _ in range(2):
            folder.keep("en", version)
    assert len(folder.generations("en")) == 3
