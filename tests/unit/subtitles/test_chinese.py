"""Chinese is written in one form, with the marks of that form, and nothing else is touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.subtitles.chinese import (
    converted,
    punctuated,
    script_of,
    variant_counts,
    wide_marks,
    written,
)


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("皇后说头发在后面", "zh-hant", "皇后說頭髮在後面"),
        ("女兒說著頭髮", "zh-hans", "女儿说着头发"),
        ("鼠标和软件", "zh-tw", "滑鼠和軟體"),
        ("滑鼠和軟體", "zh-cn", "鼠标和软件"),
        ("里面为什么", "zh-hk", "裏面為什麼"),
        ("日本語の勉強", "ja", "日本語の勉強"),
        ("你好, world.", "zh-hans", "你好，world."),
        ("漢字和汉字", "zh", "漢字和汉字"),
    ],
)
def test_a_text_is_written_as_its_language_asks(text: str, code: str, expected: str) -> None:
    assert written(text, code) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好, 世界.", "你好，世界。"),
        ("真的吗?!", "真的吗？！"),
        ("现在是3:30, 好", "现在是3:30, 好"),
        ("第:1", "第:1"),
        ("共1,000 个", "共1,000 个"),
        ("他说: “好.”", "他说：“好。”"),
        ("OK. 好", "OK. 好"),
    ],
)
def test_marks_after_chinese_characters_are_wide(text: str, expected: str) -> None:
    assert punctuated(text) == expected


def test_a_track_of_an_open_form_has_that_of_most_of_its_characters() -> None:
    assert converted(["女兒說話", "她说"], "zh") == ["女兒說話", "她說"]
    assert converted(["女儿说话", "她說"], "zh") == ["女儿说话", "她说"]
    assert converted(["the same"], "en") == ["the same"]


@pytest.mark.parametrize(
    ("text", "code", "script"),
    [
        *(("女兒", "zh", "Hant"), ("女儿", "zh", "Hans"), ("人", "zh", "Hans")),
        *(("人", "yue", "Hant"), ("女儿", "zh-tw", "Hant"), ("女兒", "ja", None)),
    ],
)
def test_the_form_is_told(text: str, code: str, script: str | None) -> None:
    assert script_of(text, code) == script


CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=30)


@given(CHINESE, st.sampled_from(["zh-hans", "zh-hant", "zh-cn", "zh-tw", "zh-hk"]))
def test_once_written_a_text_stays(text: str, code: str) -> None:
    once = converted([text], code, same_words=True)
    assert len(once[0]) == len(text)
    assert (
        variant_counts(once[0])[code in ("zh-hans", "zh-cn")]
        <= variant_counts(text)[code in ("zh-hans", "zh-cn")]
    )


@given(st.text("中文,.?! a1:", max_size=30))
def test_wide_marks_keep_the_length(text: str) -> None:
    assert len(wide_marks(text)) == len(text)
