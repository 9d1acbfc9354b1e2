"""A local model translates cue by cue, whole sentences inside them, and loses none."""

import random
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tiny import lexicon
from vat.errors import GpuMemoryError, ModelError, TranslationError
from vat.subtitles.limits import CueSettings
from vat.timeline import Cue
from vat.translate import nmt
from vat.translate.glossary import Term, replace_terms
from vat.translate.settings import Means, TranslateSettings
from vat.translate.translate import translate
from vat.translate.vocabulary import load_vocabulary

LAYOUT = CueSettings(max_columns=400)


@pytest.fixture(scope="module")
def settings(root: Path) -> TranslateSettings:
    return TranslateSettings("ctranslate2", str(root / "models/translator"))


def test_grammatical_sentences_are_translated_exactly(settings: TranslateSettings) -> None:
    chance = random.Random(2026)
    texts = [lexicon.sentence(chance) for _ in range(100)]
    cues = [Cue(n, n, n + 0.5, text) for n, text in enumerate(texts, 1)]
    found = translate(cues, "en", "zh", settings, LAYOUT, Means()).cues
    assert [(c.id, c.start, c.end) for c in found] == [(c.id, c.start, c.end) for c in cues]
    right = sum(c.text == lexicon.translate(t) for c, t in zip(found, texts, strict=True))
    assert right >= 98


def test_two_sentences_in_a_cue_are_both_translated(settings: TranslateSettings) -> None:
    cue = Cue(1, 0, 5, "The red car stops.\nWho sees the small dog?")
    (found,) = translate([cue], "en", "zh", settings, LAYOUT, Means()).cues
    assert found.text == "那辆红色的汽车停下。谁看见那只小狗？"


def test_each_cue_is_translated_from_its_own_language(settings: TranslateSettings) -> None:
    cues = [
        Cue(1, 0, 2, "那只小狗。", "zh"),
        Cue(2, 2, 5, "The red car stops."),
        Cue(3, 5, 7, "那里。", "zh"),
    ]
    found = translate(cues, "en", "zh", settings, LAYOUT, Means())
    assert [cue.text for cue in found.cues] == ["那只小狗。", "那辆红色的汽车停下。", "那里。"]
    assert [(cue.id, cue.language) for cue in found.cues] == [(1, ""), (2, ""), (3, "")]
    assert found.report.sentences == 1
    with pytest.raises(TranslationError, match="The video is in en, but no translator"):
        translate(cues, "en", "zh", None, LAYOUT, Means())
    with pytest.raises(ModelError, match="does not know French"):
        translate([*cues, Cue(4, 8, 9, "Oui.", "fr")], "en", "zh", settings, LAYOUT, Means())


def test_a_language_that_the_model_does_not_know(settings: TranslateSettings) -> None:
    with pytest.raises(ModelError, match="does not know German"):
        translate([Cue(1, 0, 1, "Hello.")], "en", "de", settings, LAYOUT, Means())


def test_a_folder_without_model(tmp_path: Path) -> None:
    wrong = TranslateSettings("ctranslate2", str(tmp_path))
    with pytest.raises(ModelError, match=str(tmp_path)):
        translate([Cue(1, 0, 1, "Hello.")], "en", "zh", wrong, LAYOUT, Means())


class Tokens:
    """A tokenizer of whole words, as M2M100 names its languages."""

    known: tuple[str, ...] = ("__en__", "__pt__", "</s>", "a", "b")

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
    monkeypatch.setattr(nmt, "load_translator", lambda *_: model)
    monkeypatch.setattr("tokenizers.Tokenizer", SimpleNamespace(from_file=lambda _: Tokens()))
    return asked


def test_m2m100_tokens_and_regional_targets(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    asked = fake(
        monkeypatch, lambda said: [SimpleNamespace(hypotheses=[["__pt__", "b"]]) for _ in said]
    )
    (found,) = translate([Cue(1, 0, 1, "a")], "en", "pt-br", settings, LAYOUT, Means()).cues
    assert found.text == "b"
    assert asked == [([["__en__", "a", "</s>"]], [["__pt__"]])]


def test_what_the_model_cannot_tell_apart_is_reported(
    monkeypatch: pytest.MonkeyPatch,
    settings: TranslateSettings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = fake(monkeypatch, lambda said: [])
    cues = [Cue(n, n, n + 1, "a" if n < 30 else "7") for n in range(1, 31)]
    found = translate(cues, "pt", "pt-br", settings, LAYOUT, Means())
    assert ([cue.text for cue in found.cues], asked) == ([cue.text for cue in cues], [])
    assert sorted(found.report.doubtful) == list(range(1, 30))
    assert "one name for both languages" in found.report.doubtful[1]
    assert "9 more may be wrong" in caplog.text


def test_an_empty_hypothesis_fails_by_text(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    fake(monkeypatch, lambda said: [SimpleNamespace(hypotheses=[["__pt__"]]) for _ in said])
    with pytest.raises(TranslationError, match=r"1 of 1 .*: 1 'a' \(it has no translation\)"):
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
    found = translate(cues, "en", "zh", settings, LAYOUT, Means()).cues
    assert [cue.text for cue in found[:2]] == ["♪♪", "🎬 1, 2, 3."]
    assert found[2].text.startswith("那辆红色的汽车停下")


def test_hostile_text_is_only_text(settings: TranslateSettings) -> None:
    hostile = ["</s> zho_Hans <unk>", "AJ {x} %s $y \\N", "M.\u00a0A.\u202fÉ. ß\u00a0?", "a" * 60]
    cues = [Cue(n, n, n + 1, text) for n, text in enumerate(hostile, 1)]
    found = translate(cues, "en", "zh", settings, LAYOUT, Means()).cues
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
    (found,) = translate([Cue(1, 0, 1, "a")], "en", "pt", settings, LAYOUT, Means()).cues
    assert found.text == "b"
    assert len(asked) == 2
    answers[:] = [["__pt__"] + ["b"] * 300] * 2
    with pytest.raises(TranslationError, match=r"1 of 1 .*: 1 'a' \(it has no translation\)"):
        translate([Cue(1, 0, 1, "a")], "en", "pt", settings, LAYOUT, Means())


def test_a_foreign_tokenizer_is_told(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    fake(monkeypatch, lambda said: [SimpleNamespace(hypotheses=[["__pt__", "zzz"]])])
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        translate([Cue(1, 0, 1, "a")], "en", "pt", settings, LAYOUT, Means())


def test_two_names_of_one_language_change_nothing(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    asked = fake(monkeypatch, lambda said: [])
    (found,) = translate([Cue(1, 0, 1, "a b")], "pt", "pt-br", settings, LAYOUT, Means()).cues
    assert (found.text, asked) == ("a b", [])


def test_a_sentence_over_two_cues_is_translated_as_one_and_divided(
    settings: TranslateSettings,
) -> None:
    whole = lexicon.sentence(random.Random(4))
    words = whole.split()
    halves = [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]
    cues = [Cue(1, 0, 1, halves[0]), Cue(2, 1.1, 2, halves[1])]
    found = translate(cues, "en", "zh", settings, LAYOUT, Means()).cues
    assert "".join(cue.text for cue in found) == lexicon.translate(whole)
    assert all(cue.text for cue in found)


def answering(answers: dict[str, str]) -> Any:
    """Hypotheses by what is said, word for word."""

    def answer(said: list[list[str]]) -> Any:
        texts = [answers[" ".join(tokens[1:-1])].split() for tokens in said]
        return [SimpleNamespace(hypotheses=[["__pt__", *text]]) for text in texts]

    return answer


def test_what_cannot_be_divided_is_translated_cue_by_cue(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    asked = fake(monkeypatch, answering({"b a b a": "a", "b a": "a b"}))
    cues = [Cue(1, 0, 1, "b a"), Cue(2, 1.1, 2, "b a")]
    found = translate(cues, "en", "pt", settings, LAYOUT, Means()).cues
    assert [cue.text for cue in found] == ["a b", "a b"]
    assert [len(said) for said, _ in asked] == [1, 2]


def test_a_term_that_is_missing_is_put_into_the_source(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    fake(monkeypatch, answering({"a a": "a a", "b a": "b a"}))
    terms = [Term("a", "b")]
    (found,) = translate(
        [Cue(1, 0, 1, "a a")], "en", "pt", settings, LAYOUT, Means(), [Term("a a", "b a")]
    ).cues
    assert found.text == "b a"
    fake(monkeypatch, answering({"a a": "a a", "b b": "a a"}))
    with pytest.raises(TranslationError, match="the glossary wants 'b' for 'a'"):
        translate([Cue(1, 0, 1, "a a")], "en", "pt", settings, LAYOUT, Means(), terms)


def test_a_failed_sentence_keeps_its_source_with_a_mark_where_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    fake(monkeypatch, answering({"a b": ""}))
    marked = replace(settings, on_failure="keep-source-and-mark")
    found = translate([Cue(5, 0, 1, "a b")], "en", "pt", marked, LAYOUT, Means())
    assert found.cues[0].text == "[?] a b"
    assert found.report.untranslated == [5]


def test_a_batch_too_large_for_the_gpu_is_halved(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    sizes: list[int] = []

    def translate_batch(said: list[list[str]], max_batch_size: int, **_: Any) -> Any:
        sizes.append(max_batch_size)
        if max_batch_size > 1000:
            raise RuntimeError("CUDA failed with error out of memory")
        return [SimpleNamespace(hypotheses=[["__pt__", "b"]]) for _ in said]

    fake(monkeypatch, None)
    model = SimpleNamespace(translate_batch=translate_batch)
    monkeypatch.setattr(nmt, "load_translator", lambda *_: model)
    assert translate([Cue(1, 0, 1, "a")], "en", "pt", settings, LAYOUT, Means()).cues[0].text == "b"
    assert sizes == [2048, 1024, 512]


@pytest.fixture(scope="module")
def opus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the OPUS-MT converter makes it, but for the model itself."""
    sentencepiece = pytest.importorskip("sentencepiece")
    folder = tmp_path_factory.mktemp("opus")
    for name in ("source", "target"):
        chance = random.Random(name)
        with (folder / f"{name}.spm").open("wb") as file:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter([lexicon.sentence(chance) for _ in range(200)]),
                model_writer=file,
                vocab_size=120,
                minloglevel=2,
            )
    (folder / "config.json").write_text('{"add_source_eos": false}')
    return folder


def test_opus_models_are_read_by_their_pieces(monkeypatch: pytest.MonkeyPatch, opus: Path) -> None:
    from sentencepiece import SentencePieceProcessor

    asked: list[Any] = []

    def translate_batch(said: list[list[str]], target_prefix: Any, **_: Any) -> Any:
        asked.append((said, target_prefix))
        return [SimpleNamespace(hypotheses=[answer]) for _ in said]

    spm = SentencePieceProcessor(model_file=str(opus / "target.spm"))
    answer = [*spm.encode("The small dog stops.", out_type=str), "</s>"]
    model = SimpleNamespace(translate_batch=translate_batch)
    monkeypatch.setattr(nmt, "load_translator", lambda *_: model)
    pieces = TranslateSettings("ctranslate2", str(opus))
    cue = Cue(1, 0, 3, "The red car is here.")
    found = translate([cue], "de", "en", pieces, LAYOUT, Means())
    assert found.cues[0].text == "The small dog stops."
    ((said,), prefix) = asked[0]
    assert prefix is None
    assert said[-1] == "</s>"
    assert "".join(said[:-1]).replace("▁", " ").strip() == cue.text


def test_an_opus_model_of_many_targets_is_told_which(opus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    shutil.copytree(opus, folder)
    (folder / "shared_vocabulary.json").write_text('["<s>", ">>cmn_Hans<<", ">>deu<<", "a"]')
    (folder / "config.json").write_text('{"add_source_eos": true}')
    assert load_vocabulary(str(folder), "en", "zh").encode("a")[0] == ">>cmn_Hans<<"
    german = load_vocabulary(str(folder), "en", "de").encode("a")
    assert (german[0], german[-1] != "</s>") == (">>deu<<", True)
    with pytest.raises(ModelError, match="does not know French"):
        load_vocabulary(str(folder), "en", "fr")
    (folder / "target.spm").write_text("nonsense")
    with pytest.raises(ModelError, match="files of the translation model"):
        load_vocabulary(str(folder), "en", "de")


def test_opus_models_need_sentencepiece(opus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(ModelError, match="pip install sentencepiece"):
        load_vocabulary(str(opus), "en", "de")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Start the art party.", "Start the Kunst party."),
        ("Gradient  descent works.", "Gradientenabstieg works."),
        ("THE ART", "THE Kunst"),
        ("The descent of art.", "The art of Kunst."),
        ("It is Bill's bill.", "It is Wilhelm's bill."),
    ],
)
def test_terms_are_put_in_place_as_they_are_found(text: str, found: str) -> None:
    terms = [Term("art", "Kunst"), Term("gradient descent", "Gradientenabstieg|Abstieg")]
    terms += [Term("descent", "art"), Term("Bill", "Wilhelm")]
    assert replace_terms(text, text, terms) == found


class Madlad(Tokens):
    """A tokenizer whose targets are named as MADLAD does."""

    known = ("<2en>", "<2pt>", "<2iw>", "</s>", "a", "b")


def test_madlad_is_told_the_target_before_the_source(
    monkeypatch: pytest.MonkeyPatch, settings: TranslateSettings
) -> None:
    asked = fake(monkeypatch, lambda said: [SimpleNamespace(hypotheses=[["b", "</s>"]])])
    monkeypatch.setattr("tokenizers.Tokenizer", SimpleNamespace(from_file=lambda _: Madlad()))
    (found,) = translate([Cue(1, 0, 1, "a")], "en", "pt-br", settings, LAYOUT, Means()).cues
    assert found.text == "b"
    assert asked == [([["<2pt>", "a", "</s>"]], None)]
