"""When the packets of a file are shown, as read: headers tell it wrongly or not at all."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Extent:
    """Seconds on a file's own clock, by the indexes of its streams.

    `starts` and `lasts` tell when the first and the last packet are shown, `ends` when the last one
    is over. Streams that come late are not in `starts`, those that end early not in `lasts`.
    `hidden` are seconds of picture before the beginning, which an edit list keeps from being shown.
    """

    starts: dict[int, float] = field(default_factory=dict)
    lasts: dict[int, float] = field(default_factory=dict)
    ends: dict[int, float] = field(default_factory=dict)
    hidden: float = 0.0
    _untold: "Extent | None" = None

    def begin(self, packet: "Packet[Any]") -> None:
        """Count one of the first packets."""
        start, _ = _span(packet)
        if start is None:
            self._decoded().starts.setdefault(packet.stream.index, _decoding(packet))
            return
        index = packet.stream.index
        self.starts[index] = min(start, self.starts.get(index, start))
        if packet.is_discard and packet.stream.type == "video":
            self.hidden = max(self.hidden, -start)

    def end(self, packet: "Packet[Any]") -> None:
        """Count one of the last packets."""
        start, until = _span(packet)
        index = packet.stream.index
        if start is None:
            decoded, moment = self._decoded(), _decoding(packet)
            decoded.lasts[index] = moment
            decoded.ends[index] = moment + _length(packet)
            return
        self.lasts[index] = max(start, self.lasts.get(index, start))
        self.ends[index] = max(until, self.ends.get(index, until))

    def _decoded(self) -> "Extent":
        """The same by the times of decoding."""
        self._untold = self._untold or Extent()
        return self._untold

    def completed(self) -> "Extent":
        """With the times of decoding for streams of which no packet tells when it is shown.

        So it is in AVI and in Matroska's compatibility mode, where the order is the same.
        """
        if self._untold:
            for index in self._untold.lasts.keys() - self.lasts.keys():
                self.lasts[index] = self._untold.lasts[index]
                self.ends[index] = self._untold.ends[index]
                if index in self._untold.starts:
                    self.starts[index] = self._untold.starts[index]
        return self


@dataclass(slots=True)
class Times:
    """When each packet of a stream is shown, in seconds and in order.

    `complete` tells whether all packets told it; `lag` by how much a packet is to be decoded after
    it is shown, which is a mistake of the program that wrote the file, and of some cameras. `size`
    is that of all packets in bytes, `tick` the seconds between two times that can be told.
    """

    shown: list[float] = field(default_factory=list)
    complete: bool = True
    lag: float = 0.0
    size: int = 0
    tick: float = 0.0


def read_extent(path: Path, indexes: Collection[int]) -> Extent:
    """Look at the beginning and the end of the streams with these indexes.

    Raises:
        SourceError: where the file cannot be opened.
    """
    extent = Extent()
    with opened(path) as container:
        for packet in islice(_packets(container, indexes), _FIRST_PACKETS):
            extent.begin(packet)
        duration = (container.duration or 0) / av.time_base
        if duration > _LAST_SECONDS:
            beginning = (container.start_time or 0) / av.time_base
            moment = beginning + duration - _LAST_SECONDS
            with suppress(av.FFmpegError):
                container.seek(int(moment * av.time_base), backward=True)
                for packet in _packets(container, indexes):
                    extent.end(packet)
    extent.completed()
    return extent if extent.lasts else read_all(path, indexes)[0]


def read_all(path: Path, indexes: Collection[int]) -> tuple[Extent, dict[int, Times]]:
    """The same, and when each packet is shown, by reading the file from its start to its end.

    Raises:
        SourceError: where the file cannot be opened.
    """
    extent, times = Extent(), {index: Times() for index in indexes}
    with opened(path) as container:
        for number, packet in enumerate(_packets(container, indexes)):
            if number < _FIRST_PACKETS:
                extent.begin(packet)
            extent.end(packet)
            start, _ = _span(packet)
            its = times[packet.stream.index]
            its.size += packet.size
            its.tick = float(packet.time_base or 0)
            if start is None or packet.time_base is None:
                its.complete = False
                continue
            its.shown.append(start)
            if packet.dts is not None:
                its.lag = max(its.lag, float(packet.dts * packet.time_base) - start)
    for its in times.values():
        its.shown.sort()
    return extent.completed(), times


def hidden_seconds(path: Path, indexes: Collection[int]) -> float:
    """How many seconds of picture before the beginning an edit list keeps from being shown."""
    extent = Extent()
    with opened(path) as container:
        for packet in islice(_packets(container, indexes), _FIRST_PACKETS):
            extent.begin(packet)
    return extent.hidden


def _packets(container: InputContainer, indexes: Collection[int]) -> Iterator["Packet[Any]"]:
    """The packets as far as the file can be read; one that is cut short ends with an error."""
    with suppress(av.FFmpegError):
        for packet in container.demux([container.streams[index] for index in indexes]):
            if packet.size:
                yield packet


def _span(packet: "Packet[Any]") -> tuple[float | None, float]:
    if packet.pts is None or packet.time_base is None:
        return None, 0.0
    start = float(packet.pts * packet.time_base)
    return start, start + _length(packet)


def _decoding(packet: "Packet[Any]") -> float:
    return float((packet.dts or 0) * (packet.time_base or 0))


def _length(packet: "Packet[Any]") -> float:
    return float((packet.duration or 0) * (packet.time_base or 0))
