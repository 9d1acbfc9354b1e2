"""Invented words go to the quarantine with their evidence; spoken ones are not touched."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.transcripts import LOST, SURE, joined, part, spans_of, texts, voice_of
from vat.planning.config import CONFIG
from vat.timeline import Segment, Word
from vat.transcript.hallucinations import repetitions, strength, suspects
from vat.transcript.settings import QuarantineSettings

USUAL = QuarantineSettings()
SILENCE = voice_of([], 60)
VOICE = voice_of([(0, 60)], 60)
FAINT = voice_of([(0, 60)], 60, 0.25)

IDLE = replace(SURE, no_speech_prob=0.9)
IDLE_SIGNS = ["no voice", "no speech"]

PHRASES = ["Thanks for watching!", "ご視聴ありがとうございました", "Продолжение следует..."]


def spoken(text: str, start: float = 10.0, step: float = 0.4, segment: int = 0) -> list[Word]:
    return [
        Word(start + i * step, start + (i + 0.8) * step, word, 0.8, True, segment)
        for i, word in enumerate(text.split())
    ]


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_known_phrase_said_aloud_stays(phrase: str) -> None:
    for segment in (SURE, replace(SURE, no_speech_prob=0.9)):
        kept, found = suspects(spoken(phrase), [segment], VOICE, USUAL)
        assert (kept, found) == (spoken(phrase), [])


@pytest.mark.parametrize("phrase", [*PHRASES, "Some other words."])
def test_words_over_silence_are_suspects_however_sure(phrase: str) -> None:
    kept, (suspect,) = suspects(spoken(phrase), [SURE], SILENCE, USUAL)
    assert kept == []
    assert suspect.words == tuple(spoken(phrase))
    assert suspect.signs[0] == "no voice"
    assert ("known phrase" in suspect.signs) == (phrase != "Some other words.")


@pytest.mark.parametrize(
    ("text", "step", "segment", "voice", "doubted"),
    [
        ("a plain thing to say here", 0.4, LOST, VOICE, False),
        ("no no no no no no", 0.4, SURE, VOICE, False),
        ("no no no no no no", 0.4, LOST, VOICE, False),
        ("a plain thing to say here", 0.05, SURE, VOICE, False),
        ("so so so so so so so so", 0.05, LOST, VOICE, True),
        ("whispered but clear enough", 0.4, SURE, FAINT, False),
        ("whispered and hard to hear", 0.4, replace(SURE, avg_logprob=-1.3), FAINT, False),
        ("mumbled while nobody speaks", 0.4, LOST, FAINT, True),
        ("thanks for watching", 0.4, replace(LOST, compression_ratio=1.0), FAINT, True),
        ("thanks for watching", 0.4, SURE, FAINT, False),
    ],
)
def test_evidence_decides(
    text: str, step: float, segment: Segment, voice: np.ndarray, doubted: bool
) -> None:
    _, found = suspects(spoken(text, step=step), [segment], voice, USUAL)
    assert bool(found) == doubted


def test_words_in_silence_do_not_take_those_beside_them_along() -> None:
    words = [*spoken("this was said", 10), *spoken("and this was not", 14), *spoken("nor this", 20)]
    kept, found = suspects(words, [SURE], voice_of([(10, 11.2)], 60), USUAL)
    assert [word.text for word in kept] == ["this", "was", "said"]
    assert [len(suspect.words) for suspect in found] == [6]


def test_a_word_beside_its_voice_stays() -> None:
    early = [Word(9.0, 9.3, "Well", 0.6), *spoken("this was said", 10)]
    kept, found = suspects(early, [SURE], voice_of([(9.7, 11.2)], 60), USUAL)
    assert (kept, found) == (early, [])


def test_thresholds_are_the_users() -> None:
    words = spoken("so so so so so so so so", step=0.05)
    for change in ({"limit": 4.0}, {"words_per_second": 50}):
        assert suspects(words, [LOST], VOICE, replace(USUAL, **change))[1] == []


def transcript(**quarantine: Any) -> dict[str, Any]:
    """Two chunks; the second has words over silence, and over speech in its quarantine."""
    spans = spans_of([10.0], 30, 2)
    speech = [(2.0, 3.2)]
    parts = [
        part(1, spans[0], spoken("this was said", 2)),
        part(2, spans[1], [*spoken("thank you", 15), *spoken("bye", 25, segment=1)], [IDLE, LOST]),
    ]
    return joined(spans, parts, speech, quarantine=QuarantineSettings(**quarantine))


def test_the_quarantine_holds_words_and_evidence() -> None:
    found = transcript()
    assert texts(found) == ["this", "was", "said"]
    thanks, bye = found["quarantine"]
    assert (thanks["text"], thanks["start"], thanks["end"]) == ("thank you", 15, 15.72)
    assert [word["text"] for word in thanks["words"]] == ["thank", "you"]
    assert (thanks["signs"], thanks["strength"], thanks["restored"]) == (IDLE_SIGNS, 3.0, False)
    assert thanks["evidence"]["voice"] == pytest.approx(0.02, abs=0.001)
    assert thanks["evidence"]["avg_logprob"] == IDLE.avg_logprob
    assert {"no voice", "uncertain", "repetitive", "no speech"} <= set(bye["signs"])
    assert found["coverage"]["words"] == {"heard": 6, "kept": 3, "left_out": 0, "quarantined": 3}


def test_quarantined_words_can_be_restored() -> None:
    thanks, bye = transcript()["quarantine"]
    one = transcript(restore=[thanks["id"]])
    assert texts(one) == ["this", "was", "said", "thank", "you"]
    assert [item["restored"] for item in one["quarantine"]] == [True, False]
    every = transcript(restore=["all"])
    assert texts(every) == ["this", "was", "said", "thank", "you", "bye"]
    assert [item["id"] for item in every["quarantine"]] == [thanks["id"], bye["id"]]
    assert texts(transcript(restore=["nothing"])) == ["this", "was", "said"]


@given(st.lists(st.sampled_from("abc"), max_size=8), st.integers(4, 20), st.text("xyz", max_size=3))
def test_repetitions_are_counted(pattern: list[str], times: int, rest: str) -> None:
    if pattern:
        assert repetitions([*pattern * times, *rest]) >= times


@given(st.lists(st.integers(), unique=True))
def test_different_words_are_no_repetition(words: list[int]) -> None:
    assert repetitions([str(word) for word in words]) == 1


def test_the_limit_says_what_each_sign_counts() -> None:
    said = CONFIG["properties"]["quarantine"]["properties"]["limit"]["description"].lower()
    signs = ("no voice", "faint voice", "voice", "too fast", "uncertain", "repetitive")
    for sign in (*signs, "no speech", "known phrase"):
        assert f"{sign} {strength([sign]):g}" in said
