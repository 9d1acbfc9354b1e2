"""Passages: the stretches of a video in which one language is spoken."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Final

from vat.timeline import Interval, Passage

PAUSE_SECONDS: Final = 0.3
"""Between two languages there is at least such a pause, that of a speaker who takes a breath."""

LONGEST_SECONDS: Final = 10.0
"""Longer speech is looked at in parts: so much is enough to tell a language."""

LEAST_SECONDS: Final = 1.5
"""Speech of a language, weighted by its probability, from which on it counts as spoken at all:
less is a name, or a short word that sounds like another language."""

_SURE_SECONDS = 3.0
"""Whisper tells a language from so much; of less the probabilities count in proportion."""

_SWITCH_COST = 1.2
"""What it costs to change the language, in nats: two changes for one doubtful utterance are never
worth it, for a sure one of two seconds they are."""

_FLOOR = 0.01


def utterances(speech: Sequence[Interval]) -> list[Interval]:
    """Stretches of speech in which the language does not change: those apart by short pauses."""
    found = list[Interval]()
    for start, end in speech:
        near = found and start - found[-1][1] < PAUSE_SECONDS
        if near and end - found[-1][0] <= LONGEST_SECONDS:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


def passages(
    said: Sequence[Interval],
    votes: Sequence[Mapping[str, float]],
    languages: Sequence[str],
    duration: float,
) -> list[Passage]:
    """Passages that tile a video of `duration` seconds, by how its utterances sound.

    `votes` has the probabilities of languages for each utterance of `said`. Only `languages` are
    considered, or if there are none, all of which enough is heard. The likeliest sequence of
    languages is taken, where each change has its cost, so that no short word makes a passage.
    """
    if not said:
        return []
    known = list(dict.fromkeys(languages)) or spoken_languages(said, votes)
    chosen = _likeliest(said, votes, known)
    runs = [list(run) for _, run in itertools.groupby(range(len(said)), lambda at: chosen[at])]
    inner = [(said[a[-1]][1] + said[b[0]][0]) / 2 for a, b in itertools.pairwise(runs)]
    edges = itertools.pairwise([0.0, *(round(edge, 3) for edge in inner), duration])
    return [
        Passage(start, end, chosen[run[0]], _probability(run, said, votes, chosen[run[0]]))
        for (start, end), run in zip(edges, runs, strict=True)
    ]


def spoken_languages(said: Sequence[Interval], votes: Sequence[Mapping[str, float]]) -> list[str]:
    """The languages of which enough is heard, or the one of which most is."""
    seconds = dict[str, float]()
    for (start, end), vote in zip(said, votes, strict=True):
        for code, probability in vote.items():
            seconds[code] = seconds.get(code, 0.0) + probability * (end - start)
    ordered = sorted(seconds, key=lambda code: (-seconds[code], code))
    return [code for code in ordered if seconds[code] >= LEAST_SECONDS] or ordered[:1]


def _likeliest(
    said: Sequence[Interval], votes: Sequence[Mapping[str, float]], languages: Sequence[str]
) -> list[str]:
    """The language of each utterance in the likeliest sequence (Viterbi's algorithm)."""
    best, origins = dict.fromkeys(languages, 0.0), list[dict[str, str]]()
    for (start, end), vote in zip(said, votes, strict=True):
        weight = min(1.0, (end - start) / _SURE_SECONDS)
        total = sum(vote.get(code, 0.0) + _FLOOR for code in languages)
        top = max(best, key=lambda code: best[code])
        origin, following = dict[str, str](), dict[str, float]()
        for code in languages:
            origin[code] = code if best[code] >= best[top] - _SWITCH_COST else top
            before = best[code] if origin[code] == code else best[top] - _SWITCH_COST
            probability = (vote.get(code, 0.0) + _FLOOR) / total
            following[code] = before + weight * math.log(probability)
        best = following
        origins.append(origin)
    chosen = [max(best, key=lambda code: best[code])]
    for origin in origins[:0:-1]:
        chosen.append(origin[chosen[-1]])
    return chosen[::-1]


def _probability(
    run: Sequence[int],
    said: Sequence[Interval],
    votes: Sequence[Mapping[str, float]],
    language: str,
) -> float:
    """The mean probability of a language over a run of utterances, weighted by their seconds."""
    seconds = [said[at][1] - said[at][0] for at in run]
    heard = sum(votes[at].get(language, 0.0) * s for at, s in zip(run, seconds, strict=True))
    return round(min(1.0, heard / max(sum(seconds), _FLOOR)), 4)
