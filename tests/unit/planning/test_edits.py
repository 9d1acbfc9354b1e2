"""Corrections are found, and a damaged record of one video stops nobody."""

import os
from pathlib import Path

import pytest

from vat.planning.edits import EditedTracks, restored_ids
from vat.speech.speaker_names import Speaker
from vat.subtitles.formats import write_track
from vat.subtitles.generated_versions import EditFolder
from vat.subtitles.track import Track
from vat.timeline import Cue

VIDEO = "a-0123abcd"


def edited(here: Path) -> EditedTracks:
    tracks = {VIDEO: ["zh", "source"]}
    return EditedTracks(here, here / "results", tracks, {VIDEO: "en"}, {VIDEO: ["zh"]}, ["srt"])


@pytest.mark.parametrize("record", ["{", "3", "[1]", ""])
def test_a_damaged_record_of_a_delivery_hides_no_correction(tmp_path: Path, record: str) -> None:
    (tmp_path / f"results/{VIDEO}").mkdir(parents=True)
    (tmp_path / f"results/{VIDEO}/delivery.json").write_text(record)
    copy = tmp_path / f"edits/{VIDEO}/zh.srt"
    copy.parent.mkdir(parents=True)
    copy.write_text("1\n00:00:01,000 --> 00:00:02,000\nmine\n")
    found = edited(tmp_path).find()
    assert [(key, edit.file) for key, edit in found.items()] == [((VIDEO, "zh"), copy)]


def test_the_spoken_language_may_be_called_by_its_code(tmp_path: Path) -> None:
    copy = tmp_path / f"edits/{VIDEO}/en.srt"
    copy.parent.mkdir(parents=True)
    copy.write_text("1\n00:00:01,000 --> 00:00:02,000\nmine\n")
    (edit,) = edited(tmp_path).find().values()
    assert edit.track == "source"
    edited(tmp_path).adopt(edit)
    assert (copy.parent / "source.srt").read_text() == copy.read_text()


def test_an_ending_may_be_written_in_capitals(tmp_path: Path) -> None:
    copy = tmp_path / f"edits/{VIDEO}/zh.SRT"
    copy.parent.mkdir(parents=True)
    copy.write_text("1\n00:00:01,000 --> 00:00:02,000\nmine\n")
    (edit,) = edited(tmp_path).find().values()
    edited(tmp_path).adopt(edit)
    assert [one.name for one in copy.parent.iterdir()] == ["zh.SRT"]
    assert EditFolder(copy.parent).edit("zh") == copy


def test_what_is_put_back_from_quarantine_is_an_id_a_line(tmp_path: Path) -> None:
    assert restored_ids(tmp_path) == []
    (tmp_path / "restore.txt").write_text("ab12\r\n\n cd34\nab12\n")
    assert restored_ids(tmp_path) == ["ab12", "cd34"]


def test_a_file_with_names_of_speakers_is_no_correction(tmp_path: Path) -> None:
    cues = [Cue(1, 1, 2, "one", speakers=("S1",))]
    track = Track("zh", cues, "zh", speakers=(Speaker("S1", "Ann"),), prefix=True)
    files = {
        ending: tmp_path / f"results/{VIDEO}/subtitles/zh.{ending}"
        for ending in ("json", "srt", "vtt", "ass")
    }
    write_track(track, **files)
    said = files["srt"].read_text("utf-8")
    later = files["json"].stat().st_mtime_ns + 10**10
    os.utime(files["srt"], ns=(later, later))
    assert edited(tmp_path).find() == {}
    files["srt"].write_text(said.replace("Ann: one", "Ann: two"), "utf-8")
    os.utime(files["srt"], ns=(later, later))
    assert [*edited(tmp_path).find()] == [(VIDEO, "zh")]


def test_a_name_that_a_user_writes_where_none_were_written_is_found(tmp_path: Path) -> None:
    cues = [Cue(1, 1, 2, "one", speakers=("S1",))]
    track = Track("zh", cues, "zh", speakers=(Speaker("S1", "Ann"),))
    files = {
        ending: tmp_path / f"results/{VIDEO}/subtitles/zh.{ending}"
        for ending in ("json", "srt", "vtt", "ass")
    }
    write_track(track, **files)
    said = files["srt"].read_text("utf-8")
    assert "Ann" not in said
    files["srt"].write_text(said.replace("one", "Ann: one"), "utf-8")
    later = files["json"].stat().st_mtime_ns + 10**10
    os.utime(files["srt"], ns=(later, later))
    assert [*edited(tmp_path).find()] == [(VIDEO, "zh")]
