"""A local model translates cue by cue, whole sentences inside them, and loses none."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from models.training import lexicon
from vat.cues import CueSettings
from vat.errors import GpuMemoryError, ModelError, TranslationError
from vat.timeline import Cue
from vat.translate import Means, TranslateSettings, nmt, translate

LAYOUT = CueSettings(max_columns=400)


@pytest.fixture(scope="module")
def settings(root: Path) -> TranslateSettings:
    return TranslateSettings("ctranslate2", str(root / "models/translator"))


def test_grammatical_sentences_are_translated_exactly(settings: TranslateSettings) -> None:
    chance = random.Random(2026)
    texts = [lexicon.sentence(chance) for _ in range(100)]
    cues = [Cue(n, n, n + 0.5, text) for n, text in enumerate(texts, 1)]
    found = translate(cues, "en", "zh", settings, LAYOUT, Means())
    assert [(c.id, c.start, c.end) for c in found] == [(c.id, c.start, c.end) for c in cues]
    right = sum(c.text == lexicon.translate(t) for c, t in zip(found, texts, strict=True))
    assert right >= 98


def test_two_sentences_in_a_cue_are_both_translated(settings: TranslateSettings) -> None:
    cue = Cue(1, 0, 5, "The red car stops.\nWho sees the small dog?")
    (found,) = translate([cue], "en", "zh", settings, LAYOUT, Means())
    assert found.text == "那辆红色的汽车停下。谁看见那只小狗？"


def test_a_language_that_the_model_does_not_know(settings: TranslateSettings) -> None:
    with pytest.raises(ModelError, match="does not know German"):
        translate([Cue(1, 0, 1, "Hello.")], "en", "de", settings, LAYOUT, Means())


def test_a_folder_without_model(tmp_path: Path) -> None:
    wrong = TranslateSettings("ctranslate2", str(tmp_path))
    with pytest.raises(ModelError, match=str(tmp_path)):
        translate([Cue(1, 0, 1, "Hello.")], "en", "zh", wrong, LAYOUT, Means())


class Tokens:
    """A tokenizer of whole words, as M2M100 names its languages."""

    known = ("__en__", "__pt__", "</s>", "a", "b")

    def token_to_id(self, token: str) -> int | None:
        return self.known.index(token) if token in self.known else None

    def encode(self, text: str, **_: Any) -> Any:
        return SimpleNamespace(tokens=text.split())

    def decode(self, ids: list[int]) -> str:
        return " ".join(self.known[i] for i in ids)


def fake(monkeypatch: pytest.MonkeyPatch, answer: Any) -> list[Any]:
    asked: list[Any] = []

    def translate_batch(said: list[list[str]], target_prefix: Any, **_: Any) -> Any:
        asked.append((said, target_prefix))
        return answer(said)

    model = SimpleNamespace(translate_batch=translate_batch)
    monkeypatch.setattr(nmt, "load_translator", lambda *_: (model, Tokens()))
    return asked


def test_m2m100_tokens_and_regional_targets(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    asked = fake(
        monkeypatch, lambda said: [SimpleNamespace(hypotheses=[["__pt__", "b"]]) for _ in said]
    )
    (found,) = translate([Cue(1, 0, 1, "a")], "en", "pt-br", settings, LAYOUT, Means())
    assert found.text == "b"
    assert asked == [([["__en__", "a", "</s>"]], [["__pt__"]])]


def test_an_empty_hypothesis_fails_by_text(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    fake(monkeypatch, lambda said: [SimpleNamespace(hypotheses=[["__pt__"]]) for _ in said])
    with pytest.raises(TranslationError, match="no translation for 'a'"):
        translate([Cue(1, 0, 1, "a")], "en", "pt", settings, LAYOUT, Means())


def test_a_full_gpu_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    def full(_: Any) -> Any:
        raise RuntimeError("CUDA failed with error out of memory")

    fake(monkeypatch, full)
    with pytest.raises(GpuMemoryError, match="translating"):
        translate([Cue(1, 0, 1, "a")], "en", "pt", settings, LAYOUT, Means())
