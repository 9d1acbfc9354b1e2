"""Cuts of the picture are found on the video's own time axis."""

from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from tests.helpers.media import ffmpeg, make_video
from vat.errors import SourceError
from vat.media.probe import Media, probe
from vat.media.shots import Shots, find_shots

RATE = 25
LENGTHS = (1.6, 2.4, 1.0)


def seen(path: Path) -> Media:
    return probe(path, name=path.name, title="", source=str(path), audio_track=None)


def cut_video(path: Path, *options: object) -> Path:
    """Three pictures one after another, of which the second is in motion."""
    sources = [
        f"color=c=navy:s=320x240:r={RATE}:d={LENGTHS[0]}",
        f"testsrc2=s=320x240:r={RATE}:d={LENGTHS[1]}",
        f"color=c=yellow:s=320x240:r={RATE}:d={LENGTHS[2]}",
    ]
    inputs = [part for source in sources for part in ("-f", "lavfi", "-i", source)]
    joined = "".join(f"[{n}:v]format=yuv420p[v{n}];" for n in range(3))
    joined += "[v0][v1][v2]concat=n=3:v=1"
    sound = ["-f", "lavfi", "-i", f"sine=440:d={sum(LENGTHS)}"]
    graph = ["-filter_complex", joined, "-map", "3:a", "-c:a", "aac"]
    ffmpeg(*inputs, *sound, *graph, "-c:v", "libx264", "-preset", "ultrafast", *options, path)
    return path


@pytest.mark.parametrize(
    ("name", "options"), [("a.mp4", ()), ("a.mkv", ()), ("a.ts", ("-muxdelay", "3"))]
)
def test_each_cut_is_found_at_its_time(tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    video = cut_video(tmp_path / name, *options)
    media = seen(video)
    if name == "a.ts":
        assert media.start_time > 1
    shots = find_shots(video, media, get_ffmpeg_exe(), 1)
    begins = [LENGTHS[0], LENGTHS[0] + LENGTHS[1]]
    zero = next(one.start for one in media.streams if one.type == "video") or 0.0
    assert shots.begins == pytest.approx([zero + one for one in begins], abs=1.1 / RATE)
    assert shots.frame_seconds == pytest.approx(1 / RATE)
    shots.write(tmp_path / "shots.json")
    assert Shots.read(tmp_path / "shots.json") == shots


def test_one_shot_has_no_cut(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a 'b'; 测试.mp4", 3)
    assert find_shots(video, seen(video), get_ffmpeg_exe(), 1).begins == ()


def test_sound_alone_has_none(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=440:d=2", tmp_path / "a.m4a")
    shots = find_shots(tmp_path / "a.m4a", seen(tmp_path / "a.m4a"), get_ffmpeg_exe(), 1)
    assert shots.begins == ()


def test_a_picture_that_cannot_be_decoded_is_an_error(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", 1)
    media = seen(video)
    video.write_bytes(b"nothing")
    with pytest.raises(SourceError, match=r"merge\.shot_changes"):
        find_shots(video, media, get_ffmpeg_exe(), 1)
