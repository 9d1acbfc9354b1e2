"""Talks whose words and times are known: the demo's, and invented ones of several kinds."""

import json
import random
from collections.abc import Iterator, Sequence

from tiny import ROOT, lexicon
from vat.timeline import Word

_CLAUSES = ("and", "but", "because", "while", "so")


def demo_talks() -> Iterator[tuple[str, list[Word]]]:
    """The talks of the demo's videos, as they were spoken."""
    for path in sorted((ROOT / "demo").glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        yield (
            f"demo: {path.stem}",
            [
                Word(word["start"], word["end"], word["word"], 1.0)
                for sentence in truth["sentences"]
                for word in sentence["words"]
            ],
        )


def invented_talks(seconds: float = 1200.0) -> Iterator[tuple[str, str, list[Word]]]:
    """Name, language and words of talks that are harder than the demo's.

    The pace is in seconds per character: 0.065 is common English speech.
    Each sentence is spoken up to a quarter faster or slower.
    """
    for name, pace, pause, most, marks in (
        ("common", 0.065, 0.5, 1, True),
        ("fast, no pauses", 0.055, 0.02, 1, True),
        ("long sentences", 0.065, 0.3, 4, True),
        ("no punctuation", 0.06, 0.3, 3, False),
    ):
        chance = random.Random(name)
        sentences = (_long(chance, most) for _ in iter(int, 1))
        yield name, "en", _spoken(sentences, chance, pace, pause, seconds, marks=marks)
    chance = random.Random("Chinese")
    texts = (lexicon.translate(lexicon.sentence(chance)) for _ in iter(int, 1))
    yield "Chinese", "zh", _spoken(map(list, texts), chance, 0.2, 0.4, seconds, marks=True)


def _long(chance: random.Random, most: int) -> list[str]:
    """One to `most` sentences joined to one, as words."""
    parts = [lexicon.sentence(chance) for _ in range(chance.randint(1, most))]
    text = parts[0]
    for part in parts[1:]:
        joint = chance.choice([f", {chance.choice(_CLAUSES)} ", f" {chance.choice(_CLAUSES)} "])
        text = text.rstrip(".?!") + joint + part[0].lower() + part[1:]
    return text.split()


def _spoken(
    sentences: Iterator[Sequence[str]],
    chance: random.Random,
    pace: float,
    pause: float,
    seconds: float,
    *,
    marks: bool,
) -> list[Word]:
    words, time = [], 1.0
    while time < seconds:
        sentence = next(sentences)
        haste = chance.uniform(0.75, 1.25)
        spaced = max(map(len, sentence)) > 1
        for text in sentence:
            length = pace * haste * (len(text) + 0.6 if spaced else 1.0) * chance.uniform(0.8, 1.2)
            shown = text if marks else text.strip(".,?!").lower()
            words.append(Word(round(time, 3), round(time + 0.95 * length, 3), shown, 1.0, spaced))
            time += length + (pause * chance.uniform(0.1, 0.6) if text[-1] in ",，" else 0.0)
        time += pause * chance.choice([0.3, 0.6, 1.0, 1.5, 4.0])
    return words
