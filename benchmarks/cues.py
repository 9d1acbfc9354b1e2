"""How good are the cues? VAT's layout beside a simple one, on talks whose words are known.

    python -m benchmarks.cues

Every figure is a number per 1000 words, less is better: cues; cues that are too fast to read,
too fast though they could be read together with a neighbour, without a gap before the next one,
shown for less than 1 s, for more than 7 s, wider than a line, of too many lines, of one word; ends
of cues inside a sentence, inside a clause, after a short word such as an article; pauses of half
a second inside a cue. The last column is seconds of CPU per 10 000 words.
"""

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from benchmarks import greedy
from tiny.transcripts import demo_talks, invented_talks
from vat.subtitles.check import check_cues
from vat.subtitles.cues import make_cues
from vat.subtitles.limits import CueSettings, cue_settings
from vat.subtitles.lines import one_line
from vat.subtitles.phrases import Bond, bond
from vat.subtitles.sentences import CLAUSE_MARKS, SENTENCE_MARKS
from vat.timeline import Cue, Word

Layout = Callable[[Sequence[Word], str, CueSettings], list[Cue]]

LAYOUTS: dict[str, Layout] = {"greedy": greedy.make_cues, "optimal": make_cues}
CHECKED = {
    "fast": "reading_speed",
    "needless": "reading_speed_if_possible",
    "no gap": "gap",
    "< 1 s": "long_enough",
    "> 7 s": "not_too_long",
    "wide": "line_length",
    "lines": "line_count",
}
PAUSE_SECONDS = 0.5


def figures(layout: Layout, words: Sequence[Word], language: str) -> dict[str, float]:
    """The columns of the table for one layout of one talk."""
    settings = cue_settings(language, {})
    began = time.process_time()
    cues = layout(words, language, settings)
    spent = time.process_time() - began
    faults = check_cues(cues, language, settings).faults
    starts = {cue.start for cue in cues}
    pauses = [b.start for a, b in pairwise(words) if b.start - a.end >= PAUSE_SECONDS]
    inside = [cue for cue in cues if not cue.text.endswith(SENTENCE_MARKS)]
    counts = {
        "cues": len(cues),
        **{name: len(faults[key]) for name, key in CHECKED.items()},
        "one word": sum(not _is_long(cue, words[0].space) for cue in cues),
        "sentence": len(inside),
        "clause": sum(not cue.text.endswith(CLAUSE_MARKS) for cue in inside),
        "article": sum(_leads_on(a, b, language) for a, b in pairwise(cues)),
        "pauses": sum(start not in starts for start in pauses),
    }
    found = {name: 1000 * count / len(words) for name, count in counts.items()}
    return found | {"s / 10k": 10_000 * spent / len(words)}


def _leads_on(cue: Cue, following: Cue, language: str) -> bool:
    ends = cue.text.endswith((*CLAUSE_MARKS, *SENTENCE_MARKS))
    words = cue.text.split()[-1], following.text.split()[0]
    return not ends and bond(*words, language) is Bond.TIGHT


def _is_long(cue: Cue, spaced: bool) -> bool:
    return " " in one_line(cue.text) if spaced else len(cue.text) > 2


def main() -> None:
    """Print the table."""
    talks = [(name, "en", words) for name, words in demo_talks()] + list(invented_talks())
    width = max(len(name) for name, _, _ in talks)
    for index, (name, language, words) in enumerate(talks):
        for label, layout in LAYOUTS.items():
            found = figures(layout, words, language)
            if not index and label == "greedy":
                print(f"{'talk':{width}} {'layout':8}", *(f"{key:>8}" for key in found))
            print(f"{name:{width}} {label:8}", *(f"{value:8.4g}" for value in found.values()))


if __name__ == "__main__":
    main()
