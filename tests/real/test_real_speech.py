"""The workflow on what its users have: real models, and people who speak."""

import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.media import ffmpeg
from tests.helpers.real_scores import Score, alignment, score, tokens
from tests.helpers.real_talks import Talk, clips, many_languages
from tests.helpers.workflow import Workflow
from vat.timeline import Word

SETTINGS: dict[str, dict[str, Any]] = {
    "one chunk": {"chunk_seconds": 600, "batch_size": 1},
    "chunks of 30 s": {"chunk_seconds": 30, "batch_size": 1},
    "batches of 8": {"chunk_seconds": 600, "batch_size": 8},
}
MOST_ERRORS = {"librivox": 8.0, "lecture": 3.0, "hard": 10.0}
"""Percent of the words, with Whisper base."""


@dataclass(frozen=True)
class Heard:
    """A transcript, its words, and how they compare with what was said."""

    transcript: Mapping[str, Any]
    words: list[Word]
    score: Score


@pytest.fixture(scope="module")
def videos(talks: Mapping[str, Talk], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video of each talk."""
    folder = tmp_path_factory.mktemp("videos")
    for name, talk in talks.items():
        sound = talk.write(folder / f"{name}.wav")
        picture = f"color=s=64x48:r=5:d={talk.seconds}"
        options: list[str | Path] = ["-c:a", "flac", "-shortest", folder / f"{name}.mkv"]
        ffmpeg("-f", "lavfi", "-i", picture, "-i", sound, *options)
        sound.unlink()
    return folder


def config(folder: Path, videos: Path, model: Path, **changes: Any) -> Path:
    """A configuration file for subtitles of the spoken language alone."""
    settings = {
        "videos": str(videos),
        "languages": {"source": changes.get("source", "en"), "targets": []},
        "separate": {"enabled": False},
        "split": {
            "chunk_seconds": changes.get("chunk_seconds", 600),
            "language_model": str(model),
        },
        "asr": {
            "model": str(model),
            "device": "cpu",
            "gpu_mem_mb": 0,
            "batch_size": changes.get("batch_size", 1),
        },
        "embed": {"mode": "none"},
        "delivery": {"how": "none"},
    }
    path = folder / "config.json"
    path.write_text(json.dumps(settings))
    return path


def run(
    workflow: Workflow, folder: Path, settings: Path, talks: Mapping[str, Talk]
) -> dict[str, Heard]:
    """The transcripts of a run, by the names of the talks."""
    done = workflow(folder, "--profile", "local-gpu", "--configfile", str(settings))
    assert done.status == 0, done.output
    found = dict[str, Any]()
    for name, talk in talks.items():
        (path,) = folder.glob(f"results/{name}-*/transcript.json")
        transcript = json.loads(path.read_text())
        words = [
            Word(word["start"], word["end"], word["text"], word["probability"])
            for word in transcript["words"]
        ]
        speech = [(start, end) for start, end in transcript["speech"]]
        found[name] = Heard(transcript, words, score(talk, words, speech))
    return found


@pytest.fixture(scope="module")
def heard(
    workflow: Workflow,
    models: Mapping[str, Path],
    talks: Mapping[str, Talk],
    videos: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, Heard]]:
    """The transcripts of Whisper base by settings and talk."""
    found = dict[str, Any]()
    for name, changes in SETTINGS.items():
        folder = tmp_path_factory.mktemp("run")
        path = config(folder, videos, models["base"], **changes)
        found[name] = run(workflow, folder, path, talks)
    return found


def test_words_are_right(heard: Mapping[str, Mapping[str, Heard]]) -> None:
    for settings, found in heard.items():
        for name, one in found.items():
            assert one.score.error_percent <= MOST_ERRORS[name], (settings, name, one.score)


def test_no_phrase_is_lost_and_none_invented(heard: Mapping[str, Mapping[str, Heard]]) -> None:
    for settings, found in heard.items():
        for name, one in found.items():
            seconds = one.transcript["coverage"]["seconds"]
            assert seconds["no_words"] <= 0.01 * seconds["speech"], (settings, name, seconds)
            assert one.score.invented == 0, (settings, name, one.transcript["words"])


def test_cues_come_when_somebody_speaks(heard: Mapping[str, Mapping[str, Heard]]) -> None:
    for settings, found in heard.items():
        for name, one in found.items():
            assert one.score.start_error(50) < 0.1, (settings, name, one.score)
        errors = [error for one in found.values() for error in one.score.start_errors]
        late = sum(abs(error) > 0.3 for error in errors)
        assert late <= 0.05 * len(errors) + 1, (settings, sorted(errors))


def test_words_do_not_depend_on_chunks_and_batches(
    heard: Mapping[str, Mapping[str, Heard]], talks: Mapping[str, Talk]
) -> None:
    for name, talk in talks.items():
        texts = [
            [token for word in found[name].words for token in tokens(word.text, talk.language)]
            for found in heard.values()
        ]
        for one, other in itertools.combinations(texts, 2):
            pairs = alignment(one, other)
            differ = sum(i is None or j is None or one[i] != other[j] for i, j in pairs)
            assert differ <= max(1, 0.01 * len(one)), name


def test_each_sentence_is_heard_in_its_language(
    workflow: Workflow, models: Mapping[str, Path], tmp_path: Path
) -> None:
    if not (folder := os.environ.get("REAL_SPEECH")):
        pytest.skip("REAL_SPEECH names no folder of clips in several languages")
    talk, languages = many_languages(clips(Path(folder)))
    sound = talk.write(tmp_path / "polyglot.wav")
    ffmpeg("-i", sound, "-f", "lavfi", "-i", "color=s=64x48:r=5", "-shortest", tmp_path / "p.mkv")

    def transcript(source: str) -> Any:
        settings = config(tmp_path, tmp_path / "p.mkv", models["base"], source=source)
        done = workflow(tmp_path, "--profile", "local-gpu", "--configfile", str(settings))
        assert done.status == 0, done.output
        (path,) = tmp_path.glob("results/p-*/transcript.json")
        return json.loads(path.read_text())

    heard = transcript("multi")
    for sentence, language in zip(talk.sentences, languages, strict=True):
        inside = [w for w in heard["words"] if sentence.start <= w["start"] <= sentence.end]
        assert inside, language
        assert sum(word["language"] == language for word in inside) >= 0.8 * len(inside), language
    assert heard["warnings"] == []
    kinds = [warning["kind"] for warning in transcript("en")["warnings"]]
    assert "other language" in kinds


def test_an_english_model_hears_english_and_refuses_all_else(
    workflow: Workflow,
    models: Mapping[str, Path],
    talks: Mapping[str, Talk],
    videos: Path,
    tmp_path: Path,
) -> None:
    one = {name: talk for name, talk in talks.items() if name == "librivox"}
    (video,) = (videos / f"{name}.mkv" for name in one)
    found = run(workflow, tmp_path, config(tmp_path, video, models["tiny.en"]), one)
    assert found["librivox"].score.error_percent <= 15
    refused = config(tmp_path, video, models["tiny.en"], source="zh")
    planned = workflow(tmp_path, "--profile", "local-gpu", "--configfile", str(refused), "-n")
    assert planned.status != 0
    assert "knows only English" in planned.output
