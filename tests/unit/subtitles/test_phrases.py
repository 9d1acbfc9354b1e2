"""Words that belong together are known by the short words around them."""

from itertools import pairwise
from unicodedata import category

import pytest

from vat.subtitles.cues import make_cues
from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import columns, lay_out, torn_by_blanks
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
        ("end", "of", "en", Bond.CLOSE),
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


@pytest.mark.parametrize(
    ("text", "language", "torn"),
    [
        ("今天天 气很好 我们 一起去公 园玩", "zh", {4, 16}),
        ("今天天 气很好 我们 一起去公 园玩", "ko", set()),
        ("私は学 生です 今日は", "ja", {4}),
        ("很好， 我们去 Paris 玩", "zh", set()),
        ("今天天", "zh", set()),
    ],
)
def test_a_blank_inside_a_chinese_phrase_is_known(text: str, language: str, torn: set[int]) -> None:
    assert torn_by_blanks(text, language) == torn


def test_no_cue_ends_at_a_blank_inside_a_chinese_phrase() -> None:
    said = "今天天气很好我们一起去公 园玩因为大家都喜欢孩子也"
    words, time = list[Word](), 0.0
    for at, character in enumerate(said):
        if character != " ":
            words.append(Word(time, time + 0.3, character, 0.9, said[at - 1] == " "))
        # Where the speaker hesitates, recognition writes a blank.
        time += 0.3 if character != " " else 0.1
    assert torn_by_blanks(said, "zh") == {13}
    cues = make_cues(words, "zh", CueSettings(max_columns=28, max_lines=1))
    assert len(cues) > 1
    assert not [cue.text for cue in cues if cue.text.endswith("公")]


KHMER = "សួស្តីអ្នកទាំងអស់គ្នាថ្ងៃនេះយើងនឹងនិយាយអំពីការរៀនភាសាខ្មែរនិងវប្បធម៌របស់ប្រទេសកម្ពុជា"


@pytest.mark.parametrize(
    ("text", "seconds"), [(KHMER, 12.0), (KHMER[:40], 12.0), (KHMER * 3, 20.0)]
)
def test_a_khmer_phrase_that_is_one_word_is_divided(text: str, seconds: float) -> None:
    settings = CueSettings()
    cues = make_cues([Word(0.5, 0.5 + seconds, text, 0.9)], "km", settings)
    assert "".join(cue.text.replace("\n", "") for cue in cues) == text
    assert len(cues) >= 2
    assert (cues[0].start, cues[-1].end) == (0.5, 0.5 + seconds)
    for cue in cues:
        assert cue.end - cue.start <= settings.max_seconds
        assert cue.text.count("\n") < settings.max_lines
        assert not [line for line in cue.text.split("\n") if columns(line) > settings.max_columns]
        assert not [line for line in cue.text.split("\n") if category(line[0])[0] == "M"]


def test_a_short_word_that_takes_long_stays_whole() -> None:
    (cue,) = make_cues([Word(0, 9, "你好", 0.9)], "zh", CueSettings())
    assert cue.text == "你好"
