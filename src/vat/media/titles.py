"""Titles as sites and files give them: whatever these hold, one line of text is left."""

import unicodedata
from typing import Final

_LONGEST: Final = 500
"""Characters of a title; one argument of a program may have 128 KiB, and no player shows more."""


def one_line(title: str) -> str:
    """The title without control characters and line breaks, cut where it is longer than any."""
    # What is far too long need not be looked through to its end.
    head = title[: 4 * _LONGEST]
    plain = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in head)
    return " ".join(plain.split())[:_LONGEST].rstrip()
