"""Only stretches are left out in which surely nobody speaks, however faintly."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tiny.music import music
from vat.media.sound import SPEECH_RATE, Samples
from vat.speech.silence import levelled, silent_stretches, surely_silent
from vat.speech.vad import detected


def noise(seconds: float, level: float) -> Samples:
    chance = np.random.default_rng(1)
    return chance.standard_normal(round(seconds * SPEECH_RATE), np.float32) * np.float32(level)


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.01])
def test_long_steady_stretches_are_silent(level: float) -> None:
    assert surely_silent(noise(60, level), [(20.0, 30.0)]) == [(0.0, 19.0), (31.0, 60.0)]


def test_short_pauses_and_stretches_of_speech_are_not() -> None:
    assert surely_silent(noise(60, 1e-4), [(2.9, 40.0), (43.9, 60.0)]) == []


def test_a_pause_of_one_level_is_silent_sooner_than_one_of_several() -> None:
    sound, speech = noise(60, 1e-4), [(0.0, 20.0), (24.5, 40.0), (44.5, 60.0)]
    sound[round(42.0 * SPEECH_RATE) : round(42.3 * SPEECH_RATE)] *= 3  # somebody may whisper
    assert surely_silent(sound, speech) == [(21.0, 23.5)]


@pytest.mark.parametrize("place", [2.0, 8.0, 34.0, 50.0])
@pytest.mark.parametrize("loud", [0.003, 0.01, 0.03])
def test_a_faint_voice_that_the_detection_misses_is_heard(
    root: Path, place: float, loud: float
) -> None:
    speech, _ = soundfile.read(root / "tests/data/speech.flac", dtype="float32")
    speech = speech[: 8 * SPEECH_RATE]
    sound, first = noise(60, 1e-4), round(place * SPEECH_RATE)
    sound[first : first + len(speech)] += speech * np.float32(loud)
    spoken = place + np.flatnonzero(np.abs(speech) > 0.02) / SPEECH_RATE
    for start, end in surely_silent(sound, [(20.0, 30.0)]):
        assert not ((start <= spoken) & (spoken < end)).any()


def test_nothing_but_silence_is_silent_and_no_sound_is_nothing() -> None:
    assert surely_silent(noise(40, 1e-4), []) == [(0.0, 40.0)]
    assert surely_silent(noise(0, 0), []) == []


def test_silence_of_a_file_is_found_in_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, speech = noise(60, 1e-4), [(20.0, 22.0)]
    soundfile.write(tmp_path / "s.flac", sound, SPEECH_RATE)
    assert silent_stretches(tmp_path / "s.flac", speech, 60.0) == [(0.0, 19.0), (23.0, 60.0)]
    monkeypatch.setattr("vat.speech.silence._BLOCK_SECONDS", 10.0)
    assert silent_stretches(tmp_path / "s.flac", speech, 60.0) == [(0.0, 19.0), (23.0, 60.0)]
    assert silent_stretches(tmp_path / "s.flac", speech, 59.9996)[-1] == (23.0, 59.9996)


def test_music_is_silent_and_a_faint_voice_in_it_is_not(root: Path) -> None:
    speech, _ = soundfile.read(root / "tests/data/speech.flac", dtype="float32")
    under = music(40 * SPEECH_RATE, np.random.default_rng(4242), SPEECH_RATE).mean(axis=0)
    sound = (under / np.std(under) * 0.1).astype(np.float32)
    whole = surely_silent(sound, [])
    assert sum(end - start for start, end in whole) > 20
    first, count = 20 * SPEECH_RATE, min(len(speech), 8 * SPEECH_RATE)
    sound[first:] *= np.float32(0.002)
    sound[first : first + count] += speech[:count] * np.float32(0.01)
    assert detected(sound)[640:860].max() < 0.5
    spoken = np.flatnonzero(np.abs(speech[:count]) > 0.02) / SPEECH_RATE + 20
    for start, end in surely_silent(sound, []):
        assert not ((start <= spoken) & (spoken < end)).any()


def test_levelled_sound_is_equally_loud_and_nothing_stays_nothing() -> None:
    sound = np.concatenate([noise(5, 0.1), noise(5, 1e-4), np.zeros(5 * SPEECH_RATE, np.float32)])
    found = levelled(sound)
    parts = [np.std(found[s * SPEECH_RATE : (s + 3) * SPEECH_RATE]) for s in (1, 6, 11)]
    assert parts == pytest.approx([0.05, 0.05, 0.0], rel=0.05)
