"""Sound becomes a video with a still picture, where that is asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.embedding import TRACK, media_of
from tests.helpers.media import FFMPEG, ffmpeg, frames, packets, streams
from vat.embed.embed import embed
from vat.embed.settings import COVER, EmbedSettings
from vat.errors import EmbedError

SETTINGS = EmbedSettings(still=COVER)
SOUND = ["-f", "lavfi", "-i", "sine=440:r=44100:d=3"]


def picture(path: Path, colour: str = "red", size: str = "301x199") -> Path:
    ffmpeg("-f", "lavfi", "-i", f"color={colour}:s={size}", "-frames:v", "1", path)
    return path


def made(source: Path, settings: EmbedSettings) -> Path:
    result = source.with_name(f"result.{settings.container}")
    embed(source, media_of(source), [TRACK], result, settings, ffmpeg=FFMPEG)
    return result


def grey(path: Path, at: float) -> float:
    return next(float(np.median(shown)) for time, shown in frames(path) if time >= at)


@pytest.mark.parametrize(
    ("name", "codec", "in_mkv"),
    [
        ("v.mp3", "libmp3lame", "mp3"),
        ("v.m4a", "aac", "aac"),
        ("v.flac", "flac", "flac"),
        ("v.opus", "libopus", "opus"),
        ("v.wav", "pcm_s16le", "pcm_s16le"),
        ("v.mp4", "aac", "aac"),
    ],
)
@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_sound_gets_a_picture_and_subtitles_at_their_times(
    name: str, codec: str, in_mkv: str, container: str, tmp_path: Path
) -> None:
    source = tmp_path / name
    ffmpeg(*SOUND, "-c:a", codec, source)
    own = replace(SETTINGS, still=str(picture(tmp_path / "p.png")), container=container)
    result = made(source, own)
    text = "mov_text" if container == "mp4" else "subrip"
    assert streams(result) == [("video", "h264"), ("audio", in_mkv), ("subtitle", text)]
    assert packets(result)[0][1] == pytest.approx(0.5, abs=0.03)
    assert media_of(result).duration == pytest.approx(media_of(source).duration, abs=0.11)
    assert 70 < grey(result, 1.0) < 90  # red, in brightness


def test_the_cover_is_the_picture_and_black_without_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / "v.mp3"
    cover = picture(tmp_path / "c.jpg", "white", "300x300")
    ffmpeg(*SOUND, "-i", cover, "-map", "0", "-map", "1", "-c:v", "copy", source)
    assert max(shown.max() for _, shown in frames(made(source, SETTINGS))) > 200
    assert not caplog.records
    ffmpeg(*SOUND, source)
    assert grey(made(source, SETTINGS), 1.0) < 20
    assert "has no cover; its picture is black" in caplog.text


def test_text_is_burned_into_it(tmp_path: Path) -> None:
    source = tmp_path / "v.mp3"
    ffmpeg(*SOUND, source)
    result = made(source, replace(SETTINGS, mode="burn"))
    bright = [time for time, shown in frames(result) if shown.max() > 200]
    assert bright[0] == pytest.approx(0.5, abs=0.11)
    assert bright[-1] == pytest.approx(1.5, abs=0.21)


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    source, no_picture = tmp_path / "v.mp3", tmp_path / "p.png"
    ffmpeg(*SOUND, source)
    no_picture.write_text("none")
    with pytest.raises(
        EmbedError, match=r"picture 'p\.png' of embed\.still cannot be put to 'v\.mp3'"
    ):
        made(source, replace(SETTINGS, still=str(no_picture)))
