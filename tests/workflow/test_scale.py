"""Many videos: what is planned when some are done, and in which order they are finished."""

import re
import shutil
from pathlib import Path

import pytest

from tests.helpers.workflow import Workflow, demo, silent_video

CHAIN = {"separate", "split", "asr_chunk", "merge", "translate", "embed", "deliver"}


def test_decoded_audio_is_gone_when_all_is_done(finished_demo: Path) -> None:
    assert list(finished_demo.glob("results/*/speech.flac"))
    assert not list(finished_demo.glob("results/*/audio.flac"))


@pytest.mark.parametrize(
    ("stage", "rerun"),
    [
        ("asr_chunk", CHAIN - {"separate", "split"}),
        ("embed", {"embed", "deliver"}),
        ("separate", {"extract_audio", *CHAIN}),
    ],
)
def test_audio_that_is_gone_is_decoded_only_to_be_separated(
    finished_demo: Path, workflow: Workflow, tmp_path: Path, stage: str, rerun: set[str]
) -> None:
    raised = f"from vat.stages import VERSIONS\nVERSIONS[{stage!r}] += 1\n"
    (tmp_path / "sitecustomize.py").write_text(raised)
    run = workflow(finished_demo, *demo("-n"), PYTHONPATH=str(tmp_path))
    assert set(run.jobs()) - {"all"} == rerun


def test_videos_added_to_finished_ones_are_all_that_is_planned(
    finished_demo: Path, workflow: Workflow, tmp_path: Path
) -> None:
    for name in ("new.mp4", "newer.mp4"):
        silent_video(tmp_path / name, 25)
    run = workflow(finished_demo, *demo("-n", "--config", f"videos=['demo', '{tmp_path}']"))
    expected = dict.fromkeys(CHAIN | {"download", "extract_audio"}, 2)
    assert run.jobs() == expected | {"asr_chunk": 4, "translate": 2, "all": 1}


def test_jobs_of_earlier_videos_come_first(workflow: Workflow, tmp_path: Path) -> None:
    for name in ("c.mp4", "a.mp4", "b.mp4"):
        silent_video(tmp_path / "in" / name, 10)
    run = workflow(tmp_path, *demo("-n", "--config", "videos=in"))
    blocks = run.output.split("\nrule ")[1:]
    found = {
        (video, priority)
        for block in blocks
        for video in re.findall(r"video=([abc])-", block)
        for priority in re.findall(r"priority: (\d+)", block)
    }
    assert found == {("a", "3"), ("b", "2"), ("c", "1")}


def test_models_are_fetched_first_and_no_audio_waits_for_them(
    workflow: Workflow, tmp_path: Path
) -> None:
    for name in ("a.mp4", "b.mp4"):
        silent_video(tmp_path / "in" / name, 10)
    run = workflow(tmp_path, *demo("-n", "--config", "videos=in", "separate={model: kim}"))
    fetch, *decode = re.findall(
        r"rule (?:fetch_model|extract_audio):\n(.*?)\n\[", run.output, re.DOTALL
    )
    assert "priority: 3" in fetch
    assert len(decode) == 2
    model = re.search("output: (.*)", fetch)
    assert model
    assert all(model[1] in job.splitlines()[0] for job in decode)


def test_a_batch_is_a_part_of_the_videos(workflow: Workflow, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4", "d.mp4"):
        silent_video(tmp_path / "in" / name, 10)
    arguments = demo("-n", "--config", "videos=in")
    run = workflow(tmp_path, *arguments, "--batch", "all=1/2")
    assert run.jobs()["embed"] == 2, run.output


def test_a_folder_that_holds_its_videos_can_be_moved(workflow: Workflow, tmp_path: Path) -> None:
    first = tmp_path / "first"
    silent_video(first / "in" / "talk.mp4", 10)
    arguments = demo("--config", "videos=in", "separate={enabled: false}", "--until", "separate")
    assert workflow(first, *arguments).status == 0
    shutil.copytree(first, tmp_path / "second", symlinks=True)
    shutil.rmtree(first)
    run = workflow(tmp_path / "second", *arguments, "-n")
    assert run.status == 0, run.output
    assert re.search(r"^total +0$", run.output, re.MULTILINE), run.output
