"""How well the cues of a track can be read: shares within each limit, and which cues are not."""

import statistics
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from vat.files import StrPath, write_json
from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import columns
from vat.timeline import Cue, Interval, Word

_ROUNDING: Final = 0.0015
"""Start and end are rounded to milliseconds, each by half of one."""


LIMITS: Final = (
    "no_overlap",
    "gap",
    "line_length",
    "line_count",
    "long_enough",
    "not_too_long",
    "reading_speed",
    "reading_speed_if_possible",
)
"""The names of what is checked; `CueCheck` explains them."""


@dataclass(frozen=True, slots=True)
class CueCheck:
    """The result of `check_cues`.

    `shares` are 0 to 1 of all cues, 1 where there are none; `faults` are the ids of the cues that
    miss a limit, by the same names:

    - `no_overlap`: ends before the next one starts; `gap`: at least the minimum gap before it
    - `line_length`: no line is wider than it may be; `line_count`: no more lines than there may be
    - `long_enough`, `not_too_long`: seconds on screen
    - `reading_speed`: no faster than it may be; `reading_speed_if_possible`: of those cues
      that could be read, if need be together with the one before or after

    `onset_offsets` are the seconds by which cues start after the speech they begin with.
    """

    language: str
    cues: int
    limits: CueSettings
    shares: Mapping[str, float]
    faults: Mapping[str, Sequence[int]]
    onset_offsets: Sequence[float] | None = None

    def write(self, path: StrPath) -> None:
        """Write it as a JSON file."""
        write_json(path, self.to_json())

    def to_json(self) -> dict[str, Any]:
        """A JSON object; the offsets as their number and median, null where none was taken."""
        offsets = self.onset_offsets
        onset = offsets and {
            "cues": len(offsets),
            "median_seconds": round(statistics.median(offsets), 3),
            "median_distance_seconds": round(statistics.median(map(abs, offsets)), 3),
        }
        return {
            "language": self.language,
            "cues": self.cues,
            "limits": asdict(self.limits),
            "shares": {name: round(share, 4) for name, share in self.shares.items()},
            "onset_offset": onset or None,
            "faults": {name: list(ids) for name, ids in self.faults.items() if ids},
        }


def check_cues(
    cues: Sequence[Cue],
    language: str,
    settings: CueSettings,
    onset_offsets: Sequence[float] | None = None,
) -> CueCheck:
    """Compare cues, which must be in order, with their limits."""
    allowed = _speech_allows(cues, settings)
    missed = [
        _missed(cue, later, one, settings)
        for cue, later, one in zip(cues, [*cues[1:], None], allowed, strict=False)
    ]
    faults = {
        name: [cue.id for cue, names in zip(cues, missed, strict=True) if name in names]
        for name in LIMITS
    }
    counts = dict.fromkeys(LIMITS, len(cues)) | {"reading_speed_if_possible": sum(allowed)}
    shares = {name: 1 - len(ids) / max(counts[name], 1) for name, ids in faults.items()}
    return CueCheck(language, len(cues), settings, shares, faults, onset_offsets)


def onset_offsets(
    cues: Sequence[Cue], words: Sequence[Word], speech: Sequence[Interval]
) -> list[float]:
    """Seconds by which cues start after the onset of the speech that they begin with.

    Both `words` and the intervals of `speech`, as voice activity detection found them, are in
    order. Only those cues count whose first word is the first of an interval; amid speech there is
    no onset to compare with.
    """
    starts = [word.start for word in words]
    ends = [end for _, end in speech]
    offsets = []
    for cue in cues:
        first = bisect_left(starts, cue.start - _ROUNDING)
        if first == len(words):
            continue
        word, before = words[first], words[first - 1].middle if first else float("-inf")
        index = bisect_left(ends, word.start)
        if index < len(speech) and before < speech[index][0] < word.end:
            offsets.append(cue.start - speech[index][0])
    return offsets


def _speech_allows(cues: Sequence[Cue], settings: CueSettings) -> list[bool]:
    """Whether a cue could be read, if need be in one cue with the one before or after it.

    It could where the two fit into one and have the time until the next. Elsewhere speech is faster
    than reading, and no other division into cues would help.
    """
    width = [columns(cue.text) for cue in cues]
    until = [cue.start - settings.min_gap_seconds for cue in cues[1:]]
    until += [cue.end for cue in cues[-1:]]

    def readable(first: int, last: int) -> bool:
        together = sum(width[first : last + 1]) + last - first
        room = min(until[last] - cues[first].start, settings.max_seconds)
        fits = first == last or (
            together <= settings.max_columns * settings.max_lines
            and cues[last].end - cues[first].start <= settings.max_seconds
        )
        return fits and together <= settings.max_columns_per_second * (room + _ROUNDING)

    last = len(cues) - 1
    return [
        readable(index, index)
        or readable(max(index - 1, 0), index)
        or readable(index, min(index + 1, last))
        for index in range(len(cues))
    ]


def _missed(
    cue: Cue, following: Cue | None, speech_allows: bool, settings: CueSettings
) -> frozenset[str]:
    """The names of the limits that one cue misses."""
    lines, seconds = cue.text.split("\n"), cue.end - cue.start
    gap = following.start - cue.end if following else float("inf")
    fast = columns(cue.text) > settings.max_columns_per_second * (seconds + _ROUNDING)
    missed = {
        "no_overlap": gap < 0,
        "gap": gap < settings.min_gap_seconds - _ROUNDING,
        "line_length": max(map(columns, lines)) > settings.max_columns,
        "line_count": len(lines) > settings.max_lines,
        "long_enough": seconds < settings.min_seconds - _ROUNDING,
        "not_too_long": seconds > settings.max_seconds + _ROUNDING,
        "reading_speed": fast,
        "reading_speed_if_possible": fast and speech_allows,
    }
    return frozenset(name for name in LIMITS if missed[name])
