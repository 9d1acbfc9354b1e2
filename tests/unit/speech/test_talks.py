"""Whole talks give the same words wherever they are cut, and none where nobody speaks."""

import itertools
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tiny.judging import plain, word_errors
from tiny.talks import Talk
from vat.media.sound import write_flac
from vat.speech.asr import transcribe_chunk, transcribe_window
from vat.speech.settings import SplitSettings
from vat.speech.split import split
from vat.timeline import Part
from vat.transcript.merge import merge
from vat.transcript.settings import QuarantineSettings, SeamSettings


@pytest.fixture(scope="module")
def talk() -> Talk:
    """Ten minutes: as people talk, without a pause at any cut, music under it, nobody speaking."""
    made = Talk(seed=1)
    made.say(120)
    made.say(120, dense_every=20)
    made.say(120, music=20)
    made.be_silent(60, noise=0.001)
    made.be_silent(60, noise=0.01)
    made.play(60)
    made.say(60)
    return made


@pytest.fixture(scope="module")
def transcripts(
    root: Path, talk: Talk, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[int, Any]:
    """The talk's transcript by the length of its chunks."""
    speech = tmp_path_factory.mktemp("talk") / "speech.flac"
    write_flac(speech, talk.pieces, 16000)
    call: dict[str, Any] = {
        "speech": str(speech),
        "model": str(root / "models/asr"),
        "settings": {"compute_type": "auto", "temperature": [0.0]},
        "device": "cpu",
        "threads": 1,
    }
    found = {}
    for length in (20, 60, 600):
        chunks, probability = split(
            speech,
            talk.seconds,
            expected=None,
            language="en",
            language_model="",
            settings=SplitSettings(chunk_seconds=length, window_seconds=6),
        )
        numbers = range(1, len(chunks.spans) + 1)
        shared = {"chunks": chunks.to_json(), **call}
        parts = [Part.from_json(transcribe_chunk(number=n, **shared)) for n in numbers]
        decode = partial(transcribe_window, **call)
        found[length] = merge(
            chunks, parts, probability, decode, SeamSettings(), QuarantineSettings()
        ).to_json()
    return found


def test_the_words_are_the_same_wherever_the_talk_is_cut(
    talk: Talk, transcripts: Mapping[int, Any]
) -> None:
    said = [plain(word) for word, _, _ in talk.words]
    heard = {
        length: [plain(word["text"]) for word in transcript["words"]]
        for length, transcript in transcripts.items()
    }
    assert [len(transcript["seams"]) for transcript in transcripts.values()] == [29, 9, 0]
    for words in heard.values():
        assert word_errors(said, words) < 0.015 * len(said)
    # Five talks on CPUs with all kinds of instructions: up to 11 words, 3 or 6 of them at a time,
    # as the tiny model may say a phrase again where one of Whisper's windows ends in dense speech.
    for one, other in itertools.combinations(heard.values(), 2):
        assert word_errors(one, other) < 0.015 * len(one)


def test_no_words_are_invented_where_nobody_speaks(transcripts: Mapping[int, Any]) -> None:
    for transcript in transcripts.values():
        assert not [word for word in transcript["words"] if 361 < word["start"] < 539]
        for item in transcript["quarantine"]:
            assert 361 < item["start"] < 541 or item["fate"] == "found again"
            assert "no voice" in item["signs"]


def test_every_second_of_speech_is_accounted_for(transcripts: Mapping[int, Any]) -> None:
    for transcript in transcripts.values():
        seconds = transcript["coverage"]["seconds"]
        assert 290 < seconds["speech"] < 330
        assert seconds["words"] > 0.99 * seconds["speech"]
