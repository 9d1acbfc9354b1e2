"""Videos with subtitles put in, as tracks or into the picture."""

from pathlib import Path

import av
import pytest

from tests.helpers.media import FFMPEG, shows
from vat.embed.embed import embed
from vat.embed.settings import EmbedSettings
from vat.media.probe import Media, probe
from vat.subtitles.track import Track
from vat.timeline import Cue

CUES = [
    Cue(1, 0.5, 1.207, "{b} & <i>c</i>\n- 世界 \\N 🎬"),
    Cue(2, 1.207, 1.5, "1984"),
    Cue(3, 1.6, 1.9, "  2\n-->"),
]
BURN = EmbedSettings(mode="burn")
CUE = Cue(1, 0.5, 1.5, "Hello world")
TRACK = Track("en", [CUE])
needs_font = pytest.mark.skipif(
    not shows(CUE.text, "en"), reason="needs a font, such as fonts-dejavu-core, installed"
)


def media_of(path: Path) -> Media:
    return probe(path, name=path.name, title=None, source=str(path), audio_track=None)


def moments(path: Path, zero: bool = False) -> list[tuple[float, int]]:
    """Time in ms, from the container's start or the first frame, and turn of each frame."""
    with av.open(f"file:{path}") as container:
        video = next(s for s in container.streams.video if not int(s.disposition) & 0x400)
        frames = list(container.decode(video))
        start = frames[0].time if zero else (container.start_time or 0) / av.time_base
        return [(round((float(frame.time) - start) * 1000), frame.rotation) for frame in frames]


def burn(source: Path, settings: EmbedSettings = BURN, track: Track = TRACK) -> Path:
    result = source.with_name(f"result.{settings.container}")
    embed(source, media_of(source), [track], result, settings, ffmpeg=FFMPEG)
    return result
