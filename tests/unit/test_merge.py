"""Chunks become one transcript: each word once, whatever two neighbours heard of it."""

import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.errors import TranscriptError
from vat.merge import join, merge
from vat.timeline import Span, Word

VOCABULARY = ["the", "a", "red", "dog", "house", "is", "on", "monday", "and", "the", "the"]


def spans_of(cuts: list[float], duration: float, pad: float) -> list[Span]:
    borders = [0.0, *cuts, duration]
    return [
        Span((a, b), (max(0.0, a - pad), min(duration, b + pad)))
        for a, b in itertools.pairwise(borders)
    ]


def chunks_json(spans: list[Span]) -> dict[str, Any]:
    return {
        "language": "en",
        "language_probability": 1.0,
        "duration": spans[-1].keep[1],
        "speech": [],
        "spans": [span.to_json() for span in spans],
    }


def part(number: int, span: Span, words: list[Word]) -> dict[str, Any]:
    return {
        "chunk": number,
        "language": "en",
        "span": span.to_json(),
        "words": [word.to_json() for word in words],
    }


def heard(words: list[Word], span: Span, chance: random.Random, jitter: float) -> list[Word]:
    """What a chunk hears: the words inside its context, at slightly wrong times."""
    found = []
    for word in words:
        if span.pad[0] <= word.start and word.end <= span.pad[1]:
            off = chance.uniform(-jitter, jitter)
            found.append(Word(word.start + off, word.end + off, word.text, chance.random()))
    return found


@st.composite
def talks(draw: st.DrawFn) -> tuple[list[Word], list[Span], int]:
    chance = random.Random(draw(st.integers(0, 2**32)))
    words, time = [], 0.5
    for _ in range(draw(st.integers(0, 120))):
        length = chance.uniform(0.2, 0.5)
        words.append(Word(time, time + length, chance.choice(VOCABULARY), 0.9))
        time += length + chance.choice([0.02, 0.05, 0.1, 0.8])
    duration = time + 1
    count = draw(st.integers(1, 6))
    length = duration / count
    # A cut never comes nearer to a border of its neighbours than the context is wide.
    cuts = [length * i + chance.uniform(-0.2, 0.2) * length for i in range(1, count)]
    return words, spans_of(cuts, duration, min(2.0, length / 2)), draw(st.integers(0, 2**32))


@given(talks())
def test_well_heard_words_come_out_exactly_once(talk: tuple[list[Word], list[Span], int]) -> None:
    words, spans, seed = talk
    chance = random.Random(seed)
    parts = [part(n, span, heard(words, span, chance, 0.08)) for n, span in enumerate(spans, 1)]
    chance.shuffle(parts)
    merged = merge(chunks_json(spans), parts)
    inside = [w.text for w in words]
    # A chunk narrower than two words' length has no context to speak of.
    if all(span.pad[1] - span.keep[1] > 1.2 or span is spans[-1] for span in spans):
        assert [word["text"] for word in merged["words"]] == inside
    starts = [word["start"] for word in merged["words"]]
    assert starts == sorted(starts)
    assert len(merged["seams"]) == len(spans) - 1


def test_the_text_changes_over_at_a_word_both_heard() -> None:
    before, after = spans_of([10.0], 20.0, 2.0)
    left = [Word(8.5, 8.9, "red", 0.9), Word(9.8, 10.3, "dog", 0.9), Word(11.5, 12, "hou", 0.2)]
    right = [
        Word(8.1, 8.4, "ed", 0.2),
        Word(9.9, 10.3, "Dog,", 0.9),
        Word(11.5, 12.2, "house", 0.9),
    ]
    words, seam = join(left, right, before, after)
    assert [word.text for word in words] == ["red", "dog", "house"]
    assert (seam.matched, seam.dropped_left, seam.dropped_right) == (1, 1, 2)


def test_a_word_across_the_cut_that_each_side_gave_to_the_other_is_kept() -> None:
    before, after = spans_of([10.0], 20.0, 2.0)
    left, right = [Word(9.9, 10.3, "there", 0.9)], [Word(9.6, 10.2, "their", 0.4)]
    words, _ = join(left, right, before, after)
    assert [word.text for word in words] == ["there"]


def test_a_word_across_the_cut_that_both_sides_took_is_given_once() -> None:
    before, after = spans_of([10.0], 20.0, 2.0)
    left, right = [Word(9.7, 10.2, "there", 0.4)], [Word(9.8, 10.3, "their", 0.9)]
    words, _ = join(left, right, before, after)
    assert [word.text for word in words] == ["their"]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([1, 3], "chunk 2 are missing"),
        ([1], "chunk 2, 3 are missing"),
        ([1, 2, 2, 3], "Chunk 2 comes twice"),
        ([1, 2, 3, 4], "Chunk 4 is not of this video"),
        ([0, 1, 2, 3], "Chunk 0 is not of this video"),
    ],
)
def test_the_books_must_balance(numbers: list[int], message: str) -> None:
    spans = spans_of([10, 20], 30, 2)
    parts = [part(n, spans[(n - 1) % 3], []) for n in numbers]
    with pytest.raises(TranscriptError, match=message):
        merge(chunks_json(spans), parts)


def test_a_chunk_that_was_cut_elsewhere_is_refused() -> None:
    spans = spans_of([10], 20, 2)
    old = spans_of([11], 20, 2)
    with pytest.raises(TranscriptError, match="Chunk 2 was cut elsewhere"):
        merge(chunks_json(spans), [part(1, spans[0], []), part(2, old[1], [])])


def test_an_empty_video_has_an_empty_transcript() -> None:
    spans = spans_of([], 5, 2)
    assert merge(chunks_json(spans), [part(1, spans[0], [])])["words"] == []
