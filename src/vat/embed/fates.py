"""What becomes of each stream of a source in the result: copied, changed or left out, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vat.embed.settings import EmbedSettings
from vat.embed.ways_out import held
from vat.media.containers import MADE
from vat.media.probe import Media
from vat.media.stream import Stream

SECOND_VIEW: Final = "mark multilayer"
"""The fact of a picture with a view for either eye (MV-HEVC), of which encoders take the first."""

_WORDS: Final = {"": "left out", "copy": "copied", MADE: "made anew", "encode": "encoded"}


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one stream.

    `codec` is "copy", the one that it is converted into, "encode" for a picture that is encoded,
    "made" for what the container makes anew, and "" for what is left out. `why` is a sentence where
    something is lost, else empty.
    """

    stream: Stream
    codec: str
    why: str = ""

    @property
    def word(self) -> str:
        """What becomes of it, in a word or two."""
        return _WORDS.get(self.codec) or f"as {self.codec}"


def fates(media: Media, settings: EmbedSettings, *, encodes: bool = False) -> list[Fate]:
    """What becomes of a video's streams.

    These know what the containers hold (see `vat.media.containers`); the picture that text is
    burned into is encoded (`encodes`) and need not be held as it is. So is one that no container
    takes, unless `embed.unsupported` is "fail": RealVideo, pictures of plain RGB.
    """
    target, container = media.first_picture, settings.container
    homeless = target is not None and not (target.in_mkv or target.in_mp4)
    encodes = encodes or (homeless and settings.unsupported != "fail")
    found = []
    for stream in media.streams:
        codec = held(stream, container)
        if stream is target and encodes:
            codec = "encode"
        what = f"stream {stream.index} ({stream.words})"
        if codec == MADE:
            why = ""
        elif not codec:
            reason = f"{what} is declared and has no packets"
            why = f"{reason if stream.empty else f'{container} cannot hold {what}'}: it is left out"
        elif codec == "encode" and homeless:
            encoder = settings.encoder
            why = f"no container takes {what} as it is: it is encoded anew by {encoder}"
        else:
            changes = _changes(stream, codec, container)
            why = f"{container} holds {what} {changes}" if changes else ""
        found.append(Fate(stream, codec, why))
    return found


def _changes(stream: Stream, codec: str, container: str) -> str:
    """How a stream is kept that is not kept as it is; "" where it is."""
    told = []
    if codec not in ("copy", "encode"):
        styles = ", its styles may be lost" if stream.type == "subtitle" else ""
        told.append(f"as {codec}{styles}")
    lost = stream.lost_in_mkv if container == "mkv" else stream.lost_in_mp4
    if codec == "encode":
        lost = SECOND_VIEW if SECOND_VIEW in stream.facts else ""
    if lost:
        told.append(f"without its {lost}")
    return ", ".join(told)


def counted(found: Sequence[Fate]) -> str:
    """A line for people: "2 copied, 1 as flac, 1 left out"."""
    words = [fate.word for fate in found]
    return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))


def recorded(found: Iterable[Fate]) -> list[Mapping[str, Any]]:
    """A JSON array with what becomes of each stream."""
    return [
        {
            "stream": fate.stream.index,
            "what": fate.stream.words,
            "becomes": fate.word,
            "why": fate.why or None,
        }
        for fate in found
    ]
