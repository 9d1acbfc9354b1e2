"""The track in the spoken language, from a transcript."""

from collections.abc import Mapping
from typing import Any

from vat.subtitles.check import CueCheck, check_cues, onset_offsets
from vat.subtitles.cues import make_cues
from vat.subtitles.limits import cue_settings
from vat.subtitles.track import Track
from vat.transcript.merge import Transcript


def spoken_track(transcript: Transcript, section: Mapping[str, Any]) -> tuple[Track, CueCheck]:
    """What is said as cues, and how well they can be read.

    `section` is the configuration's `merge` section.
    """
    language = transcript.language
    settings = cue_settings(language, section)
    cues = make_cues(transcript.words, language, settings, transcript.duration)
    offsets = onset_offsets(cues, transcript.words, transcript.speech)
    return Track(language, cues), check_cues(cues, language, settings, offsets)
