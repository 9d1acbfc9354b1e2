"""A model that knows only English is not asked for another language."""

import json
from pathlib import Path

import pytest

from vat.errors import ConfigError
from vat.planning.english_models import check_language, knows_only_english


@pytest.mark.parametrize(
    ("name", "english"),
    [("tiny.en", True), ("distil-large-v3", True), ("large-v3", False), ("someone/medium", False)],
)
def test_a_name_tells_whether_a_model_is_english(name: str, english: bool) -> None:
    assert knows_only_english(name, None) == english


@pytest.mark.parametrize("name", ["vocabulary.txt", "vocabulary.json"])
@pytest.mark.parametrize(("tokens", "english"), [(51864, True), (51865, False), (51866, False)])
def test_a_vocabulary_tells_it_whatever_the_name(
    tmp_path: Path, name: str, tokens: int, english: bool
) -> None:
    words = [f"w{n}" for n in range(tokens)]
    text = json.dumps(words) if name.endswith("json") else "".join(f"{word}\n" for word in words)
    (tmp_path / name).write_text(text)
    assert knows_only_english("mine.en", tmp_path) == english


def test_another_language_is_refused_by_name() -> None:
    check_language("tiny.en", None, ["en", "auto"])
    check_language("large-v3", None, ["zh"])
    with pytest.raises(ConfigError, match=r"'tiny\.en' knows only English.*de, zh"):
        check_language("tiny.en", None, ["zh", "en", "de"])
