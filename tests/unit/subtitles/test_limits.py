"""Each language has the limits of its script, unless the configuration says otherwise."""

import re

import pytest

from vat.planning.config import CONFIG, complete
from vat.subtitles.limits import CueSettings, cue_settings


@pytest.mark.parametrize(
    ("language", "columns", "speed"),
    [
        ("en", 42, 20),
        ("pt-br", 42, 20),
        ("ru", 42, 20),
        ("zh", 36, 18),
        ("zh-hant", 36, 18),
        ("yue", 36, 18),
        ("ja", 36, 14),
        ("ko", 32, 24),
        ("th", 35, 17),
    ],
)
def test_a_script_has_its_preset(language: str, columns: int, speed: float) -> None:
    found = cue_settings(language, complete({})["merge"])
    assert found == CueSettings(max_columns=columns, max_columns_per_second=speed)
    assert cue_settings(language, {}) == found


@pytest.mark.parametrize("key", ["max_columns", "max_columns_per_second"])
def test_the_meaning_of_null_names_the_presets(key: str) -> None:
    meaning = CONFIG["properties"]["merge"]["properties"][key]["description"]
    said = dict(re.findall(r"(\w+) (\d+)[,)]", meaning.replace("Chinese and", "Chinese 36,")))
    codes = {"Latin": "en", "Chinese": "zh", "Japanese": "ja", "Korean": "ko", "Thai": "th"}
    assert said.keys() == {*codes, "others"}
    for name, code in [*codes.items(), ("others", "ru")]:
        assert float(said[name]) == getattr(cue_settings(code, {}), key), name


def test_the_configuration_goes_before_the_preset() -> None:
    section = {"max_columns": 50, "max_columns_per_second": None, "min_seconds": 0}
    assert cue_settings("zh", section) == CueSettings(50, 2, 18, min_seconds=0)
    assert cue_settings("en", section) == CueSettings(50, 2, 20, min_seconds=0)


def test_a_single_language_goes_before_all() -> None:
    section = {
        "max_columns": 50,
        "languages": {"zh": {"max_columns": 36, "max_lines": 1}, "zh-hant": {"max_columns": 30}},
    }
    assert cue_settings("zh", section).max_columns == 36
    assert cue_settings("zh-hant", section) == CueSettings(30, 1, 18)
    assert cue_settings("ja", section).max_columns == 50
