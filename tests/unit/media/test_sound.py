"""The sound of a video stays where it is on the video's time axis, whatever the container does."""

import re
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.helpers.media import HOSTILE, ffmpeg, make_video
from vat.files import DamagedError
from vat.jobs.messages import is_of_system
from vat.media.probe import probe
from vat.media.sound import (
    SPEECH_RATE,
    blocks,
    extract_audio,
    read_span,
    resampled,
    to_speech,
    write_flac,
)

RATE = 16000
BEEP = "aevalsrc='if(between(t,1,1.5)+between(t,3,3.5),0.5*sin(2*PI*440*t),0)':s=16000:d=5"
"""Sound from 1.0 to 1.5 s and from 3.0 to 3.5 s."""


def beeps(path: Path) -> list[float]:
    """Where sound begins, in seconds."""
    data, rate = soundfile.read(path, dtype="float32", always_2d=True)
    step = rate // 200
    loud = np.abs(data[: len(data) // step * step, 0]).reshape(-1, step).max(axis=1) > 0.1
    starts = [i for i in range(1, len(loud)) if loud[i] and not loud[max(0, i - 20) : i].any()]
    return [i / 200 for i in starts]


def first_picture(source: Path) -> float:
    """When the picture begins: some containers put an encoder's padding before it."""
    media = probe(source, name=source.name, title=None, source=str(source), audio_track=None)
    return media.of_type("video")[0].start or 0.0


def extract(source: Path, destination: Path, track: int | None = None) -> Path:
    media = probe(source, name=source.name, title=None, source=str(source), audio_track=track)
    extract_audio(source, media, destination)
    return destination


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "mov", "avi"])
def test_sound_is_where_it_was(tmp_path: Path, suffix: str) -> None:
    source = make_video(tmp_path / f"v.{suffix}", 5, sound=BEEP)
    found = beeps(extract(source, tmp_path / "a.flac"))
    assert found == pytest.approx([1 + first_picture(source), 3 + first_picture(source)], abs=0.02)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
def test_a_late_track_gets_silence_first(tmp_path: Path, suffix: str) -> None:
    source = make_video(tmp_path / f"v.{suffix}", 9, sound=BEEP, late=4)
    found = beeps(extract(source, tmp_path / "a.flac"))
    assert found == pytest.approx([5 + first_picture(source), 7 + first_picture(source)], abs=0.02)


def test_late_picture_does_not_move_the_sound(tmp_path: Path) -> None:
    source = tmp_path / "v.mkv"
    sound = ["-f", "lavfi", "-i", BEEP]
    picture = ["-itsoffset", "1.2", "-f", "lavfi", "-i", "testsrc2=s=64x48:d=4"]
    ffmpeg(*sound, *picture, "-map", "1:v", "-map", "0:a", "-c:a", "flac", source)
    assert beeps(extract(source, tmp_path / "a.flac")) == pytest.approx([1, 3], abs=0.02)


def test_a_gap_inside_the_track_is_filled(tmp_path: Path) -> None:
    source = tmp_path / "gap.mkv"
    drop = "aselect='lt(t,2)+gt(t,2.8)'"
    ffmpeg("-f", "lavfi", "-i", BEEP, "-af", drop, "-c:a", "flac", source)
    assert beeps(extract(source, tmp_path / "a.flac")) == pytest.approx([1, 3], abs=0.02)


def test_another_track_can_be_taken(tmp_path: Path) -> None:
    source = tmp_path / "v.mkv"
    silence = ["-f", "lavfi", "-t", "5", "-i", "anullsrc=r=16000:cl=mono"]
    ffmpeg(*silence, "-f", "lavfi", "-i", BEEP, "-map", "0", "-map", "1", "-c:a", "flac", source)
    assert beeps(extract(source, tmp_path / "0.flac", 0)) == []
    assert beeps(extract(source, tmp_path / "1.flac", 1)) == pytest.approx([1, 3], abs=0.02)


def test_a_video_without_sound_gives_silence_of_its_length(tmp_path: Path) -> None:
    source = make_video(tmp_path / "v.mp4", 3, sound=None)
    data, rate = soundfile.read(extract(source, tmp_path / "a.flac"))
    assert len(data) / rate == pytest.approx(3, abs=0.05)
    assert not data.any()


def test_surround_is_mixed_down_and_rate_is_kept(tmp_path: Path) -> None:
    source = tmp_path / "v.mkv"
    ffmpeg("-f", "lavfi", "-i", "anoisesrc=r=48000:d=1", "-ac", "6", "-c:a", "flac", source)
    info = soundfile.info(extract(source, tmp_path / "a.flac"))
    assert (info.channels, info.samplerate) == (2, 48000)


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_can_be_decoded(tmp_path: Path, name: str) -> None:
    assert extract(make_video(tmp_path / name, 1), tmp_path / "a.flac").stat().st_size > 1000


def test_a_span_reads_beyond_both_ends_as_silence(tmp_path: Path) -> None:
    data = np.linspace(-0.5, 0.5, RATE, dtype=np.float32)
    write_flac(tmp_path / "a.flac", [data], RATE)
    span = read_span(tmp_path / "a.flac", -0.25, 1.25)
    assert span.shape == (RATE * 3 // 2,)
    assert not span[: RATE // 4].any()
    assert not span[-RATE // 4 :].any()
    assert np.abs(span[RATE // 4 : -RATE // 4] - data).max() < 1e-4
    assert np.array_equal(read_span(tmp_path / "a.flac", 0.5, 0.75), span[RATE * 3 // 4 : RATE])
    assert read_span(tmp_path / "a.flac", 5, 6).shape == (RATE,)


def test_blocks_and_resampling_keep_the_length(tmp_path: Path) -> None:
    time = np.arange(44100 * 3 + 17) / 44100
    tone = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    write_flac(tmp_path / "a.flac", [tone], 44100)
    pieces = list(blocks(tmp_path / "a.flac", RATE, 2, 0.7))
    assert all(piece.shape[0] == 2 for piece in pieces)
    whole = np.concatenate(pieces, axis=1)
    assert whole.shape[1] / RATE == pytest.approx(len(tone) / 44100, abs=1e-3)
    back = np.concatenate(list(resampled((piece[0] for piece in pieces), RATE, 44100)))
    count = min(len(back), len(tone))
    assert np.abs(back[2000 : count - 2000] - tone[2000 : count - 2000]).max() < 0.01


def test_speech_without_separation_is_16_khz_mono(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (44100, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.flac", noise, 44100)
    to_speech(tmp_path / "a.flac", tmp_path / "s.flac")
    info = soundfile.info(tmp_path / "s.flac")
    assert (info.channels, info.samplerate, info.duration) == (
        1,
        SPEECH_RATE,
        pytest.approx(1, abs=1e-3),
    )


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    minutes = 8
    piece = np.random.default_rng(1).normal(0, 0.1, RATE * 10).astype(np.float32)
    write_flac(tmp_path / "long.flac", (piece for _ in range(6 * minutes)), RATE)
    tracemalloc.start()
    to_speech(tmp_path / "long.flac", tmp_path / "s.flac")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Five blocks of ten seconds, whatever the length, and what other threads take meanwhile.
    assert peak < minutes * 60 * SPEECH_RATE * 4 / 2


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> object:
        yield np.zeros(10, np.float32)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_flac(tmp_path / "a.flac", broken(), RATE)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_limit_on_the_size_of_files_is_named(tmp_path: Path) -> None:
    code = (
        "import resource, sys, numpy; from vat.jobs.messages import sentence;"
        "from vat.media.sound import write_flac\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        "noise = numpy.random.default_rng(1).uniform(-1, 1, 200_000).astype('f4')\n"
        "try: write_flac(sys.argv[1], [noise], 16000)\n"
        "except OSError as error: print(sentence(error))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "v.flac")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert re.search(r"v.flac' would be larger than the limit on .*0.10 MB; raise it", said)
    assert not list(tmp_path.iterdir())


def test_what_the_disk_refuses_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OSError, match="Input/output error") as error:
        write_flac(tmp_path / "v.flac", _of_a_bad_disk(), 16000)
    assert is_of_system(error.value)


def _of_a_bad_disk() -> Iterator[Any]:
    yield np.zeros(100, np.float32)
    raise soundfile.LibsndfileError(2)


@pytest.mark.parametrize("damage", [b"", b"fLaC", b"\0" * 5000])
def test_damaged_sound_of_an_earlier_job_is_named(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "audio.flac"
    path.write_bytes(damage)
    with pytest.raises(DamagedError, match=r"audio.flac' is damaged .*; remove it, and run again"):
        read_span(path, 0, 1)
    with pytest.raises(DamagedError, match=r"audio.flac' is damaged"):
        list(blocks(path, 16000, 1))


def test_sound_that_lost_its_middle_is_not_moved(tmp_path: Path) -> None:
    path = tmp_path / "audio.flac"
    noise = np.random.default_rng(1).uniform(-1, 1, 16000 * 5).astype(np.float32)
    write_flac(path, [noise], 16000)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20000] = bytes(20000)
    path.write_bytes(data)
    with pytest.raises(DamagedError, match=r"audio.flac' is damaged"):
        list(blocks(path, 16000, 1))
