"""Subtitle files of others: SRT, WebVTT and ASS, read as players read them, damaged ones too."""

import html
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from vat.errors import SubtitleError
from vat.subtitles.ass_reading import events_of, read_ass, script_of
from vat.subtitles.drawings import USUAL_CANVAS, place_of
from vat.subtitles.encodings import encoding_of
from vat.subtitles.positions import BOTTOM, of_commands, of_cue_settings
from vat.subtitles.rolling import unrolled
from vat.subtitles.subtitle_file import SubtitleFile, trimmed
from vat.timeline import Cue

logger = logging.getLogger(__name__)

ENDINGS: Final = ("srt", "vtt", "ass", "ssa")
"""The forms that are read, the first one first."""

_HEAD: Final = 4096
_MOST_BYTES: Final = 64 * 2**20
"""A day of subtitles has 3 MB; what is larger is something else."""

_CLOCK: Final = r"(-?)(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[,.:](\d{1,9}))?"
_TIMES: Final = re.compile(rf"^\s*{_CLOCK}\s*-{{1,3}}>\s*{_CLOCK}(?=\s|$)(.*)$")
"""The line of times of SRT and WebVTT; what follows are WebVTT's or SubRip's positions."""

_FULL: Final = r"(-?)(\d{1,4})\s?:\s?(\d{1,2})\s?:\s?(\d{1,2})\s?[,.:;]\s?(\d{1,9})"
_LOOSE: Final = re.compile(
    rf"^\s*{_FULL}\s*(?:[-\u2010-\u2015\u2212]{{1,3}}\s?>|=>|\u2192)\s*{_FULL}(.*)$"
)
"""The same as hands and programs for text make of it; with whole times alone, to be sure."""

_SPOILT: Final = re.compile(r"^\s*\d{1,4}\s?:\s?\d{1,2}\b.*--\s?>")
"""What was to be a line of times."""

_NUMBER: Final = re.compile(r"^\s*(\d{1,9})\s*$")
_NO_CUE: Final = re.compile(r"(?:WEBVTT|NOTE|STYLE|REGION)(?=\s|$)")
"""The first word of a block of WebVTT that is no cue; a longer word is text."""

_TAGS: Final = re.compile(
    r"</?(?:i|b|u|s|em|strong|strike|del|big|small|sub|sup|tt|p|div|center|font|span|c|v|lang|ruby|rt)"
    r"(?:[.\s][^<>]*)?/?>|<\d[\d:.]*>|\{\\[^{}]*\}"
    r"|\{(?:[yY]:[ibus,]+|[cC]:\$[0-9a-fA-F]{6}|[sSpP]:\d+)\}",
    re.IGNORECASE,
)
"""Markup that players obey in SRT and WebVTT, which the tracks of VAT do not carry."""

_ENTITIES: Final = {
    **{"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&#39;": "'"},
    "&nbsp;": " ",
}
"""Those that are about in SubRip, which knows none."""

_ENTITY: Final = re.compile("|".join(_ENTITIES))

_BREAKS: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)


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
        found = read_ass(path, text, form)
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
    return trimmed(_without_entities(_TAGS.sub("", text)))


def _without_entities(text: str) -> str:
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)


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
    return data.decode(encoding, "replace").replace("\ufeff", ""), odd


def _read_blocks(path: Path, text: str, *, vtt: bool) -> SubtitleFile:
    """The cues of SRT or WebVTT: every line of times begins one, whatever stands around it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = SubtitleFile([])
    begins = _lines_of_times(path, lines)
    places = [*begins, len(lines)]
    for number, (at, told) in enumerate(begins.items()):
        stop = places[number + 1]
        said = _said(lines[at + 1 : stop], number + 1, last=stop == len(lines), vtt=vtt)
        start, end = _seconds(told.groups()[:5]), _seconds(told.groups()[5:10])
        if end < start:
            raise SubtitleError(
                f"'{path}', line {at + 1}: the subtitle ends before it begins; correct its times."
            )
        cue, styled = _plain_block(told[11], "\n".join(said), vtt=vtt)
        found.add(replace(cue, start=start, end=end), f"line {at + 1}")
        found = replace(found, styled=found.styled + styled)
    for at in range(places[0]):
        if lines[at].strip() and not _NUMBER.match(lines[at]) and not vtt:
            found.odd.append(f"line {at + 1} belongs to no subtitle and is left out")
            break
    return replace(found, cues=unrolled(found.in_order().cues)) if vtt else found


def _lines_of_times(path: Path, lines: Sequence[str]) -> dict[int, re.Match[str]]:
    """What the lines of times tell, by index.

    Raises:
        SubtitleError: where one cannot be read, whose subtitle would else be another one's text.
    """
    found = dict[int, re.Match[str]]()
    for at, line in enumerate(lines):
        if ">" not in line and "\u2192" not in line:
            continue
        told = ("-->" in line and _TIMES.match(line)) or _LOOSE.match(line)
        if told:
            found[at] = told
        elif _SPOILT.match(line) and (at == 0 or _NUMBER.match(lines[at - 1] or "0")):
            raise SubtitleError(f"'{path}', line {at + 1}: these are no times; correct them.")
    return found


def _plain_block(settings: str, said: str, *, vtt: bool) -> tuple[Cue, bool]:
    """A cue of SRT or WebVTT with its text and place, and whether it had markup."""
    whole = _TAGS.sub("", _BREAKS.sub("\n", said))
    # Entities are text that would be taken for markup.
    text = trimmed(html.unescape(whole) if vtt else _without_entities(whole))
    cue = Cue(0, 0.0, 0.0, text, position=of_cue_settings(settings))
    if not vtt:
        commands = "".join(_TAGS.findall(said))
        position = of_commands(commands, BOTTOM, USUAL_CANVAS[1])
        cue = replace(cue, position=position, place=place_of(commands, BOTTOM, USUAL_CANVAS))
    return cue, whole != said


def _said(lines: list[str], number: int, *, last: bool, vtt: bool) -> list[str]:
    """The lines of a cue's text: those up to the next cue's number, blank ones left out."""
    said = [line.rstrip() for line in lines]
    # WebVTT's names of cues stand right above the times, and right below an empty line.
    if vtt and not last and len(lines) > 1 and lines[-1].strip() and not lines[-2]:
        said.pop()
    while said and not said[-1]:
        said.pop()
    if said and not last:
        named = _NUMBER.match(said[-1])
        # A number is the next cue's where a blank line parts it, or where it counts on.
        apart = len(said) < 2 or not said[-2]
        if named and not vtt and (apart or int(named[1]) == number + 1):
            said.pop()
    if vtt:
        said = _without_notes(said)
    return [line for line in said if line.strip()]


def _without_notes(said: Sequence[str]) -> list[str]:
    """The lines below WebVTT's times without its notes, which stand behind an empty line.

    What is right below the times is the cue's, whatever word it begins with.
    """
    kept, shown, before = list[str](), True, "the times"
    for line in said:
        if line and not before:
            shown = not _NO_CUE.match(line)
        if shown:
            kept.append(line)
        before = line
    return kept


def _seconds(clock: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (one or "0" for one in clock[1:])
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    time = round(whole + int(fraction) / float(10 ** len(fraction)), 3)
    return -time if clock[0] else time


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
        return events_of(script_of(header.decode("utf-8", "replace"), told), name).in_order()
    found, styled = SubtitleFile([]), 0
    for number, (start, end, said) in enumerate(told, 1):
        cue, marked = _plain_block("", said, vtt=codec == "webvtt")
        styled += marked
        found.add(replace(cue, start=round(start, 3), end=round(end, 3)), f"subtitle {number}")
    return replace(found, styled=styled).in_order()
