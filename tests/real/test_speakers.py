"""Who speaks, with the real voice encoder, real recordings and real recognition."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import soundfile

from benchmarks.dialogues import Dialogue, Said, talk, voices_of
from tests.helpers.media import ffmpeg
from tests.helpers.real_talks import RATE
from tests.helpers.real_weights import UnavailableError, voice_encoder
from tests.helpers.workflow import Workflow

MOST_WRONG = 0.05
"""Share of the words that may be given to a wrong speaker."""


@pytest.fixture(scope="module")
def encoder(root: Path) -> Path:
    """The weights of the voice encoder."""
    try:
        return voice_encoder(root / "resources")
    except UnavailableError as error:
        pytest.skip(f"no real weights: {error}")


@pytest.fixture(scope="module")
def recordings() -> Path:
    """The folder of the user's own clips."""
    folder = os.environ.get("REAL_SPEECH")
    if not folder:
        pytest.skip("REAL_SPEECH is not set")
    return Path(folder)


@pytest.fixture(scope="module")
def dialogues(recordings: Path) -> Mapping[str, Dialogue]:
    """Two people, over music, and one alone, in English."""
    english, _, beds = voices_of(recordings)
    names = [*english][-3:]
    two = {name: english[name] for name in names[:2]}
    return {
        "two": talk("two", two, 75, 11),
        "music": talk("music", two, 60, 12, beds["music"]),
        "one": talk("one", {names[2]: english[names[2]]}, 30, 13),
    }


def test_recognised_words_have_the_right_speaker(
    workflow: Workflow,
    models: Mapping[str, Path],
    encoder: Path,
    dialogues: Mapping[str, Dialogue],
    tmp_path: Path,
) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    for name, one in dialogues.items():
        soundfile.write(videos / f"{name}.wav", one.sound.clip(-1, 1), RATE)
        picture = f"color=s=64x48:r=5:d={one.seconds}"
        sound = ["-i", videos / f"{name}.wav", "-c:a", "flac", "-shortest"]
        ffmpeg("-f", "lavfi", "-i", picture, *sound, videos / f"{name}.mkv")
        (videos / f"{name}.wav").unlink()
    settings = tmp_path / "config.json"
    settings.write_text(json.dumps(config(videos, models["base"], encoder)))
    done = workflow(tmp_path, "--profile", "local-gpu", "--configfile", str(settings))
    assert done.status == 0, done.output
    for name, one in dialogues.items():
        (folder,) = (tmp_path / "results").glob(f"{name}-*")
        transcript = json.loads((folder / "transcript.json").read_text("utf-8"))
        assert len(transcript["speakers"]) == one.speakers, name
        words = transcript["words"]
        true = [speaker_at(one.turns, (word["start"] + word["end"]) / 2) for word in words]
        heard = [word["speaker"] for word in words]
        names = {label: most_common(label, heard, true) for label in {*heard}}
        wrong = sum(names[label] != who for label, who in zip(heard, true, strict=True))
        print(f"{name}: {wrong} of {len(words)} words have a wrong speaker")
        assert wrong <= MOST_WRONG * len(words), name
        cues = json.loads((folder / "subtitles/source.json").read_text("utf-8"))["cues"]
        assert all(len(cue["speakers"]) in (1, 2) for cue in cues)
        assert all(
            [line[:2] for line in cue["text"].splitlines()] == ["- ", "- "]
            for cue in cues
            if len(cue["speakers"]) == 2
        )


def config(videos: Path, model: Path, encoder: Path) -> dict[str, Any]:
    """Subtitles of the spoken language alone, with speakers."""
    return {
        "videos": str(videos),
        "languages": {"source": "en", "targets": []},
        "separate": {"enabled": False},
        "split": {"language_model": str(model)},
        "asr": {"model": str(model), "device": "cpu", "gpu_mem_mb": 0, "batch_size": 1},
        "speakers": {"enabled": True, "model": str(encoder)},
        "embed": {"mode": "none"},
        "delivery": {"how": "none"},
    }


def speaker_at(turns: list[Said], moment: float) -> str:
    """Whose turn it is, or whose is nearest."""
    best = min(turns, key=lambda turn: max(turn.start - moment, moment - turn.end, 0.0))
    return best.speaker


def most_common(label: str, heard: list[str], true: list[str]) -> str:
    """Who says most of the words that have a label."""
    said = [who for one, who in zip(heard, true, strict=True) if one == label]
    return max({*said}, key=said.count)


def test_the_error_rate_is_low_for_voices_that_were_not_tuned_on(
    recordings: Path, encoder: Path
) -> None:
    pytest.importorskip("pyannote.metrics")
    from benchmarks.speakers import scores

    found = list(scores(recordings, encoder, 3, "others"))
    for one in found:
        print(one.row())
    several = [one for one in found if one.true > 1]
    assert sum(one.error for one in several) / len(several) < 0.15
    assert all(one.found == one.true for one in found)
    apart = [one for one in several if "over another" not in one.name]
    assert all(one.words < MOST_WRONG for one in apart)
    assert all(one.cpu < 0.15 for one in found)
