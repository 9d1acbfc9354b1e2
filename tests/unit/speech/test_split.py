"""Spans tile the video exactly, and are cut where nobody speaks."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.errors import TranscriptError
from vat.media.sound import SPEECH_RATE, write_flac
from vat.speech.settings import SplitSettings
from vat.speech.split import split, tile
from vat.speech.vad import (
    FRAME_SECONDS,
    frame_energy,
    read_probability,
    speech_intervals,
    voice,
    write_probability,
)
from vat.timeline import count_chunks

durations = st.one_of(st.floats(0.01, 200), st.floats(200, 72_000))


def frames(duration: float, value: float = 0.0) -> np.ndarray:
    return np.full(max(1, math.ceil(duration / FRAME_SECONDS)), value, np.float32)


@given(durations, st.floats(5, 1000))
def test_the_number_of_chunks_is_a_function_of_the_duration(duration: float, length: float) -> None:
    count = count_chunks(duration, length)
    assert count >= 1
    assert (count - 1) * length <= duration + 1e-6
    assert count * length >= duration - 1e-6


@pytest.mark.parametrize(
    ("duration", "count"), [(0, 1), (10, 1), (30, 1), (30.01, 2), (65, 3), (125, 5), (90.0, 3)]
)
def test_known_numbers(duration: float, count: int) -> None:
    assert count_chunks(duration, 30) == count


@given(
    durations,
    st.floats(5, 1000),
    st.floats(0.1, 60),
    st.floats(0, 5),
    st.integers(0, 2**32),
)
def test_spans_tile_the_video(
    duration: float, length: float, window: float, pad: float, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    settings = SplitSettings(length, window, pad)
    count = count_chunks(duration, length)
    speech = chance.random(len(frames(duration)), np.float32)
    spans = tile(duration, count, settings, speech, speech, FRAME_SECONDS)
    assert len(spans) == count
    assert spans[0].keep[0] == 0
    assert spans[-1].keep[1] == duration
    nominal = duration / count
    for number, span in enumerate(spans):
        assert span.keep[1] > span.keep[0]
        assert 0 <= span.pad[0] <= span.keep[0]
        assert span.keep[1] <= span.pad[1] <= duration
        if number:
            assert span.keep[0] == spans[number - 1].keep[1]
            assert abs(span.keep[0] - number * nominal) <= window / 2 + FRAME_SECONDS


def test_the_cut_falls_into_the_pause() -> None:
    speech = frames(60, 1.0)
    speech[int(33 / FRAME_SECONDS) : int(34 / FRAME_SECONDS)] = 0
    spans = tile(60, 2, SplitSettings(30, 20, 2), speech, speech, FRAME_SECONDS)
    assert 33.1 < spans[0].keep[1] < 33.9
    assert spans[0].pad == pytest.approx((0, spans[0].keep[1] + 2))
    assert spans[1].pad == pytest.approx((spans[0].keep[1] - 2, 60))


def test_of_two_pauses_the_longer_is_taken() -> None:
    speech = frames(60, 1.0)
    for start, length in ((29.9, 0.1), (25, 1.5)):
        speech[int(start / FRAME_SECONDS) : int((start + length) / FRAME_SECONDS)] = 0
    spans = tile(60, 2, SplitSettings(30, 20, 2), speech, frames(60), FRAME_SECONDS)
    assert 25 < spans[0].keep[1] < 26.5


def test_where_a_cut_does_no_harm_no_context_is_needed() -> None:
    speech = frames(90, 1.0)
    speech[int(33 / FRAME_SECONDS) : int(34 / FRAME_SECONDS)] = 0
    places = [(0.0, 0.0), (26.5, 26.5), (52.0, 63.0), (90.0, 90.0)]
    spans = tile(90, 3, SplitSettings(30, 20, 2), speech, speech, FRAME_SECONDS, places)
    assert [span.keep for span in spans] == [(0, 26.5), (26.5, 60), (60, 90)]
    assert [span.pad for span in spans] == [span.keep for span in spans]
    near = tile(90, 3, SplitSettings(30, 4, 2), speech, speech, FRAME_SECONDS, places)
    assert near[0].keep[1] == 26.5  # nearly a window away, as there are places for all
    far = tile(90, 3, SplitSettings(30, 4, 2), speech, speech, FRAME_SECONDS, places[:2])
    assert abs(far[0].keep[1] - 30) <= 2
    assert far[0].pad[1] == far[0].keep[1] + 2


@given(
    st.floats(6, 2000),
    st.floats(5, 700),
    st.lists(st.floats(0, 2000), max_size=30).map(sorted),
    st.integers(0, 99),
)
def test_wherever_cuts_do_no_harm_spans_tile_the_video(
    duration: float, length: float, edges: list[float], seed: int
) -> None:
    places = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if b <= duration]
    speech = np.random.default_rng(seed).random(len(frames(duration)), np.float32)
    count = count_chunks(duration, length)
    spans = tile(duration, count, SplitSettings(length), speech, speech, FRAME_SECONDS, places)
    assert (len(spans), spans[0].keep[0], spans[-1].keep[1]) == (count, 0, duration)
    for one, other in itertools.pairwise(spans):
        assert one.keep[1] == other.keep[0]
        assert one.keep[1] - one.keep[0] > 0.25
        clean = any(start <= one.keep[1] <= end for start, end in places)
        assert one.pad[1] > one.keep[1] or clean
    assert spans[-1].keep[1] > spans[-1].keep[0]


def test_speech_that_never_pauses_is_cut_where_it_is_softest() -> None:
    energy = frames(60, 0.5)
    energy[int(27 / FRAME_SECONDS) : int(27.4 / FRAME_SECONDS)] = 0.1
    spans = tile(60, 2, SplitSettings(30, 20, 2), frames(60, 1.0), energy, FRAME_SECONDS)
    assert 27 < spans[0].keep[1] < 27.4


def test_speech_needs_hysteresis() -> None:
    probability = np.array([0, 0.6, 0.4, 0.4, 0.6, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9], np.float32)
    found = speech_intervals(probability, 0.34)
    assert found == [(0.032, 0.16), (0.32, 0.34)]
    assert speech_intervals(np.zeros(5, np.float32), 0.2) == []


def test_split_finds_speech_and_silence(root: Path) -> None:
    import soundfile

    speech = root / "tests/data/speech.flac"
    duration = soundfile.info(str(speech)).duration
    settings = SplitSettings(5, 4, 1)
    count = count_chunks(duration, 5)
    chunks, probability = split(
        speech,
        duration,
        expected=count,
        language="en",
        language_model="",
        settings=settings,
        separation={"reason": "passed on"},
    )
    assert len(chunks.spans) == count
    assert (chunks.language, chunks.language_source) == ("en", "configured")
    assert len(probability) == math.ceil(duration / FRAME_SECONDS)
    assert 0.5 * duration < sum(b - a for a, b in chunks.speech) < duration
    assert chunks.separation == {"reason": "passed on"}
    for span in chunks.spans[1:]:
        assert not any(a + 0.05 < span.keep[0] < b - 0.05 for a, b in chunks.speech)


def test_a_video_that_changed_meanwhile_is_refused(root: Path) -> None:
    speech = root / "tests/data/speech.flac"
    with pytest.raises(TranscriptError, match="planned with 7"):
        split(
            speech,
            5.0,
            expected=7,
            language="en",
            language_model="",
            settings=SplitSettings(),
        )


def test_silence_is_one_quiet_span(tmp_path: Path) -> None:
    path = tmp_path / "s.flac"
    write_flac(path, [np.zeros(SPEECH_RATE, np.float32)], SPEECH_RATE)
    chunks, probability = split(
        path, 1.0, expected=1, language="auto", language_model="", settings=SplitSettings()
    )
    assert chunks.speech == ()
    assert probability.max() < 0.5
    assert (chunks.language, chunks.language_probability) == ("en", 0.0)
    assert frame_energy(path, 1.0).max() == 0


def test_probabilities_are_kept_in_a_byte_each(tmp_path: Path) -> None:
    found = np.random.default_rng(0).random(337_500, np.float32)
    write_probability(tmp_path / "voice.npy", found)
    assert (tmp_path / "voice.npy").stat().st_size < 340_000
    assert np.abs(read_probability(tmp_path / "voice.npy") - found).max() <= 0.5 / 255 + 1e-6


def test_voice_between_two_moments() -> None:
    found = np.arange(10, dtype=np.float32)
    assert voice(found, 0, FRAME_SECONDS).tolist() == [0]
    assert voice(found, 1.5 * FRAME_SECONDS, 3.5 * FRAME_SECONDS).tolist() == [1, 2, 3]
    assert voice(found, -5, 0).tolist() == [0]
    assert voice(found, 99, 100).tolist() == [9]
