"""Where in the picture a subtitle of others is shown, as one of the nine places of a number pad."""

import re
from typing import Final

BOTTOM: Final = 2
"""The usual place, in the middle below."""

_NUMPAD: Final = re.compile(r"\\an([1-9])")
_OLD: Final = re.compile(r"\\a(1[01]|[1-9])(?![0-9a-z])")
_EXACT: Final = re.compile(r"\\(?:pos|move)\(\s*-?[\d.]+\s*,\s*(-?[\d.]+)")
_OF_OLD: Final = {1: 1, 2: 2, 3: 3, 5: 7, 6: 8, 7: 9, 9: 4, 10: 5, 11: 6}
"""SubStation Alpha's own numbers (\\a)."""

_LINE: Final = re.compile(r"\bline:(-?\d+(?:\.\d+)?)(%?)")
_UPPER_LINES: Final = 4
"""WebVTT counts lines from above; players show about 15."""


def of_commands(text: str, usual: int, height: float) -> int:
    """The place of an event of ASS, or of SubRip with such commands; 0 for the usual one.

    `usual` is that of its style, `height` that of the script's picture (PlayResY). A place in
    pixels becomes the upper, the middle or the lower third.
    """
    if match := _NUMPAD.search(text):
        place = int(match[1])
    elif match := _OLD.search(text):
        place = _OF_OLD.get(int(match[1]), BOTTOM)
    elif (match := _EXACT.search(text)) and height > 0:
        third = int(3 * float(match[1]) / height)
        place = {0: 8, 1: 5}.get(max(third, 0), BOTTOM)
    else:
        place = usual
    return 0 if place == BOTTOM else place


def of_cue_settings(settings: str) -> int:
    """The place of a cue of WebVTT by what follows its times; 0 for the usual one."""
    match = _LINE.search(settings)
    if match is None:
        return 0
    number, in_percent = float(match[1]), bool(match[2])
    if in_percent:
        return 8 if number < 100 / 3 else 5 if number < 200 / 3 else 0
    return 8 if 0 <= number <= _UPPER_LINES else 0
