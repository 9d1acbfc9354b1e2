"""What the signs of remarks weigh, learned from the answers and translations of the tests.

    python -m benchmarks.remark_weights --messages /usr/share/locale > remark_weights.tsv
    python -m benchmarks.remark_weights --messages /usr/share/locale --measure

The table belongs into src/vat/data. Logistic regression: the sum of the weights is the logarithm of
the odds that an answer is a remark.
From a folder of messages of programs, half of the sentences are good translations, too, by
people and not by the author of the tests. With --measure, what is noticed of the sets that no
weight was learned from, of the others, and of the other half of the messages.
"""

import argparse
import csv
import gettext
import random
import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from vat.translate.integrity import faults
from vat.translate.remark_signs import Pair, signs
from vat.translate.remark_words import plain

_DATA: Final = Path(__file__).parents[1] / "tests/data"
_REMARKS: Final = ("answers_about_the_task", "odd_remarks", "model_remarks")
_TRANSLATIONS: Final = ("good_translations", "odd_translations", "model_translations")
_UNSEEN: Final = ("unseen_remarks", "unseen_translations")
_MANNERS: Final = ("refusal or remark", "")
"""Rows of other manners have no remark: markup, another language, the source as it was."""

_CATALOGUES: Final = {
    **{code: code for code in ("de", "fr", "es", "it", "nl", "ru", "pl", "tr", "vi", "ja", "ko")},
    **{"pt": "pt_BR", "zh": "zh_CN"},
}
_NO_SPEECH: Final = re.compile(r"[%<>{}\\_&@|\x04\n]|--")
_SHORTEST, _LONGEST, _MESSAGES = 20, 90, 250

_STEPS: Final = 40
_RIDGE: Final = 2.0
_OTHERS: Final = 0.3
_FEWER: Final = 20
"""One in so many: they tell that sharing nothing is no remark by itself."""

_DOUBTED: Final = 0.003
"""How many of the good translations the weights may doubt."""

Row = dict[str, str]


def rows(name: str) -> list[Row]:
    """The rows of one set of the tests."""
    text = (_DATA / f"{name}.tsv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def signs_of(row: Row) -> Mapping[str, float]:
    """The signs in the answer or the translation of a row."""
    pair = row["source language"], row["target language"]
    answer = row.get("answer") or row["translation"]
    return signs(Pair(plain(row["source"]), plain(answer), pair))


def learned(
    remarks: Sequence[Row], translations: Sequence[Row], others: Sequence[Row] = ()
) -> dict[str, float]:
    """The weights, so that few of the translations are doubted; that of no name counts always.

    `others` are further translations, of another kind than subtitles, that count less.
    """
    found = [signs_of(row) for row in (*remarks, *translations, *others)]
    names = list(dict.fromkeys(name for one in found for name in one))
    values = np.array([[1.0, *(one.get(name, 0.0) for name in names)] for one in found])
    order = np.arange(len(found))
    is_other = order >= len(remarks) + len(translations)
    weights = _regression(values, order < len(remarks), np.where(is_other, _OTHERS, 1.0))
    good = np.sort(values[(order >= len(remarks)) & ~is_other] @ weights)[::-1]
    weights[0] -= good[int(_DOUBTED * len(good))]
    return dict(zip(["", *names], map(float, weights), strict=True))


def _regression(values: Any, wanted: Any, counts: Any) -> Any:
    """Newton's method; large weights are penalised."""
    weights = np.zeros(values.shape[1])
    penalty = np.eye(values.shape[1]) * _RIDGE
    penalty[0, 0] = 0.0
    for _ in range(_STEPS):
        odds = 1.0 / (1.0 + np.exp(-values @ weights))
        slope = values.T @ (counts * (odds - wanted)) + penalty @ weights
        bend = (values * (counts * odds * (1.0 - odds))[:, None]).T @ values + penalty
        weights -= np.linalg.solve(bend, slope)
    return weights


def exchanged(translations: Sequence[Row]) -> Iterator[Row]:
    """Translations of other sentences than their source: wrong, but no remarks."""
    before: dict[tuple[str, str], Row] = {}
    for row in translations:
        pair = row["source language"], row["target language"]
        if pair in before:
            yield {**row, "translation": before[pair]["translation"]}
        before[pair] = row


def _is_doubted(row: Row) -> bool:
    answer = row.get("answer") or row["translation"]
    return bool(faults([row["source"]], [answer], (row["source language"], row["target language"])))


def messages(folder: Path, half: int) -> Iterator[Row]:
    """Sentences of programs and their translations, at most so many of each language.

    No sentence is in both halves (0 and 1), in whatever languages.
    """
    for code, name in _CATALOGUES.items():
        found: set[tuple[str, str]] = set()
        for path in sorted(folder.glob(f"{name}/LC_MESSAGES/*.mo")):
            with path.open("rb") as file, suppress(OSError, UnicodeError, struct.error):
                found.update(vars(gettext.GNUTranslations(file))["_catalog"].items())
        sentences = [
            (source, text)
            for source, text in sorted(one for one in found if _is_sentence(*one))
            if source != text and zlib.crc32(source.encode()) % 2 == half
        ]
        random.Random(1).shuffle(sentences)
        for source, text in sentences[:_MESSAGES]:
            languages = {"source language": "en", "target language": code}
            yield {**languages, "source": source, "translation": text}


def _is_sentence(source: Any, text: Any) -> bool:
    """Whether a message may be said: it has no mark of a format, and some words."""
    if not (isinstance(source, str) and isinstance(text, str) and source[:1].isupper()):
        return False
    plain_words = source.count(" ") > 2 and not _NO_SPEECH.search(source)
    return plain_words and _SHORTEST <= len(source) <= _LONGEST


def measure(folder: Path | None) -> None:
    """Print the share of the answers of each set that is doubted."""
    print("set\trows\tdoubted\tshare")
    sets = {name: rows(name) for name in (*_REMARKS, *_TRANSLATIONS, *_UNSEEN)}
    if folder is not None:
        sets["messages"] = list(messages(folder, half=1))
    for name, known in sets.items():
        found = [_is_doubted(row) for row in known]
        share = sum(found) / max(1, len(found))
        print(f"{name}\t{len(found)}\t{sum(found)}\t{share:.3f}")


def main() -> None:
    """Learn the weights and print them, or measure what they do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--messages", type=Path)
    given = parser.parse_args()
    if given.measure:
        measure(given.messages)
        return
    remarks = [row for name in _REMARKS for row in rows(name) if row.get("manner", "") in _MANNERS]
    translations = [row for name in _TRANSLATIONS for row in rows(name)]
    others = list(messages(given.messages, half=0)) if given.messages else []
    others += list(exchanged(translations))[::_FEWER]
    print("sign\tweight")
    for name, weight in learned(remarks, translations, others).items():
        print(f"{name}\t{weight:.2f}")


if __name__ == "__main__":
    main()
