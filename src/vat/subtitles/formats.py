"""Subtitle files: JSON with everything; SRT, WebVTT and ASS for players and editors.

Every character of a text survives in each of them.
"""

import html
import os
from collections.abc import Sequence

from vat.files import read_json, write_json, write_text
from vat.timeline import Cue

StrPath = str | os.PathLike[str]


def write_subtitles(
    language: str, cues: Sequence[Cue], json: StrPath, srt: StrPath, vtt: StrPath, ass: StrPath
) -> None:
    """Write the same cues four times; `language` is recorded in the JSON file."""
    write_json(json, {"language": language, "cues": [cue.to_json() for cue in cues]})
    write_text(srt, to_srt(cues))
    write_text(vtt, to_vtt(cues))
    write_text(ass, to_ass(cues))


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


def to_ass(cues: Sequence[Cue]) -> str:
    """The cues as Advanced SubStation Alpha, white on a dark outline, for a picture 1080 high."""
    import pysubs2

    file = pysubs2.SSAFile()
    file.info |= {"PlayResX": "1920", "PlayResY": "1080", "ScaledBorderAndShadow": "yes"}
    file.styles["Default"] = pysubs2.SSAStyle(
        fontsize=60, outline=3.0, shadow=0.0, marginl=60, marginr=60, marginv=50
    )
    for cue in cues:
        start, end = round(cue.start * 1000), round(cue.end * 1000)
        text = ass_text(_lines(cue.text))
        file.append(pysubs2.SSAEvent(start=start, end=end, text=text))
    return file.to_string("ass")


def ass_text(text: str) -> str:
    """Plain text as the text of an ASS event.

    Braces are escaped as libass reads them. A backslash cannot be escaped; the invisible U+2060
    after it keeps it from joining with the next character to a command, as in ffmpeg and mpv.
    """
    return text.translate(_ASS_ESCAPES)


_ASS_ESCAPES = str.maketrans({"\\": "\\\u2060", "{": r"\{", "}": r"\}", "\n": r"\N"})


def _clock(seconds: float, point: str) -> str:
    # SRT and WebVTT are written by hand: pysubs2 keeps every text as ASS, so that on the way to
    # another format it removes what stands in braces and takes \N, \n and \h for blanks.
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, fraction = divmod(milliseconds, 1000)
    return f"{hours:02}:{minutes:02}:{whole:02}{point}{fraction:03}"


def _lines(text: str) -> str:
    """The text without empty lines, which would end the cue."""
    return "\n".join(line for line in text.splitlines() if line.strip())
