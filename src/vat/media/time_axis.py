"""A track's sound on the video's time axis: sample n is heard at n / rate seconds, always.

Containers tell a time for each frame of sound. Frames are put where they belong: gaps become
silence, what overlaps is cut, and what cannot be decoded is silence, and counted as damage.
"""

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from numpy.typing import NDArray

from vat.errors import SourceError
from vat.media.probe import TS_DISCONT, opened
from vat.timeline import Interval

logger = logging.getLogger(__name__)

Pcm = NDArray[np.int16]
"""Sound of shape (n, channels)."""

DRIFT_SECONDS: Final = 0.005
"""How far sound may be from its time before it is moved there: containers round times to a
millisecond, and what people notice between lips and voice begins at ten times as much."""

LARGEST_JUMP_SECONDS: Final = 10.0
"""A longer jump is, in containers for broadcasts, a clock that starts anew and no pause: ffmpeg
takes it for that (dts_delta_threshold) and closes the gap, so that sound and subtitles part."""

DAMAGE_SECONDS: Final = 0.1
"""Lost sound below this is a click: most recordings of broadcasts begin or end in half a frame."""

_AHEAD: Final = 4
"""Frames by which a jump is told from times that jitter."""

_BLOCK_SECONDS: Final = 1.0
_JOINED_SECONDS: Final = 1.0
"""Damage this near to the last one is told together with it."""


@dataclass(slots=True)
class TrackSound:
    """One track while it is decoded.

    `start` is the moment of the container's clock, in seconds, that is the video's zero; `seconds`
    how long the video is. `damaged` has the stretches that could not be decoded, in video time,
    once they have been passed; `heard` tells whether anything could be, `beyond` how many seconds
    lie after the video's end.
    """

    path: Path
    number: int
    name: str
    start: float
    seconds: float
    rate: int = field(init=False)
    channels: int = field(init=False)
    damaged: list[Interval] = field(default_factory=list)
    heard: bool = field(default=False, init=False)
    beyond: float = field(default=0.0, init=False)
    _at: int = field(default=0, init=False)
    _ahead: deque[tuple[float | None, Pcm]] = field(default_factory=deque, init=False)
    _bad_since: float | None = field(default=None, init=False)
    _bad_until: float = field(default=0.0, init=False)
    _restarts: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Look at the track's rate and channels."""
        with opened(self.path, self.name) as container:
            self._restarts = bool(container.format.flags & TS_DISCONT)
            context = container.streams.audio[self.number].codec_context
            self.rate = context.sample_rate or 48000
            self.channels = min(context.channels or 2, 2)

    def pieces(self) -> Iterator[Pcm]:
        """The whole sound from zero to the end of the video, piece by piece.

        Raises:
            SourceError: where the track's clock starts again, so that nobody knows what belongs
                where.
        """
        with opened(self.path, self.name) as container:
            for time, sound in self._heard(container):
                self._ahead.append((time, sound))
                if len(self._ahead) > _AHEAD:
                    yield from self._placed()
        while self._ahead:
            yield from self._placed()
        missing = round(self.seconds * self.rate) - self._at
        if self._bad_since is not None:
            # A track may end before the video: the rest of that is silence and no damage.
            self._lost(self._bad_since, self._bad_until)
        yield from self._silence(max(0, missing))

    def _heard(self, container: InputContainer) -> Iterator[tuple[float | None, Pcm]]:
        """What is decoded, with its video time where the container tells it."""
        stream = container.streams.audio[self.number]
        resampler = _Resampler(self.rate, self.channels)
        for packet in self._packets(container):
            for frame in self._decoded(packet):
                time = None
                if frame.pts is not None:
                    base = frame.time_base or stream.time_base or Fraction(1)
                    time = float(frame.pts * base) - self.start
                for sound in resampler.convert(frame):
                    yield time, sound
                    time = None
        for sound in resampler.rest():
            yield None, sound

    def _packets(self, container: InputContainer) -> Iterator[Any]:
        """The track's packets, as far as the file can be read."""
        packets = container.demux(container.streams.audio[self.number])
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                logger.info("'%s' cannot be read to its end: %s", self.name, error)
                self._bad_since = (
                    self._at / self.rate if self._bad_since is None else self._bad_since
                )
                self._bad_until = self.seconds
                return
            if packet is None:
                return
            yield packet

    def _decoded(self, packet: Any) -> list[AudioFrame]:
        """The frames of a packet; none where it is damaged, which is noted."""
        try:
            frames: list[AudioFrame] = packet.decode()
        except av.FFmpegError as error:
            if packet.size:
                self._bad(packet, str(error))
            return []
        return frames

    def _bad(self, packet: Any, why: str) -> None:
        moment = packet.pts if packet.pts is not None else packet.dts
        at = self._at / self.rate
        if moment is not None:
            at = float(moment * packet.time_base) - self.start
        length = float((packet.duration or 0) * packet.time_base) if packet.time_base else 0.0
        self._bad_until = at + length
        if self._bad_since is None:
            logger.info("from %.3f s on, sound cannot be decoded: %s", at, why)
            self._bad_since = at

    def _placed(self) -> Iterator[Pcm]:
        """The next frame, with silence before it where its time asks for that."""
        time, sound = self._ahead.popleft()
        self.heard = True
        drift = self._drift(time, sound)
        starts_anew = self._restarts and drift > LARGEST_JUMP_SECONDS
        if self._at and (starts_anew or drift < -_JOINED_SECONDS):
            raise SourceError(
                f"The clock of '{self.name}' jumps by {drift:+.1f} s after"
                f" {self._at / self.rate:.1f} s, as where several recordings are in one file; let"
                " ffmpeg write it anew with one clock (ffmpeg -fflags +genpts -i FILE -c copy"
                " NEW.mkv), and name that."
            )
        if drift > 0:
            if drift > DAMAGE_SECONDS and self._at / self.rate < self.seconds:
                logger.info("%.3f s of silence at %.3f s", drift, self._at / self.rate)
            yield from self._silence(round(drift * self.rate))
        elif drift < 0:
            sound = sound[round(-drift * self.rate) :]
        # Frames from before the damage may still be waiting, the last of them into it.
        now, over = self._at / self.rate, self._bad_until - DRIFT_SECONDS
        if self._bad_since is not None and now > max(self._bad_since, over):
            self._lost(self._bad_since, now)
            self._bad_since = None
        room = max(0, round(self.seconds * self.rate) - self._at)
        self.beyond += max(0, len(sound) - room) / self.rate
        sound = sound[:room]
        self._at += len(sound)
        if len(sound):
            yield sound

    def _drift(self, time: float | None, sound: Pcm) -> float:
        """Seconds by which a frame comes too early: what silence before it would mend.

        Times jitter in some containers: a gap is one if none of the next frames is back in time.
        """
        if time is None:
            return 0.0
        first = time - self._at / self.rate
        if self._at == 0 or abs(first) > DAMAGE_SECONDS:
            return first
        if abs(first) <= DRIFT_SECONDS:
            return 0.0
        drifts, expected = list[float](), self._at + len(sound)
        for following, more in self._ahead:
            if following is not None:
                drifts.append(following - expected / self.rate)
            expected += len(more)
        towards_zero = min(drifts, default=first) if first > 0 else -max(drifts, default=first)
        return first if towards_zero >= abs(first) - DRIFT_SECONDS else 0.0

    def _lost(self, start: float, end: float) -> None:
        start, end = max(0.0, start), min(end, self.seconds)
        if end <= start:
            return
        if self.damaged and start - self.damaged[-1][1] < _JOINED_SECONDS:
            start = self.damaged.pop()[0]
        self.damaged.append((start, end))

    def _silence(self, count: int) -> Iterator[Pcm]:
        count = min(count, max(0, round(self.seconds * self.rate) - self._at))
        self._at += count
        yield from silent(count / self.rate, self.rate, self.channels)


def silent(seconds: float, rate: int, channels: int = 1) -> Iterator[Pcm]:
    """Silence, piece by piece."""
    count, block = round(seconds * rate), round(_BLOCK_SECONDS * rate)
    for at in range(0, count, block):
        yield np.zeros((min(block, count - at), channels), np.int16)


class _Resampler:
    """Frames of any rate and layout as samples of one, also where they change in the middle."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._layout = "mono" if channels == 1 else "stereo"
        self._kind: tuple[Any, ...] = ()
        self._resampler: av.AudioResampler | None = None

    def convert(self, frame: AudioFrame) -> Iterator[Pcm]:
        """The frame as pieces of sound, after what was left of the frames before."""
        kind = (frame.rate, frame.layout.name, frame.format.name)
        if kind != self._kind:
            yield from self.rest()
            if self._kind:
                logger.info("the sound changes from %s to %s", self._kind, kind)
            self._kind = kind
            self._resampler = av.AudioResampler("s16", self._layout, self._rate)
        # Without a time the resampler only counts samples, and neither fills nor drops any.
        frame.pts = None
        if self._resampler is not None:
            yield from map(_samples, self._resampler.resample(frame))

    def rest(self) -> Iterator[Pcm]:
        """What the resampler still holds."""
        if self._resampler is not None:
            yield from map(_samples, self._resampler.resample(None))
        self._resampler = None


def _samples(piece: AudioFrame) -> Pcm:
    channels = len(piece.layout.channels)
    return np.ascontiguousarray(piece.to_ndarray().reshape(-1, channels))
