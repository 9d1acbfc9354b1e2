"""The words by which an answer tells that it speaks of the task, for each language."""

import csv
import functools
import re
from collections.abc import Mapping, Set
from importlib.resources import files
from unicodedata import normalize

from vat.languages import base


def plain(text: str) -> str:
    """A text as the patterns of the table expect it."""
    return normalize("NFKC", text).lower().replace("’", "'")


@functools.cache
def _table() -> Mapping[str, Mapping[str, re.Pattern[str]]]:
    """Patterns by language and by what they find."""
    text = files("vat").joinpath("data/remarks.tsv").read_text(encoding="utf-8")
    found: dict[str, dict[str, re.Pattern[str]]] = {}
    rows = csv.DictReader(text.split("\n"), delimiter="\t", quoting=csv.QUOTE_NONE)
    for row in rows:
        pattern = re.compile(normalize("NFKC", row["pattern"]))
        found.setdefault(row["language"], {})[row["feature"]] = pattern
    return found


def patterns(code: str) -> Mapping[str, re.Pattern[str]]:
    """The patterns of a language by feature; empty where the table does not have it."""
    name = base(code)
    return _table().get({"yue": "zh"}.get(name, name), {})


@functools.lru_cache(maxsize=4096)
def features(text: str, code: str) -> Set[str]:
    """What a plain text in a language speaks of."""
    return frozenset(name for name, pattern in patterns(code).items() if pattern.search(text))
