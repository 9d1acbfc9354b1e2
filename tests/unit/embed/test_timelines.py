"""Whatever a file's timeline, a click, a flash, a cue and burned-in text are at the same time."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.helpers.embedding import media_of
from tests.helpers.media import FFMPEG, ffmpeg, frames, packets
from vat.embed.embed import embed
from vat.embed.feasibility import tried
from vat.embed.settings import EmbedSettings
from vat.errors import EmbedError
from vat.media.probe import Media
from vat.media.sound import extract_audio
from vat.subtitles.track import Track
from vat.timeline import Cue

FRAME = 0.04
FLASH = 1.2
"""Seconds after the picture's start at which it is white for a frame and the sound clicks."""

CONTAINERS = {
    "mkv": ["-c:a", "pcm_s16le"],
    "mp4": ["-c:a", "aac"],
    "mov": ["-c:a", "pcm_s16le"],
    "ts": ["-c:a", "mp2"],
    "m2ts": ["-c:a", "ac3"],
    "flv": ["-c:a", "aac"],
    "avi": ["-c:a", "pcm_s16le"],
    "nut": ["-c:a", "pcm_s16le"],
    "webm": ["-c:a", "libopus"],
    "wmv": ["-c:a", "wmav2"],
    "mpg": ["-c:a", "mp2"],
    "mxf": ["-c:a", "pcm_s16le"],
}
VIDEO = {
    "webm": ["-c:v", "libvpx", "-deadline", "realtime"],
    "wmv": ["-c:v", "msmpeg4v3"],
    "mpg": ["-c:v", "mpeg2video", "-bf", "2"],
    "mxf": ["-c:v", "mpeg2video"],
    "avi": ["-c:v", "mpeg4"],
}
AT_ZERO = ("avi", "mxf")
"""Containers in which every stream begins at the same time."""

GAPLESS = ("mov", "avi", "mxf")
"""Containers in which ffmpeg writes sound without gaps."""

MKV_ONLY = ("webm", "wmv", "mkv", "nut")
"""Containers whose picture does not fit into MP4, or whose uncompressed sound may have gaps."""

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "10"]


def make(path: Path, late_picture: float, late_sound: float, begin: float, gap: float) -> None:
    """A black picture with one white frame, and silence with a click at the same moment."""
    moment = late_picture + FLASH
    white = f"drawbox=t=fill:color=white:enable='between(t,{FLASH - 0.01},{FLASH + 0.01})'"
    picture = f"color=black:s=64x48:r=25:d=2.4,{white}"
    click = f"if(between(t,{moment - late_sound},{moment - late_sound + 0.004}),0.9,0)"
    sound = f"aevalsrc='{click}':s=48000:d={2.4 + late_picture - late_sound}"
    if gap:
        # Sound is missing for a while before the click.
        cut = moment - late_sound - 0.1 - gap
        sound += f",aselect='not(between(t,{cut},{cut + gap}))'"
    inputs = ["-itsoffset", str(late_picture), "-f", "lavfi", "-i", picture]
    inputs += ["-itsoffset", str(late_sound), "-f", "lavfi", "-i", sound]
    codecs = VIDEO.get(path.suffix[1:], X264) + CONTAINERS[path.suffix[1:]]
    ffmpeg(*inputs, "-map", "0", "-map", "1", *codecs, "-output_ts_offset", str(begin), path)


def flash(path: Path) -> float:
    """When the last flash is."""
    shown = frames(path)
    whites = [time for time, grey in shown if grey[:12].mean() > 128]
    return whites[-1]


def click(path: Path) -> float:
    """When the last click begins."""
    sound, rate = soundfile.read(str(path), always_2d=True)
    loud = np.abs(sound).max(axis=1)
    moments = np.flatnonzero(loud > 0.5 * loud.max()) / rate
    return float(moments[moments > moments[-1] - 0.1][0])


def texts(path: Path) -> list[float]:
    """When text is seen in a black picture."""
    return [time for time, grey in frames(path) if grey[:12].mean() < 50 and grey[24:].max() > 80]


def check(
    source: Path, folder: Path, media: Media, containers: Sequence[str] = ("mkv", "mp4")
) -> None:
    extract_audio(source, media, folder / "a.flac")
    heard = click(folder / "a.flac")
    seen = flash(source) - media.start_time
    assert abs(heard - seen) <= 0.010 + 0.002, (heard, seen)
    # The flash itself is white, so that text is seen in the picture after it.
    track = Track("en", [Cue(1, heard, heard + 3.5 * FRAME, "flash")])
    for container in containers:
        result = folder / f"r.{container}"
        embed(source, media, [track], result, EmbedSettings(container=container), ffmpeg=FFMPEG)
        (_, start, _, _), *_ = packets(result)
        assert abs(start - flash(result)) <= FRAME / 2, (container, start)
    burnt = folder / f"b.{containers[0]}"
    burning = EmbedSettings(mode="burn", container=containers[0])
    embed(source, media, [track], burnt, burning, ffmpeg=FFMPEG)
    seen, shown = flash(burnt), texts(burnt)
    assert abs(shown[0] - seen - FRAME) <= FRAME / 2, (seen, shown)
    assert abs(shown[-1] - seen - 3 * FRAME) <= 1.5 * FRAME, (seen, shown)


@pytest.mark.parametrize("container", CONTAINERS)
@settings(
    max_examples=2,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    late_picture=st.integers(2, 20).map(lambda n: n * FRAME),
    late_sound=st.integers(1, 20).map(lambda n: n * FRAME),
    begin=st.integers(1, 30).map(float),
    gap=st.sampled_from([0.3, 0.06, 0.0]),
)
def test_click_flash_and_cue_agree(
    container: str, late_picture: float, late_sound: float, begin: float, gap: float
) -> None:
    if container in AT_ZERO:
        late_picture = late_sound = begin = 0.0
    if container in GAPLESS:
        gap = 0.0
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"v.{container}"
        make(source, late_picture, late_sound, begin, gap)
        containers = ("mkv",) if container in MKV_ONLY else ("mkv", "mp4")
        check(source, Path(folder), media_of(source), containers)


@pytest.mark.parametrize("jump", [0.0, 0.5, 5.0])
@pytest.mark.parametrize("channels", ["1", "2"])
def test_they_agree_after_a_jump_and_a_change_of_channels(
    jump: float, channels: str, tmp_path: Path
) -> None:
    """Two recordings, one after the other on the same clock, as of a receiver that lost signal."""
    first, second = tmp_path / "a.ts", tmp_path / "b.ts"
    make(first, 0.0, 0.0, 1.0, 0.0)
    make(tmp_path / "c.ts", 0.0, 0.0, 0.0, 0.0)
    codecs = ["-c:v", "copy", "-c:a", "mp2", "-ac", channels]
    later = ["-output_ts_offset", f"{1.0 + 2.4 + jump:.3f}"]
    ffmpeg("-i", tmp_path / "c.ts", "-map", "0", *codecs, *later, second)
    source = tmp_path / "v.ts"
    source.write_bytes(first.read_bytes() + second.read_bytes())
    check(source, tmp_path, media_of(source), ("mkv",))


@pytest.mark.parametrize("begin", [0.32, 0.52, 0.8])
def test_they_agree_behind_an_edit_list(begin: float, tmp_path: Path) -> None:
    """A film whose beginning is cut off without encoding it anew."""
    whole, source = tmp_path / "whole.mp4", tmp_path / "v.mp4"
    make(whole, 0.0, 0.0, 0.0, 0.0)
    ffmpeg("-ss", str(begin), "-i", whole, "-c", "copy", source)
    check(source, tmp_path, media_of(source), ("mp4",))


def test_sound_whose_gap_mp4_cannot_tell_is_refused_with_a_way_out(tmp_path: Path) -> None:
    source = tmp_path / "v.mkv"
    make(source, 0.0, 0.0, 0.0, 0.3)
    media = tried(media_of(source), source, FFMPEG)
    tracks = [Track("en", [Cue(1, 0.5, 1.0, "Hi")])]
    mp4 = EmbedSettings(container="mp4")
    with pytest.raises(EmbedError, match=r"audio .* ends after .*; set embed\.container to mkv"):
        embed(source, media, tracks, tmp_path / "r.mp4", mp4, ffmpeg=FFMPEG)
    embed(source, media, tracks, tmp_path / "r.mkv", EmbedSettings(), ffmpeg=FFMPEG)
