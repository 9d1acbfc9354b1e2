"""Two languages in one subtitle: which lines are shown together, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from vat.files import read_json, write_json, write_text
from vat.subtitles.formats import StrPath, read_cues, to_srt, to_vtt
from vat.timeline import Cue


@dataclass(frozen=True, slots=True)
class Pair:
    """A cue of two languages; the first `upper_lines` lines of its text are the upper one's."""

    cue: Cue
    upper_lines: int


def pair(upper: Sequence[Cue], lower: Sequence[Cue]) -> list[Pair]:
    """The cues of two languages as one: at every moment both texts, the upper one first.

    Within each language cues are in order of time and do not overlap. Where both have the same
    times, as a translation has, pair by pair is one cue; elsewhere a cue ends wherever one of the
    two changes. Times are taken to the millisecond.
    """
    upper, lower = _rounded(upper), _rounded(lower)
    moments = sorted({time for cue in (*upper, *lower) for time in (cue.start, cue.end)})
    found: list[Pair] = []
    above = below = 0
    for start, end in pairwise(moments):
        above, first = _shown(upper, above, start)
        below, second = _shown(lower, below, start)
        lines = [line for text in (first, second) for line in _lines(text)]
        if lines:
            cue = Cue(len(found) + 1, start, end, "\n".join(lines))
            found.append(Pair(cue, len(_lines(first))))
    return found


def _rounded(cues: Sequence[Cue]) -> list[Cue]:
    return [Cue(cue.id, round(cue.start, 3), round(cue.end, 3), cue.text) for cue in cues]


def _shown(cues: Sequence[Cue], number: int, time: float) -> tuple[int, str]:
    """The text at a moment, and from which cue on to look at later ones."""
    while number < len(cues) and cues[number].end <= time:
        number += 1
    there = number < len(cues) and cues[number].start <= time
    return number, cues[number].text if there else ""


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def write_pair(upper: StrPath, lower: StrPath, json: StrPath, srt: StrPath, vtt: StrPath) -> None:
    """Join the JSON files of two languages, and write the result as JSON and for players.

    The JSON file tells both languages and how many lines of each cue are the upper one's.
    """
    first, above = read_cues(upper)
    second, below = read_cues(lower)
    pairs = pair(above, below)
    cues = [one.cue for one in pairs]
    record = {
        "language": first,
        "second": second,
        "cues": [cue.to_json() for cue in cues],
        "upper_lines": [one.upper_lines for one in pairs],
    }
    write_json(json, record)
    write_text(srt, to_srt(cues))
    write_text(vtt, to_vtt(cues))


def read_pair(json: StrPath) -> tuple[str, str, list[Pair]]:
    """Both languages and the cues of a file that `write_pair` wrote."""
    record = read_json(json)
    cues = map(Cue.from_json, record["cues"])
    pairs = [Pair(cue, lines) for cue, lines in zip(cues, record["upper_lines"], strict=True)]
    return record["language"], record["second"], pairs
