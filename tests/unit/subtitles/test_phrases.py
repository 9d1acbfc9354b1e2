"""Words that belong together are known by the short words around them."""

from itertools import pairwise

import pytest

from vat.subtitles.cues import make_cues
from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import lay_out
from vat.subtitles.phrases import Bond, bond
from vat.timeline import Word


@pytest.mark.parametrize(
    ("before", "after", "language", "expected"),
    [
        ("of", "justice", "en", Bond.TIGHT),
        ("(Their", "government", "en", Bond.TIGHT),
        ("would", "leave", "en", Bond.TIGHT),
        ("don’t", "know", "en", Bond.TIGHT),
        ("Dr.", "Smith", "en", Bond.TIGHT),
        ("told", "them", "en", Bond.TIGHT),
        ("end", "of", "en", Bond.TIGHT),
        ("government", "major", "en", Bond.CLOSE),
        ("student", "writes", "en", Bond.CLOSE),
        ("dog", "ran", "en", Bond.CLOSE),
        ("writes", "a", "en", Bond.PLAIN),
        ("house", "because", "en", Bond.LOOSE),
        ("house", "through", "en", Bond.LOOSE),
        ("unter", "Wasser", "de", Bond.TIGHT),
        ("Haus", "weil", "de", Bond.LOOSE),
        ("altes", "Haus", "de", Bond.PLAIN),
        ("avec", "elle", "fr", Bond.TIGHT),
        ("donde", "vive", "es-419", Bond.TIGHT),
        ("они", "да", "ru", Bond.TIGHT),
        ("дома", "были", "ru", Bond.PLAIN),
        ("他的", "书", "zh", Bond.PLAIN),
        ("—", "…", "en", Bond.CLOSE),
    ],
)
def test_how_closely_words_belong_together(
    before: str, after: str, language: str, expected: Bond
) -> None:
    assert bond(before, after, language) is expected


LONG = (
    "the committee decided after a long discussion that the regional government major cities"
    " depend on should publish its annual report before the winter holidays begin in the whole"
    " country because every student writes a paper about the difficult questions"
)


def test_cues_end_between_phrases() -> None:
    words = [Word(n * 0.4, n * 0.4 + 0.38, text, 0.9) for n, text in enumerate(LONG.split())]
    cues = make_cues(words, "en", CueSettings())
    ends = [(cue.text.split()[-1], after.text.split()[0]) for cue, after in pairwise(cues)]
    assert len(ends) >= 3
    assert {bond(*end, "en") for end in ends} == {Bond.LOOSE}


@pytest.mark.parametrize(
    ("text", "laid"),
    [
        (
            "Nobody could have told us about the trouble ahead",
            "Nobody could have told us\nabout the trouble ahead",
        ),
        (
            "They met Dr. Smith in the large garden behind the house",
            "They met Dr. Smith\nin the large garden behind the house",
        ),
    ],
)
def test_lines_end_between_phrases(text: str, laid: str) -> None:
    assert lay_out(text, "en", CueSettings()) == laid
