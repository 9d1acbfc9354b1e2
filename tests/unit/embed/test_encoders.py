"""NVENC where it works, else the CPU with one line; the same quality everywhere."""

import logging
import stat
from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.helpers.embedding import BURN, TRACK, media_of
from tests.helpers.media import FFMPEG, make_video
from tests.helpers.sources import make_source
from vat.embed import encoders
from vat.embed.embed import embed
from vat.embed.encoders import ENCODERS, choose_encoder, encoder_arguments, probe_encoder
from vat.embed.picture import Picture
from vat.embed.settings import EmbedSettings
from vat.errors import EmbedError

PICTURE = Picture(1920, 1080, 0, 1.0, "yuv420p", (1, 1, 1, 1), False, frozenset())
DEEP = replace(PICTURE, pixel_format="yuv420p10le")
SOFT = "embed.mode to soft"


def chosen(wanted: str, picture: Picture = PICTURE, *, gpu: bool = True) -> str:
    settings = EmbedSettings(encoder=wanted)
    return choose_encoder(settings, picture, "v.mp4", SOFT, gpu=gpu, ffmpeg=FFMPEG).name


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A GPU that encodes everything; collects what it was asked for."""
    asked: list[tuple[str, str]] = []

    def probe(name: str, pixel_format: str, ffmpeg: str) -> None:
        asked.append((name, pixel_format))

    monkeypatch.setattr(encoders, "probe_encoder", probe)
    return asked


def test_the_probe_tells_what_works_and_what_does_not() -> None:
    assert probe_encoder("libx264", "yuv420p", FFMPEG) is None
    # Every ffmpeg with NVENC lists it; without a GPU only trying tells.
    assert probe_encoder("no_such_encoder", "yuv420p", FFMPEG)


@pytest.mark.parametrize(
    ("wanted", "picture", "encoder", "pixel_format"),
    [
        ("auto", PICTURE, "h264_nvenc", "yuv420p"),
        ("auto", DEEP, "hevc_nvenc", "p010le"),
        ("hevc_nvenc", PICTURE, "hevc_nvenc", "yuv420p"),
        ("av1_nvenc", DEEP, "av1_nvenc", "p010le"),
    ],
)
def test_a_gpu_that_encodes_is_used(
    working: list[tuple[str, str]], wanted: str, picture: Picture, encoder: str, pixel_format: str
) -> None:
    assert chosen(wanted, picture) == encoder
    assert working == [(encoder, pixel_format)]


@pytest.mark.parametrize(
    ("wanted", "picture", "encoder", "reason"),
    [
        ("auto", replace(PICTURE, interlaced=True), "libx264", "interlaced"),
        ("h264_nvenc", replace(PICTURE, pixel_format="yuv422p"), "libx264", "yuv422p"),
        ("av1_nvenc", replace(PICTURE, width=65), "libsvtav1", "65x1080"),
    ],
)
def test_what_nvenc_cannot_keep_goes_to_the_cpu(
    working: list[tuple[str, str]],
    caplog: pytest.LogCaptureFixture,
    wanted: str,
    picture: Picture,
    encoder: str,
    reason: str,
) -> None:
    caplog.set_level(logging.INFO)
    picture = replace(picture, height=1080)
    assert chosen(wanted, picture) == encoder
    assert working == []
    assert len(caplog.records) == 1
    assert reason in caplog.text


@pytest.mark.parametrize("gpu", [True, False])
@pytest.mark.parametrize(
    ("wanted", "encoder"),
    [
        ("auto", "libx264"),
        ("h264_nvenc", "libx264"),
        ("hevc_nvenc", "libx265"),
        ("av1_nvenc", "libsvtav1"),
    ],
)
def test_without_nvenc_the_cpu_encodes_and_one_line_says_so(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    encoder: str,
    gpu: bool,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    caplog.set_level(logging.INFO)
    assert chosen(wanted, gpu=gpu) == encoder
    assert len(caplog.records) == 1
    assert f"{encoder} on the CPU encodes instead" in caplog.text
    assert ("does not encode" if gpu else "has no GPU") in caplog.text


def test_a_video_is_burned_without_nvenc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    caplog.set_level(logging.INFO)
    source = make_video(tmp_path / "v.mp4", 2)
    settings = replace(BURN, encoder="h264_nvenc")
    result = tmp_path / "out.mkv"
    embed(source, media_of(source), [TRACK], result, settings, ffmpeg=FFMPEG, gpu=True)
    with av.open(str(result)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
    assert "libx264 on the CPU encodes instead" in caplog.text


def test_a_session_that_is_refused_after_the_probe_goes_to_the_cpu(
    tmp_path: Path, working: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = make_video(tmp_path / "v.mp4", 2)
    settings = replace(BURN, encoder="hevc_nvenc", quality=40)
    result = tmp_path / "out.mkv"
    embed(source, media_of(source), [TRACK], result, settings, ffmpeg=FFMPEG, gpu=True)
    assert working == [("hevc_nvenc", "yuv420p")]
    assert "hevc_nvenc failed" in caplog.text
    with av.open(str(result)) as container:
        assert container.streams.video[0].codec_context.name == "hevc"


def test_a_cpu_encoder_that_fails_is_an_error(tmp_path: Path) -> None:
    """An ffmpeg that ends with an error wherever it should encode a file."""
    broken = tmp_path / "ffmpeg"
    broken.write_text(
        f'#!/bin/sh\ncase "$*" in *file:*) echo no space left >&2; exit 1;; esac\n'
        f'exec {FFMPEG} "$@"\n'
    )
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    source = make_source("mp4", tmp_path)
    with pytest.raises(EmbedError, match=r"cannot be put into 'source\.mp4'.*no space left"):
        embed(source, media_of(source), [TRACK], tmp_path / "o.mkv", BURN, ffmpeg=str(broken))
    assert not list(tmp_path.glob("*o.mkv"))


@pytest.mark.parametrize("name", ENCODERS)
def test_one_quality_is_turned_into_each_encoders_own(name: str) -> None:
    encoder = ENCODERS[name]
    numbers = [encoder.quality(quality) for quality in range(52)]
    assert numbers == sorted(numbers)
    assert encoder.lowest <= numbers[0]
    assert numbers[-1] <= encoder.highest
    arguments = encoder_arguments(encoder, EmbedSettings(quality=23), PICTURE, 1, threads=3)
    option = arguments[arguments.index(f"{encoder.quality_option}:1") + 1]
    assert option == str(encoder.quality(23))
    assert ("-b:v:1" in arguments) == encoder.on_gpu


def test_a_driver_without_nvenc_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "NVENC_LIBRARY", "libm.so.6")
    assert encoders.driver_encodes()
    monkeypatch.setattr(encoders, "NVENC_LIBRARY", "no-such-library.so.1")
    assert not encoders.driver_encodes()
