"""Voices that sound alike are one speaker, however often they come."""

import time
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.voice_encoder import make_encoder
from vat.errors import ModelError
from vat.media.sound import SPEECH_RATE
from vat.speech.speakers import (
    SAME_TURN_SECONDS,
    Found,
    Speakers,
    Turn,
    turns_of,
    write_rttm,
)
from vat.speech.voices import VoiceEncoder, Voices, heard, windows_of
from vat.timeline import Interval, length, without

STRETCHES = [(float(at), at + 3.0) for at in range(0, 40, 4)]


def voices_by(stretches: list[Interval], who: list[int], noise: float = 0.3) -> Voices:
    """Windows whose vectors scatter around that of whoever speaks in their stretch."""
    chance, windows = np.random.default_rng(1), windows_of(stretches)
    rows = []
    for start, end in windows:
        at = next(i for i, one in enumerate(stretches) if one[0] <= start and end <= one[1] + 1e-6)
        row = chance.standard_normal(16) * noise / 4
        row[who[at]] += 1
        rows.append(row / np.linalg.norm(row))
    return Voices(windows, np.array(rows, np.float32))


def speakers_in(voices: Voices, stretches: list[Interval]) -> Speakers:
    return turns_of(voices, stretches).speakers


@pytest.mark.parametrize(
    ("who", "labels"),
    [
        ([0] * 10, ["S1"] * 10),
        ([5, 2] * 5, ["S1", "S2"] * 5),
        (
            [3, 3, 1, 0, 0, 1, 3, 1, 0, 3],
            [*("S1", "S1", "S2", "S3", "S3"), *("S2", "S1", "S2", "S3", "S1")],
        ),
    ],
)
def test_each_voice_has_one_label_throughout(who: list[int], labels: list[str]) -> None:
    found = speakers_in(voices_by(STRETCHES, who), STRETCHES)
    # A pause of a second in one speaker's speech belongs to the turn.
    spoken = [label for label, _ in groupby(labels)]
    assert [turn.speaker for turn in found.turns] == spoken
    inside = [
        next(one.speaker for one in found.turns if one.start <= start and end <= one.end)
        for start, end in STRETCHES
    ]
    assert inside == labels
    assert found.overlaps == ()


def test_a_turn_has_its_first_and_last_sounds_but_nobody_elses() -> None:
    stretches = [(0.05, 5.0), (5.1, 10.0), (11.0, 16.0)]
    found = turns_of(voices_by(stretches, [0, 1, 0]), stretches, duration=16.01).speakers
    places = [(turn.start, turn.end) for turn in found.turns]
    assert places == [(0.0, 5.03), (5.03, 10.03), (10.9, 16.01)]


def test_a_change_inside_a_stretch_is_found_to_half_a_second() -> None:
    halves = [(0.0, 5.0), (5.0, 10.0)]
    voices = voices_by(halves, [0, 1])
    first, second = speakers_in(voices, [(0.0, 10.0)]).turns
    assert (first.speaker, second.speaker) == ("S1", "S2")
    assert first.end == second.start == pytest.approx(5, abs=0.5 + 1.6 / 2)


def test_one_odd_window_makes_no_speaker() -> None:
    voices = voices_by(STRETCHES, [0] * 10)
    voices.vectors[7] = np.eye(16)[9]
    assert {turn.speaker for turn in speakers_in(voices, STRETCHES).turns} == {"S1"}


def test_short_sounds_that_are_alike_are_no_speaker() -> None:
    stretches = [*STRETCHES, *((50.0 + at, 50.3 + at) for at in range(40))]
    voices = voices_by(stretches, [0] * len(stretches), noise=0.1)
    odd = [7, *(at for at, (start, end) in enumerate(voices.windows) if end - start < 1)]
    voices.vectors[odd] = 0.6 * voices.vectors[odd] + 0.8 * np.eye(16)[9]
    assert {turn.speaker for turn in speakers_in(voices, stretches).turns} == {"S1"}


def test_without_speech_nobody_speaks() -> None:
    assert turns_of(Voices([], np.zeros((0, 16), np.float32)), []) == Found(Speakers(()))


@given(
    st.lists(st.tuples(st.floats(0.05, 8), st.floats(0.1, 3), st.integers(0, 4)), min_size=1),
)
def test_turns_tile_the_speech(pieces: list[tuple[float, float, int]]) -> None:
    stretches, at = [], 0.0
    for spoken, pause, _ in pieces:
        stretches.append((round(at, 3), round(at + spoken, 3)))
        at += spoken + pause
    turns = speakers_in(voices_by(stretches, [who for *_, who in pieces]), stretches).turns
    assert all(turn.start < turn.end for turn in turns)
    assert all(before.end <= turn.start for before, turn in pairwise(turns))
    taken = [(turn.start, turn.end) for turn in turns]
    assert length(without(stretches, taken)) == pytest.approx(0, abs=1e-6)
    pauses = without(taken, stretches)
    assert all(end - start <= SAME_TURN_SECONDS + 1e-6 for start, end in pauses)


def test_no_fewer_and_no_more_speakers_than_are_known_to_be_there() -> None:
    voices = voices_by(STRETCHES, [0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    for most in (1, 2, 3):
        found = turns_of(voices, STRETCHES, most=most)
        assert {turn.speaker for turn in found.speakers.turns} == {
            f"S{at}" for at in range(1, most + 1)
        }
        assert len(found.prints) == most
    # Two voices that are hard to tell apart, as brothers'.
    alike = np.eye(16, dtype=np.float32)[[0, 0]]
    alike[1, 1] = 0.75
    alike /= np.linalg.norm(alike, axis=1)[:, None]
    windows = windows_of(STRETCHES)
    rows = [alike[int(start // 4) % 2] for start, _ in windows]
    brothers = Voices(windows, np.array(rows))
    one, two = (turns_of(brothers, STRETCHES, least=least) for least in (1, 2))
    assert (len(one.prints), len(two.prints)) == (1, 2)
    assert [turn.speaker for turn in two.speakers.turns] == ["S1", "S2"] * 5


@pytest.mark.parametrize(("least", "found"), [(1, 2), (2, 2), (3, 3), (4, 4)])
def test_no_more_are_found_by_force_than_are_asked_for(least: int, found: int) -> None:
    alike = np.eye(16, dtype=np.float32)[[0, 0, 8, 8]]
    alike[1, 1] = alike[3, 9] = 0.6
    alike /= np.linalg.norm(alike, axis=1)[:, None]
    windows = windows_of(STRETCHES)
    two_families = Voices(windows, np.array([alike[int(start // 4) % 4] for start, _ in windows]))
    assert len(turns_of(two_families, STRETCHES, least, 9).prints) == found


def test_where_two_speak_at_once_both_have_a_turn() -> None:
    stretches = [(0.0, 12.0), (14.0, 20.0), (22.0, 28.0)]
    windows = windows_of(stretches)
    one_voice, other_voice = np.array([1, 0.0]), np.array([0.5, 0.866])
    rows = np.zeros((len(windows), 2), np.float32)
    for at, (start, end) in enumerate(windows):
        middle = (start + end) / 2
        # One speaks up to 7 s, the other one from 5 s on.
        if middle < 14:
            shares = np.clip([7.8 - middle, middle - 4.2], 0, 1.6)
        else:
            shares = np.array([middle < 21, middle >= 21])
        row = shares[0] * one_voice + shares[1] * other_voice
        rows[at] = row / np.linalg.norm(row)
    found = turns_of(Voices(windows, rows), stretches).speakers
    assert [turn.speaker for turn in found.turns] == ["S1", "S2", "S1", "S2"]
    other, one = found.overlaps
    assert (other.speaker, one.speaker) == ("S2", "S1")
    assert other.start == pytest.approx(5, abs=0.6)
    assert other.end == one.start == found.turns[0].end
    assert one.end == pytest.approx(7, abs=0.6)


def test_noise_that_sounds_like_nothing_takes_no_hours() -> None:
    stretches = [(4.0 * at, 4.0 * at + 3.6) for at in range(900)]
    windows = windows_of(stretches)
    rows = np.random.default_rng(1).standard_normal((len(windows), 256)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    began = time.process_time()
    turns_of(Voices(windows, rows), stretches)
    assert time.process_time() - began < 30


def test_a_turn_says_how_sure_its_speaker_is() -> None:
    alone = speakers_in(voices_by(STRETCHES, [0] * 10), STRETCHES)
    assert [turn.margin for turn in alone.turns] == [1.0]
    both = speakers_in(voices_by(STRETCHES, [0, 1] * 5, noise=0.1), STRETCHES)
    assert all(0.6 < turn.margin <= 1 for turn in both.turns)


def test_rttm_has_a_line_per_turn(tmp_path: Path) -> None:
    write_rttm(tmp_path / "a.rttm", Speakers((Turn(0.5, 2.25, "S1"), Turn(3, 4, "S2"))), "talk")
    assert (tmp_path / "a.rttm").read_text() == (
        "SPEAKER talk 1 0.500 1.750 <NA> <NA> S1 <NA> <NA>\n"
        "SPEAKER talk 1 3.000 1.000 <NA> <NA> S2 <NA> <NA>\n"
    )
    both = Speakers((Turn(0, 2, "S1"), Turn(2, 4, "S2")), (Turn(1.5, 2, "S2"),))
    write_rttm(tmp_path / "b.rttm", both, "talk")
    starts = [line.split()[3] for line in (tmp_path / "b.rttm").read_text().splitlines()]
    assert starts == ["0.000", "1.500", "2.000"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the encoder's shape that know nothing."""
    return make_encoder(tmp_path_factory.mktemp("weights") / "pretrained.pt")


def test_a_voice_is_a_unit_vector_whoever_is_heard_beside_it(weights: Path) -> None:
    encoder, chance = VoiceEncoder(weights, 1), np.random.default_rng(1)
    sounds = [chance.standard_normal(SPEECH_RATE).astype(np.float32) for _ in range(3)]
    together = encoder.vectors(sounds)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.vectors(sounds[1:2])[0] == pytest.approx(together[1], abs=1e-5)


def test_what_is_no_encoder_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"no weights")
    with pytest.raises(ModelError, match=r"speakers\.model"):
        VoiceEncoder(tmp_path / "a.pt", 1)


def test_a_short_word_is_heard_with_what_is_around_it() -> None:
    assert heard((5.0, 5.3)) == pytest.approx((4.8, 5.5))
    assert heard((0.1, 0.3)) == pytest.approx((0.0, 0.5))
    assert heard((5.0, 6.6)) == (5.0, 6.6)
