"""Decoding: from sound to faster-whisper's segments, many windows at once or one after another."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vat.jobs.progress import Progress
from vat.languages import base
from vat.media.sound import SPEECH_RATE, Samples
from vat.speech.condensed import Condensed
from vat.timeline import Hearing, Interval

logger = logging.getLogger(__name__)

Heard = tuple[float, Any]
"""When a window begins, in seconds of its sound, and a segment of faster-whisper's in its time."""

LEAST_LOGPROB: Final = -1.0
MOST_COMPRESSION: Final = 2.4
MOST_NO_SPEECH: Final = 0.6
"""Below, above and above these Whisper's own decoder takes its words for failed, and where the last
comes with the first, the window for silent."""

_FRAMES_PER_SECOND = 100

Probabilities = Mapping[str, float]
"""How much a sound is like each language, by the language's code."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The segments of a sound, and the windows that a multilingual model heard, in its time.

    Where it was `condensed`, that is the condensed sound's.
    """

    segments: list[Heard]
    hearings: list[Hearing]
    condensed: Condensed | None = None


def decode_windows(
    whisper: Any,
    sound: Samples,
    clips: Sequence[Interval],
    batch: int,
    temperature: Sequence[float],
    options: dict[str, Any],
) -> Decoded:
    """The segments of windows of a sound, `batch` of them at once, and how like its language it is.

    They are decoded without timestamps: with them Whisper ends a window where it likes, and in a
    batch what comes after is lost. A window that fails by Whisper's own measures is decoded again,
    alone, at the further temperatures: a batch has only the first. One that is silent by them has
    no segments.
    """
    from faster_whisper import BatchedInferencePipeline

    pipeline, languages = BatchedInferencePipeline(whisper), list[Probabilities]()
    _listen(pipeline, whisper, languages)
    segments, _ = pipeline.transcribe(
        sound,
        batch_size=batch,
        vad_filter=False,
        without_timestamps=True,
        temperature=list(temperature[:1]),
        clip_timestamps=[{"start": start, "end": end} for start, end in clips],
        **options,
    )
    heard, found = _told(segments, sound), list[Heard]()
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
    return Decoded(found, _hearings(clips, options["language"], languages))


def _listen(pipeline: Any, whisper: Any, found: list[Probabilities]) -> None:
    """Make a pipeline note the languages of its windows; encoded as they are, it costs little."""
    generate = pipeline.generate_segment_batched

    def listening(features: Any, tokenizer: Any, options: Any) -> Any:
        encoded, results = generate(features, tokenizer, options)
        if whisper.model.is_multilingual:
            found.extend(map(language_probabilities, whisper.model.detect_language(encoded)))
        return encoded, results

    pipeline.generate_segment_batched = listening


def language_probabilities(detected: Sequence[tuple[str, float]]) -> Probabilities:
    """The probabilities of languages, as CTranslate2 gives them, by their codes."""
    return {token.strip("<|>"): probability for token, probability in detected}


def _hearings(
    clips: Sequence[Interval], language: str, languages: Sequence[Probabilities]
) -> list[Hearing]:
    return [
        Hearing(
            *clip,
            language,
            round(probabilities.get(base(language), 0.0), 4),
            max(probabilities, key=lambda code: probabilities[code]),
        )
        for clip, probabilities in zip(clips, languages, strict=False)
    ]


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
    return [(0.0, segment) for segment in _told(segments, sound)]


def _told(segments: Iterable[Any], sound: Samples) -> list[Any]:
    """All of faster-whisper's segments, which come as they are decoded; the log says how far."""
    found, progress = list[Any](), Progress("recognise", len(sound) / SPEECH_RATE, "s of sound")
    for segment in segments:
        progress.reach(float(segment.end))
        found.append(segment)
    return found


def _has_failed(segment: Any) -> bool:
    return bool(segment.avg_logprob < LEAST_LOGPROB or segment.compression_ratio > MOST_COMPRESSION)


def _is_silent(segment: Any) -> bool:
    return bool(segment.avg_logprob < LEAST_LOGPROB and segment.no_speech_prob > MOST_NO_SPEECH)


def _seek(start: float) -> int:
    """The frame of 10 ms at which faster-whisper says that the segments of a window begin."""
    return int(int(start * SPEECH_RATE) / SPEECH_RATE * _FRAMES_PER_SECOND)
