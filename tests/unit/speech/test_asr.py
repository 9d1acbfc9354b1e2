"""Words of a span: right, in video time, in order, and out of memory only as a last resort."""

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from vat.errors import GpuMemoryError, ModelError, TranscriptError
from vat.speech import asr
from vat.speech.asr import (
    load_model,
    number_format,
    transcribe_chunk,
    transcribe_span,
    transcribe_window,
)
from vat.speech.settings import AsrSettings
from vat.timeline import Chunks, Passage, Reading, Segment, Span

SETTINGS = AsrSettings(temperature=(0.0,), vad_filter=True)


@pytest.fixture(scope="module")
def speech(root: Path) -> Path:
    return root / "tests/data/speech.flac"


@pytest.fixture(scope="module")
def truth(root: Path) -> Any:
    return json.loads((root / "tests/data/speech.json").read_text())


@pytest.fixture(scope="module")
def whisper(root: Path) -> Any:
    return load_model(str(root / "models/asr"), "cpu", "auto", 1)


def test_words_and_times_are_right(speech: Path, truth: Any, whisper: Any) -> None:
    duration = soundfile.info(str(speech)).duration
    span = Span((0, duration), (0, duration))
    words = transcribe_span(speech, span, "en", whisper, SETTINGS).words
    assert " ".join(word.text for word in words) == truth["text"]
    errors = [abs(w.start - t["start"]) for w, t in zip(words, truth["words"], strict=True)]
    assert statistics.median(errors) < 0.05
    assert all(0 < word.probability <= 1 and word.space for word in words)


def test_a_span_in_the_middle_is_in_video_time(speech: Path, truth: Any, whisper: Any) -> None:
    second = [t for t in truth["words"] if t["word"] in ("There", "are", "three", "big", "boxes.")]
    begin, end = second[0]["start"] - 0.7, second[-1]["end"] + 0.7
    span = Span((begin, end), (begin, end))
    words = transcribe_span(speech, span, "en", whisper, SETTINGS).words
    assert [word.text for word in words] == [t["word"] for t in second]
    errors = [abs(w.start - t["start"]) for w, t in zip(words, second, strict=True)]
    assert statistics.median(errors) < 0.05
    assert all(begin <= word.start <= word.end <= end for word in words)


def test_batches_find_the_same_words(speech: Path, truth: Any, whisper: Any) -> None:
    duration = soundfile.info(str(speech)).duration
    span = Span((0, duration), (0, duration))
    batched = AsrSettings(temperature=(0.0,), batch_size=4)
    words = transcribe_span(speech, span, "en", whisper, batched, [(0.9, duration - 1.5)]).words
    assert " ".join(word.text for word in words) == truth["text"]


def test_silence_has_no_words(tmp_path: Path, whisper: Any) -> None:
    soundfile.write(tmp_path / "s.flac", np.zeros(16000 * 5), 16000)
    for end in (5, 0.001):
        span = Span((0, end), (0, end))
        heard = transcribe_span(tmp_path / "s.flac", span, "en", whisper, SETTINGS)
        assert heard == Reading((), ())


def test_the_length_of_windows_does_not_stick_to_the_model(speech: Path, whisper: Any) -> None:
    span = Span((0, 5), (0, 5))
    transcribe_span(speech, span, "en", whisper, AsrSettings(temperature=(0.0,), chunk_length=10))
    transcribe_span(speech, span, "en", whisper, SETTINGS)
    assert whisper.feature_extractor.chunk_length == 30


def arguments(root: Path, speech: Path) -> dict[str, Any]:
    """What `transcribe_chunk` and `transcribe_window` have in common, as another process sends."""
    settings = {"compute_type": "auto", "temperature": [0.0], "vad_filter": True, "batch_size": 4}
    model = str(root / "models/asr")
    return {
        "speech": str(speech),
        "model": model,
        "settings": settings,
        "device": "cpu",
        "threads": 1,
    }


def test_a_chunk_of_a_video(root: Path, speech: Path) -> None:
    span = Span((0.0, 5.0), (0.0, 6.0))
    chunks = Chunks("en", 1.0, "configured", 5.0, ((1, 5),), (span,)).to_json()
    call = json.loads(json.dumps(arguments(root, speech) | {"chunks": chunks, "number": 1}))
    found = transcribe_chunk(**call)
    assert json.loads(json.dumps(found)) == found
    assert (found["chunk"], found["language"], found["span"]) == (1, "en", span.to_json())
    assert found["words"][0]["text"] == "The"
    evidence = found["segments"][found["words"][0]["segment"]]
    assert -1 < evidence["avg_logprob"] < 0
    assert 0.3 < evidence["compression_ratio"] < 2.4
    assert 0 <= evidence["no_speech_prob"] < 0.6
    with pytest.raises(TranscriptError, match="no chunk 2: the video has 1"):
        transcribe_chunk(**(call | {"number": 2}))


def test_each_passage_is_heard_in_its_language(
    speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = list[tuple[str, float]]()

    class Polyglot:
        model = SimpleNamespace(is_multilingual=True)

        def transcribe(self, sound: Any, *, language: str, **_: Any) -> Any:
            heard.append((language, len(sound) / 16000))
            return iter([Heard([HeardWord(f" {language}", 0.1, 0.4)])]), None

    monkeypatch.setattr(asr, "load_model", lambda *_: Polyglot())
    span = Span((1.0, 5.0), (0.0, 5.0))
    passages = (Passage(0, 2, "en", 0.9), Passage(2, 4, "de", 0.9), Passage(4, 60, "en", 0.9))
    chunks = Chunks("en", 1.0, "detected", 60.0, (), (span,), passages).to_json()
    found = transcribe_chunk(str(speech), chunks, 1, "model", {}, "cpu", 1)
    assert heard == [("en", 2.0), ("de", 2.0), ("en", 1.0)]
    told = [(word["start"], word["language"], word["segment"]) for word in found["words"]]
    assert told == [(0.1, "en", 0), (2.1, "de", 1), (4.1, "en", 2)]


@pytest.mark.usefixtures("batched")
def test_what_is_known_to_be_silent_is_not_heard(
    speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = SmallGpu(holds=8)
    monkeypatch.setattr(asr, "load_model", lambda *_: gpu)
    span = Span((0.0, 8.0), (0.0, 8.0))
    chunks = Chunks("en", 1.0, "configured", 8.0, ((0.0, 1.0), (6.0, 8.0)), (span,))
    quiet = replace(chunks, silent=((2.0, 5.0),))
    for video, seconds in ((chunks, 8.0), (quiet, 5.0)):
        transcribe_chunk(str(speech), video.to_json(), 1, "model", {"batch_size": 8}, "cpu", 1)
        assert gpu.heard[-1] == seconds


def test_a_window_of_a_video(root: Path, speech: Path, truth: Any) -> None:
    begin = next(t["start"] for t in truth["words"] if t["word"] == "There") - 0.7
    window = {"start": begin, "end": begin + 3.5, "language": "en"}
    found = transcribe_window(**json.loads(json.dumps(arguments(root, speech) | window)))
    assert [word["text"] for word in found["words"]][:3] == ["There", "are", "three"]
    assert all(begin <= word["start"] <= begin + 3.5 for word in found["words"])
    assert found["segments"]


def test_words_know_their_segment(speech: Path) -> None:
    class Two:
        def transcribe(self, sound: Any, **_: Any) -> Any:
            one = Heard([HeardWord(" yes", 0.1, 0.4), HeardWord(" ", 0.4, 0.5)], -0.5, 1.0, 0.2)
            empty = Heard([HeardWord(" ", 0.6, 0.7)])
            return iter([one, empty, Heard([HeardWord(" no", 1, 1.4)], -1.5, 3.0, 0.7)]), None

    heard = transcribe_span(speech, Span((0, 5), (0, 5)), "en", Two(), SETTINGS)
    assert [(word.text, word.segment) for word in heard.words] == [("yes", 0), ("no", 1)]
    assert heard.segments == (Segment(-0.5, 1.0, 0.2), Segment(-1.5, 3.0, 0.7))
    assert Reading.from_json(json.loads(json.dumps(heard.to_json()))) == heard


@pytest.mark.parametrize(
    ("choice", "device", "exact", "found"),
    [
        ("auto", "cuda", False, "float16"),
        ("auto", "cpu", True, "int8"),
        ("auto", "cpu", False, "float32"),
        ("int8", "cpu", False, "int8"),
    ],
)
def test_bytes_are_for_cpus_that_sum_them_exactly(
    choice: str, device: str, exact: bool, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asr, "sums_bytes_exactly", lambda: exact)
    assert number_format(choice, device) == found


def test_this_cpu_is_as_sure_of_the_words_as_with_floats(
    root: Path, speech: Path, whisper: Any
) -> None:
    duration = soundfile.info(str(speech)).duration
    span = Span((0, duration), (0, duration))
    floats = load_model(str(root / "models/asr"), "cpu", "float32", 1)
    readings = [transcribe_span(speech, span, "en", model, SETTINGS) for model in (whisper, floats)]
    for one, other in zip(*(reading.segments for reading in readings), strict=True):
        # Bytes differ by up to 0.0014, and by 0.0053 or more where sums are cut off.
        assert one.avg_logprob == pytest.approx(other.avg_logprob, abs=0.003)


def test_a_folder_without_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=str(tmp_path)):
        load_model(str(tmp_path), "cpu", "int8", 1)


@dataclass
class Heard:
    words: list[Any]
    avg_logprob: float = -0.25
    compression_ratio: float = 1.2
    no_speech_prob: float = 0.1
    seek: int = 0
    end: float = 1.0


@dataclass
class HeardWord:
    word: str
    start: float
    end: float
    probability: float = 0.5


class SmallGpu:
    """A model whose GPU holds one window at a time, or none."""

    def __init__(self, holds: int) -> None:
        self.holds, self.batches, self.heard = holds, list[int](), list[float]()

    def transcribe(self, sound: Any, **_: Any) -> tuple[Iterator[Heard], None]:
        self.batches.append(1)
        if self.holds < 1:
            raise RuntimeError("CUDA failed with error out of memory")
        return iter([Heard([HeardWord(" yes", 0.1, 0.4), HeardWord("的", 0.2, 9.0)])]), None


class SmallBatches:
    """Stands for faster-whisper's batched pipeline on a model above."""

    def __init__(self, gpu: SmallGpu) -> None:
        self.gpu = gpu

    def generate_segment_batched(self, *_: Any) -> Any:
        raise AssertionError("the stand-in decodes nothing")

    def transcribe(self, sound: Any, *, batch_size: int, **_: Any) -> Any:
        self.gpu.batches.append(batch_size)
        self.gpu.heard.append(len(sound) / 16000)
        if batch_size > self.gpu.holds:
            raise RuntimeError("CUDA failed with error out of memory")
        return iter([Heard([HeardWord(" yes", 0.1, 0.4)])]), None


@pytest.fixture
def batched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faster_whisper.BatchedInferencePipeline", SmallBatches)


@pytest.mark.usefixtures("batched")
def test_a_full_gpu_gets_smaller_batches(speech: Path) -> None:
    gpu = SmallGpu(holds=2)
    span = Span((0, 5), (0, 5))
    heard = transcribe_span(speech, span, "en", gpu, AsrSettings(batch_size=8), [(0, 5)])
    assert heard.words[0].text == "yes"
    assert gpu.batches == [8, 4, 2]


@pytest.mark.usefixtures("batched")
def test_a_gpu_too_small_for_one_window_is_an_error_of_its_own(speech: Path) -> None:
    gpu = SmallGpu(holds=0)
    with pytest.raises(GpuMemoryError, match="gpu_mem_mb"):
        transcribe_span(
            speech, Span((0, 5), (0, 5)), "en", gpu, AsrSettings(batch_size=4), [(0, 5)]
        )
    assert gpu.batches == [4, 2, 1]


def test_other_errors_are_not_taken_for_a_full_gpu(speech: Path) -> None:
    class Broken:
        def transcribe(self, sound: Any, **_: Any) -> Any:
            raise RuntimeError("cuDNN is not installed")

    with pytest.raises(RuntimeError, match="cuDNN"):
        transcribe_span(speech, Span((0, 5), (0, 5)), "en", Broken(), SETTINGS)


def test_words_stay_inside_the_context(speech: Path) -> None:
    words = transcribe_span(speech, Span((2, 3), (1, 4)), "zh", SmallGpu(1), SETTINGS).words
    assert [(w.text, w.start, w.end, w.space) for w in words] == [
        ("yes", 1.1, 1.4, True),
        ("的", 1.2, 4, False),
    ]


def test_a_model_that_knows_only_english_refuses_another_language(root: Path, speech: Path) -> None:
    chunks = Chunks("zh", 1.0, "configured", 5.0, (), (Span((0, 5), (0, 5)),)).to_json()
    with pytest.raises(ModelError, match="'zh', and the speech model"):
        transcribe_chunk(**arguments(root, speech), chunks=chunks, number=1)
