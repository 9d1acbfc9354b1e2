"""Doubted words that were said after all come back, invented ones do not."""

from dataclasses import replace

import pytest

from tests.helpers.transcripts import SURE, voice_of
from vat.timeline import Interval, Segment, Word
from vat.transcript.hallucinations import Suspect, suspects
from vat.transcript.quarantine import settled
from vat.transcript.settings import QuarantineSettings

SPEECH = [(10.0, 12.0), (14.0, 14.6), (20.0, 22.0)]
SAID = [
    Word(10.0, 11.0, "this", 0.9),
    Word(11.0, 12.0, "was", 0.9),
    Word(20.0, 21.0, "said", 0.9),
    Word(21.0, 22.0, "then.", 0.9),
]


def doubted(text: str, start: float, probability: float, segment: Segment = SURE) -> Suspect:
    words = [
        Word(start + 0.3 * n, start + 0.3 * n + 0.25, word, probability)
        for n, word in enumerate(text.split())
    ]
    _, (found,) = suspects(words, [segment], voice_of([], 60), QuarantineSettings())
    return found


def fate(suspect: Suspect, speech: list[Interval]) -> tuple[str, list[str]]:
    words, (judged,) = settled(SAID, [suspect], speech)
    assert [word.start for word in words] == sorted(word.start for word in words)
    return judged.fate, [word.text for word in words if word not in SAID]


ALL_SAID = [SPEECH[0], SPEECH[2]]


@pytest.mark.parametrize(
    ("suspect", "speech", "expected"),
    [
        (doubted("it cold.", 16, 0.52), SPEECH, ("moved", ["it", "cold."])),
        (doubted("it cold.", 16, 0.52), ALL_SAID, ("left out", [])),
        (doubted("said then.", 17, 0.8), ALL_SAID, ("found again", [])),
        (doubted("a faint voice", 30, 0.85), ALL_SAID, ("kept", ["a", "faint", "voice"])),
        (doubted("a faint voice", 20.4, 0.85), ALL_SAID, ("left out", [])),
        (
            doubted("a faint voice", 30, 0.85, replace(SURE, no_speech_prob=0.9)),
            ALL_SAID,
            ("left out", []),
        ),
        (
            doubted("a faint voice", 30, 0.85, replace(SURE, avg_logprob=-0.8)),
            ALL_SAID,
            ("left out", []),
        ),
        (doubted("Thanks for watching!", 30, 0.95), ALL_SAID, ("left out", [])),
        (doubted("Thanks for watching!", 16, 0.95), SPEECH, ("left out", [])),
        (doubted("no no no no no no", 30, 0.95), ALL_SAID, ("left out", [])),
        (doubted("a much longer sentence than fits", 16, 0.55), SPEECH, ("left out", [])),
    ],
)
def test_the_evidence_decides_what_becomes_of_words_without_a_voice(
    suspect: Suspect, speech: list[Interval], expected: tuple[str, list[str]]
) -> None:
    assert fate(suspect, speech) == expected


@pytest.mark.parametrize(("count", "expected"), [(1, "kept"), (2, "kept"), (3, "left out")])
def test_only_of_several_words_it_matters_that_they_take_no_time(count: int, expected: str) -> None:
    words = [Word(30.0, 30.0, text, 0.99) for text in ("bank", "and", "shore.")[:count]]
    _, (found,) = suspects(words, [SURE], voice_of([], 60), QuarantineSettings())
    assert fate(found, ALL_SAID)[0] == expected


def test_words_are_moved_to_the_voice_that_has_none() -> None:
    words, _ = settled(SAID, [doubted("it cold.", 16, 0.52)], SPEECH)
    it, cold = words[2:4]
    assert (it.start, it.text, cold.text) == (14.0, "it", "cold.")
    assert it.end == cold.start
    assert cold.end <= 14.6


def test_what_the_user_restores_stays_where_it_was_heard() -> None:
    suspect = replace(doubted("it cold.", 16, 0.52), restored=True, fate="restored")
    words, (judged,) = settled([*SAID[:2], *suspect.words, *SAID[2:]], [suspect], SPEECH)
    assert len(words) == 6
    assert (judged.fate, judged.is_gone) == ("restored", False)
