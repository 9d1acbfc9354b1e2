"""From words to cues: the best of all ways to cut speech into subtitles, by dynamic programming.

Every way to cut the words into cues has a cost: of each cut by where it falls, and of each cue by
how well it can be read. Both depend on no other cue, so the cheapest way up to each word follows
from the cheapest ways up to the words before. A cue holds a bounded number of words, so the time
grows with the number of words alone.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Final

from vat.subtitles.cue_times import COMFORT, Group, read_seconds, timed
from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import (
    NEVER_FIRST,
    Places,
    arrange,
    collapsed,
    may_break,
    places,
    tears,
    torn_by_blanks,
    widths,
)
from vat.subtitles.phrases import Bond, bond
from vat.subtitles.sentences import ends_clause, leads_on, sentence_ends
from vat.timeline import Cue, Word

PAUSE_SECONDS: Final = 1.5
"""A pause this long always ends a cue; subtitles should not wait on screen."""

# What is worth what; only the ratios matter. They were chosen by benchmarks/cues.py, in which no
# figure of any talk may be worse than that of a greedy layout.
_CUE: Final = 0.2
_CUT_CLAUSE_END: Final = 2.0
_CUT_INSIDE: Final = {Bond.LOOSE: 3.5, Bond.PLAIN: 4.5, Bond.CLOSE: 6.0, Bond.TIGHT: 7.0}
"""A cut inside a clause, by how closely the two words around it belong together."""
_CUT_PHRASE: Final = 8.0
_CUT_CHARACTER: Final = 1000.0
"""More than anything else can cost: a character and the signs that belong to it stay together."""
_PAUSE_HELPS: Final = 0.9
"""The part of a cut's cost that a pause of a second takes away."""
_TWO_SENTENCES: Final = 0.5
_WAITING: Final = 2.0
"""A second of pause inside a cue: what is said after it would be read before."""
_TOO_SHORT: Final = 4.0
_HASTY: Final = 1.0
_TOO_FAST: Final = 3.0
"""A full cue that cannot be read in its time; less for a smaller one, so that nothing is gained by
cutting up speech that is too fast everywhere."""
_RAGGED: Final = 1.0
"""A cue that is part of a sentence and nearly empty; so the parts of a sentence come out even."""
_ONE_WORD: Final = 0.5


def make_cues(
    words: Sequence[Word], language: str, settings: CueSettings, duration: float = float("inf")
) -> list[Cue]:
    """Cues that hold all words, each once and in order.

    A sentence is one cue where it fits and can be read; a longer one is cut at pauses and clause
    ends, into parts of about equal size. A cue starts with its first word and ends with its last,
    later where the reader needs the time and the next cue leaves it, but not after the video's
    `duration`. `words` must be ordered by their start; words of blanks alone are left out.
    """
    groups = [
        group
        for passage in _passages(words, language, settings, duration)
        for group in _groups(passage, settings)
    ]
    return timed(groups, settings, duration)


@dataclass(frozen=True, slots=True)
class _Passage:
    """Words without a long pause between them, as one text on one line.

    Word `i` is `text[begins[i] : ends[i]]`. `width` has the columns before each position of the
    text, `breaks` the places at which lines may break.
    `cuts[i]` is what it costs to begin a cue with word `i` (0 for the first), `keeps[i]` what all
    boundaries up to the one before word `i` cost where no cue begins there, so that
    `keeps[j - 1] - keeps[i]` is the cost inside a cue of the words `i` to `j - 1`. `whole[i]`
    tells whether a sentence begins with word `i`. `starts` has one more entry than there are
    words: when the next passage, or else the end of the video, comes.
    """

    text: str
    language: str
    width: list[int]
    begins: list[int]
    ends: list[int]
    breaks: Places
    cuts: list[float]
    keeps: list[float]
    whole: list[bool]
    starts: list[float]
    stops: list[float]


def _passages(
    words: Sequence[Word], language: str, settings: CueSettings, duration: float
) -> Iterator[_Passage]:
    said = [part for word in words if word.text.strip() for part in _divided(word, settings)]
    begin = 0
    for end in range(1, len(said) + 1):
        if end == len(said) or said[end].start - said[end - 1].end >= PAUSE_SECONDS:
            following = said[end].start if end < len(said) else duration
            yield _passage(said[begin:end], following, language, settings)
            begin = end


def _divided(word: Word, settings: CueSettings) -> list[Word]:
    """A phrase of a script without blanks that is one word and that no cue can hold, in parts.

    Recognition gives Khmer so. A part is one character with all that belongs to it, and takes its
    share of the time. A short word that is long only in time was heard so, and stays.
    """
    text, spoken = collapsed(word.text.strip()), word.end - word.start
    width, line = widths(text), settings.max_columns
    is_long = spoken > settings.max_seconds and width[-1] > line / 2
    if not is_long and width[-1] <= line * settings.max_lines:
        return [word]
    edges = [0, *(at for at in range(1, len(text)) if may_break(text, at)), len(text)]
    times = [word.start + spoken * width[at] / width[-1] for at in edges]
    return [
        replace(word, text=text[a:b], start=start, end=end, space=word.space and not a)
        for (a, b), (start, end) in zip(pairwise(edges), pairwise(times), strict=True)
    ]


def _passage(
    words: Sequence[Word], following: float, language: str, settings: CueSettings
) -> _Passage:
    pieces = [
        (" " if word.space and i else "") + collapsed(word.text) for i, word in enumerate(words)
    ]
    text = "".join(pieces)
    after = list(accumulate(map(len, pieces)))
    begins = [at - len(piece.lstrip()) for at, piece in zip(after, pieces, strict=True)]
    ends = [a + len(piece.strip()) for a, piece in zip(begins, pieces, strict=True)]
    breaks = places(text, language, settings.max_columns)
    whole = _sentence_begins(sentence_ends(text, language), ends)
    cuts, keeps = [0.0], [0.0]
    resumes = frozenset(breaks.resumes) - torn_by_blanks(text, language)
    for i in range(1, len(words)):
        pause = min(max(words[i].start - words[i - 1].end, 0.0), PAUSE_SECONDS)
        mark = text[begins[i]] in NEVER_FIRST
        if tears(text[begins[i] - 1], text[begins[i]]):
            cut = _CUT_CHARACTER
        elif mark or (begins[i] not in resumes and not whole[i]):
            cut = _CUT_PHRASE
        elif whole[i]:
            cut = 0.0
        elif ends_clause(before := text[begins[i - 1] : ends[i - 1]]) and not leads_on(before):
            cut = _CUT_CLAUSE_END
        else:
            cut = _CUT_INSIDE[bond(before, text[begins[i] : ends[i]], language)]
        cuts.append(cut * (1 - _PAUSE_HELPS * min(pause, 1.0)))
        keeps.append(keeps[-1] + _WAITING * pause + (_TWO_SENTENCES if whole[i] else 0.0))
    starts = [*(word.start for word in words), following]
    stops = [word.end for word in words]
    return _Passage(
        text, language, widths(text), begins, ends, breaks, cuts, keeps, whole, starts, stops
    )


def _sentence_begins(sentences: Sequence[int], ends: Sequence[int]) -> list[bool]:
    """For each word, and once after the last, whether a sentence begins there.

    A sentence that ends inside a word ("a.b") is closed after the word.
    """
    begins = [False] * (len(ends) + 1)
    begins[0] = begins[-1] = True
    for end in sentences:
        begins[min(bisect_left(ends, end) + 1, len(ends))] = True
    return begins


def _groups(passage: _Passage, settings: CueSettings) -> Iterator[Group]:
    """The passage's cues without their final times, in order."""
    width, breaks = passage.width, passage.breaks
    for first, last in _cheapest(passage, settings):
        a, b = passage.begins[first], passage.ends[last - 1]
        inside = slice(bisect_right(breaks.resumes, a), bisect_left(breaks.stops, b))
        own = Places(
            [at - a for at in breaks.stops[inside]], [at - a for at in breaks.resumes[inside]]
        )
        yield Group(
            passage.starts[first],
            max(passage.stops[first:last]),
            arrange(passage.text[a:b], own, settings.max_columns, passage.language),
            width[b] - width[a],
        )


def _cheapest(passage: _Passage, settings: CueSettings) -> list[tuple[int, int]]:
    """The cues of least cost in all, each as its first word and the one after its last."""
    count = len(passage.ends)
    beyond = _most_words(passage, settings)
    starts, stops = passage.starts, passage.stops
    best = [0.0] + [float("inf")] * count
    origin = [0] * (count + 1)
    for first in range(count):
        spoken = 0.0
        for last in range(first + 1, beyond[first] + 1):
            spoken = max(spoken, stops[last - 1] - starts[first])
            if last > first + 1 and spoken > settings.max_seconds:
                break
            cost = best[first] + _cost(passage, first, last, spoken, settings)
            if cost < best[last]:
                best[last], origin[last] = cost, first
    found, at = [], count
    while at:
        found.append((origin[at], at))
        at = origin[at]
    return found[::-1]


def _cost(passage: _Passage, first: int, last: int, spoken: float, settings: CueSettings) -> float:
    """What a cue of the words `first` to `last - 1` costs, which take `spoken` seconds."""
    width = passage.width[passage.ends[last - 1]] - passage.width[passage.begins[first]]
    until_next = passage.starts[last] - passage.starts[first]
    room = min(max(until_next - settings.min_gap_seconds, 0.0), settings.max_seconds)
    share = min(width / (settings.max_columns * settings.max_lines), 1.0)
    cost = _CUE + passage.cuts[first] + passage.keeps[last - 1] - passage.keeps[first]
    if room < settings.min_seconds:
        cost += _TWO_SENTENCES - _CUE + _TOO_SHORT * (1 - room / settings.min_seconds)
    wanted = read_seconds(width, settings)
    if room < wanted:
        cost += share * _HASTY * (wanted - room) / wanted
        cost += share * _TOO_FAST if room < COMFORT * wanted else 0.0
    if not (passage.whole[first] and passage.whole[last]):
        full = max(share, min(spoken / settings.max_seconds, 1.0))
        cost += _RAGGED * (1 - full) ** 2 + (_ONE_WORD if last == first + 1 else 0.0)
    return cost


def _most_words(passage: _Passage, settings: CueSettings) -> list[int]:
    """For each word, the word after the last that fits into a cue with it; at least the next one.

    No more words than columns: words without any width come in no cue by the thousand.
    """
    width, resumes = passage.width, passage.breaks.resumes
    reached = [width[at] for at in passage.breaks.stops]
    ends = [width[at] for at in passage.ends]
    most = settings.max_columns * settings.max_lines
    found = []
    for index, begin in enumerate(passage.begins):
        at = begin
        for _ in range(settings.max_lines - 1):
            last = bisect_right(reached, width[at] + settings.max_columns) - 1
            if last < 0 or resumes[last] <= at:
                break
            at = resumes[last]
        fitting = bisect_right(ends, width[at] + settings.max_columns)
        found.append(min(max(fitting, index + 1), index + most))
    return found
