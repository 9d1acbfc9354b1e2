"""New tracks as files for ffmpeg, in the form in which the container holds them.

ffmpeg copies them: in a conversion of its own it takes what looks like markup for markup.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from vat.embed.settings import EmbedSettings
from vat.files import write_text
from vat.media.ffmpeg import run_ffmpeg
from vat.subtitles.ass import ass_document
from vat.subtitles.formats import to_srt
from vat.subtitles.track import Shown, Track
from vat.timeline import Cue

_MILLISECOND: Final = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class StoredCue:
    """One subtitle as a container holds it: milliseconds of its own clock, and its bytes."""

    start: int
    end: int
    content: bytes

    def __str__(self) -> str:
        """As it is told to people."""
        text = self.content.decode("utf-8", "replace")
        return f"'{text}' from {self.start / 1000:.3f} to {self.end / 1000:.3f} s"


def write_tracks(
    tracks: Sequence[Track],
    settings: EmbedSettings,
    upright: tuple[int, int],
    scratch: Path,
    ffmpeg: str,
) -> list[str]:
    """Write the tracks to `scratch` and return ffmpeg's arguments that read them, in order."""
    arguments: list[str] = []
    for number, track in enumerate(tracks):
        name = f"{number}.{_form(settings)}"
        if settings.container == "mp4":
            _write_timed_text(track, scratch / name, ffmpeg)
        elif settings.track_format == "ass":
            write_text(scratch / name, ass_document(track, settings.style, upright))
        else:
            write_text(scratch / name, to_srt(track))
        arguments += ["-f", _form(settings), "-i", name]
    return arguments


def _form(settings: EmbedSettings) -> str:
    return "mp4" if settings.container == "mp4" else settings.track_format


def planned_cues(track: Track, settings: EmbedSettings, header: bytes = b"") -> list[StoredCue]:
    """What reading a new track back from the result must give, in order.

    `header` is what the container has of a track of ASS: for what size of picture it is.
    """
    if _form(settings) != "ass":
        return [_stored(cue) for cue in track.shown()]
    # The start of an ASS event's fields depends on where the reader stands; its text is at the end.
    import pysubs2

    told = dict(re.findall(rb"PlayRes([XY]):\s*(\d+)", header))
    size = int(told.get(b"X", 16)), int(told.get(b"Y", 9))
    parsed = pysubs2.SSAFile.from_string(ass_document(track, settings.style, size))
    return [StoredCue(one.start, one.end, one.text.encode().rstrip()) for one in parsed]


def resolution(settings: EmbedSettings) -> int:
    """The form's shortest time in milliseconds."""
    return 10 if _form(settings) == "ass" else 1


def content_of(packet: bytes, settings: EmbedSettings) -> bytes:
    """The text in a packet of a new track."""
    if _form(settings) == "mp4":
        return packet[2 : 2 + struct.unpack(">H", packet[:2])[0]]
    if _form(settings) == "ass":
        # ffmpeg keeps blanks at the end of a line, pysubs2 does not.
        return packet.split(b",", 8)[-1].rstrip()
    return packet


def _stored(cue: Shown) -> StoredCue:
    return StoredCue(cue.start, cue.end, cue.text.encode())


def _write_timed_text(track: Track, path: Path, ffmpeg: str) -> None:
    """Write an MP4 file with the track alone (3GPP timed text, ISO/IEC 14496-17).

    ffmpeg makes an empty one for its header; the texts are put in as they are.
    """
    template = path.with_name(f"template-{path.name}")
    write_text(path.with_name("template.srt"), to_srt(Track("en", [Cue(1, 0.0, 1.0, "-")])))
    template_arguments = ["-f", "srt", "-i", "template.srt", "-c:s", "mov_text", "-f", "mp4"]
    run_ffmpeg([*template_arguments, template.name], ffmpeg=ffmpeg, cwd=path.parent)
    with av.open(str(template)) as model, av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream_from_template(model.streams.subtitles[0])
        for cue in _gapless(track):
            packet = av.Packet(struct.pack(">H", len(cue.content)) + cue.content)
            packet.stream = stream
            packet.time_base = _MILLISECOND
            packet.pts = packet.dts = cue.start
            packet.duration = cue.end - cue.start
            output.mux(packet)


def _gapless(track: Track) -> Iterator[StoredCue]:
    """The track's cues and empty ones between them, as an MP4 track wants it."""
    now = 0
    for cue in track.shown():
        if cue.start > now:
            yield StoredCue(now, cue.start, b"")
        yield _stored(cue)
        now = cue.end
    if not now:
        yield StoredCue(0, 1000, b"")
