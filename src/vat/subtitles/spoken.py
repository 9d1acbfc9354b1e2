"""The track in the spoken language, from a transcript."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vat.subtitles.check import CueCheck, check_cues, onset_offsets
from vat.subtitles.cues import make_cues
from vat.subtitles.limits import cue_settings
from vat.subtitles.track import Track
from vat.timeline import Cue
from vat.transcript.merge import Transcript


def spoken_track(transcript: Transcript, section: Mapping[str, Any]) -> tuple[Track, CueCheck]:
    """What is said as cues, and how well they can be read.

    `section` is the configuration's `merge` section.
    """
    language = transcript.language
    settings = cue_settings(language, section)
    cues = _cues(transcript, section)
    offsets = onset_offsets(cues, transcript.words, transcript.speech)
    return Track(language, cues), check_cues(cues, language, settings, offsets)


def _cues(transcript: Transcript, section: Mapping[str, Any]) -> list[Cue]:
    """The cues of all words, none of them with words of two languages.

    Each is laid out as its own language asks.
    """
    runs = [
        (code or transcript.language, list(run))
        for code, run in itertools.groupby(transcript.words, lambda word: word.language)
    ]
    starts = [run[0].start for _, run in runs[1:]]
    found = list[Cue]()
    # Of a video without words there is no run, and the list of what follows is longer.
    for (code, run), following in zip(runs, [*starts, None], strict=False):
        settings = cue_settings(code, section)
        end = transcript.duration
        if following is not None:
            end = max(following - settings.min_gap_seconds, run[-1].end)
        mark = "" if code == transcript.language else code
        for cue in make_cues(run, code, settings, end):
            found.append(replace(cue, id=len(found) + 1, language=mark))
    return found
