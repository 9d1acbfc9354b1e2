"""Speech is separated where a trial shows that it is better heard then, and nowhere else."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from vat.media.sound import SPEECH_RATE, to_speech
from vat.speech import separation
from vat.speech.separation import Trial, decided, excerpts, plain_speech, speech_of

FIRST = Trial(100, 0.9, -0.2)


@pytest.mark.parametrize(
    ("survived", "speech", "separated", "reason"),
    [
        (0.99, Trial(98, 0.93, -0.1), True, "0.930 instead of 0.900"),
        (0.99, Trial(100, 0.9, -0.2), False, "0.900 instead of 0.900"),
        (0.99, Trial(100, 0.905, -0.1), False, "0.905 instead"),
        (0.99, Trial(100, 0.93, -0.3), False, "0.930 instead"),
        (0.8, Trial(100, 0.99, -0.1), False, "20 % of the speech are lost"),
        (0.95, Trial(70, 0.99, -0.1), False, "70 instead of 100 words"),
        (0.95, Trial(0, 0.0, 0.0), False, "0 instead of 100 words"),
    ],
)
def test_separation_has_to_be_better_and_lose_nothing(
    survived: float, speech: Trial, separated: bool, reason: str
) -> None:
    found = decided(60.0, survived, FIRST, speech)
    assert found.separated is separated
    assert reason in found.reason
    assert found.figures["speech"] == {
        "words": speech.words,
        "probability": speech.probability,
        "avg_logprob": speech.avg_logprob,
    }


def test_excerpts_follow_one_another(tmp_path: Path) -> None:
    sound = np.arange(8000, dtype=np.int16)
    soundfile.write(tmp_path / "a.flac", np.stack([sound, -sound], axis=1), 1000)
    spans = excerpts(tmp_path / "a.flac", [(1.0, 2.0), (7.5, 9.0)], tmp_path / "b.flac")
    assert spans == [(0.0, 1.0), (1.0, 1.5)]
    found, rate = soundfile.read(tmp_path / "b.flac", dtype="int16")
    assert rate == 1000
    assert found[:, 0].tolist() == [*range(1000, 2000), *range(7500, 8000)]
    assert (found[:, 1] == -found[:, 0]).all()


def tried(root: Path, tmp_path: Path, sound: np.ndarray, **changes: Any) -> dict[str, Any]:
    """The decision on a sound, by the tiny models; speech.flac is left in the folder."""
    soundfile.write(tmp_path / "audio.flac", sound, SPEECH_RATE)
    call: dict[str, Any] = {
        "audio": str(tmp_path / "audio.flac"),
        "destination": str(tmp_path / "speech.flac"),
        "duration": len(sound) / SPEECH_RATE,
        "enabled": "auto",
        "language": "en",
        "model": str(root / "models/separator"),
        "recogniser": str(root / "models/asr"),
        "device": "cpu",
        "threads": 1,
    }
    found: dict[str, Any] = json.loads(json.dumps(speech_of(**call | changes)))
    return found


@pytest.fixture(scope="module")
def speech(root: Path) -> np.ndarray:
    sound, _ = soundfile.read(root / "tests/data/speech.flac", dtype="float32")
    return np.asarray(sound)


def same(tmp_path: Path, audio: str = "audio.flac") -> bool:
    to_speech(tmp_path / audio, tmp_path / "plain.flac")
    one, other = (soundfile.read(tmp_path / f"{n}.flac")[0] for n in ("plain", "speech"))
    return np.array_equal(one, other)


def test_broadband_noise_is_left_alone(root: Path, tmp_path: Path, speech: np.ndarray) -> None:
    noise = np.random.default_rng(1).standard_normal(len(speech)) * np.std(speech) * 0.3
    found = tried(root, tmp_path, (speech + noise).astype(np.float32))
    assert found["separated"] is False
    assert found["figures"]["mix"]["probability"] > found["figures"]["speech"]["probability"]
    assert same(tmp_path)
    assert tried(root, tmp_path, speech, enabled=True)["separated"] is True
    assert not same(tmp_path)


def test_a_trial_that_speaks_for_it_separates(
    root: Path, tmp_path: Path, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = iter([Trial(20, 0.8, -0.4), Trial(20, 0.9, -0.2)])
    monkeypatch.setattr(Trial, "of", lambda _: next(trials))
    assert tried(root, tmp_path, speech)["separated"] is True
    assert not same(tmp_path)


def test_where_nobody_speaks_or_nobody_can_judge_nothing_is_separated(
    root: Path, tmp_path: Path, speech: np.ndarray
) -> None:
    silence = np.zeros(SPEECH_RATE * 3, np.float32)
    assert "Nobody speaks" in tried(root, tmp_path, silence)["reason"]
    assert same(tmp_path)
    assert "knows only English" in tried(root, tmp_path, speech, language="de")["reason"]


def test_the_language_of_a_trial_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    class Polyglot:
        class model:  # noqa: N801
            is_multilingual = True

    votes = iter([{"de": 0.6, "en": 0.4}, {"en": 0.9, "de": 0.1}])
    monkeypatch.setattr(separation, "sounds_like", lambda *_: next(votes))
    monkeypatch.setattr(separation, "read_span", lambda *_: None)
    spans = [(0.0, 20.0), (20.0, 40.0)]
    assert separation._language(Polyglot(), Path("x"), spans) == "en"


def test_without_separation_the_sound_is_only_resampled(tmp_path: Path, speech: np.ndarray) -> None:
    soundfile.write(tmp_path / "audio.flac", speech, SPEECH_RATE)
    found = plain_speech(str(tmp_path / "audio.flac"), str(tmp_path / "speech.flac"))
    assert (found["enabled"], found["separated"], found["figures"]) == (False, False, {})
    assert same(tmp_path)
