"""Only stretches are left out in which surely nobody speaks, however faintly."""

import numpy as np
import pytest

from vat.media.sound import SPEECH_RATE, Samples
from vat.speech.silence import surely_silent
from vat.speech.windows import windows_between


def noise(seconds: float, level: float) -> Samples:
    chance = np.random.default_rng(1)
    return chance.standard_normal(round(seconds * SPEECH_RATE), np.float32) * np.float32(level)


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.01])
def test_long_steady_stretches_are_silent(level: float) -> None:
    assert surely_silent(noise(60, level), [(20.0, 30.0)]) == [(0.0, 19.0), (31.0, 60.0)]


def test_short_pauses_and_stretches_of_speech_are_not() -> None:
    assert surely_silent(noise(60, 1e-4), [(15.9, 40.0), (50.0, 60.0)]) == []


@pytest.mark.parametrize(("place", "loud"), [(5.0, 2.5), (18.0, 2.5), (59.5, 2.5)])
def test_a_faint_voice_that_the_detection_misses_is_heard(place: float, loud: float) -> None:
    sound = noise(60, 1e-3)
    first = round(place * SPEECH_RATE)
    sound[first : first + SPEECH_RATE // 3] *= np.float32(loud)
    silent = surely_silent(sound, [(20.0, 30.0)])
    assert all(not start <= place < end for start, end in silent)


def test_nothing_but_silence_is_silent_and_no_sound_is_nothing() -> None:
    assert surely_silent(noise(40, 1e-4), []) == [(0.0, 40.0)]
    assert surely_silent(noise(0, 0), []) == []


def test_windows_leave_the_silence_out_and_tile_the_rest() -> None:
    found = windows_between((100, 200), [(100.0, 110.0), (150.0, 200.0)], [(11.0, 49.0)], 30)
    assert found[:2] == [(0.0, 11.0), (49.0, 79.0)]
    assert sum(end - start for start, end in found) == pytest.approx(62)
    assert found[-1][1] == 100
