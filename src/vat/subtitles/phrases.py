"""Which neighbouring words belong together, by the short words of a language.

A phrase begins with words that have a function (articles, prepositions, conjunctions) and goes on
with words that have a meaning, so that it ends where the next of the former comes: the chinks and
chunks of Liberman and Church (1992), which need no grammar.
"""

import re
from enum import Enum
from typing import Final

from vat.subtitles.sentences import leads_on
from vat.transcript.function_words import function_words

_EDGES: Final = re.compile(r"^[^\w’']+|[^\w.’']+$")


class Bond(Enum):
    """How closely a word belongs to the one before it: a phrase begins, nothing is known, ..."""

    LOOSE = "a phrase begins"
    PLAIN = "nothing is known"
    CLOSE = "a phrase goes on"
    TIGHT = "a phrase has only begun"


def bond(before: str, after: str, language: str) -> Bond:
    """How closely two neighbouring words of a clause belong together.

    Of languages without a list, and of names, only short words are known to lead on.
    """
    kinds = function_words(language)
    first, second = _bare(before), _bare(after)
    if first in kinds.get("lead", ()):
        return Bond.TIGHT
    if second in kinds.get("begin", ()):
        return Bond.LOOSE
    if second in kinds.get("follow", ()):
        return Bond.TIGHT
    if "article" in kinds:
        return Bond.PLAIN if second in kinds["article"] else Bond.CLOSE
    return Bond.TIGHT if leads_on(before) else Bond.PLAIN


def _bare(word: str) -> str:
    return _EDGES.sub("", word).rstrip(".").replace("’", "'").lower()
