"""Who speaks, as a translator is told it: for pronouns, endings and forms of address."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from vat.speech.speaker_names import Speaker
from vat.timeline import Cue
from vat.translate.overview import Overview
from vat.translate.people import Person, joined, people_digest

TOLD: Final = (
    'In addition, "speakers" maps numbers of subtitles to who says them; "people" may tell more'
    " of them. Do not write who speaks into a translation."
)
"""What a prompt says of it, where it is known."""


def voices_of(cues: Sequence[Cue], speakers: Sequence[Speaker]) -> dict[int, str]:
    """Who says each cue, by index, where that is known."""
    names = {one.label: one.shown for one in speakers}
    return {
        at: " and ".join(names.get(label, label) for label in cue.speakers)
        for at, cue in enumerate(cues)
        if cue.speakers
    }


def request_of(voices: Mapping[int, str], ids: Sequence[int]) -> dict[str, dict[str, str]]:
    """What a model is shown of it with a batch; empty for nothing."""
    said = {str(at): voices[at] for at in ids if at in voices}
    return {"speakers": said} if said else {}


def with_speakers(overview: Overview, speakers: Sequence[Speaker]) -> Overview:
    """The overview of a video with the speakers whom the user has named, before others."""
    named = [Person(one.name, one.gender, one.note) for one in speakers if one.name]
    unnamed = [Person(one.label, one.gender, one.note) for one in speakers if not one.name]
    mine = [*named, *(one for one in unnamed if one.gender or one.note)]
    if not mine:
        return overview
    names = {one.name.casefold() for one in mine}
    first = [one for one in joined(overview.people, mine) if one.name.casefold() in names]
    others = [one for one in overview.people if one.name.casefold() not in names]
    own = " ".join(filter(None, (overview.own, people_digest(mine))))
    return replace(overview, people=(*first, *others), own=own)
