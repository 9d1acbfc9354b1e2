"""Objects in text that is JSON, or nearly: what models write that have seen more prose than JSON.

A library that repairs JSON closes what was cut off, and half a translation would pass for a whole
one. Here, whatever does not end is left out.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

_MOST_BEGINNINGS: Final = 500
"""Braces in one text that are looked at: an answer has one, notes around it a few more."""

_MOST_READ_IN_VAIN: Final = 200_000
_LONGEST_KEY: Final = 60
_DEEPEST: Final = 20
_QUOTES: Final = {'"': '"', "'": "'", "“": "”", "”": "”", "„": "“”", "«": "»", "`": "`"}
"""What a text may begin with, and what ends it then."""

_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\"}
_BLANKS: Final = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_BARE_KEY: Final = re.compile(r"[\w.-]+")
_NO_KEY: Final = re.compile(r"[{}\n]")
_BARE_VALUE: Final = re.compile(r"[^\s,{}\[\]\"']+")
_TOLD: Final = r"\s*(?:[:：]|=>?)"
_NEXT_KEY: Final = r"(?:[\"'“„«`][^\"'“”„«»`\n]{1,40}[\"'”“»`]|[\w-]{1,40})" + _TOLD
_AFTER_VALUE: Final = re.compile(rf"\s*(?:[,，]\s*)?(?:[}}\]]|//|/\*|{_NEXT_KEY}|,\s*[{{\[\"'“])")
"""What follows a quotation mark that ends a value, and hardly ever one inside of it."""

_AFTER_KEY: Final = re.compile(_TOLD)
_BARE_TEXT: Final = re.compile(rf"[^\n{{}}\[\]\"]+?(?=\s*(?:,\s*{_NEXT_KEY}|,?\s*[}}\n]))")
"""A text that nobody put into quotation marks."""

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_BARE: Final = {"true": True, "false": False, "null": None, "none": None}


class _CutError(ValueError):
    """The text ends within a value."""


def objects(text: str) -> Iterator[dict[str, Any]]:
    """The outermost objects in a text, in order, whatever stands around them.

    Line ends inside of texts, commas too many or too few, comments, other quotation marks, and
    quotation marks that nobody escaped are read past. Of an object that does not end, the members
    that do are there. Keys that an object has twice are left out.
    """
    at = text.find("{")
    vain = 0
    for _ in range(_MOST_BEGINNINGS):
        if at < 0 or vain > _MOST_READ_IN_VAIN:
            return
        found, end = _object_at(text, at)
        if found is None:
            vain += end - at
            end = at + 1
        else:
            yield found
        at = text.find("{", end)


def _object_at(text: str, at: int) -> tuple[dict[str, Any] | None, int]:
    """The object that begins at a brace, None where none does; and how far was read."""
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        return None, len(text)
    except ValueError:
        reader = _Reader(text, at)
    try:
        return reader.members(), reader.at
    except ValueError:
        return None, reader.at


def _unambiguous(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object without the keys that it has twice."""
    count = Counter(key for key, _ in pairs)
    return {key: value for key, value in pairs if count[key] == 1}


_DECODER: Final = json.JSONDecoder(strict=False, object_pairs_hook=_unambiguous)


class _Reader:
    """Reads one value after the other; `at` is the place of the next character."""

    def __init__(self, text: str, at: int) -> None:
        self.text, self.at, self.depth = text, at, 0

    def members(self) -> dict[str, Any]:
        """The object at this place, with what of it is whole.

        Raises:
            ValueError: where there is none.
        """
        self.at += 1
        outermost = self.depth == 0
        self._descend()
        pairs: list[tuple[str, Any]] = []
        try:
            while not self._ends("}"):
                key = self._key()
                pairs.append((key, self._value()))
        except _CutError:
            if not outermost or not pairs:
                raise
            self.at = len(self.text)
        self.depth -= 1
        return _unambiguous(pairs)

    def _items(self) -> list[Any]:
        self.at += 1
        self._descend()
        items = []
        while not self._ends("]"):
            items.append(self._value())
        self.depth -= 1
        return items

    def _descend(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError

    def _ends(self, mark: str) -> bool:
        """Past blanks and commas: whether the object or the list is over."""
        while self._peek() in ",，;":
            self.at += 1
        if self._peek() != mark:
            return False
        self.at += 1
        return True

    def _peek(self) -> str:
        blanks = _BLANKS.match(self.text, self.at)
        self.at = blanks.end() if blanks else self.at
        if self.at >= len(self.text):
            raise _CutError
        return self.text[self.at]

    def _key(self) -> str:
        if self._peek() in _QUOTES:
            key = self._quoted(_AFTER_KEY.match, _LONGEST_KEY)
        else:
            bare = _BARE_KEY.match(self.text, self.at)
            if bare is None:
                raise ValueError
            key, self.at = bare[0], bare.end()
        self._peek()
        told = _AFTER_KEY.match(self.text, self.at)
        if told is None or _NO_KEY.search(key):
            raise ValueError
        self.at = told.end()
        return key

    def _value(self) -> Any:
        mark = self._peek()
        if mark == "{":
            return self.members()
        if mark == "[":
            return self._items()
        if mark in _QUOTES:
            return self._quoted(_AFTER_VALUE.match, len(self.text))
        return self._bare()

    def _bare(self) -> Any:
        """A word that JSON knows, a number, or a text without quotation marks."""
        bare = _BARE_VALUE.match(self.text, self.at)
        if bare is None:
            raise ValueError
        if bare.end() == len(self.text):
            raise _CutError
        word = bare[0].casefold()
        if word in _BARE or _NUMBER.fullmatch(word):
            self.at = bare.end()
            return _BARE[word] if word in _BARE else float(word)
        text = _BARE_TEXT.match(self.text, self.at)
        if text is None:
            raise ValueError
        self.at = text.end()
        return text[0]

    def _quoted(self, follows: Callable[[str, int], object], most: int) -> str:
        """The text up to the quotation mark behind which something follows that may."""
        closing = _QUOTES[self.text[self.at]]
        self.at += 1
        found = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "\\":
                found.append(self._escape())
                continue
            self.at += 1
            if character in closing and follows(self.text, self.at):
                return "".join(found)
            found.append(character)
            if len(found) > most:
                raise ValueError
        raise _CutError

    def _escape(self) -> str:
        code = self.text[self.at + 1 : self.at + 2]
        digits = self.text[self.at + 2 : self.at + 6]
        if code == "u" and re.fullmatch("[0-9a-fA-F]{4}", digits):
            self.at += 6
            return self._pair(chr(int(digits, 16)))
        self.at += 2
        if code in _ESCAPES:
            return _ESCAPES[code]
        # {\an8} and the like: a backslash that is meant.
        return code if code in "\"'“”" else f"\\{code}"

    def _pair(self, first: str) -> str:
        """A character of two escapes, where the second one is there."""
        second = re.match(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})", self.text[self.at : self.at + 6])
        if not ("\ud800" <= first < "\udc00" and second):
            return first
        self.at += 6
        return (first + chr(int(second[1], 16))).encode("utf-16", "surrogatepass").decode("utf-16")
