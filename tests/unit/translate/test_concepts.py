"""A translation shares things with its source, and an answer to something else does not."""

import csv
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from vat.translate.concepts import shared
from vat.translate.remark_words import plain


def good(root: Path) -> Iterator[tuple[str, str, tuple[str, str]]]:
    text = (root / "tests/data/odd_translations.tsv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        pair = row["source language"], row["target language"]
        yield plain(row["source"]), plain(row["translation"]), pair


def test_translations_share_more_than_texts_put_together_by_chance(root: Path) -> None:
    pairs = list(good(root))
    other = {pair: [answer for _, answer, one in pairs if one == pair] for _, _, pair in pairs}
    known = own = chance = 0
    for at, (source, answer, pair) in enumerate(pairs):
        found = shared(source, answer, pair)
        if found.said < 1.0:
            continue
        known += 1
        own += found.kept >= 0.25 * found.said
        chance += shared(source, other[pair][at * 7 % len(other[pair])], pair).kept >= 1.0
    assert known > 0.75 * len(pairs)
    assert own > 0.9 * known
    assert chance < 0.3 * known


@pytest.mark.parametrize(
    ("source", "answer", "pair"),
    [
        ("The doctor sleeps.", "Der Arzt schläft.", ("en", "de")),
        ("The doctor sleeps.", "醫生在睡覺。", ("en", "zh-tw")),
        ("醫生在睡覺。", "The doctor sleeps.", ("yue", "en")),
        ("Ask the teacher!", "اسأل المعلم!", ("en", "ar")),
        ("The window is open.", "खिड़की खुली है।", ("en", "hi")),
        ("We sell bread.", "Chúng tôi bán bánh mì.", ("en", "vi")),
    ],
)
def test_what_both_texts_speak_of_is_shared(
    source: str, answer: str, pair: tuple[str, str]
) -> None:
    found = shared(plain(source), plain(answer), pair)
    assert found.kept >= 0.5 * found.said >= 0.5


def test_names_and_figures_are_shared_by_languages_of_one_alphabet() -> None:
    assert shared("seat 14", "platz 14", ("en", "de")).kept == 1.0
    assert shared("mr. richardson!", "herr richardson!", ("en", "de")).kept == 1.0


def test_a_language_that_the_table_lacks_shares_nothing() -> None:
    assert shared("the doctor sleeps.", "die dokter slaap.", ("en", "af")).said == 0.0


def test_every_thing_has_words_in_every_language() -> None:
    text = files("vat").joinpath("data/concepts.tsv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.split("\n"), delimiter="\t", quoting=csv.QUOTE_NONE):
        assert all(cell and "||" not in cell for cell in row.values()), row["concept"]
