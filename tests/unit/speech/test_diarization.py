"""Both backends answer the rule in one form; pyannote's is a stand-in here, as nobody has it."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from vat.errors import DeviceError, ModelError
from vat.speech.diarization import who_speaks
from vat.speech.pyannote import load_pipeline
from vat.speech.speakers import Found
from vat.speech.voices import load_encoder
from vat.timeline import Chunks, Span

SECONDS = 12.0


@pytest.fixture
def speech(tmp_path: Path) -> str:
    path = tmp_path / "speech.flac"
    noise = np.random.default_rng(1).standard_normal(int(SECONDS * 16000)) * 0.05
    soundfile.write(path, noise, 16000)
    return str(path)


def chunks(*speech: tuple[float, float]) -> dict[str, Any]:
    span = Span((0.0, SECONDS), (0.0, SECONDS))
    return Chunks("en", 1.0, "configured", SECONDS, speech, (span,)).to_json()


def test_the_encoder_is_loaded_once_and_hears_all_speech(
    speech: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    class Encoder:
        def __init__(self, weights: str, threads: int, device: str) -> None:
            loaded.append((weights, threads, device))

        def vectors(self, sounds: list[Any]) -> Any:
            return np.tile(np.eye(256, dtype=np.float32)[0], (len(sounds), 1))

    monkeypatch.setattr("vat.speech.voices.VoiceEncoder", Encoder)
    load_encoder.cache_clear()
    given: dict[str, Any] = {
        "speech": speech,
        "model": "a.pt",
        "settings": {},
        "device": "cpu",
        "threads": 1,
    }
    for _ in range(2):
        answer = who_speaks(chunks=chunks((0.04, 4), (4.5, 4.5), (6, 11.99)), **given)
    found = Found.from_json(answer)
    assert [(one.start, one.end) for one in found.speakers.turns] == [(0, 4.03), (5.9, SECONDS)]
    assert [one.label for one in found.prints] == ["S1"]
    assert loaded == [("a.pt", 1, "cpu")]
    assert Found.from_json(who_speaks(chunks=chunks(), **given)).speakers.turns == ()


def test_a_gpu_that_is_asked_for_must_be_there(speech: str) -> None:
    given: dict[str, Any] = {"speech": speech, "model": "a.pt", "settings": {}, "threads": 1}
    with pytest.raises(DeviceError):
        who_speaks(chunks=chunks((1, 4)), device="cuda", **given)


@dataclass(frozen=True)
class Segment:
    start: float
    end: float


class Annotation:
    """As pyannote.core has it, as far as it is used."""

    def __init__(self, *turns: tuple[float, float, str]) -> None:
        self.turns = turns

    def labels(self) -> list[str]:
        return sorted({label for *_, label in self.turns})

    def itertracks(self, yield_label: bool) -> Iterator[tuple[Segment, int, str]]:
        assert yield_label
        for track, (start, end, label) in enumerate(self.turns):
            yield Segment(start, end), track, label


@dataclass
class Output:
    speaker_diarization: Annotation
    exclusive_speaker_diarization: Annotation
    speaker_embeddings: Any


@pytest.fixture
def pyannote(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A pipeline that answers with two speakers, of whom the second is heard first."""
    asked: dict[str, Any] = {}
    monkeypatch.delenv("PYANNOTE_METRICS_ENABLED", raising=False)

    class Pipeline:
        @classmethod
        def from_pretrained(cls, name: str, token: str | None) -> "Pipeline | None":
            asked.update(name=name, token=token)
            if name == "locked":
                raise OSError("401 Client Error")
            return None if name == "refused" else cls()

        def to(self, device: torch.device) -> None:
            asked["device"] = str(device)

        def __call__(self, heard: dict[str, Any], **limits: int) -> Output:
            asked.update(limits=limits, shape=tuple(heard["waveform"].shape))
            return Output(
                Annotation((0.5, 4.0, "SPEAKER_01"), (3.5, 8.0, "SPEAKER_00")),
                Annotation((0.5, 3.75, "SPEAKER_01"), (3.75, 8.0, "SPEAKER_00")),
                asked.get("embeddings", np.array([[3.0, 4.0], [np.nan, np.nan]])),
            )

    package, module = ModuleType("pyannote"), ModuleType("pyannote.audio")
    module.Pipeline = Pipeline  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyannote", package)
    monkeypatch.setitem(sys.modules, "pyannote.audio", module)
    load_pipeline.cache_clear()
    return asked


def test_pyannote_gives_turns_overlaps_and_prints(
    speech: str, pyannote: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    settings = {"backend": "pyannote", "at_least": 2, "at_most": 3}
    given: dict[str, Any] = {"speech": speech, "settings": settings, "device": "cpu", "threads": 1}
    found = Found.from_json(who_speaks(chunks=chunks((1, 4)), model="some/pipeline", **given))
    turns = [(one.start, one.end, one.speaker) for one in found.speakers.turns]
    assert turns == [(0.5, 3.75, "S1"), (3.75, 8.0, "S2")]
    overlaps = [(one.start, one.end, one.speaker) for one in found.speakers.overlaps]
    assert overlaps == [(3.5, 3.75, "S2"), (3.75, 4.0, "S1")]
    assert {one.label: one.vector for one in found.prints} == {"S2": (0.6, 0.8), "S1": ()}
    assert pyannote["limits"] == {"min_speakers": 2, "max_speakers": 3}
    assert pyannote["shape"] == (1, SECONDS * 16000)
    assert (pyannote["name"], pyannote["token"]) == ("some/pipeline", "secret")
    assert os.environ["PYANNOTE_METRICS_ENABLED"] == "0"


def test_a_pipeline_without_embeddings_has_turns_all_the_same(
    speech: str, pyannote: dict[str, Any]
) -> None:
    pyannote["embeddings"] = None
    settings = {"backend": "pyannote"}
    given: dict[str, Any] = {"speech": speech, "device": "cpu", "threads": 1}
    answer = who_speaks(chunks=chunks(), model="some/pipeline", settings=settings, **given)
    found = Found.from_json(answer)
    assert [one.vector for one in found.prints] == [(), ()]
    assert len(found.speakers.turns) == 2


def test_it_is_said_how_to_get_pyannote(
    speech: str, pyannote: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {
        "speech": speech,
        "settings": {"backend": "pyannote"},
        "device": "cpu",
        "threads": 1,
    }
    for name, why in (("refused", "access was refused"), ("locked", "401 Client Error")):
        said = rf"'{name}' .*\({why}\); accept its conditions on its page, and set HF_TOKEN"
        with pytest.raises(ModelError, match=said):
            who_speaks(chunks=chunks(), model=name, **given)
    monkeypatch.setitem(sys.modules, "pyannote.audio", None)
    with pytest.raises(ModelError, match=r"pip install vat-subtitles\[pyannote\]"):
        who_speaks(chunks=chunks(), model="some/other", **given)
