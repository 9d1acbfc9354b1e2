"""What a file is: length, streams, audio track; and what is no video at all."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.media import HOSTILE, ffmpeg, make_video
from vat.errors import SourceError
from vat.media.probe import Media, probe, probe_duration
from vat.media.stream import choose_track, told_choice


def look(path: Path, audio_track: int | None = None) -> Media:
    return probe(path, name=path.name, title=None, source=str(path), audio_track=audio_track)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "avi", "ts", "webm"])
def test_duration_is_the_same_at_both_probes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v.{suffix}"
    codecs = ["-c:v", "libvpx", "-c:a", "libopus"] if suffix == "webm" else []
    sources = ["-f", "lavfi", "-i", "testsrc2=s=64x48:d=3", "-f", "lavfi", "-i", "sine=440:d=3"]
    ffmpeg(*sources, *codecs, path)
    media = look(path)
    assert probe_duration(path) == media.duration == pytest.approx(3, abs=0.1)
    assert [stream.type for stream in media.streams] == ["video", "audio"]
    assert media.audio_track == 0
    assert Media.from_json(media.to_json()) == media


def test_a_container_without_duration_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "live.mkv"
    make_video(tmp_path / "v.mkv", 3)
    ffmpeg("-i", tmp_path / "v.mkv", "-c", "copy", "-live", "1", "-f", "matroska", path)
    assert probe_duration(path) == look(path).duration == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_can_be_opened(tmp_path: Path, name: str) -> None:
    assert look(make_video(tmp_path / name, 1)).name == name


def two_tracks(path: Path) -> Path:
    ffmpeg(
        *["-f", "lavfi", "-i", "testsrc2=s=64x48:d=1", "-f", "lavfi", "-i", "sine=440:d=1"],
        *["-f", "lavfi", "-i", "sine=880:d=1", "-map", "0", "-map", "1", "-map", "2"],
        *["-metadata:s:a:1", "language=fra", "-disposition:a:0", "0"],
        *["-disposition:a:1", "default", path],
    )
    return path


def test_the_default_track_is_taken_and_another_can_be_chosen(tmp_path: Path) -> None:
    path = two_tracks(tmp_path / "v.mkv")
    assert look(path).audio_track == 1
    assert look(path, 0).audio_track == 0
    with pytest.raises(SourceError, match=r"'v.mkv' has no audio track 2.*1 \(fra"):
        look(path, 2)


def test_a_late_track_is_seen(tmp_path: Path) -> None:
    assert look(make_video(tmp_path / "v.mkv", 6, late=4)).audio_start == pytest.approx(4, abs=0.03)


def test_a_video_without_sound_has_no_track(tmp_path: Path) -> None:
    assert look(make_video(tmp_path / "v.mp4", 1, sound=None)).audio_track is None


def test_subtitles_may_outlast_the_picture_and_slides_be_long(tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:09,000 --> 00:00:20,000\nHello\n")
    long = tmp_path / "long.mkv"
    ffmpeg("-i", make_video(tmp_path / "v.mkv", 6), "-i", tmp_path / "s.srt", "-c:v", "copy", long)
    assert look(long).duration == pytest.approx(20, abs=0.1)
    slides = tmp_path / "slides.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=1/8:d=40", slides)
    assert look(slides).duration > 30


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("This is no video.")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 64)
    (tmp_path / "folder.mp4").mkdir()
    playlist = tmp_path / "list.mp4"
    playlist.write_text("#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n")
    names = ["text.mp4", "empty.mp4", "noise.mp4", "folder.mp4", "list.mp4", "missing.mp4"]
    for name in names:
        for call in (look, probe_duration):
            with pytest.raises(SourceError, match=f"'{name}'") as error:
                call(tmp_path / name)
            assert "\n" not in str(error.value)


def test_subtitles_alone_are_no_video(tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    with pytest.raises(SourceError, match=r"s\.srt"):
        look(tmp_path / "s.srt")


@pytest.mark.parametrize("suffix", ["h264", "hevc"])
def test_a_raw_stream_is_refused_with_what_to_do(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    codec = {"h264": "libx264", "hevc": "libx265"}[suffix]
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:d=0.4", "-c:v", codec, path)
    with pytest.raises(SourceError, match=r"raw stream.*ffmpeg -r 25 -i FILE -c copy a.mp4"):
        look(path)


def test_a_commentary_is_never_the_default(tmp_path: Path) -> None:
    sound = ["-f", "lavfi", "-i", "sine=440:d=1"]
    marks = ["-metadata:s:a:0", "title=Director's commentary", "-disposition:a:0", "default"]
    marks += ["-disposition:a:1", "visual_impaired", "-metadata:s:a:2", "language=jpn"]
    picture = ["-f", "lavfi", "-i", "testsrc2=s=64x48:d=1"]
    maps = [argument for number in range(4) for argument in ("-map", str(number))]
    path = tmp_path / "v.mkv"
    ffmpeg(*picture, *sound, *sound, *sound, *maps, *marks, path)
    media = look(path)
    assert media.audio_track == 2
    told = told_choice(media.of_type("audio"), 2, "v.mkv")
    assert told is not None
    assert "3 audio tracks; track 2 (jpn" in told
    assert "the first that is no commentary" in told
    assert "0 (Director's commentary" in told
    assert look(path, 0).audio_track == 0
    assert told_choice(media.of_type("audio")[:1], 0, "v.mkv") is None


def test_sound_that_nobody_decodes_is_told_before_any_work(tmp_path: Path) -> None:
    media = look(make_video(tmp_path / "v.mkv", 1))
    unknown = [replace(one, codec="apac", channels=None) for one in media.of_type("audio")]
    with pytest.raises(SourceError, match="is apac, which cannot be decoded; convert it"):
        choose_track(unknown, None, "v.mkv")
    empty = [replace(one, empty=True) for one in unknown]
    assert choose_track([*empty, *media.of_type("audio")], None, "v.mkv") == 1
    assert choose_track(empty, None, "v.mkv") is None


def test_an_end_that_is_later_than_the_header_says_is_the_end(tmp_path: Path) -> None:
    path = make_video(tmp_path / "v.mkv", 3)
    whole = path.read_bytes()
    said = whole.index(b"\x44\x89\x88") + 3  # Matroska's Duration, a double of milliseconds
    path.write_bytes(whole[:said] + struct.pack(">d", 1500.0) + whole[said + 8 :])
    assert look(path).duration == probe_duration(path) == pytest.approx(3, abs=0.1)
