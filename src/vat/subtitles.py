"""Subtitle files: JSON with everything, SRT and WebVTT for players."""

import html
import os
from collections.abc import Sequence

from vat.files import read_json, write_json, write_text
from vat.timeline import Cue

StrPath = str | os.PathLike[str]


def write_subtitles(
    language: str, cues: Sequence[Cue], json: StrPath, srt: StrPath, vtt: StrPath
) -> None:
    """Write the same cues three times; `language` is recorded in the JSON file."""
    write_json(json, {"language": language, "cues": [cue.to_json() for cue in cues]})
    write_text(srt, to_srt(cues))
    write_text(vtt, to_vtt(cues))


def read_cues(json: StrPath) -> tuple[str, list[Cue]]:
    """The language and the cues of a JSON file that `write_subtitles` wrote."""
    record = read_json(json)
    return record["language"], [Cue.from_json(cue) for cue in record["cues"]]


def to_srt(cues: Sequence[Cue]) -> str:
    """The cues as SubRip text, their characters as they are."""
    return "".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{_lines(cue.text)}\n\n"
        for number, cue in enumerate(cues, 1)
    )


def to_vtt(cues: Sequence[Cue]) -> str:
    """The cues as WebVTT, in which &, < and > are written as entities."""
    blocks = (
        f"{number}\n{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n"
        f"{html.escape(_lines(cue.text), quote=False)}\n\n"
        for number, cue in enumerate(cues, 1)
    )
    return "WEBVTT\n\n" + "".join(blocks)


def _clock(seconds: float, point: str) -> str:
    # Written by hand and not by pysubs2, which takes \N, \n and \h in a text for its own blanks.
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, fraction = divmod(milliseconds, 1000)
    return f"{hours:02}:{minutes:02}:{whole:02}{point}{fraction:03}"


def _lines(text: str) -> str:
    """The text without empty lines, which would end the cue."""
    return "\n".join(line for line in text.splitlines() if line.strip())
