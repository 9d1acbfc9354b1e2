"""Chunks become one transcript: each word once, whatever two neighbours heard of it."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.transcripts import (
    SURE,
    Listener,
    heard,
    joined,
    never,
    part,
    spans_of,
    speech_of,
    texts,
    voice_of,
)
from vat.errors import TranscriptError
from vat.timeline import Span, Word
from vat.transcript.merge import check_books
from vat.transcript.second_reading import window_around
from vat.transcript.settings import QuarantineSettings, SeamSettings

VOCABULARY = ["the", "a", "red", "dog", "house", "is", "on", "monday", "and", "the", "the"]
EDGE = 0.7


@st.composite
def talks(draw: st.DrawFn) -> tuple[list[Word], list[Span], random.Random]:
    """Words, and spans with up to two seconds of context that are cut anywhere."""
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
    return words, spans_of(cuts, duration, min(2.0, length / 2)), chance


def spoiled(words: Sequence[Word], span: Span, chance: random.Random) -> list[Word]:
    """Words as a recogniser hears them near the ends of its sound: lost, doubled or wrong."""
    found = []
    for word in words:
        early = span.pad[0] > 0 and word.middle - span.pad[0] < EDGE
        late = word.middle > span.pad[1] - EDGE and span.pad[1] > span.keep[1]
        fate = chance.choice(["lost", "twice", "wrong", "right"]) if early or late else "right"
        if fate == "lost":
            continue
        text = "uh" if fate == "wrong" else word.text
        found.append(replace(word, text=text))
        if fate == "twice":
            away = -0.15 if early else 0.15
            again = replace(word, start=word.start + away, end=word.end + away)
            found.insert(len(found) - early, again)
    return found


@given(talks())
def test_words_lost_doubled_or_wrong_at_the_borders_come_out_exactly_once(
    talk: tuple[list[Word], list[Span], random.Random],
) -> None:
    words, spans, chance = talk
    parts = [
        part(n, span, spoiled(heard(words, span.pad, chance, 0.08), span, chance))
        for n, span in enumerate(spans, 1)
    ]
    chance.shuffle(parts)
    never_again = SeamSettings(min_score=0, hole_seconds=1000)
    merged = joined(spans, parts, speech_of(words), seams=never_again)
    # With less context than spoiled ends and a word are long, nothing is left to go by.
    if all(span.pad[1] - span.keep[1] > EDGE + 0.9 or span is spans[-1] for span in spans):
        assert texts(merged) == [word.text for word in words]
    starts = [word["start"] for word in merged["words"]]
    assert starts == sorted(starts)
    assert len(merged["seams"]) == len(spans) - 1


def counting(seconds: float) -> list[Word]:
    """A word each half second, no two alike."""
    return [Word(t / 2, t / 2 + 0.4, f"w{t}", 0.9) for t in range(int(seconds * 2))]


def parts_of(words: Sequence[Word], spans: Sequence[Span]) -> list[dict[str, Any]]:
    """What chunks hear that hear well."""
    return [
        part(n, span, heard(words, span.pad, random.Random(n))) for n, span in enumerate(spans, 1)
    ]


def test_a_bad_seam_is_decoded_again_and_the_better_reading_taken() -> None:
    words, spans = counting(60), spans_of([30.0], 60, 2)
    lost = [word for word in words if not 27 < word.middle < 33]
    parts = parts_of(lost, spans)
    listen = Listener(words)
    merged = joined(spans, parts, speech_of(words), decode=listen)
    assert texts(merged) == [word.text for word in words]
    assert merged["seams"][0]["score"] < 0.2
    assert merged["seams"][0]["decoded_again"]
    assert listen.windows[0] == (19.95, 39.95)  # in the pauses nearest to 20 and 40 s
    second = merged["second_readings"][0]
    assert (second["reason"], second["taken"]) == ("seam", True)
    assert second["score"] > merged["seams"][0]["score"]


def test_neighbours_that_disagree_are_settled_by_the_second_reading() -> None:
    words, spans = counting(60), spans_of([30.0], 60, 2)
    left = heard(words, spans[0].pad, random.Random(1))
    wrong = [replace(w, text="uh") if w.middle > 28.5 else w for w in left]
    parts = [part(1, spans[0], wrong), *parts_of(words, spans)[1:]]
    merged = joined(spans, parts, speech_of(words), decode=Listener(words))
    assert texts(merged) == [word.text for word in words]
    assert merged["seams"][0]["decoded_again"]


def test_a_second_reading_that_is_worse_is_not_taken() -> None:
    words, spans = counting(60), spans_of([30.0], 60, 2)
    some = [word for word in words if not 29 < word.middle < 31.5]
    parts = parts_of(some, spans)
    nonsense = Listener([replace(word, text="uh", probability=0.4) for word in words])
    merged = joined(spans, parts, speech_of(words), decode=nonsense)
    assert "uh" not in texts(merged)
    assert not merged["seams"][0]["decoded_again"]
    assert {reading["taken"] for reading in merged["second_readings"]} == {False}
    stretches = merged["coverage"]["stretches"]
    assert {stretch["reason"] for stretch in stretches} == {"no words"}
    assert (stretches[0]["start"], stretches[-1]["end"]) == (29.5, 30.9)
    assert all(stretch["probability"] > 0.9 for stretch in stretches)


def test_good_seams_are_not_decoded_again() -> None:
    words, spans = counting(60), spans_of([20, 40], 60, 2)
    parts = parts_of(words, spans)
    merged = joined(spans, parts, speech_of(words), decode=never)
    assert [seam["score"] for seam in merged["seams"]] == [1.0, 1.0]
    assert merged["second_readings"] == []


def test_speech_without_words_inside_a_chunk_is_decoded_again() -> None:
    words, spans = counting(60), spans_of([], 60, 2)
    lost = [word for word in words if not 41 < word.middle < 44]
    listen = Listener(words)
    merged = joined(spans, [part(1, spans[0], lost)], speech_of(words), decode=listen)
    assert texts(merged) == [word.text for word in words]
    assert len(listen.windows) == 1
    assert merged["second_readings"][0]["reason"] == "hole"
    assert merged["coverage"]["stretches"] == []


def test_holes_near_each_other_share_a_second_reading() -> None:
    words, spans = counting(60), spans_of([], 60, 2)
    lost = [w for w in words if not (31 < w.middle < 33 or 35 < w.middle < 37)]
    listen = Listener(words)
    merged = joined(spans, [part(1, spans[0], lost)], speech_of(words), decode=listen)
    assert texts(merged) == [word.text for word in words]
    assert len(listen.windows) == 1
    assert len(merged["second_readings"]) == 1


@st.composite
def phrases(draw: st.DrawFn) -> list[list[Word]]:
    """A talk in phrases of one second and more, with pauses of any length between them."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    found, time = [], chance.uniform(0.5, 10)
    for _ in range(draw(st.integers(1, 14))):
        phrase = []
        for _ in range(chance.randint(4, 12)):
            length = chance.uniform(0.25, 0.5)
            phrase.append(Word(time, time + length, chance.choice(VOCABULARY), 0.9))
            time += length + chance.choice([0.0, 0.02, 0.05])
        found.append(phrase)
        time += chance.choice([0.15, 0.5, 1.2, 2.0, 2.5, 4.0, 20.0])
    return found


@given(phrases(), st.data())
def test_whatever_phrases_are_lost_a_good_second_reading_brings_them_back(
    said: list[list[Word]], data: st.DataObject
) -> None:
    lost = data.draw(st.lists(st.booleans(), min_size=len(said), max_size=len(said)))
    words = [word for phrase in said for word in phrase]
    left = [w for phrase, gone in zip(said, lost, strict=True) if not gone for w in phrase]
    spans, speech = spans_of([], words[-1].end + 1, 2), [(p[0].start, p[-1].end) for p in said]
    merged = joined(spans, [part(1, spans[0], left)], speech, decode=Listener(words))
    assert texts(merged) == [word.text for word in words]
    assert merged["coverage"]["seconds"]["no_words"] == 0


@pytest.mark.parametrize("pause", [0.3, 1.2, 2.0, 2.5, 5.0])
def test_words_set_beside_a_hole_do_not_keep_a_good_second_reading_out(pause: float) -> None:
    """The draft has the begin of a lost phrase after it, in silence, and a wrong word before it."""
    said = [Word(t, t + 0.28, f"w{n}", 0.95) for n, t in enumerate(times(pause))]
    wrong = replace(said[15], text="uh", probability=0.3)
    early = (said[23].end + said[24].start) / 2
    stray = [replace(w, start=early, end=early) for w in said[16:18]] if pause > 1 else []
    spans = spans_of([], said[-1].end + 2, 2)
    speech = [(said[n].start, said[n + 7].end) for n in range(0, len(said), 8)]
    first = [*said[:15], wrong, *stray, *said[24:]]
    voice = voice_of(speech, spans[0].keep[1], 0.95)
    voice = np.maximum(voice, 0.2)  # nothing is quarantined
    merged = joined(spans, [part(1, spans[0], first)], speech, voice=voice, decode=Listener(said))
    expected = [word.text for word in said]
    assert texts(merged) in (expected, [*expected[:15], "uh", *expected[16:]])


def times(pause: float) -> list[float]:
    """Starts of the words of six phrases of eight words."""
    return [0.3 * n + (n // 8) * pause for n in range(48)]


def test_a_word_that_is_stretched_over_a_lost_sentence_does_not_hide_it() -> None:
    said = [Word(t, t + 0.28, f"w{n}", 0.95) for n, t in enumerate(times(0.8))]
    stretched = replace(said[24], start=said[16].start, end=said[23].end)
    first = [*said[:16], stretched, *said[25:]]
    spans = spans_of([], said[-1].end + 2, 2)
    speech = [(said[n].start, said[n + 7].end) for n in range(0, len(said), 8)]
    merged = joined(spans, [part(1, spans[0], first)], speech, decode=Listener(said))
    assert texts(merged) == [word.text for word in said]


def test_a_second_reading_does_not_fill_a_hole_with_inventions() -> None:
    spans = spans_of([], 30, 2)
    invented = [Word(14, 14.5, "thanks", 0.5)]
    merged = joined(
        spans,
        [part(1, spans[0], [])],
        [(10.0, 12.0)],
        voice=voice_of([(10, 12)], 30),
        decode=Listener(invented),
    )
    assert texts(merged) == []
    assert [s["reason"] for s in merged["coverage"]["stretches"]] == ["no words"]


@given(st.floats(0, 100), st.floats(0.1, 60), st.floats(8, 30))
def test_a_window_holds_its_place_with_context(start: float, length: float, seconds: float) -> None:
    place = start, start + length
    begin, end = window_around(place, seconds, 200, [(start - 20, start + 20)])
    assert 0 <= begin <= place[0] <= place[1] <= end <= 200
    assert begin <= max(0, place[0] - 0.49)
    assert end >= min(200, place[1] + 0.49)


def test_a_window_ends_in_pauses() -> None:
    speech = [(0.0, 39.0), (39.5, 62.0), (62.4, 100.0)]
    assert window_around((49, 51), 20, 100, speech) == (39.3, 62.2)


def test_a_window_does_not_begin_or_end_with_long_silence() -> None:
    speech = [(0.0, 30.0), (50.0, 52.0), (53.0, 54.0), (90.0, 100.0)]
    assert window_around((50, 52), 20, 100, speech) == (49.5, 54.5)


def test_words_set_into_the_silence_before_them_are_found_where_they_are_said() -> None:
    words, spans = counting(60)[80:100], spans_of([], 60, 2)
    early = [replace(w, start=w.start - 8, end=w.end - 8) if w.start < 42 else w for w in words]
    heard_early = [part(1, spans[0], early)]
    speech = speech_of(words)
    merged = joined(spans, heard_early, speech, voice=voice_of(speech, 60), decode=Listener(words))
    assert texts(merged) == [word.text for word in words]
    assert merged["words"][0]["start"] == words[0].start
    assert [item["text"] for item in merged["quarantine"]] == ["w80 w81 w82 w83"]
    assert merged["coverage"]["seconds"]["no_words"] == 0


def test_words_keep_the_evidence_of_their_segment() -> None:
    spans = spans_of([10.0], 20, 2)
    other = replace(SURE, avg_logprob=-0.9)
    one, two = [Word(1, 2, "one", 0.9)], [Word(15, 16, "two", 0.9, True, 1)]
    speech = [(1.0, 2.0), (15.0, 16.0)]
    parts = [part(1, spans[0], one), part(2, spans[1], two, [SURE, other])]
    merged = joined(spans, parts, speech)
    assert [word["segment"] for word in merged["words"]] == [0, 1]
    assert [s["avg_logprob"] for s in merged["segments"]] == [-0.2, -0.9]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([1, 3], "chunk 2 are missing"),
        ([1], "chunk 2, 3 are missing"),
        ([1, 2, 2, 3], "Chunk 2 appears twice"),
        ([1, 2, 3, 4], "There is no chunk 4"),
        ([0, 1, 2, 3], "There is no chunk 0"),
    ],
)
def test_every_chunk_must_be_there_once(numbers: list[int], message: str) -> None:
    spans = spans_of([10, 20], 30, 2)
    parts = [part(n, spans[(n - 1) % 3], []) for n in numbers]
    with pytest.raises(TranscriptError, match=message):
        joined(spans, parts)


def test_a_chunk_that_was_cut_elsewhere_is_refused() -> None:
    spans = spans_of([10], 20, 2)
    old = spans_of([11], 20, 2)
    with pytest.raises(TranscriptError, match="Chunk 2 was cut at other times"):
        joined(spans, [part(1, spans[0], []), part(2, old[1], [])])


def test_an_empty_video_has_an_empty_transcript() -> None:
    spans = spans_of([], 5, 2)
    merged = joined(spans, [part(1, spans[0], [])])
    assert (merged["words"], merged["seams"], merged["quarantine"]) == ([], [], [])


def test_a_lost_word_fails_the_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    words, spans = counting(60), spans_of([30.0], 60, 2)
    parts = parts_of(words, spans)
    from vat.transcript import seams, second_reading

    def careless(*arguments: Any) -> Any:
        found, seam = seams.join(*arguments)
        return found[:-1], seam

    monkeypatch.setattr(second_reading, "join", careless)
    with pytest.raises(TranscriptError, match="words of the transcript do not add up"):
        joined(spans, parts, speech_of(words), seams=SeamSettings(hole_seconds=100))


def test_books_that_do_not_balance_are_refused() -> None:
    words = counting(2)
    count = {"heard": 4, "kept": 4, "left_out": 0, "quarantined": 0}
    seconds = {"speech": 10.0, "words": 8.0, "quarantined": 1.0, "no_words": 1.0}
    stretches = [{"start": 1.0, "end": 2.0}, {"start": 5.0, "end": 6.0}]
    books = {"words": count, "seconds": seconds, "stretches": stretches}
    check_books(books, words)
    with pytest.raises(TranscriptError, match="words"):
        check_books(books | {"words": count | {"heard": 5}}, words)
    with pytest.raises(TranscriptError, match="words"):
        check_books(books, [*words[:3], words[0]])
    with pytest.raises(TranscriptError, match="seconds of speech"):
        check_books(books | {"seconds": seconds | {"speech": 10.5}}, words)
    with pytest.raises(TranscriptError, match="seconds of speech"):
        check_books(books | {"stretches": stretches[:1]}, words)


def test_a_second_reading_that_is_deaf_in_its_middle_is_not_taken() -> None:
    """The chunks heard different things in a long overlap; what the left one heard stays."""
    words, spans = counting(80), spans_of([40.0], 80, 10.0)
    first, second = parts_of(words, spans)
    second["words"] = [
        {**word, "text": "uh"} if abs(word["start"] - 40) < 9 else word for word in second["words"]
    ]
    hearing = Listener([word for word in words if not 32 < word.start < 48])
    transcript = joined(spans, [first, second], [(0.0, 80.0)], decode=hearing)
    assert [reading["taken"] for reading in transcript["second_readings"]] == [False]
    assert transcript["coverage"]["seconds"]["no_words"] == 0


def test_what_is_invented_beside_the_place_of_a_second_reading_is_listed_once() -> None:
    said = [word for word in counting(60) if not 20 <= word.start < 26]
    speech, spans = speech_of(said), spans_of([], 60, 2)
    thanks = [Word(22.4, 22.9, "Thank", 0.3), Word(22.9, 23.4, "you", 0.3)]
    heard_first = [w for w in said if not (27.5 <= w.start < 29.5 or 31 <= w.start < 33)]
    again = [replace(w, start=w.start + 0.05, end=w.end + 0.05) for w in thanks]
    listener = Listener(sorted([*said, *again], key=lambda w: w.start))
    chunk = part(1, spans[0], sorted([*heard_first, *thanks], key=lambda w: w.start))
    voice = voice_of(speech, 60)
    transcript = joined(spans, [chunk], speech, voice=voice, decode=listener)
    (listed,) = transcript["quarantine"]
    assert texts(transcript) == [word.text for word in said]
    usual = QuarantineSettings(restore=[listed["id"]])
    restored = joined(spans, [chunk], speech, voice=voice, decode=listener, quarantine=usual)
    assert texts(restored).count("Thank") == 1
