"""An answer in a language with the same letters is told from one in the wanted language."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from vat.translate.integrity import faults
from vat.translate.kindred_languages import kindred_language

LATIN = ("de", "fr", "es", "pt", "it", "nl", "pl", "tr")


@pytest.mark.parametrize(
    ("answer", "target", "found"),
    [
        ("Mi padre construyó este barco.", "pt", "es"),
        ("O meu pai construiu este barco.", "es", "pt"),
        ("Mi padre construyó este barco.", "es", None),
        ("我父亲造了这艘船。", "ja", "zh"),
        ("父がこの船を作った。", "ja", None),
        ("父がこの船を作ったんだ。", "zh", "ja"),
        ("我父亲造了这艘船。", "zh", None),
        ("Ary Goorle", "af", None),
    ],
)
def test_which_language_it_is(answer: str, target: str, found: str | None) -> None:
    source = "my father built this boat."
    assert kindred_language(source, answer.lower(), ("en", target)) == found


@pytest.mark.parametrize(
    ("source", "answer", "target"),
    [
        ("Hasta la vista, baby.", "Hasta la vista, Baby.", "de"),
        ("Ciao, bella!", "Ciao, bella!", "fr"),
        ("C'est la vie, my friend.", "C'est la vie, mein Freund.", "de"),
        ("Bravo, maestro!", "Bravo, maestro !", "fr"),
        ("Rio de Janeiro", "Rio de Janeiro", "de"),
        ("Sushi for two.", "Sushi für zwei.", "de"),
        ("Whisky?", "Whisky?", "it"),
        ("Tschüss, Jürgen.", "Tschüss, Jürgen.", "nl"),
    ],
)
def test_foreign_words_may_stay(source: str, answer: str, target: str) -> None:
    assert kindred_language(source.lower(), answer.lower(), ("en", target)) is None


def test_kanji_alone_may_be_japanese() -> None:
    assert kindred_language("fire!", "火事!", ("en", "ja")) is None
    assert faults(["Fire!"], ["你着火了!"], ("en", "ja"))


def test_translations_under_the_wrong_language_are_noticed_and_right_ones_are_not(
    root: Path,
) -> None:
    """Every translation of one source into several languages is tried as that of the others."""
    known: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    text = (root / "tests/data/odd_translations.tsv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        key = row["source language"], row["source"].lower()
        known[key][row["target language"]] = row["translation"].lower()
    tried = noticed = right = doubted = 0
    for number, ((spoken, source), texts) in enumerate(known.items()):
        own = [code for code in texts if code in LATIN and code != spoken]
        for code in own:
            right += 1
            doubted += kindred_language(source, texts[code], (spoken, code)) is not None
        for wanted, given in [(own[0], own[-1])] if len(own) > 1 and number % 2 else []:
            tried += 1
            noticed += kindred_language(source, texts[given], (spoken, wanted)) is not None
    assert tried > 30
    assert noticed >= 0.9 * tried
    assert doubted <= 0.003 * right
