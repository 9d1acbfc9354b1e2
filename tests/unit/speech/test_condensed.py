"""Silence is cut out of a sound, and every moment finds its way back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.media.sound import SPEECH_RATE
from vat.speech.condensed import Condensed


def test_moments_on_both_sides_of_a_cut() -> None:
    axis = Condensed.of(30.0, [(0.0, 4.0), (10.0, 20.0)])
    assert axis.pieces == [(4.0, 10.0), (20.0, 30.0)]
    assert (axis.start(0.0), axis.start(6.0), axis.end(6.0)) == (4.0, 20.0, 10.0)
    assert (axis.start(7.0), axis.end(16.0)) == (21.0, 30.0)
    assert axis.condensed([(5.0, 9.0), (21.0, 22.0)]) == [(1.0, 5.0), (7.0, 8.0)]


def test_a_long_silence_parts_scenes() -> None:
    axis = Condensed.of(100.0, [(0.0, 4.0), (10.0, 20.0), (40.0, 52.0), (60.0, 100.0)])
    assert axis.scenes() == [(0.0, 26.0), (26.0, 34.0)]
    assert Condensed.of(9.0, []).scenes() == [(0.0, 9.0)]


def test_a_sound_without_silence_stays_as_it_is_and_of_silence_nothing_stays() -> None:
    sound = np.arange(SPEECH_RATE, dtype=np.float32)
    assert (Condensed.of(1.0, []).sound(sound) == sound).all()
    assert len(Condensed.of(1.0, [(0.0, 1.0)]).sound(sound)) == 0


@given(st.lists(st.floats(0, 60), max_size=12, unique=True).map(sorted), st.floats(0.01, 0.99))
def test_every_moment_that_is_kept_finds_its_way_back(edges: list[float], share: float) -> None:
    silent = list(zip(edges[::2], edges[1::2], strict=False))
    axis = Condensed.of(60.0, silent)
    sound = np.arange(60 * 100, dtype=np.float32).repeat(SPEECH_RATE // 100)
    kept = axis.sound(sound)
    assert len(kept) == round(sum(b - a for a, b in axis.pieces) * SPEECH_RATE)
    for start, end in axis.pieces:
        moment = start + share * (end - start)
        for begin, _ in axis.condensed([(moment, moment + 1e-9)]):
            assert axis.start(begin) == pytest.approx(moment, abs=1e-6)
            place = min(int(begin * SPEECH_RATE), len(kept) - 1)
            assert abs(kept[place] / 100 - moment) < 0.02
