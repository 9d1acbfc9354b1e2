"""Decoding: from sound to faster-whisper's segments, many windows at once or one after another."""

import logging
from collections.abc import Sequence
from typing import Any, Final

from vat.media.sound import SPEECH_RATE, Samples
from vat.timeline import Interval

logger = logging.getLogger(__name__)

Heard = tuple[float, Any]
"""When a window begins, in seconds of its sound, and a segment of faster-whisper's in its time."""

LEAST_LOGPROB: Final = -1.0
MOST_COMPRESSION: Final = 2.4
MOST_NO_SPEECH: Final = 0.6
"""Below, above and above these Whisper's own decoder takes its words for failed, and where the last
comes with the first, the window for silent."""

_FRAMES_PER_SECOND = 100


def decode_windows(
    whisper: Any,
    sound: Samples,
    clips: Sequence[Interval],
    batch: int,
    temperature: Sequence[float],
    options: dict[str, Any],
) -> list[Heard]:
    """The segments of windows of a sound, `batch` of them at once.

    They are decoded without timestamps: with them Whisper ends a window where it likes, and in a
    batch what comes after is lost. A window that fails by Whisper's own measures is decoded again,
    alone, at the further temperatures: a batch has only the first. One that is silent by them has
    no segments.
    """
    from faster_whisper import BatchedInferencePipeline

    segments, _ = BatchedInferencePipeline(whisper).transcribe(
        sound,
        batch_size=batch,
        vad_filter=False,
        without_timestamps=True,
        temperature=list(temperature[:1]),
        clip_timestamps=[{"start": start, "end": end} for start, end in clips],
        **options,
    )
    heard, found = list(segments), list[Heard]()
    for start, end in clips:
        own = [segment for segment in heard if segment.seek == _seek(start)]
        if any(_is_silent(segment) for segment in own):
            logger.info("the window at %.1f s is silent, by Whisper's own measures", start)
        elif len(temperature) > 1 and any(_has_failed(segment) for segment in own):
            logger.info("the window at %.1f s failed and is decoded again", start)
            piece = sound[round(start * SPEECH_RATE) : round(end * SPEECH_RATE)]
            again = decode_in_order(whisper, piece, temperature, options)
            found += [(start, segment) for _, segment in again]
        else:
            found += [(0.0, segment) for segment in own]
    return found


def decode_in_order(
    whisper: Any,
    sound: Samples,
    temperature: Sequence[float],
    options: dict[str, Any],
    *,
    vad_filter: bool = False,
    condition_on_previous_text: bool = False,
) -> list[Heard]:
    """The segments of a sound, window after window, each beginning where Whisper ended the last."""
    segments, _ = whisper.transcribe(
        sound,
        temperature=list(temperature),
        vad_filter=vad_filter,
        condition_on_previous_text=condition_on_previous_text,
        **options,
    )
    return [(0.0, segment) for segment in segments]


def _has_failed(segment: Any) -> bool:
    return bool(segment.avg_logprob < LEAST_LOGPROB or segment.compression_ratio > MOST_COMPRESSION)


def _is_silent(segment: Any) -> bool:
    return bool(segment.avg_logprob < LEAST_LOGPROB and segment.no_speech_prob > MOST_NO_SPEECH)


def _seek(start: float) -> int:
    """The frame of 10 ms at which faster-whisper says that the segments of a window begin."""
    return int(int(start * SPEECH_RATE) / SPEECH_RATE * _FRAMES_PER_SECOND)
