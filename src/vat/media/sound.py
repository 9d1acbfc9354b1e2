"""The sound of a video: decoded once, read in pieces, written as FLAC."""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vat.errors import SourceError
from vat.files import atomic_path, damaged
from vat.jobs.log import PROGRESS
from vat.jobs.progress import PROGRESS_SECONDS
from vat.media.ffmpeg import progress_line
from vat.media.flac import flac_reader, flac_writer
from vat.media.probe import Media
from vat.media.time_axis import DAMAGE_SECONDS, TrackSound, silent
from vat.timeline import Interval

logger = logging.getLogger(__name__)

SPEECH_RATE: Final = 16000
"""Samples per second of speech.flac: what Whisper and Silero hear."""

Samples = NDArray[np.float32]

CANCELLED: Final = 0.02
"""Mixed sound below this part of a channel's energy has been cancelled: of unrelated channels half
of it is left, of music with wide stereo a tenth and more."""

_SAME_SECONDS: Final = 0.001
_BLOCK_SECONDS = 10.0
BEYOND_SECONDS: Final = 0.5
"""Sound after the end that is an encoder's last frames."""

END_SECONDS: Final = 1.0
"""Lost sound at the very end that is a packet which was not written to its end: in RealMedia, one
of several frames."""

_TOLD = 5
_EVERY = 16


def extract_audio(
    source: str | Path, media: Media, destination: str | Path, *, damaged: str = "fail"
) -> None:
    """Decode the chosen audio track to FLAC so that its sample 0 is the video's t = 0.

    It is as long as the video: a track that starts late gets silence first, gaps inside it are
    filled with silence, more than two channels are mixed down. A video without sound yields
    silence. What cannot be decoded is an error, or silence where `damaged` is "warn".

    Raises:
        SourceError: where the track cannot be decoded, naming the damaged stretches.
    """
    if media.audio_track is None:
        logger.warning("'%s' has no audio track; its subtitles will be empty", media.name)
        silence = (piece[:, 0].astype(np.float32) for piece in silent(media.duration, SPEECH_RATE))
        write_flac(destination, silence, SPEECH_RATE)
        return
    axis = media.start_time, media.duration
    track = partial(TrackSound, Path(source), media.audio_track, media.name, *axis)
    with atomic_path(destination, _flac_bytes(media)) as part:
        first = track()
        loudness = _write(part, first, slice(None))
        _check_length(part, media)
        _check(first, damaged, media.name)
        if loudness.cancels:
            channel = loudness.stronger
            logger.warning(
                "the two channels of '%s' cancel each other when they are mixed, as where a"
                " microphone was wired the wrong way round; channel %d alone is taken",
                media.name,
                channel + 1,
            )
            _write(part, track(), slice(channel, channel + 1))


def _check_length(part: Path, media: Media) -> None:
    """See that the written sound is as long as the video.

    Raises:
        SourceError: where it is not, so that words would be heard at other times.
    """
    with flac_reader(part) as file:
        seconds = file.frames / file.samplerate
    if abs(seconds - media.duration) > _SAME_SECONDS:
        raise SourceError(
            f"The sound of '{media.name}' became {seconds:.3f} s long and the video is"
            f" {media.duration:.3f} s; write it anew (ffmpeg -i FILE -c copy NEW.mkv)."
        )


def _flac_bytes(media: Media) -> int:
    """About how large a track becomes: FLAC makes half of two bytes a sample, at two channels."""
    sounds = media.of_type("audio")
    rate = sounds[media.audio_track or 0].sample_rate if sounds else None
    return round(media.duration * (rate or 48_000) * 2)


def _write(part: Path, track: TrackSound, channels: slice) -> "Loudness":
    """Write the channels of a track, and tell how loud they are."""
    loudness = Loudness()
    count = len(range(track.channels)[channels])
    with flac_writer(part, track.rate, count) as file:
        begun = last = time.monotonic()
        written = 0
        for piece in track.pieces():
            loudness.add(piece)
            file.write(piece[:, channels])
            written += len(piece)
            now = time.monotonic()
            if now - last >= PROGRESS_SECONDS:
                last, done = now, written / track.rate
                line = progress_line(done, done / (now - begun), track.seconds)
                PROGRESS.info("extract audio: %s", line)
    return loudness


def _check(track: TrackSound, damaged: str, name: str) -> None:
    """Say what could not be decoded.

    Raises:
        SourceError: where it is more than a click and not the end, and `damaged` is "fail"; and
            where sound goes on after the end of the video, so that its length is not what it was
            taken for.
    """
    if track.beyond > BEYOND_SECONDS:
        raise SourceError(
            f"The sound of '{name}' goes on for {track.beyond:.1f} s after {track.seconds:.1f} s,"
            " where the file seems to end. Write it anew (ffmpeg -i FILE -c copy NEW.mkv)."
        )
    stretches = [(a, b) for a, b in track.damaged if b - a >= DAMAGE_SECONDS]
    if not track.heard and not track.damaged:
        logger.warning("the audio track of '%s' holds no sound; its subtitles will be empty", name)
    if not stretches:
        return
    told = ", ".join(f"{a:.1f} to {b:.1f} s" for a, b in stretches[:_TOLD])
    more = f" and {len(stretches) - _TOLD} more" if len(stretches) > _TOLD else ""
    sentence = f"'{name}' is damaged: its sound cannot be decoded from {told}{more}"
    inside = [one for one in stretches if not _is_the_end(one, track.seconds)]
    if damaged == "fail" and inside:
        raise SourceError(
            f"{sentence}. Copy or download it again, or set download.damaged to warn to have"
            " silence there."
        )
    logger.warning("%s; there is silence instead", sentence)


def _is_the_end(stretch: Interval, seconds: float) -> bool:
    """Whether a stretch is the last packet or so of a recording that was broken off."""
    start, end = stretch
    return end > seconds - DAMAGE_SECONDS and end - start < END_SECONDS


@dataclass(slots=True)
class Loudness:
    """The energy of two channels, and of both mixed."""

    channels: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    mixed: float = 0.0

    def add(self, piece: NDArray[np.int16]) -> None:
        """Count more sound, shape (n, channels); of one channel there is nothing to tell."""
        if piece.shape[1] == 2:
            sound = piece[::_EVERY].astype(np.float64)
            self.channels += (sound**2).sum(axis=0)
            self.mixed += float((sound.mean(axis=1) ** 2).sum())

    @property
    def stronger(self) -> int:
        """The louder channel, from 0."""
        return int(self.channels.argmax())

    @property
    def cancels(self) -> bool:
        """Whether mixing takes away what either channel has."""
        return self.mixed < CANCELLED * float(self.channels.max())


def read_span(path: str | Path, start: float, end: float) -> Samples:
    """The sound between two moments in seconds, shape (n,), mono, at the file's own rate.

    Only that part of the file is read. Beyond either end of the file there is silence.
    """
    with flac_reader(path) as file:
        first, last = round(start * file.samplerate), round(end * file.samplerate)
        span = np.zeros(max(0, last - first), np.float32)
        begin, stop = min(max(first, 0), file.frames), min(max(last, 0), file.frames)
        if stop > begin:
            file.seek(begin)
            data = file.read(stop - begin, dtype="float32", always_2d=True)
            span[begin - first : begin - first + len(data)] = data.mean(axis=1)
    return span


def blocks(
    path: str | Path, rate: int, channels: int, block_seconds: float = _BLOCK_SECONDS
) -> Iterator[Samples]:
    """The whole sound of a file, resampled, piece by piece: shapes (channels, n).

    Memory does not grow with the length of the file.

    Raises:
        DamagedError: where the file is not what an earlier job wrote.
    """
    import av

    size = round(rate * block_seconds)
    with flac_reader(path) as facts:
        layout, whole = "mono" if facts.channels == 1 else "stereo", facts.frames
    try:
        with av.open(f"file:{path}") as container:
            resampler = av.AudioResampler("fltp", layout, rate, frame_size=size)
            for frame in container.decode(audio=0):
                whole -= frame.samples
                # Without time stamps the resampler counts samples, which is exact.
                frame.pts = None
                for piece in resampler.resample(frame):
                    yield _with_channels(piece.to_ndarray(), channels)
            for piece in resampler.resample(None):
                yield _with_channels(piece.to_ndarray(), channels)
    except av.FFmpegError as error:
        raise damaged(path, error) from None
    if whole:
        raise damaged(path, f"{whole} samples are missing")


def _with_channels(piece: NDArray[Any], channels: int) -> Samples:
    """One or two channels, at the same loudness (ffmpeg's own mixing changes it by 3 dB)."""
    mixed = piece.mean(axis=0, keepdims=True) if channels == 1 else piece
    whole: Samples = np.repeat(mixed, channels // len(mixed), axis=0).astype(np.float32)
    return whole


def resampled(pieces: Iterable[Samples], rate: int, new_rate: int) -> Iterator[Samples]:
    """Mono pieces, shape (n,), at another rate."""
    import av

    resampler = av.AudioResampler(format="fltp", layout="mono", rate=new_rate)
    for piece in pieces:
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(piece[None], np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = rate
        for part in resampler.resample(frame):
            yield part.to_ndarray()[0].astype(np.float32, copy=False)
    for part in resampler.resample(None):
        yield part.to_ndarray()[0].astype(np.float32, copy=False)


def write_flac(destination: str | Path, pieces: Iterable[Samples], rate: int) -> int:
    """Write mono pieces, shape (n,), as 16-bit FLAC, and return how many samples they had."""
    written = 0
    with atomic_path(destination) as part, flac_writer(part, rate, 1) as file:
        for piece in pieces:
            file.write(np.clip(piece, -1.0, 1.0))
            written += len(piece)
    return written


def to_speech(audio: str | Path, destination: str | Path) -> None:
    """Mix down and resample to what the recogniser hears, without separating anything."""
    write_flac(destination, (block[0] for block in blocks(audio, SPEECH_RATE, 1)), SPEECH_RATE)
