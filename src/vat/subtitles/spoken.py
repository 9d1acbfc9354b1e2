"""The track in the spoken language, from a transcript."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vat.files import StrPath
from vat.media.shots import Shots
from vat.subtitles.check import CueCheck, check_cues, onset_offsets
from vat.subtitles.chinese import WIDE_MARKS, converted, is_chinese, wide_marks
from vat.subtitles.cues import make_cues
from vat.subtitles.dialogues import with_dialogues
from vat.subtitles.limits import cue_settings
from vat.subtitles.shot_changes import at_shots
from vat.subtitles.track import Track
from vat.timeline import Cue, Word
from vat.transcript.merge import Transcript


def spoken_track(
    transcript: Transcript,
    section: Mapping[str, Any],
    shots: Sequence[StrPath] = (),
) -> tuple[Track, CueCheck]:
    """What is said as cues, and how well they can be read.

    `section` is the configuration's `merge` section. Where there is a file of `shots`, the cues
    come and go with them. Where it is known who says a word, no cue has words of two people but as
    a dialogue of two lines.
    """
    language = transcript.language
    settings = cue_settings(language, section)
    cues = with_dialogues(_cues(transcript, section), settings)
    for path in shots:
        cues = at_shots(cues, Shots.read(path), settings, transcript.duration)
    offsets = onset_offsets(cues, transcript.words, transcript.speech)
    shown = section.get("speaker_prefix", False)
    track = Track(language, cues, speakers=transcript.speakers, prefix=shown)
    return track, check_cues(cues, language, settings, offsets)


def _cues(transcript: Transcript, section: Mapping[str, Any]) -> list[Cue]:
    """The cues of all words, none of them with words of two languages or speakers.

    Each is laid out as its own language asks.
    """
    runs = [(code, part) for code, run in written_runs(transcript) for part in by_speaker(run)]
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
            speakers = (run[0].speaker,) if run[0].speaker else ()
            found.append(replace(cue, id=len(found) + 1, language=mark, speakers=speakers))
    return found


def by_speaker(words: Sequence[Word]) -> list[list[Word]]:
    """The words in runs of one speaker each; all of them, in their order."""
    return [list(run) for _, run in itertools.groupby(words, key=lambda word: word.speaker)]


def written_runs(transcript: Transcript) -> list[tuple[str, list[Word]]]:
    """The words as the track writes them, in runs of one language each, with its code."""
    runs = itertools.groupby(transcript.words, lambda word: word.language or transcript.language)
    return [(code, written_words(list(run), code)) for code, run in runs]


def written_words(words: Sequence[Word], code: str) -> list[Word]:
    """The words in one form of Chinese, with its punctuation; those of other languages as they are.

    They are converted as one text, since what a character becomes depends on those around it; no
    word gets another's characters.
    """
    if not is_chinese(code):
        return list(words)
    said = [" " * (word.space and i > 0) + word.text for i, word in enumerate(words)]
    (whole,) = converted(["".join(said)], code, same_words=True)
    if len(whole) == sum(map(len, said)):
        said = _slices(whole, said)
    else:
        said = [*converted(said, code, same_words=True)]
    marked = _slices(wide_marks("".join(said)), said)
    after = ["", *marked]
    return [
        replace(word, text=text.strip(), space=word.space and before[-1:] not in WIDE_MARKS)
        for word, text, before in zip(words, marked, after, strict=False)
    ]


def _slices(text: str, parts: Sequence[str]) -> list[str]:
    """The text in parts as long as the given ones."""
    ends = [0, *itertools.accumulate(map(len, parts))]
    return [text[a:b] for a, b in itertools.pairwise(ends)]
