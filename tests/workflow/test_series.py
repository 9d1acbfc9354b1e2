"""A voice is one person in all videos of a folder, whichever finishes first."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.media import ffmpeg
from tests.helpers.voice_encoder import make_knowing_encoder
from tests.helpers.workflow import Workflow, demo
from vat.media.sound import SPEECH_RATE, Samples

SAID = {"ann": ("clean.mp4", 0), "bob": ("two tracks.mkv", 0), "eve": ("two tracks.mkv", 1)}
"""Whose voice each track of the demo's videos is here."""

QUICK = (
    "languages={targets: []}",
    "separate={enabled: false}",
    "embed={mode: none}",
    "delivery={how: none}",
)


@pytest.fixture(scope="module")
def voices(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Samples]:
    """What each of three people says in 24 s."""
    folder, found = tmp_path_factory.mktemp("voices"), dict[str, Samples]()
    for who, (video, track) in SAID.items():
        path = folder / f"{who}.wav"
        options = ["-map", f"0:a:{track}", "-ac", 1, "-ar", SPEECH_RATE, "-t", 24]
        ffmpeg("-i", root / "demo" / video, *options, path)
        found[who], _ = soundfile.read(path, dtype="float32")
    return found


def write_video(path: Path, *said: Samples) -> None:
    """A video in which people speak one after another."""
    sound, whole = path.with_suffix(".wav"), np.concatenate(said)
    soundfile.write(sound, whole, SPEECH_RATE)
    picture = f"testsrc2=s=64x48:r=5:d={len(whole) / SPEECH_RATE}"
    ffmpeg("-f", "lavfi", "-i", picture, "-i", sound, "-c:a", "flac", path)
    sound.unlink()


def turns(directory: Path, video: str) -> list[str]:
    """The labels of a video's speakers in the order of speaking."""
    (file,) = directory.glob(f"results/{video}-*/speakers.json")
    found = json.loads(file.read_text("utf-8"))["turns"]
    return [*dict.fromkeys(turn["speaker"] for turn in found)]


def named(directory: Path, video: str) -> list[str]:
    """The names in a video's subtitles, each once and in order."""
    (file,) = directory.glob(f"results/{video}-*/subtitles/source.vtt")
    said = [line for line in file.read_text("utf-8").splitlines() if line.startswith("<v ")]
    return [*dict.fromkeys(line[3 : line.index(">")] for line in said)]


@pytest.mark.long
def test_a_voice_has_one_name_in_all_videos_and_keeps_it(
    workflow: Workflow, voices: Mapping[str, Samples], tmp_path: Path
) -> None:
    videos, run, half = tmp_path / "videos", tmp_path / "run", 12 * SPEECH_RATE
    videos.mkdir()
    write_video(videos / "first.mkv", voices["ann"][:half], voices["bob"][:half])
    write_video(videos / "second.mkv", voices["eve"][:half], voices["ann"][half:])
    encoder = make_knowing_encoder(tmp_path / "pretrained.pt", [*voices.values()])
    section = {"enabled": True, "model": str(encoder), "across": True}
    command = demo("--config", f"videos={videos}", f"speakers={json.dumps(section)}", *QUICK)
    done = workflow(run, *command)
    assert done.status == 0, done.output
    ann, bob = turns(run, "first")
    eve, again = turns(run, "second")
    assert again == ann
    assert {ann, bob, eve} == {"S1", "S2", "S3"}

    (run / "speakers").mkdir()
    table = f"label\tname\n{ann}\tAnn\n{bob}\tBob\n{eve}\tEve\n"
    (run / "speakers/speakers.tsv").write_text(table, "utf-8")
    assert workflow(run, *command).status == 0
    assert (named(run, "first"), named(run, "second")) == (["Ann", "Bob"], ["Eve", "Ann"])

    # Cut anew, another one speaks first in each, and a rerun finds them in another order.
    write_video(videos / "first.mkv", voices["bob"][half:], voices["ann"][:half])
    write_video(videos / "second.mkv", voices["ann"][half:], voices["eve"][half:])
    done = workflow(run, *command)
    assert done.jobs()["speakers"] == 2, done.output
    assert (turns(run, "first"), turns(run, "second")) == ([bob, ann], [ann, eve])
    assert (named(run, "first"), named(run, "second")) == (["Bob", "Ann"], ["Ann", "Eve"])
