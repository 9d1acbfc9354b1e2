"""What the signs of remarks weigh, learned from the answers and translations of the tests.

    python -m benchmarks.remark_weights > src/vat/data/remark_weights.tsv
    python -m benchmarks.remark_weights --measure

Logistic regression: the sum of the weights is the logarithm of the odds that an answer is a remark.
With --measure, what is noticed of the sets that no weight was learned from, and of the others.
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
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

_STEPS: Final = 40
_RIDGE: Final = 2.0
_DOUBTED: Final = 0.004
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


def learned(remarks: Sequence[Row], translations: Sequence[Row]) -> dict[str, float]:
    """The weights, so that few of the translations are doubted; that of no name counts always."""
    found = [signs_of(row) for row in (*remarks, *translations)]
    names = list(dict.fromkeys(name for one in found for name in one))
    values = np.array([[1.0, *(one.get(name, 0.0) for name in names)] for one in found])
    is_remark = np.arange(len(found)) < len(remarks)
    weights = _regression(values, is_remark.astype(float))
    good = np.sort(values[~is_remark] @ weights)[::-1]
    weights[0] -= good[int(_DOUBTED * len(good))]
    return dict(zip(["", *names], map(float, weights), strict=True))


def _regression(values: Any, wanted: Any) -> Any:
    """Newton's method; large weights are penalised."""
    weights = np.zeros(values.shape[1])
    penalty = np.eye(values.shape[1]) * _RIDGE
    penalty[0, 0] = 0.0
    for _ in range(_STEPS):
        odds = 1.0 / (1.0 + np.exp(-values @ weights))
        slope = values.T @ (odds - wanted) + penalty @ weights
        bend = (values * (odds * (1.0 - odds))[:, None]).T @ values + penalty
        weights -= np.linalg.solve(bend, slope)
    return weights


def _is_doubted(row: Row) -> bool:
    answer = row.get("answer") or row["translation"]
    return bool(faults([row["source"]], [answer], (row["source language"], row["target language"])))


def measure() -> None:
    """Print the share of the answers of each set that is doubted."""
    print("set\trows\tdoubted\tshare")
    for name in (*_REMARKS, *_TRANSLATIONS, *_UNSEEN):
        found = [_is_doubted(row) for row in rows(name)]
        print(f"{name}\t{len(found)}\t{sum(found)}\t{sum(found) / len(found):.3f}")


def main() -> None:
    """Learn the weights and print them, or measure what they do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true")
    if parser.parse_args().measure:
        measure()
        return
    remarks = [row for name in _REMARKS for row in rows(name) if row.get("manner", "") in _MANNERS]
    translations = [row for name in _TRANSLATIONS for row in rows(name)]
    print("sign\tweight")
    for name, weight in learned(remarks, translations).items():
        print(f"{name}\t{weight:.2f}")


if __name__ == "__main__":
    main()
