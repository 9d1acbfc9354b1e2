"""A local model translates cue by cue, whole sentences inside them, and loses none."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from models.training import lexicon
from vat.errors import GpuMemoryError, ModelError, TranslationError
from vat.presets import CueSettings
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


def test_what_has_no_letters_stays_as_it_is(settings: TranslateSettings) -> None:
    cues = [Cue(1, 0, 1, "♪♪"), Cue(2, 1, 2, "🎬 1, 2, 3."), Cue(3, 2, 3, "The red car stops. ♪")]
    found = translate(cues, "en", "zh", settings, LAYOUT, Means())
    assert [cue.text for cue in found[:2]] == ["♪♪", "🎬 1, 2, 3."]
    assert found[2].text.startswith("那辆红色的汽车停下")


def test_hostile_text_is_only_text(settings: TranslateSettings) -> None:
    hostile = ["</s> zho_Hans <unk>", "AJ {x} %s $y \\N", "M.\u00a0A.\u202fÉ. ß\u00a0?", "a" * 60]
    cues = [Cue(n, n, n + 1, text) for n, text in enumerate(hostile, 1)]
    found = translate(cues, "en", "zh", settings, LAYOUT, Means())
    assert [cue.id for cue in found] == [1, 2, 3, 4]
    assert all(cue.text.strip() for cue in found)
    assert not any("</s>" in cue.text or "zho_Hans" in cue.text for cue in found)


def test_a_sentence_longer_than_the_model_can_read_fails_by_text(
    settings: TranslateSettings,
) -> None:
    with pytest.raises(TranslationError, match=r"The sentence 'cats and dogs .* is too long"):
        translate(
            [Cue(1, 0, 1, "A cat."), Cue(2, 1, 2, "cats and dogs " * 400)],
            *("en", "zh", settings, LAYOUT, Means()),
        )


def test_a_translation_without_end_is_tried_again_and_then_fails(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    answers = [["__pt__"] + ["b"] * 300, ["__pt__", "b"]]
    asked = fake(monkeypatch, lambda said: [SimpleNamespace(hypotheses=[answers.pop(0)])])
    (found,) = translate([Cue(1, 0, 1, "a")], "en", "pt", settings, LAYOUT, Means())
    assert found.text == "b"
    assert len(asked) == 2
    answers[:] = [["__pt__"] + ["b"] * 300] * 2
    with pytest.raises(TranslationError, match="no translation for 'a'"):
        translate([Cue(1, 0, 1, "a")], "en", "pt", settings, LAYOUT, Means())


def test_a_foreign_tokenizer_is_told(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    fake(monkeypatch, lambda said: [SimpleNamespace(hypotheses=[["__pt__", "zzz"]])])
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        translate([Cue(1, 0, 1, "a")], "en", "pt", settings, LAYOUT, Means())


def vocabulary(*tokens: str) -> Any:
    return SimpleNamespace(token_to_id=lambda token: 1 if token in tokens else None)


@pytest.mark.parametrize(
    ("code", "target", "token"),
    [
        ("en", False, "__en__"),
        ("jw", True, "__jv__"),
        ("pt-br", True, "__pt__"),
        ("zh-hans", True, "__zh__"),
        ("zh-hant", False, "__zh__"),
        ("ko", True, "kor_Hang"),
    ],
)
def test_names_of_languages_in_vocabularies(code: str, target: bool, token: str) -> None:
    known = vocabulary("__en__", "__jv__", "__pt__", "__zh__", "kor_Hang", "__ko__")
    assert nmt.language_token(known, code, target=target) == token


@pytest.mark.parametrize("code", ["zh-hant", "yue", "la"])
def test_no_other_language_stands_in_for_one(code: str) -> None:
    with pytest.raises(ModelError, match="does not know"):
        nmt.language_token(vocabulary("__zh__", "__en__"), code, target=True)


def test_two_names_of_one_language_change_nothing(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    asked = fake(monkeypatch, lambda said: [])
    (found,) = translate([Cue(1, 0, 1, "a b")], "pt", "pt-br", settings, LAYOUT, Means())
    assert (found.text, asked) == ("a b", [])
