"""The table of languages is complete and right where it can be checked."""

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES

from vat.errors import ConfigError
from vat.languages import LANGUAGES, code_of, is_cjk, language, nearest

CHINESE = {"zh-hans", "zh-hant", "zh-cn", "zh-tw", "zh-hk"}
FORMS = CHINESE | {"pt-br"}
"""Forms of a language in writing, which Whisper does not tell apart."""


def test_every_language_of_whisper_is_known() -> None:
    assert set(_LANGUAGE_CODES) <= set(LANGUAGES)
    assert set(LANGUAGES) - set(_LANGUAGE_CODES) == FORMS


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


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *(("zh-CN", "zh-cn"), ("zh_TW", "zh-tw"), ("zh-Hant-HK", "zh-hk"), ("zh-SG", "zh-hans")),
        *(("pt-BR", "pt-br"), ("pt-PT", "pt"), ("en-US", "en"), ("sr-Cyrl", "sr"), ("nb", "no")),
        *(("eng", "en"), ("ger", "de"), ("cmn", "zh"), ("iw", "he"), ("fil", "tl"), ("jv", "jw")),
        *(("jp", "ja"), ("cz", "cs"), ("ua", "uk"), ("cn", "zh"), ("no", "no"), ("br", "br")),
        *(("Chinese", "zh"), ("中文", "zh"), ("简体中文", "zh-hans"), (" swiss  german ", None)),
        *(("Brazilian Portuguese", "pt-br"), ("Deutsch", "de"), ("日本語", "ja"), ("farsi", "fa")),
        *(("xx", None), ("foo", None), ("klingon", None), ("sr-Latn", None), ("zh-Latn", None)),
        *(("", None), ("-", None), ("zh-", None), ("語", None), ("ää", None), ("x" * 999, None)),
        *(("\x00", None), ("f\x00", None)),
    ],
)
def test_what_people_call_a_language_is_understood(name: str, code: str | None) -> None:
    assert code_of(name) == code


def test_every_language_is_understood_by_its_own_names() -> None:
    for known in LANGUAGES.values():
        assert code_of(known.code.upper()) == known.code
        assert code_of(known.english) == known.code
        assert code_of(known.native) == known.code


@pytest.mark.parametrize(
    ("slip", "codes"), [("englsh", ["en"]), ("Swedsh", ["sv"]), ("xx", []), ("klingon", [])]
)
def test_only_what_is_like_a_name_is_suggested(slip: str, codes: list[str]) -> None:
    assert nearest(slip) == codes


def test_wide_scripts() -> None:
    assert {code for code in LANGUAGES if is_cjk(code)} == {"zh", "ja", "yue"} | CHINESE
