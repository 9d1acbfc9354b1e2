"""A user corrects subtitles: only what follows is made again, and no correction is lost."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.helpers.workflow import Workflow, demo

EMBED = {"all": 1, "edit": 1, "embed": 1, "deliver": 1}


@pytest.fixture
def run(finished_demo: Path, tmp_path: Path) -> Path:
    """A folder in which the demo has been run, for one test alone."""
    directory = tmp_path / "run"
    shutil.copytree(finished_demo, directory, symlinks=True)
    return directory


def video_of(directory: Path) -> str:
    return min(path.parent.name for path in directory.glob("results/*/media.json"))


def subtitles(directory: Path, video: str, track: str = "zh", place: str = "subtitles") -> Path:
    return directory / f"results/{video}/{place}/{track}.srt"


def correct(text: str, new: str = "我改过了") -> str:
    """The first subtitle with another text."""
    blocks = text.split("\n\n")
    number, times, *_ = blocks[0].split("\n")
    return "\n\n".join(["\n".join([number, times, new]), *blocks[1:]])


def test_a_correction_embeds_and_delivers_one_video_again(workflow: Workflow, run: Path) -> None:
    video = video_of(run)
    copy = run / f"edits/{video}/zh.srt"
    copy.parent.mkdir(parents=True)
    copy.write_text(correct(subtitles(run, video).read_text("utf-8")), "utf-8")
    mine = copy.read_bytes()
    done = workflow(run, *demo())
    assert done.status == 0, done.output
    assert done.jobs() == EMBED
    record = json.loads((run / f"results/{video}/delivery.json").read_text("utf-8"))
    (delivered,) = [run / "results/delivery" / name for name in record if name.endswith(".zh.srt")]
    assert "我改过了" in delivered.read_text("utf-8")
    report = json.loads((run / f"results/{video}/edited/zh.report.json").read_text("utf-8"))
    assert report == {"edits": 1, "conflicts": []}
    assert workflow(run, *demo()).jobs() == {}

    # Whatever is made anew, the correction stays and the user's file is only read.
    again = workflow(run, *demo("--forcerun", "translate", "deliver"))
    assert again.status == 0, again.output
    assert "我改过了" in delivered.read_text("utf-8")
    assert copy.read_bytes() == mine

    copy.unlink()
    undone = workflow(run, *demo())
    assert undone.jobs() == {"all": 1, "embed": 1, "deliver": 1}
    assert "我改过了" not in delivered.read_text("utf-8")


@pytest.mark.parametrize("how", ["result in place", "delivered file", "delivered copy"])
def test_a_file_that_was_corrected_where_it_lay_is_taken_over(
    workflow: Workflow, run: Path, how: str
) -> None:
    video = video_of(run)
    command = demo(*(["--config", "delivery={how: copy}"] if how == "delivered copy" else []))
    if how == "delivered copy":
        assert workflow(run, *command).status == 0
    record = json.loads((run / f"results/{video}/delivery.json").read_text("utf-8"))
    (delivered,) = [run / "results/delivery" / name for name in record if name.endswith(".zh.srt")]
    file = subtitles(run, video) if how == "result in place" else delivered
    text = correct(file.read_text("utf-8"))
    if how == "delivered file":
        file.unlink()
    file.write_text(text, "utf-8")
    os.utime(file, (time.time() + 5, time.time() + 5))
    assert not (run / "edits").exists()
    planned = workflow(run, *command, "-n")
    assert planned.jobs() == EMBED, planned.output
    assert not (run / "edits").exists()
    done = workflow(run, *command)
    assert done.status == 0, done.output
    assert (run / f"edits/{video}/zh.srt").read_text("utf-8") == text
    assert "taken over" in done.output
    assert "我改过了" in delivered.read_text("utf-8")
    assert workflow(run, *command).jobs() == {}


def test_copies_to_edit_change_nothing_until_they_are_edited(workflow: Workflow, run: Path) -> None:
    laid = workflow(run, *demo("--", "edits"))
    assert laid.status == 0, laid.output
    video = video_of(run)
    assert {path.name for path in (run / f"edits/{video}").glob("*.srt")} == {
        "zh.srt",
        "source.srt",
    }
    assert workflow(run, *demo("-n")).jobs() == {}
    source = run / f"edits/{video}/source.srt"
    source.write_text(correct(source.read_text("utf-8"), "the old man sees a house"), "utf-8")
    planned = workflow(run, *demo("-n")).jobs()
    assert planned == {"all": 1, "edit": 1, "translate": 1, "embed": 1, "deliver": 1}


def test_a_wrong_correction_fails_its_video_alone_and_is_named(
    workflow: Workflow, run: Path
) -> None:
    video = video_of(run)
    copy = run / f"edits/{video}/zh.srt"
    copy.parent.mkdir(parents=True)
    copy.write_text("1\n00:00:05,000 --> 00:00:01,000\nback\n", "utf-8")
    (copy.parent / "fr.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\noui\n", "utf-8")
    done = workflow(run, *demo("--retries", "0"))
    assert done.status != 0
    assert "line 2: the subtitle ends before it begins" in done.output
    assert "fr.srt' corrects nothing: the video has the tracks" in done.output
    assert "Traceback" not in done.output
