"""Windows are decoded in batches, and those that fail once more, alone."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from vat.speech.decoding import decode_windows

SOUND = np.zeros(16000 * 60, np.float32)
CLIPS = [(0.0, 20.0), (20.0, 45.0), (45.0, 60.0)]
OPTIONS = {"language": "en", "word_timestamps": True}
LADDER = (0.0, 0.4, 0.8)


@dataclass
class Segment:
    avg_logprob: float = -0.3
    compression_ratio: float = 1.3
    no_speech_prob: float = 0.1
    seek: int = 0
    end: float = 1.0
    words: list[Any] = field(default_factory=list)


@dataclass
class Whisper:
    """A model whose batches give `segments`, and that remembers how it was asked."""

    segments: list[Segment]
    batches: list[dict[str, Any]] = field(default_factory=list)
    alone: list[tuple[int, list[float]]] = field(default_factory=list)
    raw: bool = False
    encoded: list[list[str]] = field(default_factory=list)
    is_multilingual: bool = True

    @property
    def model(self) -> "Whisper":
        return self

    def detect_language(self, encoded: list[str]) -> list[list[tuple[str, float]]]:
        """What is encoded here is the language itself."""
        return [[(f"<|{code}|>", 0.8), ("<|en|>", 0.1)] for code in encoded]

    def transcribe(self, sound: Any, *, temperature: list[float], **_: Any) -> Any:
        self.alone.append((len(sound), temperature))
        return iter([Segment(), Segment()]), None


class Pipeline:
    def __init__(self, whisper: Whisper) -> None:
        self.whisper = whisper

    def generate_segment_batched(self, features: list[str], *_: Any) -> Any:
        return features, []

    def transcribe(self, sound: Any, **options: Any) -> Any:
        self.whisper.batches.append(options)
        for encoded in self.whisper.encoded:
            self.generate_segment_batched(encoded, None, None)
        if self.whisper.raw:
            return iter(self.whisper.segments), None
        for segment, clip in zip(self.whisper.segments, options["clip_timestamps"], strict=True):
            segment.seek = round(clip["start"] * 100)
        return iter(self.whisper.segments), None


@pytest.fixture(autouse=True)
def pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faster_whisper.BatchedInferencePipeline", Pipeline)


def test_good_windows_are_decoded_once_without_timestamps() -> None:
    whisper = Whisper([Segment(), Segment(), Segment()])
    found = decode_windows(whisper, SOUND, CLIPS, 8, LADDER, OPTIONS).segments
    assert found == [(0.0, segment) for segment in whisper.segments]
    (asked,) = whisper.batches
    assert asked["without_timestamps"]
    assert (asked["batch_size"], asked["temperature"], asked["language"]) == (8, [0.0], "en")
    assert asked["clip_timestamps"] == [{"start": a, "end": b} for a, b in CLIPS]
    assert whisper.alone == []


@pytest.mark.parametrize("failed", [Segment(avg_logprob=-1.2), Segment(compression_ratio=3.0)])
def test_a_failed_window_is_decoded_alone_at_all_temperatures(failed: Segment) -> None:
    whisper = Whisper([Segment(), failed, Segment()])
    found = decode_windows(whisper, SOUND, CLIPS, 8, LADDER, OPTIONS).segments
    assert whisper.alone == [(25 * 16000, list(LADDER))]
    assert [offset for offset, _ in found] == [0.0, 20.0, 20.0, 0.0]
    assert all(segment is not failed for _, segment in found)


def test_a_window_may_have_no_segment_or_several() -> None:
    whisper = Whisper([Segment(), Segment(), Segment()])
    several = [replace(whisper.segments[1], seek=2000) for _ in range(2)]
    whisper.segments = [Segment(seek=0), *several]
    whisper.raw = True
    found = decode_windows(whisper, SOUND, CLIPS, 8, LADDER, OPTIONS).segments
    assert [segment for _, segment in found] == whisper.segments


def test_the_language_of_each_window_is_noted() -> None:
    whisper = Whisper([Segment(), Segment(), Segment()], encoded=[["fr", "en"], ["de"]])
    found = decode_windows(whisper, SOUND, CLIPS, 2, LADDER, OPTIONS | {"language": "fr"})
    assert [(one.start, one.end, one.likeliest, one.probability) for one in found.hearings] == [
        (0.0, 20.0, "fr", 0.8),
        (20.0, 45.0, "en", 0.0),
        (45.0, 60.0, "de", 0.0),
    ]
    whisper.is_multilingual = False
    assert decode_windows(whisper, SOUND, CLIPS, 2, LADDER, OPTIONS).hearings == []


def test_without_further_temperatures_a_failed_window_stays() -> None:
    whisper = Whisper([Segment(), Segment(avg_logprob=-1.2), Segment()])
    found = decode_windows(whisper, SOUND, CLIPS, 8, LADDER[:1], OPTIONS)
    assert len(found.segments) == 3
    assert whisper.alone == []


def test_a_silent_window_has_no_words() -> None:
    silent = Segment(avg_logprob=-1.2, no_speech_prob=0.9)
    whisper = Whisper([Segment(), silent, Segment()])
    found = decode_windows(whisper, SOUND, CLIPS, 8, LADDER, OPTIONS).segments
    assert [segment for _, segment in found] == [whisper.segments[0], whisper.segments[2]]
    assert whisper.alone == []
