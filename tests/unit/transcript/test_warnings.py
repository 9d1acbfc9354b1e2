"""What is likely wrong with a transcript is said in a sentence."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from tests.helpers.transcripts import LOST, chunks_of, part, spans_of, voice_of
from vat.timeline import Hearing, Part, Word
from vat.transcript.merge import merge
from vat.transcript.settings import QuarantineSettings, SeamSettings

SPANS = spans_of([], 4000, 2)
SAID = [Word(10 + n / 2, 10.4 + n / 2, f"w{n}", 0.9) for n in range(10)]
SPEECH = [(10.0, 15.0)]


def warned(
    words: list[Word],
    speech: list[tuple[float, float]],
    language_probability: float = 1.0,
    **quarantine: Any,
) -> list[dict[str, Any]]:
    def deaf(**_: Any) -> dict[str, Any]:
        return part(0, SPANS[0], [])

    segments = [LOST] * (1 + max((word.segment for word in words), default=0))
    found = merge(
        replace(chunks_of(SPANS, speech), language_probability=language_probability),
        [Part.from_json(part(1, SPANS[0], words, segments))],
        voice_of(speech, 4000),
        deaf,
        SeamSettings(),
        QuarantineSettings(**quarantine),
    )
    return [warning.to_json() for warning in found.warnings]


def test_a_good_transcript_has_no_warnings() -> None:
    assert warned(SAID, SPEECH) == []


def test_a_video_without_speech_is_told() -> None:
    (warning,) = warned([], [], language_probability=0.0)
    assert (warning["kind"], warning["amount"]) == ("no speech", 0.0)


def test_speech_without_words_is_told_with_its_places() -> None:
    speech = [*SPEECH, (3700.0, 3702.5), (90.0, 90.9), (200.0, 201.0), (300.0, 301.0)]
    (warning,) = warned(SAID, sorted(speech))
    assert (warning["kind"], warning["amount"]) == ("no words", 5.4)
    assert "5.4 s of speech" in warning["text"]
    assert "1:01:40, 0:03:20, 0:05:00 and 1 more" in warning["text"]


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.32, "'en' with a probability of 0.32 only"), (0.0, "'en' without evidence")],
)
def test_an_unsure_language_is_told(probability: float, text: str) -> None:
    (warning,) = warned(SAID, SPEECH, language_probability=probability)
    assert (warning["kind"], warning["amount"]) == ("unsure language", probability)
    assert text in warning["text"]


def test_words_left_out_are_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    invented = [Word(100, 101, "you", 0.1, True, 1), Word(101, 101.5, "you", 0.1, True, 1)]
    with caplog.at_level(logging.WARNING):
        (warning,) = warned([*SAID, *invented], SPEECH)
    assert (warning["kind"], warning["amount"]) == ("quarantine", 2)
    assert "2 words were taken for invented" in warning["text"]
    assert "0:01:40" in warning["text"]
    assert warning["text"] in caplog.text
    assert warned([*SAID, *invented], SPEECH, restore=["all"]) == []


def test_speech_that_sounds_like_another_language_is_told() -> None:
    def kinds(*hearings: Hearing) -> list[dict[str, Any]]:
        record = part(1, SPANS[0], SAID) | {"hearings": [one.to_json() for one in hearings]}
        found = merge(
            chunks_of(SPANS, SPEECH),
            [Part.from_json(record)],
            voice_of(SPEECH, 4000),
            lambda **_: part(0, SPANS[0], []),
            SeamSettings(),
            QuarantineSettings(),
        )
        return [warning.to_json() for warning in found.warnings]

    assert kinds(Hearing(0, 30, "en", 0.51, "en"), Hearing(30, 60, "en", 0.01, "de")) == []
    assert kinds(Hearing(0, 14, "en", 0.2, "de"), Hearing(14, 60, "en", 0.9, "en")) == []
    (warning,) = kinds(Hearing(0, 14, "en", 0.2, "de"), Hearing(14, 60, "en", 0.1, "fr"))
    assert (warning["kind"], warning["amount"]) == ("other language", 5.0)
    assert "more like de or fr" in warning["text"]
    assert "languages.source to multi" in warning["text"]
