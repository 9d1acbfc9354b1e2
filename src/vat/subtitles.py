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
    return _render([cue.text for cue in cues], cues, "srt")


def to_vtt(cues: Sequence[Cue]) -> str:
    """The cues as WebVTT, in which &, < and > are written as entities."""
    return _render([html.escape(cue.text, quote=False) for cue in cues], cues, "vtt")


def _render(texts: Sequence[str], cues: Sequence[Cue], format_: str) -> str:
    import pysubs2

    subtitles = pysubs2.SSAFile()
    for text, cue in zip(texts, cues, strict=True):
        event = pysubs2.SSAEvent(start=round(cue.start * 1000), end=round(cue.end * 1000))
        event.text = text.replace("\n", "\\N")
        subtitles.append(event)
    # keep_ssa_tags: braces in speech are no style tags and must not vanish.
    rendered: str = subtitles.to_string(format_, keep_ssa_tags=True, apply_styles=False)
    return rendered
