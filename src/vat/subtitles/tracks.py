"""The subtitles that go into a video, one track for each language or pair of languages."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from vat.errors import EmbedError
from vat.languages import language
from vat.subtitles.bilingual import read_pair
from vat.subtitles.formats import StrPath, read_cues
from vat.timeline import Cue

logger = logging.getLogger(__name__)

_TIMING: Final = re.compile(r"\s*-?\d+:\d+:\d+[,.]\d+\s*-->")
"""A line that a reader of SubRip takes for the start of the next cue."""

BILINGUAL = "bilingual"
"""What the track of two languages is called in the configuration."""


@dataclass(frozen=True, slots=True)
class Track:
    """Subtitles in one language, or in two, one above the other.

    `name` is what the configuration calls the track: a code, "source" or "bilingual"; by default
    the code. In a track of two languages `second` is the lower one, and `upper_lines` has for each
    cue how many of its lines are the upper one's.
    """

    language: str
    cues: Sequence[Cue]
    name: str = ""
    second: str | None = None
    upper_lines: Sequence[int] = ()

    @classmethod
    def read(cls, path: StrPath) -> Self:
        """The track of a JSON file of subtitles, whose name tells which one it is."""
        name = Path(path).stem
        if "+" not in name:
            return cls(*read_cues(path), name=name)
        upper, lower, pairs = read_pair(path)
        cues, lines = [one.cue for one in pairs], [one.upper_lines for one in pairs]
        return cls(upper, cues, BILINGUAL, lower, lines)

    @property
    def iso639_2(self) -> str:
        """The language tag that a container carries: three letters."""
        return language(self.language).iso639_2

    @property
    def title(self) -> str:
        """What players show in their menu: the language in its own words."""
        names = [language(code).native for code in (self.language, self.second) if code]
        return " + ".join(names)


def storable(track: Track) -> Track:
    """The track with texts that every form can store.

    A cue of blanks alone is left out, as is the character NUL; an invisible U+2060 keeps a line
    that looks like a cue's times from being read as such.
    """
    numbers = [n for n, cue in enumerate(track.cues) if _storable(cue.text).strip()]
    if len(numbers) < len(track.cues):
        count = len(track.cues) - len(numbers)
        logger.warning("%s: %d cues show nothing; they are left out", track.title, count)
    cues = [replace(track.cues[n], text=_storable(track.cues[n].text)) for n in numbers]
    upper = [track.upper_lines[n] for n in numbers] if track.upper_lines else ()
    return replace(track, cues=cues, upper_lines=upper)


def _storable(text: str) -> str:
    lines = text.replace("\0", "").splitlines()
    return "\n".join(f"\u2060{line}" if _TIMING.match(line) else line for line in lines)


def burnt_track(tracks: Sequence[Track], wanted: str | None) -> Track | None:
    """The track that is drawn into the picture: the first, or the one of the name `wanted`.

    None where it has no cue, so that there is nothing to draw.

    Raises:
        EmbedError: where no track has that name.
    """
    for track in tracks:
        if wanted in (None, track.name, track.language if track.second is None else None):
            return track if track.cues else None
    there = ", ".join(track.name or track.language for track in tracks)
    raise EmbedError(
        f"No {wanted} subtitles are made; set embed.burn_language to one of: {there or 'none'}."
    )
