"""Windows tile what is to be heard, and end where nobody speaks."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.speech.windows import voiced, windows


@given(
    st.floats(0, 100),
    st.floats(0.1, 300),
    st.lists(st.floats(0, 400), max_size=60).map(sorted),
)
def test_windows_tile_a_span(start: float, length: float, edges: list[float]) -> None:
    speech = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    found = windows((start, start + length), speech, 30)
    assert found[0][0] == 0
    assert found[-1][1] == pytest.approx(length)
    for (_, end), (begin, _) in itertools.pairwise(found):
        assert end == begin
    assert all(0 <= b - a <= 30 + 1e-6 for a, b in found)


def test_a_window_ends_in_the_longest_pause_of_its_last_third() -> None:
    speech = [(0.0, 19.0), (20.0, 25.0), (27.0, 29.5), (29.7, 50.0)]
    assert windows((0, 50), speech, 30) == [(0, 26.0), (26.0, 50)]


def test_without_a_late_pause_a_window_ends_in_the_last_there_is() -> None:
    speech = [(0.0, 5.0), (6.0, 10.0), (11.0, 50.0)]
    assert windows((0, 50), speech, 30) == [(0, 10.5), (10.5, 40.5), (40.5, 50)]


def test_windows_without_their_silence_hold_all_speech_and_a_margin() -> None:
    speech = [(12.0, 19.0), (20.0, 25.0), (70.0, 80.0)]
    found = voiced([(0, 26), (26, 50), (50, 60), (60, 80)], speech, 10.0)
    assert found == [(1.75, 15.25), (60, 70.25)]
