"""Which words of a translation go with those of its source is told by the other lines."""

import random
import time

from tiny import lexicon
from vat.report.word_pairs import agreements, pieces


def talk(lines: int) -> tuple[dict[int, str], dict[int, str]]:
    chance = random.Random(1)
    said = {at: lexicon.sentence(chance) for at in range(lines)}
    return said, {at: lexicon.translate(text) for at, text in said.items()}


def test_the_translation_of_another_line_goes_least_with_its_source() -> None:
    said, made = talk(150)
    places = range(0, 150, 10)
    found = 0
    for at in places:
        wrong = {**made, at: lexicon.translate(lexicon.sentence(random.Random(at)))}
        scores = agreements(said, wrong)
        found += sum(score < scores[at] for score in scores.values()) < 15
    assert found >= 0.8 * len(places)


def test_what_no_other_line_has_tells_nothing() -> None:
    assert agreements({0: "one two"}, {0: "eins zwei"}) == {}
    assert agreements({}, {}) == {}
    assert agreements({0: "a b", 1: "a c"}, {0: "x y", 1: "x z"}) == {0: 1.0, 1: 1.0}


def test_words_without_blanks_are_pairs_of_characters() -> None:
    assert pieces("Am Hafen 7") == ["am", "hafen", "7"]
    assert pieces("红色的答案") == ["红色", "色的", "的答", "答案"]
    assert pieces("我") == ["我"]


def test_three_hours_take_a_moment() -> None:
    said, made = talk(2_000)
    began = time.process_time()
    agreements(said, made)
    assert time.process_time() - began < 10
