"""Speakers are looked for only where that is asked for; then every result tells who speaks."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.voice_encoder import make_encoder
from tests.helpers.workflow import Workflow, demo


@pytest.fixture
def run(finished_demo: Path, tmp_path: Path) -> Path:
    """A folder in which the demo has been run, for one test alone."""
    directory = tmp_path / "run"
    shutil.copytree(finished_demo, directory, symlinks=True)
    return directory


def wanted(directory: Path, **options: Any) -> list[str]:
    """The command line of the same run with speakers."""
    encoder = directory / "pretrained.pt"
    section = {"enabled": True, "model": str(encoder), **options}
    return demo("--config", f"speakers={json.dumps(section)}")


def texts(directory: Path, video: str, track: str) -> list[str]:
    path = directory / f"results/{video}/subtitles/{track}.json"
    return [cue["text"] for cue in json.loads(path.read_text("utf-8"))["cues"]]


def made(directory: Path) -> dict[str, bytes]:
    """The results of all videos, byte for byte; no .mkv, since each has a number by chance."""
    folders = [path.parent for path in directory.glob("results/*/media.json")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files = [path for path in files if path.suffix != ".mkv"]
    return {str(path.relative_to(directory)): path.read_bytes() for path in sorted(files)}


@pytest.mark.long
def test_without_speakers_results_are_what_they_were(workflow: Workflow, run: Path) -> None:
    before = made(run)
    assert not [name for name in before if "speaker" in name]
    tracks = [said for name, said in before.items() if name.endswith((".json", ".vtt", ".ass"))]
    assert tracks
    assert not [said for said in tracks if b"speaker" in said or b"<v " in said]
    make_encoder(run / "pretrained.pt")
    assert workflow(run, *wanted(run)).status == 0
    assert made(run) != before
    again = workflow(run, *demo())
    assert again.status == 0, again.output
    assert not {"speakers", "asr_chunk", "split"} & {*again.jobs()}
    after = made(run)
    assert [name for name in before if after.get(name) != before[name]] == []


@pytest.mark.long
def test_every_result_tells_who_speaks(workflow: Workflow, run: Path) -> None:
    videos = sorted(path.parent.name for path in run.glob("results/*/media.json"))
    before = {video: texts(run, video, "source") for video in videos}
    assert not [*run.glob("results/*/speakers.*")]
    make_encoder(run / "pretrained.pt")
    planned = workflow(run, *wanted(run), "-n")
    assert planned.jobs()["speakers"] == len(videos), planned.output
    assert not {"asr_chunk", "split", "separate", "extract_audio"} & {*planned.jobs()}
    (run / "speakers").mkdir()
    (run / "speakers/speakers.tsv").write_text("label\tname\tgender\nS1\tAnn\tf\n", "utf-8")
    done = workflow(run, *wanted(run, prefix=True))
    assert done.status == 0, done.output
    for video in videos:
        folder = run / f"results/{video}"
        transcript = json.loads((folder / "transcript.json").read_text("utf-8"))
        assert {word["speaker"] for word in transcript["words"]} == {"S1"}
        assert transcript["speakers"][0]["name"] == "Ann"
        assert texts(run, video, "source") == before[video]
        assert (folder / "speakers.rttm").read_text("utf-8").startswith(f"SPEAKER {video} 1 ")
        for track in ("source", "zh"):
            files = folder / "subtitles"
            count = len(texts(run, video, track))
            assert (files / f"{track}.vtt").read_text("utf-8").count("<v Ann>") == count
            assert (files / f"{track}.srt").read_text("utf-8").count("\nAnn: ") == count
            assert (files / f"{track}.ass").read_text("utf-8").count(",Default,Ann,") == count
        assert "Ann" in (run / f"results/report/{video}.html").read_text("utf-8")
        assert (run / f"resources/voices/videos/{video}.json").is_file()
    # The delivered files with names are taken for no corrections.
    assert workflow(run, *wanted(run, prefix=True)).jobs() == {}

    # Another name is put in without listening again.
    (run / "speakers/speakers.tsv").write_text("label\tname\nS1\tAnna\n", "utf-8")
    renamed = workflow(run, *wanted(run, prefix=True))
    assert renamed.status == 0, renamed.output
    assert not {"speakers", "asr_chunk", "separate"} & {*renamed.jobs()}
    said = (run / f"results/{videos[0]}/subtitles/zh.srt").read_text("utf-8")
    assert "\nAnna: " in said
