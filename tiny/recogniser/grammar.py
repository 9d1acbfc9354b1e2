"""The grammar that the recogniser was trained on: that of the lexicon, and what has no translation.

Among its sentences are runs of any words, so that the recogniser learns their sound and not only
their order.
"""

import random
from typing import Final

from tiny import lexicon

NUMBERS: Final = list(lexicon.NUMBERS)
COLOURS: Final = list(lexicon.COLOURS)
DAYS: Final = [day.capitalize() for day in lexicon.DAYS]
THINGS: Final = list(lexicon.THINGS)
MANY: Final = list(lexicon.MANY)
MOVES: Final = list(lexicon.MOVES)
ACTS: Final = list(lexicon.ACTS)
PLACES: Final = list(lexicon.PLACES)
QUALITIES: Final = list(lexicon.QUALITIES)
OTHERS: Final = (
    "the a this every is are has and but very at on before after hello welcome thank you today "
    "tomorrow now then we where when who does about there not"
).split()
WORDS: Final = sorted(
    {
        *NUMBERS, *COLOURS, *DAYS, *THINGS, *MANY, *MOVES, *ACTS, *PLACES, *QUALITIES, *OTHERS
    },
    key=str.lower,
)  # fmt: skip

Sentence = list[tuple[str, str]]
"""Words, each with the punctuation after it, which most often is none."""


def sentence(chance: random.Random) -> Sentence:
    """A sentence of at most 15 words, with capital and punctuation."""
    words, mark, comma = _words(chance)
    words = words[: lexicon.MOST_WORDS]
    made = [
        (word, "," if place == comma and place < len(words) - 1 else "")
        for place, word in enumerate(words)
    ]
    made[0] = (made[0][0][0].upper() + made[0][0][1:], made[0][1])
    made[-1] = (made[-1][0], mark)
    return made


def text_of(made: Sentence) -> str:
    """A sentence as text."""
    return " ".join(word + mark for word, mark in made)


def _words(chance: random.Random) -> tuple[list[str], str, int | None]:
    """Words, the mark at their end, and after which of them there is a comma."""
    kind = chance.random()
    if kind < 0.55:
        words = _clause(chance)
        return (words + _moment(chance) if chance.random() < 0.45 else words), ".", None
    if kind < 0.65:
        moment = _moment(chance)
        return moment + _clause(chance), ".", len(moment) - 1
    if kind < 0.73:
        first = _clause(chance)[:7]
        joint = chance.choice(["and", "but", "then"])
        return [*first, joint, *_clause(chance)[:7]], ".", len(first) - 1
    if kind < 0.80:
        words = [chance.choice(["where", "when"]), "does", *_thing(chance)]
        # A choice of five that is no longer used: without it, all later sentences would differ
        # from those that the model in models/asr was trained on.
        chance.choice(range(5))
        return [*words, chance.choice(PLACES), *_thing(chance)], "?", None
    if kind < 0.85:
        return ["who", chance.choice(ACTS), *_thing(chance)], "?", None
    if kind < 0.90:
        return _phrase(chance), ".", None
    return [chance.choice(WORDS) for _ in range(chance.randint(1, 8))], ".", None


def _phrase(chance: random.Random) -> list[str]:
    return chance.choice(
        [
            ["hello", "and", "welcome"],
            ["thank", "you"],
            ["welcome", "children"],
            ["now", "the", chance.choice(THINGS)],
            ["this", "talk", "is", "about", *_thing(chance)],
            ["the", "answer", "is", chance.choice(NUMBERS)],
            ["question", chance.choice(NUMBERS)],
        ]
    )


def _thing(chance: random.Random) -> list[str]:
    if chance.random() < 0.28:
        words = [chance.choice(NUMBERS[2:])]
        if chance.random() < 0.5:
            words.append(chance.choice(COLOURS + QUALITIES))
        return [*words, chance.choice(MANY)]
    words = [chance.choice(["the", "the", "a", "this", "every"])]
    kind = chance.random()
    if kind < 0.3:
        words.append(chance.choice(COLOURS))
    elif kind < 0.55:
        words.append(chance.choice(QUALITIES))
    elif kind < 0.65:
        words += ["very", chance.choice(QUALITIES)]
    return [*words, chance.choice(THINGS)]


def _moment(chance: random.Random) -> list[str]:
    kind = chance.random()
    if kind < 0.35:
        return ["on", chance.choice(DAYS)]
    if kind < 0.7:
        return [chance.choice(["at", "before", "after"]), chance.choice(NUMBERS)]
    return [chance.choice(["today", "tomorrow", "now"])]


def _clause(chance: random.Random) -> list[str]:
    kind = chance.random()
    if kind < 0.35:
        words = [*_thing(chance), chance.choice(MOVES)]
    elif kind < 0.7:
        words = [*_thing(chance), chance.choice(ACTS), *_thing(chance)]
    elif kind < 0.85:
        subject = _thing(chance)
        words = [*subject, _being(subject), *(["not"] if chance.random() < 0.25 else [])]
        if chance.random() < 0.5:
            words.append(chance.choice(COLOURS + QUALITIES))
        else:
            words += [chance.choice(PLACES), *_thing(chance)]
    else:
        subject = _thing(chance)
        words = ["there", _being(subject), *subject]
    if chance.random() < 0.35 and words[0] != "there":
        words += [chance.choice(PLACES), *_thing(chance)]
    return words


def _being(subject: list[str]) -> str:
    return "are" if subject[-1] in MANY else "is"
