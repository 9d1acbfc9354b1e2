"""Subtitle files: JSON with everything; SRT, WebVTT and ASS for players and editors.

Every character of a text survives in each of them.
"""

import html
from collections.abc import Iterable
from typing import Protocol

from vat.files import StrPath, write_json, write_text
from vat.subtitles.ass import ass_document
from vat.subtitles.check import CueCheck
from vat.subtitles.drawings import CANVAS, USUAL_CANVAS, scaled
from vat.subtitles.prefixes import prefixed
from vat.subtitles.track import Shown, Track


def write_track(track: Track, json: StrPath, srt: StrPath, vtt: StrPath, ass: StrPath) -> None:
    """Write the same track four times; `Track.read` reads the JSON file."""
    write_json(json, track.to_json())
    write_text(srt, to_srt(track, prefix=track.prefix))
    write_text(vtt, to_vtt(track))
    write_text(ass, ass_document(track))


class CheckedFiles(Protocol):
    """Where a track and its check go, as a job's outputs name it."""

    cues: StrPath
    srt: StrPath
    vtt: StrPath
    ass: StrPath
    check: StrPath


def write_checked(track: Track, check: CueCheck, out: CheckedFiles) -> None:
    """Write a track in all formats, and how well its cues can be read."""
    write_track(track, out.cues, out.srt, out.vtt, out.ass)
    check.write(out.check)


def to_srt(track: Track, *, prefix: bool = False, places: bool = False) -> str:
    """The track as SubRip text, its characters as they are, with the speakers before if asked.

    With `places`, texts that are shown elsewhere than below begin with the command that says so.
    """
    return "".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n"
        f"{_place(cue) if places else ''}{prefixed(cue) if prefix else cue.text}\n\n"
        for number, cue in enumerate(track.shown(), 1)
    )


def _place(cue: Shown) -> str:
    scale = USUAL_CANVAS[0] / CANVAS[0], USUAL_CANVAS[1] / CANVAS[1]
    if cue.place:
        return scaled(f"{{{cue.place}}}", scale)
    return f"{{\\an{cue.position}}}" if cue.position else ""


def to_vtt(track: Track) -> str:
    """The track as WebVTT, in which &, < and > are written as entities, with who speaks (<v>)."""
    return vtt_document((cue.start, cue.end, _voiced(cue)) for cue in track.shown())


def _voiced(cue: Shown) -> str:
    """The text of a cue with WebVTT's marks of who speaks, where that is known."""
    said = _by_voice(cue)
    text = [html.escape(one, quote=False) for one in said]
    if not cue.voices:
        return text[0]
    names = [html.escape(one, quote=False) for one in cue.voices]
    return "\n".join(f"<v {name}>{one}" for name, one in zip(names, text, strict=True))


def _by_voice(cue: Shown) -> list[str]:
    """The text of a cue, in lines where each has a speaker of its own."""
    return [*cue.upper] if len(cue.voices) > 1 else [cue.text]


def vtt_document(cues: Iterable[tuple[int, int, str]]) -> str:
    """WebVTT of cues with start and end in milliseconds and a text with WebVTT's own markup."""
    blocks = (
        f"{number}\n{vtt_clock(start)} --> {vtt_clock(end)}\n{text}\n\n"
        for number, (start, end, text) in enumerate(cues, 1)
    )
    return "WEBVTT\n\n" + "".join(blocks)


def vtt_clock(milliseconds: int) -> str:
    """A moment as WebVTT writes it."""
    return _clock(milliseconds, ".")


def _clock(milliseconds: int, point: str) -> str:
    # SRT and WebVTT are written by hand: pysubs2 keeps every text as ASS, so that on the way to
    # another format it removes what stands in braces and takes \N, \n and \h for blanks.
    seconds, fraction = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{fraction:03}"
