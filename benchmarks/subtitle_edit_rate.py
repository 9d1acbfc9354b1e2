"""SubER: how much of a subtitle file a person would have to change (words, breaks and their times).

Wilken et al. (2022), by subtitle-edit-rate. The reference are subtitles as a person would set what
a talk says: a sentence each, long ones divided at their marks, or else evenly.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.helpers.real_talks import Talk
from vat.subtitles.chinese import converted
from vat.subtitles.formats import to_srt
from vat.subtitles.limits import CueSettings, cue_settings
from vat.subtitles.lines import columns, lay_out
from vat.subtitles.sentences import CLAUSE_MARKS, sentence_ends
from vat.subtitles.track import Track
from vat.timeline import Cue


def edit_rate(cues: Sequence[Cue], reference: Sequence[Cue], language: str) -> float:
    """Edits per hundred words and breaks of the reference, without case and punctuation.

    In Chinese, both forms of writing count as one.
    """
    from suber.metrics.suber import calculate_SubER

    east_asian = language if language in ("zh", "ja", "ko") else None
    files = [_read(_simplified(one, language)) for one in (cues, reference)]
    return float(calculate_SubER(*files, language=east_asian))


def _simplified(cues: Sequence[Cue], language: str) -> list[Cue]:
    texts = [cue.text for cue in cues]
    if language == "zh":
        texts = converted(texts, "zh-hans", same_words=True)
    return [replace(cue, text=text) for cue, text in zip(cues, texts, strict=True)]


def _read(cues: Sequence[Cue]) -> Any:
    from suber.file_readers import SRTFileReader

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cues.srt"
        path.write_text(to_srt(Track("en", list(cues))), encoding="utf-8")
        return SRTFileReader(str(path)).read()


def reference_cues(talk: Talk) -> list[Cue]:
    """What a talk says as subtitles, each as long as its share of the letters."""
    settings, found = cue_settings(talk.language, {}), list[Cue]()
    for said in talk.sentences:
        parts = [p for s in _sentences(said.text, talk.language) for p in _parts(s, settings)]
        pace, begin = (said.end - said.start) / sum(map(len, parts)), said.start
        for part in parts:
            end = begin + pace * len(part)
            text = lay_out(part, talk.language, settings)
            found.append(Cue(len(found) + 1, round(begin, 3), round(end, 3), text))
            begin = end
    return found


def _sentences(text: str, language: str) -> Iterator[str]:
    begin = 0
    for end in sentence_ends(text, language):
        yield text[begin:end].strip()
        begin = end


def _parts(sentence: str, settings: CueSettings) -> list[str]:
    """A sentence in as few parts as fit into a subtitle each, as even as marks and words allow."""
    most = settings.max_columns * settings.max_lines
    if columns(sentence) <= most:
        return [sentence]
    blanks = [at for at, letter in enumerate(sentence) if letter == " "]
    places = blanks or list(range(1, len(sentence)))
    marked = [at for at in places if sentence[:at].endswith(CLAUSE_MARKS)]
    best = min(marked or places, key=lambda at: abs(at - len(sentence) / 2))
    halves = sentence[:best].strip(), sentence[best:].strip()
    return [part for half in halves for part in _parts(half, settings)]
