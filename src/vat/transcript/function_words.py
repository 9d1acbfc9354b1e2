"""Function words: the short words of a language by what they do in a phrase."""

import csv
import functools
from collections.abc import Mapping
from importlib.resources import files

from vat.languages import base


def function_words(language: str) -> Mapping[str, frozenset[str]]:
    """The words of a language, in lower case, by kind; nothing where it has no list.

    They "lead" on, "begin" a phrase, "follow" the word before, are an "article", or "open" a
    phrase and end none, whatever comes after.
    """
    return _all().get(base(language), {})


@functools.cache
def _all() -> Mapping[str, Mapping[str, frozenset[str]]]:
    text = files("vat").joinpath("data/function_words.tsv").read_text(encoding="utf-8")
    found: dict[str, dict[str, frozenset[str]]] = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        found.setdefault(row["language"], {})[row["kind"]] = frozenset(row["words"].split())
    return found
