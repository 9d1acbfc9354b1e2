"""Windows tile what is to be heard, and end where nobody speaks."""

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.speech.condensed import Condensed
from vat.speech.windows import breaks, condensed_windows, voiced, windows
from vat.timeline import Interval, common, within


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


def heard(place: Interval, speech: list[Interval], silent: list[Interval]) -> list[list[Interval]]:
    """The speech of each window in which a stretch of a video is heard, in its time."""
    axis = Condensed.of(place[1] - place[0], within(silent, place))
    found = condensed_windows(axis, axis.condensed(within(speech, place)), 30)
    times = [(place[0] + axis.start(a), place[0] + axis.end(b)) for a, b in found]
    said = [common(speech, [time]) for time in times]
    return [[(round(a, 2), round(b, 2)) for a, b in one] for one in said if one]


@given(
    st.lists(st.integers(1, 9000), max_size=80), st.randoms(use_true_random=False), st.booleans()
)
def test_a_video_cut_at_its_breaks_is_heard_in_the_same_windows(
    gaps: list[int], chance: Random, two: bool
) -> None:
    edges = [moment / 1000 for moment in itertools.accumulate(gaps)]
    duration = edges[-1] + 4.0 if edges else 4.0
    speech = list(zip(edges[::2], edges[1::2], strict=False))
    between = list(zip([0.0, *edges[1::2]], [*edges[::2], duration], strict=False))
    silent = [(a + 1, b - 1) for a, b in between if b - a > 4 and chance.random() < 0.7]
    passages = [(0.0, duration)]
    if two and silent:
        passages = [(0.0, silent[0][1]), (silent[0][1], duration)]
    places = breaks(passages, speech, silent, 30)
    chosen = sorted({chance.choice(place) for place in places if chance.random() < 0.5})
    cuts = [cut for cut in [*chosen, duration] if cut > 0.5]
    cuts = [0.0, *(b for a, b in itertools.pairwise([0.0, *cuts]) if b - a > 0.5)]
    whole = [window for place in passages for window in heard(place, speech, silent)]
    parts = [
        place for cut in itertools.pairwise([*cuts, duration]) for place in common(passages, [cut])
    ]
    assert [window for part in parts for window in heard(part, speech, silent)] == whole
    assert not [cut for cut in cuts[1:] if common(speech, [(cut - 0.14, cut + 0.14)])]


def test_breaks_are_in_long_silences_and_where_windows_end_in_clear_pauses() -> None:
    speech = [(1.0, 26.0), (26.4, 50.0), (50.2, 70.0), (90.0, 99.0)]
    assert breaks([(0.0, 100.0)], speech, [(71.0, 89.0)], 30) == [
        (0.0, 0.0),
        (26.2, 26.2),
        (71.0, 89.0),
        (100.0, 100.0),
    ]
    assert breaks([(0.0, 60.0)], [], [(0.0, 60.0)], 30) == [(0.0, 60.0)]


def test_what_is_too_short_to_hold_a_sound_is_no_window() -> None:
    axis = Condensed.of(30.0003, [(10.0, 30.0)])
    assert condensed_windows(axis, [], 30) == [(0, 10)]
