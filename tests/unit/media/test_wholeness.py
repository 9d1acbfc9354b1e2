"""A file that was broken off is taken as far as it goes, with a warning, or refused on request."""

from pathlib import Path

import pytest

from tests.helpers.media import FFMPEG, ffmpeg
from vat.errors import SourceError
from vat.media.fetch import download
from vat.media.probe import Media, probe_duration
from vat.media.sound import extract_audio
from vat.media.wholeness import lacks_index

SECONDS = 12
INPUTS = ["-f", "lavfi", "-i", f"testsrc2=s=64x48:r=25:d={SECONDS}"]
INPUTS += ["-f", "lavfi", "-i", f"anoisesrc=r=16000:d={SECONDS}:a=0.1"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-c:a", "aac"]
FRAGMENTS = [*H264, "-movflags", "+frag_keyframe+empty_moov"]
MPEG2 = ["-c:v", "mpeg2video", "-c:a", "mp2"]
VP8 = ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"]

KINDS: dict[str, tuple[str, list[str]]] = {
    "mkv": ("mkv", H264),
    "mp4 with its index first": ("mp4", [*H264, "-movflags", "+faststart"]),
    "mov with its index first": ("mov", [*H264, "-movflags", "+faststart"]),
    "mp4 in fragments": ("mp4", FRAGMENTS),
    "mov in fragments": ("mov", FRAGMENTS),
    "avi": ("avi", ["-c:v", "mpeg4", "-c:a", "mp3", "-ar", "44100"]),
    "flv": ("flv", [*H264, "-ar", "44100"]),
    "webm": ("webm", VP8),
    "mxf": ("mxf", ["-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-ar", "48000"]),
    "rm": ("rm", ["-c:v", "rv10", "-c:a", "ac3", "-ar", "48000"]),
}
SILENT: dict[str, tuple[str, list[str]]] = {
    "ts": ("ts", H264),
    "mpg": ("mpg", [*MPEG2, "-ar", "48000"]),
    "ogv": ("ogv", ["-c:v", "libtheora", "-c:a", "libvorbis"]),
    "recording without an end": ("mkv", [*H264, "-live", "1"]),
    "stream": ("flv", [*H264, "-ar", "44100", "-flvflags", "no_duration_filesize"]),
}
"""Kinds that promise nothing, so that nothing tells that they were longer."""


def broken_off(folder: Path, suffix: str, codecs: list[str]) -> Path:
    whole, part = folder / f"whole.{suffix}", folder / f"v.{suffix}"
    ffmpeg(*INPUTS, "-map", "0", "-map", "1", *codecs, whole)
    data = whole.read_bytes()
    part.write_bytes(data[: len(data) * 6 // 10 + 37])
    return part


def bring_in(video: Path, folder: Path, **options: str) -> Media:
    download(
        str(video),
        folder / "source",
        folder / "media.json",
        remote=False,
        title=None,
        audio_track=None,
        format=None,
        ffmpeg=FFMPEG,
        **options,  # type: ignore[arg-type]
    )
    return Media.read(folder / "media.json")


@pytest.mark.parametrize("kind", [*KINDS, *SILENT])
def test_what_is_there_is_taken(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    suffix, codecs = (KINDS | SILENT)[kind]
    video = broken_off(tmp_path, suffix, codecs)
    media = bring_in(video, tmp_path)
    assert 5 < media.duration < 10
    assert probe_duration(video) == media.duration
    extract_audio(video, media, tmp_path / "a.flac")
    warned = "what is there is taken" in caplog.text
    assert warned == (kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_refused_on_request(kind: str, tmp_path: Path) -> None:
    suffix, codecs = KINDS[kind]
    video = broken_off(tmp_path, suffix, codecs)
    with pytest.raises(SourceError, match=rf"'v\.{suffix}' is truncated: .* download\.truncated"):
        bring_in(video, tmp_path, truncated="fail")
    assert not (tmp_path / "media.json").exists()


@pytest.mark.parametrize("suffix", ["mp4", "mov", "3gp", "m4v"])
@pytest.mark.parametrize("share", [0.5, 0.98])
def test_without_an_index_there_is_nothing_to_take(
    suffix: str, share: float, tmp_path: Path
) -> None:
    whole, part = tmp_path / f"whole.{suffix}", tmp_path / f"v.{suffix}"
    ffmpeg(*INPUTS, "-map", "0", "-map", "1", *H264, "-s", "176x144", "-ac", "1", whole)
    data = whole.read_bytes()
    part.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(SourceError, match=rf"'v\.{suffix}' has no index .* copy it again"):
        bring_in(part, tmp_path)


def test_a_file_that_cannot_be_opened_lacks_nothing_that_is_known(tmp_path: Path) -> None:
    assert not lacks_index(tmp_path / "away.mp4")


def test_a_whole_file_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for suffix in ("mkv", "mp4"):
        video = tmp_path / f"v.{suffix}"
        ffmpeg(*INPUTS, "-map", "0", "-map", "1", *H264, video)
        assert bring_in(video, tmp_path, truncated="fail").missing == 0
    assert not caplog.records
