"""What a local model is told of languages, and in which number format it is computed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vat.errors import ModelError
from vat.translate import nmt
from vat.translate.vocabulary import language_token, madlad_token, opus_token


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
    assert language_token(known, code, target=target) == token


@pytest.mark.parametrize("code", ["zh-hant", "yue", "la"])
def test_no_other_language_stands_in_for_one(code: str) -> None:
    with pytest.raises(ModelError, match="does not know"):
        language_token(vocabulary("__zh__", "__en__"), code, target=True)


@pytest.mark.parametrize(
    ("known", "code", "token"),
    [
        (["a"], "de", None),
        ([">>pob<<", ">>por<<"], "pt-br", ">>pob<<"),
        ([">>zho_Hant<<"], "zh-hant", ">>zho_Hant<<"),
        ([">>nob<<"], "no", ">>nob<<"),
    ],
)
def test_tokens_of_opus_targets(known: list[str], code: str, token: str | None) -> None:
    assert opus_token(known, code) == token


def test_names_of_languages_in_madlad() -> None:
    known = vocabulary("<2en>", "<2pt>", "<2iw>", "<2zh>")
    assert [madlad_token(known, code) for code in ("he", "pt-br")] == ["<2iw>", "<2pt>"]
    for code in ("zh-hant", "fr"):
        with pytest.raises(ModelError, match="does not know"):
            madlad_token(known, code)


@pytest.mark.parametrize(
    ("device", "exact", "saved", "kind"),
    [
        ("cpu", True, b"encoder/weight", "int8"),
        ("cpu", False, b"encoder/weight", "default"),
        ("cuda", True, b"encoder/weight", "float16"),
        ("cuda", True, b"encoder/weight_scale", "int8_float16"),
        ("cuda", True, b"", "float16"),
    ],
)
def test_number_formats_by_device_and_file(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    device: str,
    exact: bool,
    saved: bytes,
    kind: str,
) -> None:
    monkeypatch.setattr(nmt, "sums_bytes_exactly", lambda: exact)
    (tmp_path / "model.bin").write_bytes(saved)
    assert nmt.number_format(str(tmp_path), device) == kind


def test_the_model_is_loaded_in_that_format(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ctranslate2

    asked: dict[str, Any] = {}
    monkeypatch.setattr(ctranslate2, "Translator", lambda folder, **options: asked.update(options))
    nmt.load_translator.__wrapped__(str(root / "models/translator"), "cuda", 2)
    assert asked["compute_type"] == "int8_float16"
