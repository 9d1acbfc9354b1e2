"""Who speaks, before what is said: in SRT, which has no other place for it."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from vat.speech.speaker_names import Speaker
from vat.subtitles.dialogues import DASH, dialogue, said_by_each
from vat.subtitles.track import Shown
from vat.timeline import Cue

_SIGN = ": "


def prefixed(cue: Shown) -> str:
    """The text of a cue behind the name of its speaker, or each line behind that of its own."""
    if not cue.voices:
        return cue.text
    if len(cue.voices) == 1:
        return cue.voices[0] + _SIGN + cue.text
    said = said_by_each("\n".join(cue.upper))
    return "\n".join(name + _SIGN + one for name, one in zip(cue.voices, said, strict=True))


def without_prefixes(cues: Iterable[Cue], speakers: Collection[Speaker]) -> list[Cue]:
    """Cues as they were before `prefixed`, so that a file with names can be compared with none."""
    names = sorted((one.shown + _SIGN for one in speakers), key=len, reverse=True)
    return [replace(cue, text=_bare(cue.text, names)) for cue in cues]


def _bare(text: str, names: Collection[str]) -> str:
    lines = text.splitlines()
    bare = [_line(line, names) for line in lines]
    told = [one != line for one, line in zip(bare, lines, strict=True)]
    if len(lines) == 2 and all(told):
        return dialogue([one.removeprefix(DASH) for one in bare])
    # Who speaks stands before the first line alone.
    return "\n".join([*bare[:1], *lines[1:]])


def _line(line: str, names: Collection[str]) -> str:
    return next((line[len(name) :] for name in names if line.startswith(name)), line)
