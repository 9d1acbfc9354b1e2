"""Advanced SubStation Alpha of others, from files and from tracks in containers."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vat.errors import SubtitleError
from vat.subtitles.drawings import canvas_of, drawing_of, parted, place_of
from vat.subtitles.positions import BOTTOM, of_commands
from vat.subtitles.subtitle_file import SubtitleFile, trimmed
from vat.timeline import Cue

if TYPE_CHECKING:
    from pysubs2 import SSAEvent, SSAFile

_FIELDS: Final = 8
"""Fields of an event of ASS in a container before its text: number, layer, style, name, three
margins and effect."""

_EVENT_TIMES: Final = re.compile(r"[^,]*(?:,\s*-?\d{1,2}:\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?\s*){2},")

_OPEN: Final = "\ue000"
_CLOSE: Final = "\ue001"
_PRIVATE: Final = str.maketrans("", "", _OPEN + _CLOSE)
_OVERRIDES: Final = re.compile(r"\{[^}]*\}")
"""Commands in an event of ASS; braces that are text are escaped, and marked while these go."""


def read_ass(path: Path, text: str, form: str) -> SubtitleFile:
    """The subtitles and drawings of a script; `form` is ass or ssa.

    Raises:
        SubtitleError: naming the file, and the line where there is one.
    """
    import pysubs2

    try:
        script = pysubs2.SSAFile.from_string(text, format_=form)
    except (pysubs2.exceptions.Pysubs2Error, ValueError, LookupError) as error:
        line = next((at for at, one in enumerate(text.splitlines(), 1) if _is_odd(one)), 0)
        where = f", line {line}," if line else ""
        raise SubtitleError(f"'{path}'{where} cannot be read: {error}.") from error
    return events_of(script, str(path))


def _is_odd(line: str) -> bool:
    """Whether a line of ASS is an event whose times are none."""
    return bool(re.match(r"\s*(?:Dialogue|Comment)\s*:", line)) and not _EVENT_TIMES.match(line)


def events_of(script: "SSAFile", name: str) -> SubtitleFile:
    """The cues of a script; equal ones at the same time are layers of one."""
    found, seen = SubtitleFile([]), set[tuple[int, int, str]]()
    styled = placed = 0
    canvas = canvas_of(script)
    for number, event in enumerate(script, 1):
        if event.is_comment:
            continue
        if event.end < event.start:
            raise SubtitleError(
                f"'{name}', event {number}: the subtitle ends before it begins; correct its times."
            )
        words, shape = parted(event.text)
        style = script.styles.get(event.style)
        if shape:
            found.drawings.append(drawing_of(event, shape, style, canvas))
        text, commands = _plain_event(words)
        key = (event.start, event.end, text)
        if not text or key in seen:
            continue
        seen.add(key)
        styled += bool(commands)
        placed += r"\pos(" in commands or r"\move(" in commands
        usual = int(style.alignment) if style else BOTTOM
        found.add(_cue(event, text, commands, usual, canvas), f"event {number}")
    return SubtitleFile(found.cues, found.odd, styled, placed, found.drawings)


def _cue(
    event: "SSAEvent", text: str, commands: str, usual: int, canvas: tuple[float, float]
) -> Cue:
    position = of_commands(commands, usual, canvas[1])
    place = place_of(commands, usual, canvas)
    return Cue(0, event.start / 1000, event.end / 1000, text, position=position, place=place)


def _plain_event(said: str) -> tuple[str, str]:
    """The text of an event, and its commands."""
    text = said.translate(_PRIVATE).replace(r"\{", _OPEN).replace(r"\}", _CLOSE)
    commands = "".join(_OVERRIDES.findall(text))
    text = _OVERRIDES.sub("", text)
    for code, character in ((r"\N", "\n"), (r"\n", "\n"), (r"\h", " ")):
        text = text.replace(code, character)
    text = text.replace(_OPEN, "{").replace(_CLOSE, "}").replace("\\\u2060", "\\")
    return trimmed(text), commands


def script_of(header: str, packets: Iterable[tuple[float, float, str]]) -> "SSAFile":
    """A track of ASS as a script; in a container, an event's fields before its text are eight."""
    import pysubs2

    try:
        script = pysubs2.SSAFile.from_string(header, format_="ass")
    except (pysubs2.exceptions.Pysubs2Error, ValueError, LookupError):
        script = pysubs2.SSAFile()
    script.events = []
    for start, end, said in packets:
        fields = said.rstrip("\r\n\0").split(",", _FIELDS)
        event = pysubs2.SSAEvent(round(start * 1000), round(end * 1000), text=fields[-1])
        if len(fields) > _FIELDS:
            event.style, event.layer = fields[2], _number(fields[1])
            event.marginl, event.marginr, event.marginv = map(_number, fields[4:7])
        script.append(event)
    return script


def _number(told: str) -> int:
    return int(told) if told.strip().isdecimal() else 0
