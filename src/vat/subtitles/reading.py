"""Subtitle files of others: SRT, WebVTT and ASS, read as players read them, damaged ones too."""

import html
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vat.errors import SubtitleError
from vat.subtitles.direction import END, TO_LEFT, TO_RIGHT
from vat.timeline import Cue

logger = logging.getLogger(__name__)

ENDINGS: Final = ("srt", "vtt", "ass", "ssa")
"""The forms that are read, the first one first."""

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

_MARKS: Final = re.compile(
    f"[{TO_LEFT}{TO_RIGHT}{END}\u200e\u200f\u061c\u202d\u202e\u2066-\u2069\ufeff]"
)
"""Marks of direction, which every writer puts in by itself."""


_OPEN: Final = "\ue000"
_CLOSE: Final = "\ue001"
_PRIVATE: Final = str.maketrans("", "", _OPEN + _CLOSE)
_OVERRIDES: Final = re.compile(r"\{[^}]*\}")
"""Commands in an event of ASS; braces that are text are escaped, and marked while these go."""


@dataclass(frozen=True, slots=True)
class SubtitleFile:
    """What a file of subtitles holds: cues in the order of their times, numbered from 1.

    `odd` says what was wrong and how it was read; `styled` counts cues that had markup.
    """

    cues: list[Cue]
    odd: list[str] = field(default_factory=list)
    styled: int = 0


def read_subtitles(path: Path) -> SubtitleFile:
    """Read a subtitle file by its ending, in whatever encoding it is.

    Markup is left out. Cues that overlap, lack numbers or stand in another order are no fault.

    Raises:
        SubtitleError: naming the file, and the line where there is one.
    """
    text, odd = _decoded(path)
    if path.suffix.lower() in (".ass", ".ssa"):
        found = _read_ass(path, text)
    else:
        found = _read_blocks(path, text, vtt=path.suffix.lower() == ".vtt")
    if not found.cues and text.strip() and not _is_empty(text):
        raise SubtitleError(f"'{path}' holds no subtitles; correct or remove it.")
    for one in (*odd, *found.odd):
        logger.warning("'%s': %s", path, one)
    found.cues.sort(key=lambda cue: (cue.start, cue.end))
    cues = [Cue(at, one.start, one.end, one.text) for at, one in enumerate(found.cues, 1)]
    return SubtitleFile(cues, [*odd, *found.odd], found.styled)


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
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace"), []
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(data).best()
        if best is None or b"\0" in data:
            raise SubtitleError(f"'{path}' is in an unknown encoding; save it as UTF-8.") from None
        return str(best), [f"it is read as {best.encoding}; save it as UTF-8 if letters are wrong"]


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
        whole = _TAGS.sub("", "\n".join(said))
        styled = whole != "\n".join(said)
        # Entities are text that would be taken for markup.
        text = _trimmed(html.unescape(whole) if vtt else whole)
        found.cues.extend(_cue(found, start, end, text, at + 1))
        found = SubtitleFile(found.cues, found.odd, found.styled + styled)
    for at in range(begins[0] if begins else len(lines)):
        if lines[at].strip() and not _NUMBER.match(lines[at]) and not vtt:
            found.odd.append(f"line {at + 1} belongs to no subtitle and is left out")
            break
    return found


def _cue(found: SubtitleFile, start: float, end: float, text: str, line: int) -> Iterator[Cue]:
    if not text:
        return
    if end == start:
        found.odd.append(f"line {line}: the subtitle has no length and is shown for a moment")
        end = start + 0.001
    yield Cue(0, start, end, text)


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


def _read_ass(path: Path, text: str) -> SubtitleFile:
    import pysubs2

    try:
        events = pysubs2.SSAFile.from_string(text, format_=path.suffix.lower()[1:])
    except (pysubs2.exceptions.Pysubs2Error, ValueError) as error:
        raise SubtitleError(f"'{path}' cannot be read: {error}.") from error
    found, styled = SubtitleFile([]), 0
    for number, event in enumerate(events, 1):
        if event.is_comment or event.is_drawing:
            continue
        if event.end < event.start:
            raise SubtitleError(
                f"'{path}', event {number}: the subtitle ends before it begins; correct its times."
            )
        text = event.text.translate(_PRIVATE).replace(r"\{", _OPEN).replace(r"\}", _CLOSE)
        styled += "{" in text
        text = _OVERRIDES.sub("", text)
        for code, character in ((r"\N", "\n"), (r"\n", "\n"), (r"\h", " ")):
            text = text.replace(code, character)
        text = text.replace(_OPEN, "{").replace(_CLOSE, "}").replace("\\\u2060", "\\")
        times = event.start / 1000, event.end / 1000
        found.cues.extend(_cue(found, *times, _trimmed(text), number))
    return SubtitleFile(found.cues, found.odd, styled)
