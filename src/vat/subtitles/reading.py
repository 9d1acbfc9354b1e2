"""Subtitle files of others: SRT, WebVTT and ASS, read as players read them, damaged ones too."""

import html
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vat.errors import SubtitleError
from vat.subtitles.direction import END, TO_LEFT, TO_RIGHT
from vat.subtitles.encodings import encoding_of
from vat.subtitles.positions import BOTTOM, of_commands, of_cue_settings
from vat.timeline import Cue

if TYPE_CHECKING:
    from pysubs2 import SSAFile

logger = logging.getLogger(__name__)

ENDINGS: Final = ("srt", "vtt", "ass", "ssa")
"""The forms that are read, the first one first."""

_HEAD: Final = 4096
_MOST_BYTES: Final = 64 * 2**20
"""A day of subtitles has 3 MB; what is larger is something else."""

_CLOCK: Final = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[,.:](\d{1,9}))?"
_TIMES: Final = re.compile(rf"^\s*{_CLOCK}\s*-{{1,3}}>\s*{_CLOCK}(?=\s|$)(.*)$")
"""The line of times of SRT and WebVTT; what follows are WebVTT's or SubRip's positions."""

_NUMBER: Final = re.compile(r"^\s*(\d{1,9})\s*$")
_HEADS: Final = ("WEBVTT", "NOTE", "STYLE", "REGION")
_TAGS: Final = re.compile(
    r"</?(?:i|b|u|s|font|span|c|v|lang|ruby|rt)(?:[.\s][^<>]*)?/?>|<\d[\d:.]*>|\{\\[^{}]*\}",
    re.IGNORECASE,
)
"""Markup that players obey in SRT and WebVTT, which the tracks of VAT do not carry."""

_BREAKS: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)

_MARKS: Final = re.compile(
    f"[{TO_LEFT}{TO_RIGHT}{END}\u200e\u200f\u061c\u202d\u202e\u2066-\u2069\ufeff]"
)
"""Marks of direction, which every writer puts in by itself."""


_FIELDS: Final = 8
"""Fields of an event of ASS in a container before its text: number, layer, style, name, three
margins and effect."""

_EVENT_TIMES: Final = re.compile(r"[^,]*(?:,\s*-?\d{1,2}:\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?\s*){2},")

_OPEN: Final = "\ue000"
_CLOSE: Final = "\ue001"
_PRIVATE: Final = str.maketrans("", "", _OPEN + _CLOSE)
_OVERRIDES: Final = re.compile(r"\{[^}]*\}")
"""Commands in an event of ASS; braces that are text are escaped, and marked while these go."""


@dataclass(frozen=True, slots=True)
class SubtitleFile:
    """What a file of subtitles holds: cues in the order of their times, numbered from 1.

    `odd` says what was wrong and how it was read; `styled` counts cues that had markup, `placed`
    those with a place in pixels, and `drawn` drawings, which are left out.
    """

    cues: list[Cue]
    odd: list[str] = field(default_factory=list)
    styled: int = 0
    placed: int = 0
    drawn: int = 0

    def in_order(self) -> "SubtitleFile":
        """The same with the cues in the order of their times, numbered from 1."""
        cues = sorted(self.cues, key=lambda cue: (cue.start, cue.end))
        return replace(self, cues=[replace(cue, id=at) for at, cue in enumerate(cues, 1)])


def read_subtitles(path: Path) -> SubtitleFile:
    """Read a subtitle file by its head, else by its ending, in whatever encoding it is.

    Markup is left out, but for the place in the picture. Cues that overlap, lack numbers or stand
    in another order are no fault.

    Raises:
        SubtitleError: naming the file, and the line where there is one.
    """
    text, odd = _decoded(path)
    form = _form(path, text)
    if form in ("ass", "ssa"):
        found = _read_ass(path, text, form)
    else:
        found = _read_blocks(path, text, vtt=form == "vtt")
    if not found.cues and text.strip() and not _is_empty(text):
        raise SubtitleError(f"'{path}' holds no subtitles; correct or remove it.")
    for one in (*odd, *found.odd):
        logger.warning("'%s': %s", path, one)
    return replace(found, odd=[*odd, *found.odd]).in_order()


def _form(path: Path, text: str) -> str:
    """The form of a file: many are called .srt that are something else."""
    head = text[:_HEAD].lstrip("\ufeff \t\r\n")
    if re.match(r"WEBVTT(?=\s|$)", head):
        return "vtt"
    ending = path.suffix.lower()[1:]
    if head.lower().startswith("[script info]"):
        return ending if ending in ("ass", "ssa") else "ass"
    return ending


def plain(text: str) -> str:
    """What a text says, without markup and marks of direction, its lines trimmed."""
    return _trimmed(_TAGS.sub("", text))


def _trimmed(text: str) -> str:
    lines = (line.strip() for line in _MARKS.sub("", text).splitlines())
    return "\n".join(line for line in lines if line)


def _is_empty(text: str) -> bool:
    """Whether a file has the head of its form and nothing else, as a track without cues."""
    first = text.lstrip().split(maxsplit=1)[0]
    return first in ("WEBVTT", "[Script") and "-->" not in text and "Dialogue:" not in text


def _decoded(path: Path) -> tuple[str, list[str]]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SubtitleError(f"'{path}' is too large for subtitles; correct or remove it.")
        data = path.read_bytes()
    except OSError as error:
        raise SubtitleError(f"'{path}' cannot be read: {error.strerror}.") from error
    encoding = encoding_of(data)
    if encoding is None:
        raise SubtitleError(f"'{path}' is in an unknown encoding; save it as UTF-8.")
    said = f"it is read as {encoding}; save it as UTF-8 if letters are wrong"
    odd = [] if encoding.startswith("utf-") else [said]
    return data.decode(encoding, "replace").removeprefix("\ufeff"), odd


def _read_blocks(path: Path, text: str, *, vtt: bool) -> SubtitleFile:
    """The cues of SRT or WebVTT: every line of times begins one, whatever stands around it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = SubtitleFile([])
    begins = [at for at, line in enumerate(lines) if "-->" in line and _TIMES.match(line)]
    for number, at in enumerate(begins):
        stop = begins[number + 1] if number + 1 < len(begins) else len(lines)
        said = _said(lines[at + 1 : stop], number + 1, last=stop == len(lines), vtt=vtt)
        start, end = _times(lines[at])
        if end < start:
            raise SubtitleError(
                f"'{path}', line {at + 1}: the subtitle ends before it begins; correct its times."
            )
        told = _TIMES.match(lines[at])
        marked = f"{told[9]}\n" if told else ""
        text, styled, place = _plain_block(marked, "\n".join(said), vtt=vtt)
        found.cues.extend(_cue(found, start, end, text, f"line {at + 1}", place))
        found = replace(found, styled=found.styled + styled)
    for at in range(begins[0] if begins else len(lines)):
        if lines[at].strip() and not _NUMBER.match(lines[at]) and not vtt:
            found.odd.append(f"line {at + 1} belongs to no subtitle and is left out")
            break
    return found


def _plain_block(settings: str, said: str, *, vtt: bool) -> tuple[str, bool, int]:
    """The text of a cue of SRT or WebVTT, whether it had markup, and its place."""
    whole = _TAGS.sub("", _BREAKS.sub("\n", said))
    place = of_cue_settings(settings) if vtt else of_commands(said, BOTTOM, 0)
    # Entities are text that would be taken for markup.
    return _trimmed(html.unescape(whole) if vtt else whole), whole != said, place


def _cue(
    found: SubtitleFile, start: float, end: float, text: str, where: str, place: int
) -> Iterator[Cue]:
    if not text:
        return
    if end == start:
        found.odd.append(f"{where}: the subtitle has no length and is shown for a moment")
        end = start + 0.001
    yield Cue(0, start, end, text, position=place)


def _said(lines: list[str], number: int, *, last: bool, vtt: bool) -> list[str]:
    """The lines of a cue's text: those up to the next cue's number, blank ones left out."""
    said = [line.rstrip() for line in lines]
    while said and not said[-1]:
        said.pop()
    if said and not last:
        named = _NUMBER.match(said[-1])
        # A number is the next cue's where a blank line parts it, or where it counts on.
        apart = len(said) < 2 or not said[-2]
        if (named and (apart or int(named[1]) == number + 1)) or (vtt and apart and len(said) > 1):
            said.pop()
    if vtt:
        blocks = "\n".join(said).split("\n\n")
        said = "\n".join(one for one in blocks if not one.lstrip().startswith(_HEADS)).split("\n")
    return [line for line in said if line.strip()]


def _times(line: str) -> tuple[float, float]:
    match = _TIMES.match(line)
    assert match is not None  # noqa: S101
    return _seconds(match.groups()[:4]), _seconds(match.groups()[4:8])


def _seconds(clock: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (one or "0" for one in clock)
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return round(whole + int(fraction) / float(10 ** len(fraction)), 3)


def _read_ass(path: Path, text: str, form: str) -> SubtitleFile:
    import pysubs2

    try:
        script = pysubs2.SSAFile.from_string(text, format_=form)
    except (pysubs2.exceptions.Pysubs2Error, ValueError, LookupError) as error:
        line = next((at for at, one in enumerate(text.splitlines(), 1) if _is_odd(one)), 0)
        where = f", line {line}," if line else ""
        raise SubtitleError(f"'{path}'{where} cannot be read: {error}.") from error
    return _events(script, str(path))


def _is_odd(line: str) -> bool:
    """Whether a line of ASS is an event whose times are none."""
    return bool(re.match(r"\s*(?:Dialogue|Comment)\s*:", line)) and not _EVENT_TIMES.match(line)


def _events(script: "SSAFile", name: str) -> SubtitleFile:
    """The cues of a script; equal ones at the same time are layers of one."""
    found, seen = SubtitleFile([]), set[tuple[int, int, str]]()
    styled = placed = drawn = 0
    for number, event in enumerate(script, 1):
        if event.is_comment:
            continue
        if event.is_drawing:
            drawn += 1
            continue
        if event.end < event.start:
            raise SubtitleError(
                f"'{name}', event {number}: the subtitle ends before it begins; correct its times."
            )
        text, commands = _plain_event(event.text)
        key = (event.start, event.end, text)
        if key in seen:
            continue
        seen.add(key)
        styled += bool(commands)
        placed += r"\pos(" in commands or r"\move(" in commands
        style = script.styles.get(event.style)
        usual = int(style.alignment) if style else BOTTOM
        place = of_commands(commands, usual, _height(script))
        times = event.start / 1000, event.end / 1000
        found.cues.extend(_cue(found, *times, text, f"event {number}", place))
    return replace(found, styled=styled, placed=placed, drawn=drawn)


def _height(script: "SSAFile") -> float:
    """The height of a script's picture, 0 where it tells none."""
    told = str(script.info.get("PlayResY", ""))
    return float(told) if told.isdecimal() else 0.0


def _plain_event(said: str) -> tuple[str, str]:
    """The text of an event, and its commands."""
    text = said.translate(_PRIVATE).replace(r"\{", _OPEN).replace(r"\}", _CLOSE)
    commands = "".join(_OVERRIDES.findall(text))
    text = _OVERRIDES.sub("", text)
    for code, character in ((r"\N", "\n"), (r"\n", "\n"), (r"\h", " ")):
        text = text.replace(code, character)
    text = text.replace(_OPEN, "{").replace(_CLOSE, "}").replace("\\\u2060", "\\")
    return _trimmed(text), commands


def read_packets(
    codec: str, header: bytes, packets: Iterable[tuple[float, float, bytes]], name: str
) -> SubtitleFile:
    """Read the subtitles of a track: start and end in seconds, and what is shown between them.

    `codec` is ffmpeg's name, `header` what the container has once for the whole track.

    Raises:
        SubtitleError: where it is in no encoding that is known.
    """
    packets = list(packets)
    encoding = encoding_of(b"\n".join(data for _, _, data in packets))
    if encoding is None:
        raise SubtitleError(f"'{name}' is in an unknown encoding.")
    told = [(start, end, data.decode(encoding, "replace")) for start, end, data in packets]
    if codec in ("ass", "ssa"):
        return _events(_script(header.decode("utf-8", "replace"), told), name).in_order()
    found, styled = SubtitleFile([]), 0
    for number, (start, end, said) in enumerate(told, 1):
        text, marked, place = _plain_block("", said, vtt=codec == "webvtt")
        styled += marked
        times = round(start, 3), round(end, 3)
        found.cues.extend(_cue(found, *times, text, f"subtitle {number}", place))
    return replace(found, styled=styled).in_order()


def _script(header: str, packets: Iterable[tuple[float, float, str]]) -> "SSAFile":
    """A track of ASS as a script; in a container, an event's fields before its text are seven."""
    import pysubs2

    try:
        script = pysubs2.SSAFile.from_string(header, format_="ass")
    except (pysubs2.exceptions.Pysubs2Error, ValueError, LookupError):
        script = pysubs2.SSAFile()
    script.events = []
    for start, end, said in packets:
        fields = said.rstrip("\r\n\0").split(",", _FIELDS)
        style = fields[2] if len(fields) > _FIELDS else "Default"
        times = round(start * 1000), round(end * 1000)
        script.append(pysubs2.SSAEvent(*times, text=fields[-1], style=style))
    return script
