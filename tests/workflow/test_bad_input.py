"""Silent, broken and wrong files: each has a clear outcome, and none stops the rest."""

import json
from pathlib import Path
from typing import Any

import av
import pytest

from tests.helpers.workflow import Run, Workflow, demo, silent_video

BROKEN = ("text.mp4", "empty.mp4", "cut.mp4", "gone.mkv")
BROKEN_OFF = "cut.mkv"
SPEECHLESS = ("silent.mp4", "no sound.mp4")


@pytest.fixture(scope="module")
def outcome(
    workflow: Workflow, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Run]:
    videos = tmp_path_factory.mktemp("mixed")
    disk = silent_video(tmp_path_factory.mktemp("disk") / "silent.mp4", 6)
    (videos / "silent.mp4").symlink_to(disk)
    silent_video(videos / "no sound.mp4", 6, sound=None)
    for name in ("cut.mp4", BROKEN_OFF):
        cut = silent_video(videos / name, 60, sound="anoisesrc=r=16000:a=0.1")
        cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    (videos / "text.mp4").write_text("This is no video.\n")
    (videos / "empty.mp4").touch()
    (videos / "gone.mkv").symlink_to("/nowhere/gone.mkv")
    directory = tmp_path_factory.mktemp("run")
    arguments = demo("--keep-going", "--retries", "0", "--config", f"videos={videos}")
    return directory, workflow(directory, *arguments)


def folders(directory: Path) -> dict[str, Path]:
    return {
        json.loads(path.read_text())["name"]: path.parent
        for path in directory.glob("results/*/media.json")
    }


def test_the_run_fails_and_names_each_broken_file(outcome: tuple[Path, Run]) -> None:
    _, run = outcome
    assert run.status != 0
    for name in BROKEN:
        assert name in run.output
    assert "Traceback" not in run.output


def test_the_log_of_a_dead_link_says_what_to_do(outcome: tuple[Path, Run]) -> None:
    directory, _ = outcome
    (log,) = directory.glob("logs/gone-*/download.log")
    assert "gone.mkv' cannot be read (No such file or directory); correct" in log.read_text()


def test_a_finished_video_whose_disk_is_away_is_not_begun_again(
    workflow: Workflow, outcome: tuple[Path, Run]
) -> None:
    directory, _ = outcome
    (source,) = directory.glob("results/silent-*/source")
    disk = source.resolve()
    away = disk.rename(disk.with_name("away.mp4"))
    run = workflow(directory, *demo("-n", "--config", f"videos={source.readlink().parent}"))
    away.rename(disk)
    assert run.status == 0, run.output
    assert run.jobs()["download"] == len(BROKEN)
    assert "'silent.mp4' cannot be read" in run.output


def test_a_broken_file_leaves_no_result(outcome: tuple[Path, Run]) -> None:
    directory, _ = outcome
    assert set(folders(directory)) == {*SPEECHLESS, BROKEN_OFF}


def test_a_recording_that_was_broken_off_is_taken_as_far_as_it_goes(
    outcome: tuple[Path, Run],
) -> None:
    directory, run = outcome
    folder = folders(directory)[BROKEN_OFF]
    media: Any = json.loads((folder / "media.json").read_text())
    assert 25 < media["duration"] < 35
    assert (folder / f"{folder.name}.mkv").stat().st_size > 0
    said = [line for line in run.output.splitlines() if line.startswith(f"WARNING {BROKEN_OFF}: ")]
    assert any("ends after 30" in line and "promises" in line for line in said), said


@pytest.mark.parametrize("name", SPEECHLESS)
def test_a_speechless_video_gets_empty_subtitles_and_a_valid_result(
    outcome: tuple[Path, Run], name: str
) -> None:
    directory, _ = outcome
    folder = folders(directory)[name]
    media: Any = json.loads((folder / "media.json").read_text())
    assert json.loads((folder / "subtitles/zh.json").read_text())["cues"] == []
    with av.open(str(folder / f"{folder.name}.mkv")) as container:
        assert len(list(container.decode(video=0))) == 30
        assert len(container.streams.audio) == (name == "silent.mp4")
        assert container.duration is not None
        assert abs(container.duration / av.time_base - media["duration"]) <= 0.2
