"""Whether the words of translations go with those of their sources, by the video's other lines.

A word that is said often is translated in much the same way each time. Where the words of a
translation usually stand beside other words than those said here, it may be of something else.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain, product
from typing import Final

from vat.translate.written_language import words

_LEAST_LINES: Final = 2
"""A word of this line alone tells nothing."""


def agreements(said: Mapping[int, str], made: Mapping[int, str]) -> dict[int, float]:
    """How well each translation goes with its source, from 0 (not at all) to 1, by place.

    It is the mean, over the words of both that other lines have too, of the most that one of the
    other language goes with it (Dice's coefficient over all lines but this one). Lines without such
    words are left out.
    """
    sources = {at: {*pieces(said[at])} for at in made}
    targets = {at: {*pieces(text)} for at, text in made.items()}
    lines = [Counter(chain(*one.values())) for one in (sources, targets)]
    together = Counter(
        pair for at, found in targets.items() for pair in product(sources[at], found)
    )
    scores = {}
    for at, found in targets.items():
        goes = {
            pair: 2 * (together[pair] - 1) / max(1, lines[0][pair[0]] + lines[1][pair[1]] - 2)
            for pair in product(sources[at], found)
        }
        best = list(_best(goes, 0, lines[0])) + list(_best(goes, 1, lines[1]))
        if best:
            scores[at] = sum(best) / len(best)
    return scores


def _best(
    goes: Mapping[tuple[str, str], float], side: int, lines: Mapping[str, int]
) -> Iterator[float]:
    """For each word of one language that other lines have, the most that another goes with it."""
    found = dict[str, float]()
    for pair, share in goes.items():
        word = pair[side]
        if lines[word] >= _LEAST_LINES:
            found[word] = max(found.get(word, 0.0), share)
    yield from found.values()


def pieces(text: str) -> list[str]:
    """The words of a text; of those that are written without blanks, pairs of characters."""
    found = []
    for word in words(text.casefold()):
        if len(word) > 2 and ord(word[0]) >= 0x2E80:
            found += [word[at : at + 2] for at in range(len(word) - 1)]
        else:
            found.append(word)
    return found
