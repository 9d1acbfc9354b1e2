"""The tiny language is what it was when demo, test data and models were made from it."""

import argparse
import ctypes
import hashlib
import importlib
import json
import pkgutil
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tiny
from tiny import lexicon
from tiny.judging import distortion_ratio, plain, word_errors
from tiny.music import music
from tiny.recogniser import grammar, utterances
from tiny.recogniser.losses import losses
from tiny.recogniser.mel import log_mel
from tiny.recogniser.network import Network
from tiny.recogniser.tokens import Tokens, make_tokenizer
from tiny.recogniser.train import train
from tiny.recogniser.utterances import Utterance
from tiny.recogniser.windows import Windows
from tiny.separator.mixtures import mixture
from tiny.talks import Talk
from tiny.transcripts import demo_talks, invented_talks
from tiny.translator import held_out
from vat.timeline import Word

FOR_TRAINING_ONLY = {"mel_band_roformer", "scipy", "transformers"}
"""Packages that VAT does not need, and its environment need not have."""


def digest(thing: object) -> str:
    return hashlib.sha256(repr(thing).encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    "name", [module.name for module in pkgutil.walk_packages(tiny.__path__, "tiny.")]
)
def test_every_module_can_be_imported(name: str) -> None:
    try:
        assert importlib.import_module(name).__doc__
    except ModuleNotFoundError as error:
        if error.name not in FOR_TRAINING_ONLY:
            raise
        pytest.skip(f"only for training: needs {error.name}")


@pytest.mark.parametrize(
    ("make", "seed", "wanted"),
    [
        (lexicon.sentence, 1, "f85ac21d7f08fe28"),
        (lambda chance: lexicon.translate(lexicon.sentence(chance)), 2, "aafb530adba24978"),
        (grammar.sentence, 3, "e6f8fba1f615634d"),
    ],
)
def test_the_same_sentences_come(
    make: Callable[[random.Random], object], seed: int, wanted: str
) -> None:
    chance = random.Random(seed)
    assert digest([make(chance) for _ in range(2000)]) == wanted


def test_the_same_translations_are_kept_out_of_the_training() -> None:
    assert digest(held_out()) == "948511bc0e17935b"


def test_the_same_talks_are_written() -> None:
    assert digest([(name, said(words)) for name, words in demo_talks()]) == "7958bc2489ea5b8a"
    assert (
        digest([(*about, said(words)) for *about, words in invented_talks(300)])
        == "3122a5cf4c89b8a1"
    )


def said(words: Sequence[Word]) -> list[tuple[str, float, float]]:
    return [(word.text, word.start, word.end) for word in words]


def test_the_same_talk_is_spoken() -> None:
    talk = Talk(seed=1)
    talk.say(40)
    talk.say(40, dense_every=20)
    talk.say(40, music=20)
    talk.be_silent(5, noise=0.001)
    talk.play(5)
    assert (
        digest([(word, round(a, 3), round(b, 3)) for word, a, b in talk.words])
        == "b791b0750518a74c"
    )
    sound = np.concatenate(talk.pieces)
    assert len(sound) == 130 * 16000
    # Not by their digest: the last bits of a sine depend on the CPU.
    assert sound.astype(np.float64).std() == pytest.approx(0.042528, abs=1e-6)
    assert np.abs(sound).max() == pytest.approx(0.444974, abs=1e-5)


def test_the_same_music_is_played() -> None:
    sound = music(32000, np.random.default_rng(3))
    assert sound.shape == (2, 32000)
    assert np.abs(sound).max() == pytest.approx(0.5, abs=1e-5)
    assert sound.astype(np.float64).std(axis=1) == pytest.approx([0.073815, 0.075585], abs=1e-6)


def test_the_same_mixtures_come() -> None:
    speech = [np.random.default_rng(n).normal(0, 0.1, 20000).astype(np.float32) for n in range(3)]
    chance = np.random.default_rng(4)
    pairs = [mixture(speech, chance, 32000) for _ in range(3)]
    found = [float(sound.astype(np.float64).std()) for pair in pairs for sound in pair]
    assert found == pytest.approx(
        [0.235697, 0.087705, 0.028653, 0.018922, 0.114150, 0.071648], abs=1e-6
    )


@pytest.fixture
def spoken(root: Path) -> Callable[[str], Any]:
    """What is spoken in a process of its own: espeak-ng remembers a little of what it said before.

    By the version that the committed sound was made with; another one speaks otherwise.
    """
    try:
        library = ctypes.CDLL("libespeak-ng.so.1")
    except OSError:
        pytest.skip("espeak-ng is not installed")
    library.espeak_Info.restype = ctypes.c_char_p
    version = library.espeak_Info(None).decode()
    if not version.startswith("1.51"):
        pytest.skip(f"espeak-ng is {version}, the committed sound is of 1.51")

    def run(expression: str) -> Any:
        program = f"""
import json
from tiny import make_demo, make_speech, voice
print(json.dumps({expression}))
"""
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    return run


def test_the_committed_speech_is_spoken_again(root: Path, spoken: Callable[[str], Any]) -> None:
    truth = json.loads((root / "tests/data/speech.json").read_text())
    assert spoken("make_speech.speak(voice.Voice())[1]") == truth["words"]


def test_the_demo_is_spoken_again(root: Path, spoken: Callable[[str], Any]) -> None:
    truth = json.loads((root / "demo/clean.json").read_text(encoding="utf-8"))
    assert spoken("make_demo.talk(17, 'en-us', 155, 62)[2]") == truth["sentences"]


def test_the_committed_tokenizer_is_made_again(root: Path, tmp_path: Path) -> None:
    make_tokenizer().save(str(tmp_path / "tokenizer.json"))
    committed = root / "models/asr/tokenizer.json"
    assert (tmp_path / "tokenizer.json").read_bytes() == committed.read_bytes()


def hummed(count: int) -> list[Utterance]:
    """Utterances of the grammar in which every word takes 0.3 s and is a hum."""
    chance, noise = random.Random(0), np.random.default_rng(0)
    made = []
    for _ in range(count):
        sentence = grammar.sentence(chance)
        times = [(0.3 * place, 0.3 * place + 0.25) for place in range(len(sentence))]
        sound = noise.normal(0, 0.1, int(16000 * (times[-1][1] + 0.06)))
        made.append(Utterance(sentence, times, log_mel(sound).astype(np.float16)))
    return made


def test_utterances_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = hummed(3)
    utterances.save(tmp_path / "made.npz", made)
    for one, other in zip(made, utterances.load(tmp_path / "made.npz"), strict=True):
        assert (one.sentence, one.times) == (other.sentence, other.times)
        assert np.array_equal(one.mel, other.mel)


def test_the_same_windows_come() -> None:
    windows = Windows(hummed(20), 1, Tokens(), backgrounds=1)
    batches = [windows.batch(4, seconds, 0.4) for seconds in (6, 12, 30)]
    assert digest([batch.said.tolist() for batch in batches]) == "a0cb54978a2c51d6"
    assert digest([batch.following.tolist() for batch in batches]) == "de787e3a163d04ba"
    assert digest([batch.guides.nonzero().tolist() for batch in batches]) == "5c34daad17f82716"
    assert digest([batch.words.tolist() for batch in batches]) == "3056aabce1cad63c"
    for batch, seconds in zip(batches, (6, 12, 30), strict=True):
        assert batch.mel.shape == (4, 80, 100 * seconds)
        assert batch.mel.isfinite().all()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """So small a network is slower with more, above all beside other work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_the_recogniser_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiny.recogniser.train.losses", partial(losses, half=False))
    tokens = Tokens()
    torch.manual_seed(1)
    network, spoken = Network(tokens), hummed(20)
    batch = Windows(spoken, 2, tokens, backgrounds=1).batch(4, 4, 0.1)
    before = losses(network, batch, tokens.zero, half=False)
    stage = argparse.Namespace(
        output=tmp_path / "state.pt",
        **{"rate": 2e-3, "steps": 6, "seconds": 1e9, "batch": 4, "window": 4, "prompted": 0.1},
    )
    train(network, Windows(spoken, 1, tokens, backgrounds=1, swapped=0.1), tokens.zero, stage)
    after = losses(network, batch, tokens.zero, half=False)
    assert after.text < before.text
    assert after.frames < before.frames
    assert set(torch.load(stage.output)) == set(network.state_dict())


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a c", 1),
        ("a c", "a b c d", 2),
        ("a b", "c", 2),
        ("", "a", 1),
    ],
)
def test_wrong_missing_and_invented_words_are_errors(said: str, heard: str, errors: int) -> None:
    assert word_errors(said.split(), heard.split()) == errors


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_word_errors_are_a_distance(one: list[str], other: list[str]) -> None:
    assert word_errors(one, other) == word_errors(other, one) <= max(len(one), len(other))
    assert (word_errors(one, other) == 0) == (one == other)


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert plain("Monday,") == "monday"


def test_the_distortion_ratio_knows_no_loudness() -> None:
    truth = np.random.default_rng(0).normal(size=(2, 8000)).astype(np.float32)
    noise = np.random.default_rng(1).normal(size=(2, 8000)).astype(np.float32)
    assert distortion_ratio(np.float32(0.1) * truth, truth) > 60
    assert distortion_ratio(
        np.float32(3) * (truth + np.float32(0.1) * noise), truth
    ) == pytest.approx(20, abs=0.5)
