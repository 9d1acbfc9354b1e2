"""A simple layout to compare with: a sentence that does not fit is cut at its best place."""

import math
from collections.abc import Iterator, Sequence

from vat.subtitles.cue_times import Group, timed
from vat.subtitles.cues import PAUSE_SECONDS
from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import columns, lay_out, one_line
from vat.subtitles.sentences import SENTENCE_MARKS, ends_clause
from vat.timeline import Cue, Word

_FILL = 0.85


def make_cues(
    words: Sequence[Word], language: str, settings: CueSettings, duration: float = float("inf")
) -> list[Cue]:
    """Cues that hold all words, each once and in order."""
    groups, begin = [], 0
    for end, word in enumerate(words, 1):
        pauses = end == len(words) or words[end].start - word.end >= PAUSE_SECONDS
        if pauses or word.text.endswith(SENTENCE_MARKS):
            groups += list(_cut(words[begin:end], language, settings))
            begin = end
    return timed(groups, settings, duration)


def _cut(words: Sequence[Word], language: str, settings: CueSettings) -> Iterator[Group]:
    text = "".join((" " if word.space and i else "") + word.text for i, word in enumerate(words))
    lines, start, end = lay_out(text, language, settings), words[0].start, words[-1].end
    width, shown = columns(one_line(lines)), lines.split("\n")
    narrow = max(map(columns, shown)) <= settings.max_columns and len(shown) <= settings.max_lines
    if len(words) == 1 or (narrow and end - start <= settings.max_seconds):
        yield Group(start, max(word.end for word in words), lines, width)
        return
    full = width / (settings.max_columns * settings.max_lines * _FILL)
    parts = max(2, math.ceil(full), math.ceil((end - start) / settings.max_seconds))

    def worth(cut: int) -> float:
        before, share = words[cut - 1], parts * cut / len(words)
        away = abs(share - min(max(round(share), 1), parts - 1))
        return min(words[cut].start - before.end, 1.0) + 0.5 * ends_clause(before.text) - away

    best = max(range(1, len(words)), key=worth)
    yield from _cut(words[:best], language, settings)
    yield from _cut(words[best:], language, settings)
