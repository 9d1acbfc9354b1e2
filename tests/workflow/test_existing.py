"""Subtitles that exist are used: no speech is recognised, and nothing translated again."""

import json
from pathlib import Path

import pytest

from tests.helpers.media import ffmpeg
from tests.helpers.subtitle_site import Site
from tests.helpers.workflow import Workflow, demo, silent_video
from vat.media.probe import opened

SRT = (
    "1\n00:00:00,507 --> 00:00:02,013\nthe old man sees a house\n\n"
    "2\n00:00:03,001 --> 00:00:05,999\n{\\an8}every red answer is about nothing that we see\n"
)
CHINESE = "1\n00:00:00,507 --> 00:00:05,999\n这位老人看见了一座房子，我们都知道这件事。\n"
HEARD = {"extract_audio", "separate", "split", "asr_chunk", "merge"}


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """One video with a sidecar, one with a track, and one with a target's sidecar besides."""
    folder = tmp_path / "in"
    for name in ("beside", "both"):
        silent_video(folder / f"{name}.mp4", 8)
        (folder / f"{name}.en.srt").write_text(SRT)
    (folder / "both.zh.srt").write_text(CHINESE)
    bare = silent_video(tmp_path / "bare.mp4", 8)
    inputs = ["-i", bare, "-i", folder / "beside.en.srt", "-map", "0", "-map", "1", "-c", "copy"]
    ffmpeg(*inputs, "-c:s", "srt", "-metadata:s:s:0", "language=eng", folder / "inside.mkv")
    return folder


def cues(file: Path) -> list[tuple[float, float, int]]:
    record = json.loads(file.read_text("utf-8"))
    return [(cue["start"], cue["end"], cue.get("position", 0)) for cue in record["cues"]]


def test_nothing_is_heard_and_what_exists_is_not_translated(
    workflow: Workflow, videos: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    command = demo("--config", f"videos={videos}")
    planned = workflow(run, *command, "-n")
    assert planned.jobs() == {
        "all": 1,
        "download": 3,
        "existing_subtitles": 4,
        "translate": 2,
        "embed": 3,
        "deliver": 3,
    }, planned.output
    assert "its speech is not recognised (subtitles.source: auto)" in planned.output
    assert "not translated into zh again (subtitles.existing: keep)" in planned.output

    done = workflow(run, *command)
    assert done.status == 0, done.output
    for name in ("beside", "inside"):
        (source,) = run.glob(f"results/{name}-*/subtitles/source.json")
        expected = [(0.507, 2.013, 0), (3.001, 5.999, 8)]
        assert cues(source) == cues(source.with_name("zh.json")) == expected
        assert r"{\an8}" in source.with_name("zh.ass").read_text("utf-8")
        assert source.with_name("source.check.json").is_file()
    assert "老人" in (run / "results/delivery/both.zh.srt").read_text("utf-8")
    assert workflow(run, *command).jobs() == {}

    # A sidecar that changes is read again, and what follows from it made anew.
    sidecar = videos / "beside.en.srt"
    sidecar.write_text(SRT.replace("02,013", "02,113"))
    jobs = workflow(run, *command, "-n").jobs()
    assert jobs == {"all": 1, "existing_subtitles": 1, "translate": 1, "embed": 1, "deliver": 1}


def test_whoever_wants_it_has_speech_recognised(
    workflow: Workflow, videos: Path, tmp_path: Path
) -> None:
    config = f"videos={videos}", "subtitles={source: asr, existing: replace}"
    jobs = workflow(tmp_path, *demo("-n", "--config", *config)).jobs()
    assert set(jobs) >= HEARD
    assert jobs["translate"] == 3
    assert "existing_subtitles" not in jobs
    refused = workflow(
        tmp_path, *demo("-n", "--config", f"videos={videos}", "subtitles={source: track}")
    )
    assert refused.status != 0
    assert "has no track in en with all that is said" in refused.output
    assert "Traceback" not in refused.output


def languages_of(video: Path) -> list[str]:
    """The language of each stream of subtitles."""
    with opened(video) as container:
        return [one.metadata.get("language", "") for one in container.streams.subtitles]


@pytest.fixture
def both_ways(videos: Path, tmp_path: Path) -> Path:
    """A folder of two videos that have English and Chinese: one as files, one as tracks."""
    folder = tmp_path / "two"
    folder.mkdir()
    for suffix in ("mp4", "en.srt", "zh.srt"):
        (folder / f"files.{suffix}").write_bytes((videos / f"both.{suffix}").read_bytes())
    inputs: list[str | Path] = []
    for suffix in ("mp4", "en.srt", "zh.srt"):
        inputs += ["-i", videos / f"both.{suffix}"]
    named = ["-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=chi"]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-c", "copy", "-c:s", "srt"]
    ffmpeg(*inputs, *maps, *named, folder / "tracks.mkv")
    return folder


@pytest.mark.parametrize(
    ("existing", "translated", "chinese"),
    [
        ("keep", 0, {"files": 1, "tracks": 1}),
        ("replace", 2, {"files": 1, "tracks": 1}),
        ("both", 2, {"files": 2, "tracks": 2}),
    ],
)
def test_what_becomes_of_a_target_that_exists(
    workflow: Workflow,
    both_ways: Path,
    tmp_path: Path,
    existing: str,
    translated: int,
    chinese: dict[str, int],
) -> None:
    run = tmp_path / "run"
    command = demo("--config", f"videos={both_ways}", f"subtitles={{existing: {existing}}}")
    done = workflow(run, *command)
    assert done.status == 0, done.output
    assert done.jobs().get("translate", 0) == translated
    assert not HEARD & done.jobs().keys()
    for name, count in chinese.items():
        (video,) = run.glob(f"results/{name}-*/{name}-*.mkv")
        tracks = languages_of(video)
        assert tracks.count("zho") + tracks.count("chi") == count, tracks
        (cues_file,) = run.glob(f"results/{name}-*/subtitles/zh.srt")
        # The tiny translator says something else than whoever wrote the file.
        assert ("老人看见了一座房子，我们都知道" in cues_file.read_text("utf-8")) == (
            existing == "keep"
        )
    assert workflow(run, *command).jobs() == {}


def test_subtitles_of_a_site_spare_the_recognition(workflow: Workflow, tmp_path: Path) -> None:
    site = Site(tmp_path)
    command = demo("--config", f"videos={site.url}")
    try:
        done = workflow(tmp_path / "run", *command)
        assert done.status == 0, done.output
        assert not HEARD & done.jobs().keys()
        (source,) = tmp_path.glob("run/results/*/subtitles/source.json")
        assert cues(source) == [(0.0, 0.9, 0), (1.0, 1.9, 0)]
        summary = json.loads((tmp_path / "run/results/summary.json").read_text("utf-8"))
        assert summary["videos"][0]["name"].startswith("A talk")
    finally:
        site.close()
    # What the site has told holds where it cannot be reached.
    assert "Nothing to be done" in workflow(tmp_path / "run", *command).output
