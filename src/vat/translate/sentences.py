"""Which cues belong to one sentence, and are translated together."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from vat.languages import is_cjk
from vat.subtitles.cues import PAUSE_SECONDS
from vat.subtitles.lines import one_line
from vat.subtitles.sentences import sentence_ends
from vat.timeline import Cue
from vat.translate.written_language import has_letters

MOST_CUES: Final = 5
"""Longest sentence in cues. Where a recogniser writes no punctuation, all would be one sentence."""


def sentences(cues: Sequence[Cue], language: str) -> list[range]:
    """Runs of cues, by index, that end where a sentence does, or before a pause or another speaker.

    A cue without letters stands alone.
    """
    texts = [one_line(cue.text) for cue in cues]
    blank = len(joint(language))
    closed = set(sentence_ends(joint(language).join(texts), language))
    positions = accumulate(len(text) + (blank if at else 0) for at, text in enumerate(texts))
    found, begin = [], 0
    for at, position in enumerate(positions):
        following = cues[at + 1].start if at + 1 < len(cues) else float("inf")
        if (
            position in closed
            or not has_letters(texts[at])
            or not has_letters(texts[min(at + 1, len(texts) - 1)])
            or following - cues[at].end >= PAUSE_SECONDS
            or cues[at].speakers != cues[min(at + 1, len(cues) - 1)].speakers
            or at + 1 - begin == MOST_CUES
        ):
            found.append(range(begin, at + 1))
            begin = at + 1
    return found


def joint(language: str) -> str:
    """What stands between the parts of a sentence."""
    return "" if is_cjk(language) else " "
