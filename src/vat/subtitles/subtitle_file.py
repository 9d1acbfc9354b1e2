"""What a file or a track of somebody else's subtitles holds, once it is read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from vat.subtitles.direction import END, TO_LEFT, TO_RIGHT
from vat.subtitles.drawings import Drawing
from vat.timeline import Cue

_MARKS: Final = re.compile(
    f"[{TO_LEFT}{TO_RIGHT}{END}\u200e\u200f\u061c\u202d\u202e\u2066-\u2069\ufeff]"
)
"""Marks of direction, which every writer puts in by itself."""

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
"""Characters that no player shows, and of which a zero would end the text."""


@dataclass(frozen=True, slots=True)
class SubtitleFile:
    """What a file of subtitles holds: cues in the order of their times, numbered from 1.

    `odd` says what was wrong and how it was read; `styled` counts cues that had markup, `placed`
    those with a place in pixels, and `drawings` are what is drawn and not written.
    """

    cues: list[Cue]
    odd: list[str] = field(default_factory=list)
    styled: int = 0
    placed: int = 0
    drawings: list[Drawing] = field(default_factory=list)

    def in_order(self) -> "SubtitleFile":
        """The same with the cues in the order of their times, numbered from 1."""
        cues = sorted(self.cues, key=lambda cue: (cue.start, cue.end))
        return replace(self, cues=[replace(cue, id=at) for at, cue in enumerate(cues, 1)])

    def add(self, cue: Cue, where: str) -> None:
        """Add a cue that has a text; one without length is shown for a moment."""
        self.cues.extend(self._shown(cue, where))

    def _shown(self, cue: Cue, where: str) -> Iterator[Cue]:
        if not cue.text:
            return
        if cue.end == cue.start:
            self.odd.append(f"{where}: the subtitle has no length and is shown for a moment")
            cue = replace(cue, end=cue.start + 0.001)
        yield cue


def trimmed(text: str) -> str:
    """A text without marks of direction and what cannot be shown, its lines trimmed."""
    lines = (line.strip() for line in _CONTROLS.sub("", _MARKS.sub("", text)).splitlines())
    return "\n".join(line for line in lines if line)
