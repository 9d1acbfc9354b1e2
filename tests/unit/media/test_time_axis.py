"""Sound is where the container says, to 10 ms, and what is lost is told."""

import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.media import ffmpeg, make_video
from vat.errors import SourceError
from vat.media.probe import Media, probe, probe_duration
from vat.media.sound import extract_audio
from vat.media.time_axis import Pcm, TrackSound

RATE = 8000
FRAME = 160


def media_of(source: Path) -> Media:
    return probe(source, name=source.name, title=None, source=str(source), audio_track=None)


def heard(
    source: Path, destination: Path, damaged: str = "fail"
) -> tuple[np.ndarray[Any, Any], int]:
    """The sound that is extracted, shape (n, channels), and its rate."""
    extract_audio(source, media_of(source), destination, damaged=damaged)
    data, rate = soundfile.read(destination, always_2d=True)
    return data, rate


@dataclass(slots=True)
class Frames(TrackSound):
    """A track whose frames are given: their times, and a number that each of its samples has."""

    times: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        self.rate, self.channels = RATE, 1

    def pieces(self) -> Iterator[Pcm]:
        for number, time in enumerate(self.times, 1):
            self._ahead.append((time, np.full((FRAME, 1), number, np.int16)))
            if len(self._ahead) > 4:
                yield from self._placed()
        while self._ahead:
            yield from self._placed()


@given(
    st.lists(st.one_of(st.just(0.0), st.just(0.0), st.floats(0.0, 3.0)), min_size=10, max_size=60),
    st.randoms(use_true_random=False),
)
def test_every_frame_is_within_10_ms_of_its_time(gaps: list[float], chance: Any) -> None:
    times, now = [], 0.0
    for gap in gaps:
        # Gaps, and the rounding of times that containers do, but not both at once.
        now += gap
        times.append(now)
        now += FRAME / RATE
    told = tuple(max(0.0, time + chance.uniform(-0.001, 0.001)) for time in times)
    track = Frames(Path(), 0, "v", 0.0, now + 1, times=told)
    sound = np.concatenate(list(track.pieces()))[:, 0]
    for number, time in enumerate(times, 1):
        places = np.flatnonzero(sound == number)
        assert len(places) > FRAME * 0.4
        assert abs(places[0] / RATE - time) < 0.01


@given(st.lists(st.floats(-0.009, 0.009), min_size=30, max_size=60))
def test_times_that_jitter_cut_nothing_up(jitter: list[float]) -> None:
    # Live streams stamp what arrives when it arrives. On the whole their times are right.
    jitter = [some - sum(jitter) / len(jitter) for some in jitter]
    told = tuple(max(0.0, n * FRAME / RATE + some) for n, some in enumerate(jitter))
    track = Frames(Path(), 0, "v", 0.0, 10.0, times=(0.0, *(t + FRAME / RATE for t in told)))
    sound = np.concatenate(list(track.pieces()))[:, 0]
    # No silence that is longer than the jitter itself, and no frame that is gone.
    assert set(sound) >= set(range(1, len(jitter) + 2))
    assert (sound == 0).sum() / RATE < 0.05 * len(jitter)


@pytest.mark.parametrize("gap", [0.03, 0.08, 0.5])
def test_gaps_of_any_length_are_kept(gap: float, tmp_path: Path) -> None:
    beep = "aevalsrc='if(between(t,3,3.5),0.5*sin(2*PI*440*t),0.01*sin(t))':s=16000:d=5:n=160"
    source = tmp_path / "v.mkv"
    drop = f"aselect='lt(t,2)+gt(t,{2 + gap})'"
    ffmpeg("-f", "lavfi", "-i", beep, "-af", drop, "-c:a", "pcm_s16le", source)
    data, rate = heard(source, tmp_path / "a.flac")
    assert np.flatnonzero(np.abs(data[:, 0]) > 0.1)[0] / rate == pytest.approx(3, abs=0.01)


def test_zeros_inside_a_file_are_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = make_video(tmp_path / "whole.mp4", 10, sound="anoisesrc=r=16000:a=0.3")
    content = bytearray(whole.read_bytes())
    begin = content.index(b"mdat")
    first = begin + (len(content) - begin) // 3
    content[first : first + len(content) // 4] = bytes(len(content) // 4)
    source = tmp_path / "v.mp4"
    source.write_bytes(content)
    with pytest.raises(SourceError, match=r"damaged: its sound .* from \d+\.\d to \d+\.\d s"):
        heard(source, tmp_path / "a.flac")
    assert not (tmp_path / "a.flac").exists()
    with caplog.at_level(logging.WARNING):
        data, rate = heard(source, tmp_path / "a.flac", damaged="warn")
    assert len(data) / rate == pytest.approx(media_of(source).duration, abs=0.001)
    assert "there is silence instead" in caplog.text


def test_two_recordings_in_one_file_are_refused(tmp_path: Path) -> None:
    parts = [tmp_path / "a.ts", tmp_path / "b.ts"]
    for part, offset in zip(parts, (0, 2000), strict=True):
        made = make_video(tmp_path / "part.mp4", 3)
        ffmpeg("-i", made, "-c", "copy", "-output_ts_offset", str(offset), "-f", "mpegts", part)
    source = tmp_path / "joined.ts"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(
        SourceError, match=r"several recordings are in one file; .* \(ffmpeg -fflags"
    ):
        heard(source, tmp_path / "a.flac")


def test_a_long_gap_takes_no_memory() -> None:
    track = Frames(Path(), 0, "v", 0.0, 50_000.0, times=(0.0, 49_000.0))
    pieces = [len(piece) for piece in track.pieces()]
    assert sum(pieces) == 49_000 * RATE + FRAME
    assert max(pieces) <= RATE


def test_channels_that_cancel_are_not_mixed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / "v.mkv"
    wrong = "pan=stereo|c0=c0|c1=-0.9*c0"
    noise = "anoisesrc=r=16000:d=2:a=0.3"
    ffmpeg("-f", "lavfi", "-i", noise, "-af", wrong, "-c:a", "flac", source)
    with caplog.at_level(logging.WARNING):
        data, _ = heard(source, tmp_path / "a.flac")
    assert data.shape[1] == 1
    assert np.abs(data).max() > 0.1
    assert "cancel each other" in caplog.text


def test_channels_that_differ_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "v.mkv"
    noise = [f"anoisesrc=r=16000:d=2:a=0.3:seed={seed}" for seed in (1, 2)]
    inputs = [part for one in noise for part in ("-f", "lavfi", "-i", one)]
    ffmpeg(*inputs, "-filter_complex", "amerge=inputs=2", "-c:a", "flac", source)
    assert heard(source, tmp_path / "a.flac")[0].shape[1] == 2


@pytest.mark.parametrize("suffix", ["flv", "mkv"])
def test_a_header_that_promises_less_is_not_believed(tmp_path: Path, suffix: str) -> None:
    source = make_video(tmp_path / f"v.{suffix}", 9)
    content = bytearray(source.read_bytes())
    if suffix == "flv":
        at = content.index(b"duration") + len(b"duration") + 1
        content[at : at + 8] = struct.pack(">d", 3.0)
    else:
        at = content.index(b"\x44\x89\x88") + 3
        content[at : at + 8] = struct.pack(">d", 3000.0)
    source.write_bytes(content)
    assert probe_duration(source) == pytest.approx(9, abs=0.2)
    data, rate = heard(source, tmp_path / "a.flac")
    assert len(data) / rate == pytest.approx(9, abs=0.2)


def test_a_broken_last_frame_is_a_click_though_the_picture_goes_on(tmp_path: Path) -> None:
    source = tmp_path / "v.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=9", "-c:v", "libx264"]
    sound = ["-f", "lavfi", "-i", "anoisesrc=r=16000:d=4:a=0.3", "-c:a", "aac"]
    ffmpeg(*picture[:4], *sound[:4], *picture[4:], *sound[4:], source)
    with av.open(str(source)) as container:
        last = [packet for packet in container.demux(audio=0) if packet.size][-1]
        assert last.pos is not None
        begin, end = last.pos, last.pos + last.size
    content = bytearray(source.read_bytes())
    content[begin:end] = b"\xff" * (end - begin)
    source.write_bytes(content)
    data, rate = heard(source, tmp_path / "a.flac")
    assert len(data) / rate == pytest.approx(9, abs=0.1)
