"""The language is voted on by several places of a video."""

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.speech import language_detection
from vat.speech.language_detection import (
    detect_language,
    detect_passages,
    language_windows,
    vote,
)


def test_a_long_stretch_outvotes_a_short_one() -> None:
    votes = [({"en": 0.9, "de": 0.1}, 2.0), ({"de": 0.8, "en": 0.2}, 28.0)]
    code, probability = vote(votes)
    assert code == "de"
    assert probability == pytest.approx((0.1 * 2 + 0.8 * 28) / 30)


def test_windows_are_spread_over_the_speech() -> None:
    speech = [(float(start), start + 40.0) for start in range(0, 3600, 60)]
    found = language_windows(speech, 5)
    assert len(found) == 5
    assert found[0][0] == 0
    assert found[-1][0] > 2400
    assert all(any(a <= start < b for a, b in speech) for start, _ in found)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.1, 50)), max_size=30), st.integers(1, 8))
def test_windows_begin_with_speech_and_do_not_overlap(
    gaps: list[tuple[float, float]], count: int
) -> None:
    speech, time = [], 0.0
    for gap, length in gaps:
        speech.append((time + gap, time + gap + length))
        time += gap + length
    found = language_windows(speech, count)
    assert len(found) <= count
    assert bool(found) == bool(speech)
    for (_, end), (start, _) in itertools.pairwise(found):
        assert start >= end


def test_nobody_speaks() -> None:
    assert detect_language("no.flac", [], "no model", 5) == ("en", 0.0)


def test_a_model_that_knows_only_english_is_no_evidence(root: Path) -> None:
    speech = root / "tests/data/speech.flac"
    assert detect_language(speech, [(1, 5)], str(root / "models/asr"), 3) == ("en", 0.0)


def test_a_multilingual_model_is_asked_at_every_place(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def detect(audio: Any) -> tuple[str, float, list[tuple[str, float]]]:
        asked.append(len(audio))
        return "fr", 0.6, [("fr", 0.6), ("it", 0.4)]

    model = SimpleNamespace(model=SimpleNamespace(is_multilingual=True), detect_language=detect)
    monkeypatch.setattr(language_detection, "load_model", lambda *_: model)
    speech = root / "tests/data/speech.flac"
    language, share = detect_language(speech, [(0, 5), (100, 105), (200, 205)], "m", 3)
    assert language == "fr"
    assert share == pytest.approx(0.6)
    assert asked == [480_000] * 3


def test_every_utterance_is_asked_about(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[int]()

    def detect(encoded: int) -> list[list[tuple[str, float]]]:
        asked.append(encoded)
        code = "fr" if len(asked) % 2 else "en"
        return [[(f"<|{code}|>", 0.9), ("<|it|>", 0.1)]]

    model = SimpleNamespace(
        model=SimpleNamespace(is_multilingual=True, detect_language=detect),
        feature_extractor=lambda sound, padding: np.zeros((80, len(sound) // 160)),
        encode=lambda features: features.shape[-1],
    )
    monkeypatch.setattr(language_detection, "load_model", lambda *_: model)
    speech = root / "tests/data/speech.flac"
    found = detect_passages(speech, [(0, 3), (4, 6), (6.1, 7), (8, 48)], "m", ["en", "fr"], 50)
    assert [(one.start, one.language) for one in found] == [(0, "fr"), (3.5, "en"), (7.5, "fr")]
    assert asked == [600, 600, 3000]


def test_nothing_tells_the_passages(root: Path) -> None:
    assert detect_passages("no.flac", [], "no model", [], 9.0) == []
    speech = root / "tests/data/speech.flac"
    assert detect_passages(speech, [(1, 5)], str(root / "models/asr"), ["de"], 9.0) == []
