"""The subtitles that go into a video: with which texts, and which ones into the picture."""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from vat.errors import EmbedError
from vat.subtitles.track import Track

logger = logging.getLogger(__name__)

_TIMING: Final = re.compile(r"\s*-?\d+:\d+:\d+[,.]\d+\s*-->")
"""A line that a reader of SubRip takes for the start of the next cue."""


def storable(track: Track) -> Track:
    """The track with texts that every form can store.

    A cue of blanks alone is left out, as is the character NUL; an invisible U+2060 keeps a line
    that looks like a cue's times from being read as such.
    """
    numbers = [n for n, cue in enumerate(track.cues) if _storable(cue.text).strip()]
    if len(numbers) < len(track.cues):
        count = len(track.cues) - len(numbers)
        logger.warning("%s: %d cues have no visible text; they are left out", track.title, count)
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
