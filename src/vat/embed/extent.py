"""When the streams of a file begin and end, as read: headers tell it wrongly or not at all."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer
from av.packet import Packet

from vat.media.probe import opened

_FIRST_PACKETS: Final = 256
"""Packets of the beginning, of all streams, among which each one's earliest is."""

_LAST_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Extent:
    """Seconds on a file's own clock: each stream's start by its index, and the end of the last one.

    `starts` lacks streams that come late; `hidden` are seconds of picture before the beginning,
    which an edit list keeps from being shown.
    """

    starts: dict[int, float]
    end: float
    hidden: float


def read_extent(path: Path, indexes: Collection[int]) -> Extent:
    """Look at the beginning and the end of the streams with these indexes.

    Raises:
        SourceError: where the file cannot be opened.
    """
    starts: dict[int, float] = {}
    hidden = 0.0
    with opened(path) as container:
        streams = [container.streams[index] for index in indexes]
        for packet in islice(container.demux(streams), _FIRST_PACKETS):
            start, _ = _span(packet)
            if start is not None:
                index = packet.stream.index
                starts[index] = min(start, starts.get(index, start))
                if packet.is_discard and packet.stream.type == "video":
                    hidden = max(hidden, -start)
        return Extent(starts, _read_end(container, indexes), hidden)


def _span(packet: "Packet[Any]") -> tuple[float | None, float]:
    if packet.pts is None or packet.time_base is None:
        return None, 0.0
    start = float(packet.pts * packet.time_base)
    return start, start + float((packet.duration or 0) * packet.time_base)


def _read_end(container: InputContainer, indexes: Collection[int]) -> float:
    """The end of the last packet; where the last seconds have none, the whole file is read."""
    duration = (container.duration or 0) / av.time_base
    beginning = (container.start_time or 0) / av.time_base
    for moment in (beginning + max(0.0, duration - _LAST_SECONDS), beginning):
        end = None
        # A file that is cut short ends with an error; what came before it counts.
        with suppress(av.FFmpegError):
            container.seek(int(moment * av.time_base), backward=True)
            for packet in container.demux([container.streams[index] for index in indexes]):
                start, until = _span(packet)
                if start is not None:
                    end = until if end is None else max(end, until)
        if end is not None:
            return end
    return beginning
