"""Which way a text is read, marked so that every player shows it so."""

import re
from collections.abc import Sequence, Set
from typing import Final
from unicodedata import bidirectional

from vat.languages import is_right_to_left

TO_LEFT: Final = "\u202b"
"""RIGHT-TO-LEFT EMBEDDING. libass draws the isolates of later Unicode as boxes."""

TO_RIGHT: Final = "\u202a"
"""LEFT-TO-RIGHT EMBEDDING."""

END: Final = "\u202c"
"""POP DIRECTIONAL FORMATTING: where an embedding ends."""

_TIMES: Final = re.compile(r"\s*-?\d+:\d+:\d+[,.:]\d+\s*-->")
"""A line of SubRip that begins a subtitle. Where that is what was said, a mark before it keeps
players from taking it for one."""

_DIRECTIONS: Final = {"L": "L", "R": "R", "AL": "R"}
"""Left or right by Unicode's class of a letter; figures and signs have none."""


def directed(lines: Sequence[str], code: str) -> list[str]:
    """The lines of a text in one language, between invisible marks where they need them.

    A player that finds no mark takes every line to go from left to right, or as its first letter
    does: then a Hebrew sentence that begins with a Latin word is torn apart, and the full stop of
    any other may stand at its wrong end. What has no letter from right to left needs no mark,
    except figures and signs alone in a language that goes so, and times of subtitles.
    """
    found = (_DIRECTIONS.get(bidirectional(character)) for character in "".join(lines))
    kinds = {kind for kind in found if kind}
    mark = TO_LEFT if _goes_left(kinds, code) else TO_RIGHT if "R" in kinds else ""
    return [_between(mark or (TO_RIGHT if _TIMES.match(line) else ""), line) for line in lines]


def _between(mark: str, line: str) -> str:
    return f"{mark}{line}{END}" if mark else line


def _goes_left(kinds: Set[str], code: str) -> bool:
    """Whether a text with letters of these kinds is read from right to left.

    It goes as its language does, unless all its letters go the other way, as those of a source text
    that stayed may do.
    """
    if is_right_to_left(code):
        return kinds != {"L"}
    return kinds == {"R"}
