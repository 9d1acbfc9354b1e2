"""Burned-in text is seen, only there, and the picture stays what it was."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.helpers.embedding import BURN, CUE, burn, moments
from tests.helpers.media import ffmpeg, frames, streams
from tests.helpers.sources import SOURCES, make_source
from vat.embed.picture import Picture, check_drawable, read_picture
from vat.errors import EmbedError


def first_picture(path: Path) -> int:
    with av.open(f"file:{path}") as container:
        return next(s.index for s in container.streams.video if not int(s.disposition) & 0x400)


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "odd size"])
def test_the_picture_keeps_what_it_had(name: str, tmp_path: Path) -> None:
    source = make_source(name, tmp_path)
    result = burn(source)
    before = read_picture(source, first_picture(source))
    after = read_picture(result, first_picture(result))
    assert after.upright == before.upright
    assert after.upright_pixel_aspect == pytest.approx(before.upright_pixel_aspect, rel=0.01)
    assert after.pixel_format == before.pixel_format
    assert after.interlaced == before.interlaced == (name == "interlaced")
    assert after.colour[:3] == before.colour[:3]
    for fact in ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"):
        assert (fact in after.facts) == (fact in before.facts) == (name == "HDR")
    times = [time for time, _ in moments(source, name == "avi")]
    assert [time for time, _ in moments(result, name == "avi")] == times
    assert sorted(kind for kind, _ in streams(result)) == sorted(
        kind for kind, _ in streams(source) if kind != "data"
    )


@pytest.mark.parametrize("encoder", ["libx265", "libsvtav1"])
@pytest.mark.parametrize("name", ["HDR", "variable rate"])
def test_other_encoders_keep_it_too(name: str, encoder: str, tmp_path: Path) -> None:
    source = make_source(name, tmp_path)
    result = burn(source, replace(BURN, encoder=encoder, container="mp4", quality=40))
    before, after = read_picture(source, 0), read_picture(result, 0)
    assert (after.pixel_format, after.colour) == (before.pixel_format, before.colour)
    assert before.facts & {"CONTENT_LIGHT_LEVEL"} <= after.facts
    assert [time for time, _ in moments(result)] == [time for time, _ in moments(source)]


def test_an_odd_size_is_kept_or_refused(tmp_path: Path) -> None:
    source = make_source("odd size", tmp_path)
    with pytest.raises(EmbedError, match=r"no odd sizes such as 65x49.*libsvtav1"):
        burn(source)
    result = burn(source, replace(BURN, encoder="libsvtav1", quality=40))
    assert read_picture(result, 0).upright == (65, 49)


def test_fields_are_kept_or_refused(tmp_path: Path) -> None:
    source = make_source("interlaced", tmp_path)
    with av.open(str(burn(source))) as container:
        bottom_first = (3, 5)
        assert container.streams.video[0].codec_context.field_order in bottom_first
    with pytest.raises(EmbedError, match=r"no interlaced pictures.*libx264"):
        burn(source, replace(BURN, encoder="libx265"))


def test_a_pixel_format_that_no_encoder_keeps_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "v.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:d=1", "-pix_fmt", "bgra", "-c:v", "ffv1", source)
    with pytest.raises(EmbedError, match=r"takes no bgra; set embed\.mode to soft"):
        burn(source)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"facts": frozenset({"DOVI_METADATA", "DOVI_RPU_BUFFER"})},
            "would lose its Dolby Vision;",
        ),
        ({"facts": frozenset({"DYNAMIC_HDR_PLUS"})}, r"would lose its HDR10\+;"),
        ({"rotation": 45}, "rotated by 45 degrees"),
    ],
)
def test_what_encoding_would_lose_is_refused(change: dict[str, Any], words: str) -> None:
    picture = Picture(64, 48, 0, 1.0, "yuv420p10le", (9, 16, 9, 1), False, frozenset())
    check_drawable(picture, "v.mkv", "embed.mode to soft")
    with pytest.raises(EmbedError, match=words):
        check_drawable(replace(picture, **change), "v.mkv", "embed.mode to soft")


def test_sound_alone_gets_tracks_and_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / "v.mkv"
    ffmpeg("-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac", source)
    burn(source)
    assert "has no picture to burn into; it gets tracks" in caplog.text


@pytest.mark.parametrize(
    ("size", "style", "rows"),
    [
        ((320, 180), "auto", (0.7, 1.0)),
        ((320, 180), "boxed", (0.7, 1.0)),
        ((180, 320), "auto", (0.6, 0.85)),
        ((320, 180), "vertical", (0.6, 0.85)),
    ],
)
def test_text_is_seen_where_its_style_puts_it_and_nowhere_else(
    tmp_path: Path, size: tuple[int, int], style: str, rows: tuple[float, float]
) -> None:
    source = tmp_path / "v.mp4"
    gray = f"color=gray:s={size[0]}x{size[1]}:r=25:d=2"
    ffmpeg("-f", "lavfi", "-i", gray, "-crf", "1", source)
    result = burn(source, replace(BURN, style=style, quality=5))
    top, bottom = (round(size[1] * share) for share in rows)
    before, after = frames(source), frames(result)
    assert len(before) == len(after)
    for (time, old), (_, new) in zip(before, after, strict=True):
        change = np.abs(old - new)
        if CUE.start <= round(time, 3) < CUE.end:
            assert change[top:bottom].max() > 80
            assert max(change[:top].max(initial=0), change[bottom:].max(initial=0)) < 12
        else:
            assert change.max() < 12


def test_a_cue_is_shown_from_its_first_to_its_last_frame(tmp_path: Path) -> None:
    source = make_source("variable rate", tmp_path)
    result = burn(source, replace(BURN, quality=5))
    seen = [
        time
        for (time, old), (_, new) in zip(frames(source), frames(result), strict=True)
        if np.abs(old - new)[24:].max() > 60
    ]
    assert seen == [time for time, _ in frames(source) if CUE.start <= time < CUE.end]


def test_text_grows_with_the_picture(tmp_path: Path) -> None:
    shares = []
    for height in (180, 360):
        source = tmp_path / f"{height}.mp4"
        ffmpeg("-f", "lavfi", "-i", f"color=gray:s={height * 16 // 9}x{height}:d=1", source)
        (_, picture) = frames(burn(source, replace(BURN, quality=5)))[15]
        lines = np.nonzero(np.abs(picture - picture[0, 0]).max(axis=1) > 60)[0]
        shares.append((lines.max() - lines.min()) / height)
    assert shares[0] == pytest.approx(shares[1], rel=0.15)


def test_any_path_can_be_burned_into(tmp_path: Path) -> None:
    folder = tmp_path / "we ird [x], it's: 50% 测试"
    folder.mkdir()
    source = folder / "a;b,c='d'.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=gray:s=64x48:d=1", source)
    assert burn(source).exists()
