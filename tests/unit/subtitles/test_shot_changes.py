"""Edges of cues go to cuts that are near, and nothing gets worse by it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.media.shots import Shots
from vat.subtitles.limits import CueSettings
from vat.subtitles.shot_changes import FRAMES, LEAST_SECONDS, at_shots
from vat.timeline import Cue

SETTINGS = CueSettings()
GAP = SETTINGS.min_gap_seconds
FRAME = 1 / 24


def moved(times: Sequence[tuple[float, float]], *shots: float) -> list[tuple[float, float]]:
    cues = [Cue(at, *time, "text") for at, time in enumerate(times, 1)]
    found = at_shots(cues, Shots(shots, FRAME), SETTINGS, 100.0)
    return [(cue.start, cue.end) for cue in found]


@pytest.mark.parametrize(
    ("times", "shots", "expected"),
    [
        ([(10.0, 13.0)], [9.7], [(9.7, 13.0)]),
        ([(10.0, 13.0)], [10.3], [(10.3, 13.0)]),
        ([(10.0, 13.0)], [10.6], [(10.0, 13.0)]),
        ([(10.0, 13.0)], [13.3], [(10.0, 13.217)]),
        ([(10.0, 13.0)], [12.8], [(10.0, 12.717)]),
        # One cut ends a subtitle and begins the next one.
        ([(10.0, 12.9), (13.0, 15.0)], [13.2], [(10.0, 13.117), (13.2, 15.0)]),
        ([(10.0, 12.9), (13.0, 15.0)], [12.8], [(10.0, 12.717), (12.8, 15.0)]),
        # Too short, too long, after the end of the video.
        ([(10.0, 11.0)], [10.3], [(10.0, 11.0)]),
        ([(10.0, 16.6)], [9.7], [(9.7, 16.6)]),
        ([(10.0, 16.9)], [9.6], [(10.0, 16.9)]),
        ([(97.0, 99.9)], [100.3], [(97.0, 99.9)]),
        ([(10.0, 10.5)], [10.2], [(10.0, 10.5)]),
        ([(10.0, 13.0)], [], [(10.0, 13.0)]),
    ],
)
def test_edges_go_to_cuts(
    times: list[tuple[float, float]], shots: list[float], expected: list[tuple[float, float]]
) -> None:
    assert moved(times, *shots) == expected


@st.composite
def timelines(draw: st.DrawFn) -> list[tuple[float, float]]:
    found, time = list[tuple[float, float]](), 0.0
    for _ in range(draw(st.integers(1, 12))):
        start = time + draw(st.sampled_from((0.0, 0.05, GAP, 0.3, 2.0)))
        time = start + draw(st.floats(0.1, 7))
        found.append((round(start, 3), round(time, 3)))
    return found


@given(timelines(), st.lists(st.floats(0, 90), max_size=40).map(sorted))
def test_no_cue_gets_too_short_or_near_to_another(
    times: list[tuple[float, float]], shots: list[float]
) -> None:
    found = moved(times, *shots)
    near = FRAMES * FRAME + GAP + 0.001
    for (start, end), (old_start, old_end) in zip(found, times, strict=True):
        assert abs(start - old_start) <= near
        assert abs(end - old_end) <= near
        assert end - start >= min(LEAST_SECONDS, old_end - old_start) - 0.002
        assert end - start <= max(SETTINGS.max_seconds, old_end - old_start) + 0.002
    for at in range(1, len(found)):
        gap = min(GAP, max(times[at][0] - times[at - 1][1], 0.0))
        assert found[at][0] - found[at - 1][1] >= gap - 0.002
    assert found[-1][1] <= max(100.0, times[-1][1])
