"""Subtitles are read from containers to the millisecond."""

from pathlib import Path

import pytest

from tests.helpers.media import ffmpeg, make_video
from vat.media.subtitle_streams import sound_language, subtitle_packets, subtitle_streams
from vat.subtitles.reading import read_packets

SRT = (
    "1\n00:00:00,123 --> 00:00:00,987\nHello <i>you</i>\n\n"
    "2\n00:00:01,001 --> 00:00:01,999\n{\\an8}above\n"
)
TIMES = [(0.123, 0.987, "Hello you", 0), (1.001, 1.999, "above", 8)]


def film(folder: Path, suffix: str, codec: str, *more: str) -> Path:
    video, path = make_video(folder / "bare.mkv"), folder / f"film.{suffix}"
    (folder / "cues.srt").write_text(SRT)
    marks = ["-metadata:s:s:0", "language=eng", "-disposition:s:0", "default+hearing_impaired"]
    inputs = ["-i", video, "-i", folder / "cues.srt", "-map", "0", "-map", "1"]
    ffmpeg(*inputs, "-c", "copy", "-c:s", codec, *marks, *more, path)
    return path


def cues(path: Path, index: int) -> list[tuple[float, float, str, int]]:
    file = read_packets(*subtitle_packets(path, index), "film")
    return [(cue.start, cue.end, cue.text, cue.position) for cue in file.cues]


@pytest.mark.parametrize(("suffix", "codec"), [("mkv", "srt"), ("mkv", "ass"), ("mp4", "mov_text")])
def test_texts_times_and_places(tmp_path: Path, suffix: str, codec: str) -> None:
    path = film(tmp_path, suffix, codec, "-metadata:s:s:0", "title=All of it")
    (stream,) = subtitle_streams(path)
    assert (stream.language, stream.cues) == ("eng", 2)
    assert {"default", "hearing_impaired"} <= set(stream.marks)
    assert (round(stream.first, 3), round(stream.last, 3)) == (0.123, 1.999)
    assert "Hello" in stream.sample
    found, expected = cues(path, stream.index), TIMES
    if codec == "mov_text":
        expected = [(*one[:3], 0) for one in TIMES]
    if codec == "ass":
        # ffmpeg's encoder has rounded them.
        found = [(round(a, 2), round(b, 2), *rest) for a, b, *rest in found]  # type: ignore[misc]
        expected = [(round(a, 2), round(b, 2), *rest) for a, b, *rest in TIMES]  # type: ignore[misc]
    assert found == expected


def test_times_are_those_of_the_video_where_its_clock_begins_later(tmp_path: Path) -> None:
    path = film(tmp_path, "mkv", "srt", "-output_ts_offset", "5")
    assert cues(path, 2) == TIMES


def test_a_large_file_is_measured_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_video(tmp_path / "bare.mkv", 400, rate=1, sound=None)
    clocks = [f"00:{n // 30:02}:{2 * n % 60:02}" for n in range(200)]
    lines = [f"{n}\n{clock},000 --> {clock},900\nx\n" for n, clock in enumerate(clocks)]
    (tmp_path / "cues.srt").write_text("\n".join(lines))
    inputs = ["-i", video, "-i", tmp_path / "cues.srt", "-map", "0", "-map", "1"]
    ffmpeg(*inputs, "-c", "copy", "-c:s", "srt", tmp_path / "film.mkv")
    monkeypatch.setattr("vat.media.subtitle_streams._WHOLE_BYTES", 0)
    (stream,) = subtitle_streams(tmp_path / "film.mkv")
    assert 150 <= stream.cues <= 250


def test_the_language_of_the_sound(tmp_path: Path) -> None:
    video = make_video(tmp_path / "bare.mkv")
    assert sound_language(video, None) is None
    ffmpeg("-i", video, "-c", "copy", "-metadata:s:a:0", "language=jpn", tmp_path / "a.mkv")
    assert sound_language(tmp_path / "a.mkv", None) == "jpn"
    assert sound_language(tmp_path / "a.mkv", 7) is None
