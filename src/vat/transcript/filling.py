"""Filling: what a second reading of a window adds to a draft that has holes in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vat.timeline import Interval, Word, common, length
from vat.transcript.coverage import longest_seconds
from vat.transcript.seams import matches, overlap, plain

TRUSTED_AGREEMENT: Final = 0.4
"""From this agreement on a second reading is trusted with what only it has."""

SURER: Final = 0.15
"""A reading that agrees less must be surer of its words than the draft by this much: then the
draft is what failed here."""

SURE: Final = 0.5
"""Mean probability from which words are taken that nothing else confirms."""

_SAME_PLACE: Final = 0.5
_SHIFTED_SECONDS: Final = 2.0
_LEAST_SECONDS: Final = 0.3
_SECONDS_PER_CHARACTER: Final = 0.1


@dataclass(frozen=True, slots=True)
class Filled:
    """A draft with what a second reading adds.

    `agreement` is that of both where both have words, 0 to 1; 1 where they never do. `trusted`
    tells whether the reading may be used; where not, `words` are the draft's.
    """

    words: Sequence[Word]
    agreement: float
    trusted: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """What both readings have between two words that they share, and the time it may fill."""

    draft: Sequence[Word]
    again: Sequence[Word]
    place: Interval


def filled(
    draft: Sequence[Word],
    again: Sequence[Word],
    window: Interval,
    holes: Sequence[Interval],
    speech: Sequence[Interval],
) -> Filled:
    """The draft's words, where `holes` are with those that a second reading of `window` has more.

    The readings are laid on each other at the words that they share. Between these a word that
    only one of them has counts against neither. Where both have other words at one time, those of
    the reading that explains more stay. All words are ordered by start.
    """
    mine = [word for word in draft if window[0] <= word.middle <= window[1]]
    pairs = _grown(matches(mine, again, range(len(mine)), range(len(again))), mine, again)
    agreement = _agreement(mine, again, pairs)
    trusted = agreement >= TRUSTED_AGREEMENT or _is_surer(again, mine)
    if not (trusted and (pairs or _is_sure(again))):
        return Filled(draft, agreement, trusted=False)
    words = [word for word in draft if not window[0] <= word.middle <= window[1]]
    shared = [mine[i] for i, _ in pairs]
    for at, part in enumerate(_parts(mine, again, pairs, window)):
        touched = any(common([part.place], [hole]) for hole in holes)
        found = _settled(part, speech) if touched else part.draft
        words += found
        if {id(word) for word in found} & {id(word) for word in part.again}:
            # Only in the same reading's times do words beside new ones keep their order.
            for beside in (at - 1, at):
                if 0 <= beside < len(pairs):
                    shared[beside] = again[pairs[beside][1]]
    words += shared
    return Filled(sorted(words, key=lambda word: word.start), agreement, trusted=True)


def _grown(
    pairs: Sequence[tuple[int, int]], mine: Sequence[Word], again: Sequence[Word]
) -> list[tuple[int, int]]:
    """The pairs, with the same words beside them that the readings set to different times.

    So Whisper sets the first and the last word of a phrase that lies beside other sounds.
    """
    found = dict(pairs)
    for step in (1, -1):
        others = set(found.values())
        for i, j in sorted(found.items(), reverse=step < 0):
            a, b = i + step, j + step
            while (
                0 <= a < len(mine)
                and 0 <= b < len(again)
                and a not in found
                and b not in others
                and plain(mine[a].text) == plain(again[b].text)
                and abs(mine[a].middle - again[b].middle) <= _SHIFTED_SECONDS
            ):
                found[a] = b
                others.add(b)
                a, b = a + step, b + step
    return sorted(found.items())


def _agreement(
    mine: Sequence[Word], again: Sequence[Word], pairs: Sequence[tuple[int, int]]
) -> float:
    """Dice's coefficient of the words for whose time both readings have a word.

    A word that is stretched over more than saying it can take tells nothing about that time.
    """
    left, right = {i for i, _ in pairs}, {j for _, j in pairs}
    alone = sum(i not in left and _rivals(word, again) for i, word in enumerate(mine))
    alone += sum(j not in right and _rivals(word, mine) for j, word in enumerate(again))
    return 2 * len(pairs) / (2 * len(pairs) + alone) if alone else 1.0


def _parts(
    mine: Sequence[Word],
    again: Sequence[Word],
    pairs: Sequence[tuple[int, int]],
    window: Interval,
) -> Iterator[_Part]:
    """What lies before, between and after the shared words."""
    i, j, begin = 0, 0, window[0]
    for a, b in pairs:
        yield _Part(mine[i:a], again[j:b], (begin, max(begin, mine[a].start)))
        i, j, begin = a + 1, b + 1, mine[a].end
    yield _Part(mine[i:], again[j:], (begin, max(begin, window[1])))


def _settled(part: _Part, speech: Sequence[Interval]) -> list[Word]:
    """The words of a part, each once; a word that both readings have is never lost."""
    twins, back = _misplaced(part, speech), set[int]()
    while True:
        draft = [word for word in part.draft if id(word) not in twins or id(word) in back]
        lost = _lost(draft, part.again)
        lonely = {mine for mine, twin in twins.items() if id(twin) in lost} - back
        if not lonely:
            break
        # What the other reading loses is to be judged again, against the draft's own hearing of it.
        back |= lonely
    lost |= {mine for mine, twin in twins.items() if id(twin) not in lost}
    return [word for word in [*part.draft, *part.again] if id(word) not in lost]


def _lost(draft: Sequence[Word], again: Sequence[Word]) -> set[int]:
    """The words of the reading that explains less, where both have words at one time."""
    contested = [word for word in draft if _meets(word, again)]
    rivals = [word for word in again if _meets(word, draft)]
    gone = contested if _weight(rivals) > _weight(contested) else rivals
    return {id(word) for word in gone}


def _misplaced(part: _Part, speech: Sequence[Interval]) -> dict[int, Word]:
    """Words of the draft that the other reading has in this part as well, with that one's.

    They lie over silence, or where the other reading has something else.
    """
    others, found, place = [plain(word.text) for word in part.again], dict[int, Word](), 0
    for word in part.draft:
        silent = 2 * length(common(speech, [(word.start, word.end)])) <= word.end - word.start
        wrong = silent or _meets(word, part.again)
        if wrong and plain(word.text) in others[place:]:
            place = others.index(plain(word.text), place) + 1
            found[id(word)] = part.again[place - 1]
    return found


def _weight(words: Sequence[Word]) -> float:
    """How much words explain: seconds, no more than a text needs, by their probability."""
    return sum(word.probability * min(word.end - word.start, _longest(word.text)) for word in words)


def _longest(text: str) -> float:
    return _LEAST_SECONDS + _SECONDS_PER_CHARACTER * len(text)


def _is_sure(words: Sequence[Word]) -> bool:
    return sum(word.probability for word in words) >= SURE * len(words)


def _is_surer(again: Sequence[Word], inside: Sequence[Word]) -> bool:
    """Whether a reading is surer of the words that it has for the time of the draft's."""
    mine = [word.probability for word in again if _rivals(word, inside)]
    theirs = [word.probability for word in inside if _rivals(word, again)]
    if not mine or not theirs:
        return True
    return sum(mine) / len(mine) >= sum(theirs) / len(theirs) + SURER


def _rivals(word: Word, others: Sequence[Word]) -> bool:
    """Whether a word meets another, neither of them longer than saying it can take."""
    return not _is_stretched(word) and _meets(
        word, [one for one in others if not _is_stretched(one)]
    )


def _is_stretched(word: Word) -> bool:
    return word.end - word.start > longest_seconds(word.text)


def _meets(word: Word, others: Sequence[Word]) -> bool:
    """Whether there is another word for most of the time of this one, or of the other."""
    return any(overlap(word, other) > _SAME_PLACE for other in others)
