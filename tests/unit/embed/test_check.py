"""A result that is not what was planned is not delivered."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.embedding import CUES, media_of
from tests.helpers.media import FFMPEG, ffmpeg
from tests.helpers.sources import make_source
from vat.embed.check import SAMPLES, check_result
from vat.embed.feasibility import tried
from vat.embed.picture import differences, read_picture
from vat.embed.settings import EmbedSettings
from vat.embed.streams import plan_streams
from vat.errors import EmbedError
from vat.subtitles.formats import to_srt
from vat.subtitles.track import Track
from vat.timeline import Cue

SETTINGS = EmbedSettings()
MANY = [Cue(n + 1, n / 100, n / 100 + 0.009, f"line {n}") for n in range(8 * SAMPLES)]


def check(source: Path, result: Path, cues: Sequence[Cue], container: str = "mkv") -> None:
    media = tried(media_of(source), source, FFMPEG)
    settings = replace(SETTINGS, container=container)
    kept = plan_streams(media, settings)
    check_result(result, source, {}, media, kept, [Track("zh", cues)], settings, None)


def mux(source: Path, cues: Sequence[Cue], *arguments: str, container: str = "mkv") -> Path:
    """What ffmpeg alone would make of it."""
    file, result = source.with_name("t.srt"), source.with_name(f"muxed.{container}")
    file.write_text(to_srt(Track("en", cues)))
    text = ["-c:s", "mov_text"] if container == "mp4" else []
    maps = arguments or ("-map", "0", "-map", "1")
    ffmpeg("-i", source, "-f", "srt", "-i", file, *maps, "-c", "copy", *text, result)
    return result


def later(cues: Sequence[Cue], number: int, seconds: float) -> list[Cue]:
    changed = replace(cues[number], start=cues[number].start + seconds)
    return [*cues[:number], changed, *cues[number + 1 :]]


@pytest.mark.parametrize("container", ["mkv", "mp4"])
@pytest.mark.parametrize("cues", [[], CUES[1:2], MANY])
def test_what_is_right_passes(tmp_path: Path, container: str, cues: Sequence[Cue]) -> None:
    source = make_source("mp4", tmp_path)
    check(source, mux(source, cues, container=container), cues, container)


@pytest.mark.parametrize("container", ["mkv", "mp4"])
@pytest.mark.parametrize("text", ["7", "No", "OK."])
def test_a_cue_of_few_bytes_passes(tmp_path: Path, container: str, text: str) -> None:
    source = make_source("mp4", tmp_path)
    cues = [CUES[1], replace(CUES[1], start=1.6, end=1.9, text=text)]
    check(source, mux(source, cues, container=container), cues, container)


@pytest.mark.parametrize("container", ["mkv", "mp4"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda cues: cues[:-1], "191 of 192"),
        (lambda cues: later(cues, 100, 0.001), "Subtitle 101"),
        (lambda cues: [replace(cues[0], end=0.008), *cues[1:]], "Subtitle 1 "),
        (lambda cues: [replace(cues[0], text="other"), *cues[1:]], "other"),
    ],
)
def test_one_wrong_cue_among_many_is_found(
    tmp_path: Path, container: str, change: Callable[[Sequence[Cue]], Sequence[Cue]], words: str
) -> None:
    source = make_source("mp4", tmp_path)
    result = mux(source, change(MANY), container=container)
    with pytest.raises(EmbedError, match=words):
        check(source, result, MANY, container)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-map", "0:v", "-map", "1"], "audio streams"),
        (["-map", "0"], "nothing"),
        (["-map", "0", "-map", "0:v", "-map", "1"], "video streams"),
        (["-map", "0", "-map", "1", "-t", "1"], "ends after"),
    ],
)
def test_a_stream_too_few_or_too_many(tmp_path: Path, arguments: list[str], words: str) -> None:
    source = make_source("mp4", tmp_path)
    with pytest.raises(EmbedError, match=words):
        check(source, mux(source, CUES, *arguments), CUES)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    source = make_source("mp4", tmp_path)
    (tmp_path / "x.mkv").write_bytes(b"nothing")
    with pytest.raises(EmbedError, match="cannot be read back"):
        check(source, tmp_path / "x.mkv", CUES)


def test_what_a_picture_lost_is_named(tmp_path: Path) -> None:
    before = read_picture(make_source("HDR", tmp_path), 0)
    after = replace(
        before,
        height=50,
        pixel_format="yuv420p",
        interlaced=True,
        colour=(1, 1, 1, 2),
        facts=frozenset({"CONTENT_LIGHT_LEVEL"}),
    )
    found = ", ".join(differences(before, after))
    for word in ("size", "pixel format", "fields", "colour tag", "range", "mastering display"):
        assert word in found
    turned = replace(before, rotation=90, width=before.height, height=before.width)
    assert differences(turned, before) == []
