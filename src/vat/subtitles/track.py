"""A subtitle track: the cues of one language, and how well they can be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vat.files import write_json
from vat.subtitles.check import CueCheck, check_cues, onset_offsets
from vat.subtitles.cues import make_cues
from vat.subtitles.formats import StrPath, write_subtitles
from vat.subtitles.limits import CueSettings, cue_settings
from vat.timeline import Cue, Word


@dataclass(frozen=True, slots=True)
class Track:
    """Cues in order, the language they are written in, and their check."""

    language: str
    cues: Sequence[Cue]
    check: CueCheck


def spoken_track(transcript: Mapping[str, Any], section: Mapping[str, Any]) -> Track:
    """The track in the spoken language.

    Args:
        transcript: the content of transcript.json.
        section: the configuration's `merge` section.
    """
    words = [Word.from_json(word) for word in transcript["words"]]
    language = transcript["language"]
    settings = cue_settings(language, section)
    cues = make_cues(words, language, settings, transcript["duration"])
    offsets = onset_offsets(cues, words, transcript["speech"])
    return Track(language, cues, check_cues(cues, language, settings, offsets))


def translated_track(language: str, cues: Sequence[Cue], settings: CueSettings) -> Track:
    """A track with the times of the spoken one, and therefore without offsets of its own."""
    return Track(language, cues, check_cues(cues, language, settings))


def write_track(
    track: Track, json: StrPath, srt: StrPath, vtt: StrPath, ass: StrPath, check: StrPath
) -> None:
    """Write the cues in each format, and their check."""
    write_subtitles(track.language, track.cues, json, srt, vtt, ass)
    write_json(check, track.check.to_json())
