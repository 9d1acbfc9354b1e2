"""The sound of a video: decoded once, read in pieces, written as FLAC."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vat.errors import SourceError
from vat.files import atomic_path
from vat.media.ffmpeg import LOCAL_ONLY, FfmpegError, run_ffmpeg
from vat.media.probe import Media

logger = logging.getLogger(__name__)

SPEECH_RATE: Final = 16000
"""Samples per second of speech.flac: what Whisper and Silero hear."""

Samples = NDArray[np.float32]

_BLOCK_SECONDS = 10.0


def extract_audio(
    source: str | Path, media: Media, destination: str | Path, *, ffmpeg: str
) -> None:
    """Decode the chosen audio track to FLAC so that its sample 0 is the video's t = 0.

    A track that starts late gets silence first; gaps inside it are filled with silence; more than
    two channels are mixed down. A video without sound yields silence of its duration.

    Raises:
        SourceError: where the track cannot be decoded.
    """
    with atomic_path(destination) as part:
        if media.audio_track is None:
            logger.warning("'%s' has no audio track; its subtitles will be empty", media.name)
            _silence(part, media.duration)
            return
        channels = min(media.of_type("audio")[media.audio_track].channels or 2, 2)
        arguments = [*LOCAL_ONLY, "-copyts", "-i", f"file:{source}"]
        # ffmpeg's own zero may be the start of this track alone, so the container's is taken off by
        # hand. first_pts=0 puts silence before a late track and cuts what lies before t = 0;
        # async=1 fills gaps where time stamps jump, and never stretches.
        axis = f"asetpts=PTS-({media.start_time:.6f})/TB,aresample=async=1:first_pts=0"
        arguments += ["-map", f"0:a:{media.audio_track}", "-af", axis, "-ac", str(channels)]
        arguments += ["-c:a", "flac", "-sample_fmt", "s16", "-f", "flac", f"file:{part}"]
        try:
            run_ffmpeg(arguments, ffmpeg=ffmpeg, total_seconds=media.duration)
        except FfmpegError as error:
            raise SourceError(
                f"Audio track {media.audio_track} of '{media.name}' cannot be decoded: {error};"
                " choose another with download.audio_track or replace the file."
            ) from error


def read_span(path: str | Path, start: float, end: float) -> Samples:
    """The sound between two moments in seconds, shape (n,), mono, at the file's own rate.

    Only that part of the file is read. Beyond either end of the file there is silence.
    """
    import soundfile

    with soundfile.SoundFile(str(path)) as file:
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
    """
    import av

    size = round(rate * block_seconds)
    with av.open(f"file:{path}") as container:
        layout = "mono" if container.streams.audio[0].channels == 1 else "stereo"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate, frame_size=size)
        for frame in container.decode(audio=0):
            # Without time stamps the resampler counts samples, which is exact.
            frame.pts = None
            for piece in resampler.resample(frame):
                yield _with_channels(piece.to_ndarray(), channels)
        for piece in resampler.resample(None):
            yield _with_channels(piece.to_ndarray(), channels)


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
    import soundfile

    written = 0
    options: dict[str, Any] = {"format": "FLAC", "subtype": "PCM_16"}
    with (
        atomic_path(destination) as part,
        soundfile.SoundFile(str(part), "w", samplerate=rate, channels=1, **options) as file,
    ):
        for piece in pieces:
            file.write(np.clip(piece, -1.0, 1.0))
            written += len(piece)
    return written


def to_speech(audio: str | Path, destination: str | Path) -> None:
    """Mix down and resample to what the recogniser hears, without separating anything."""
    write_flac(destination, (block[0] for block in blocks(audio, SPEECH_RATE, 1)), SPEECH_RATE)


def _silence(path: Path, seconds: float) -> None:
    count = max(1, round(seconds * SPEECH_RATE))
    step = round(_BLOCK_SECONDS * SPEECH_RATE)
    pieces = (np.zeros(min(step, count - at), np.float32) for at in range(0, count, step))
    write_flac(path, pieces, SPEECH_RATE)
