"""The table of languages is complete and right where it can be checked."""

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES

from vat.errors import ConfigError
from vat.languages import LANGUAGES, is_cjk, language


def test_every_language_of_whisper_is_known() -> None:
    assert set(_LANGUAGE_CODES) <= set(LANGUAGES)
    assert set(LANGUAGES) - set(_LANGUAGE_CODES) == {"zh-hans", "zh-hant", "pt-br"}


def test_codes_have_their_form() -> None:
    for code, known in LANGUAGES.items():
        assert code == known.code
        assert len(known.iso639_2) == 3
        assert known.english
        assert known.native
        assert known.flores is None or len(known.flores.split("_")) == 2


@pytest.mark.parametrize(
    ("code", "iso", "flores"),
    [
        ("en", "eng", "eng_Latn"),
        ("zh", "zho", "zho_Hans"),
        ("zh-hant", "zho", "zho_Hant"),
        ("fa", "fas", "pes_Arab"),
        ("yue", "zho", "yue_Hant"),
        ("jw", "jav", "jav_Latn"),
        ("no", "nor", "nob_Latn"),
        ("la", "lat", None),
    ],
)
def test_some_known_codes(code: str, iso: str, flores: str | None) -> None:
    assert (language(code).iso639_2, language(code).flores) == (iso, flores)


def test_an_unknown_code_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'eng' is unknown; did you mean.*en"):
        language("eng")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("German", "de"), ("deu", "de"), ("Français", "fr"), ("ZH_Hant", "zh-hant"), ("zho", "zh")],
)
def test_a_language_named_otherwise_is_recognised_in_the_message(wrong: str, right: str) -> None:
    with pytest.raises(ConfigError, match=rf"'{wrong}' is unknown; did you mean {right}\b"):
        language(wrong)


def test_wide_scripts() -> None:
    assert [code for code in LANGUAGES if is_cjk(code)] == ["zh", "ja", "yue", "zh-hans", "zh-hant"]
