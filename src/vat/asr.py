"""Speech to words, by faster-whisper."""

import functools
import itertools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vat.audio import SPEECH_RATE, Samples, read_span
from vat.device import gpu_errors, is_out_of_memory
from vat.errors import ModelError, TranscriptError
from vat.split import spans_of
from vat.timeline import Interval, Span, Word

logger = logging.getLogger(__name__)

WINDOW_SECONDS: Final = 30
"""What Whisper hears at once, unless a model was trained otherwise."""


@dataclass(frozen=True, slots=True)
class AsrSettings:
    """How words are decoded: the keys of the configuration's `asr` section."""

    model: str = "large-v3"
    compute_type: str = "auto"
    beam_size: int = 5
    batch_size: int = 1
    vad_filter: bool = False
    condition_on_previous_text: bool = False
    temperature: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    chunk_length: int | None = None
    initial_prompt: str | None = None
    hotwords: str | None = None


def transcribe_chunk(
    speech: str | Path,
    chunks: Mapping[str, Any],
    number: int,
    model: str,
    settings: AsrSettings,
    *,
    device: str,
    threads: int,
) -> dict[str, Any]:
    """The content of words/{chunk}.json for the chunk `number`, counted from 1.

    `chunks` is the video's chunks.json, `model` the folder of a Whisper model for CTranslate2.

    Raises:
        TranscriptError: where the video has no such chunk.
        GpuMemoryError: where even one window at a time does not fit into the GPU's memory.
    """
    spans = spans_of(dict(chunks))
    if not 1 <= number <= len(spans):
        raise TranscriptError(f"There is no chunk {number}: the video has {len(spans)} chunks.")
    span, language = spans[number - 1], chunks["language"]
    with gpu_errors("loading the speech model"):
        whisper = load_model(model, device, settings.compute_type, threads)
    intervals = [(start, end) for start, end in chunks["speech"]]
    words = transcribe_span(speech, span, language, whisper, settings, intervals)
    logger.info("chunk %d of %d: %d words", number, len(spans), len(words))
    return {
        "chunk": number,
        "language": language,
        "span": span.to_json(),
        "words": [word.to_json() for word in words],
    }


@functools.cache
def load_model(folder: str, device: str, compute_type: str, threads: int) -> Any:
    """A faster-whisper model, loaded once per process.

    Raises:
        ModelError: where the folder holds no such model.
    """
    from faster_whisper import WhisperModel

    if compute_type == "auto":
        compute_type = "float16" if device == "cuda" else "int8"
    logger.info("loading %s on %s as %s", folder, device, compute_type)
    try:
        return WhisperModel(
            folder,
            device=device,
            compute_type=compute_type,
            cpu_threads=threads,
            local_files_only=True,
        )
    except (RuntimeError, ValueError, OSError) as error:
        if is_out_of_memory(error):
            raise
        raise ModelError(
            f"The speech model in '{folder}' cannot be loaded as {compute_type} on {device}"
            f" ({error}); check asr.model and asr.compute_type."
        ) from error


def transcribe_span(
    speech: str | Path,
    span: Span,
    language: str,
    whisper: Any,
    settings: AsrSettings,
    intervals: Sequence[Interval] = (),
) -> list[Word]:
    """The words of one span with its context, in video time and in order.

    `intervals` are the stretches of speech of the whole video: batched windows are cut between
    them. Where the GPU's memory does not hold a batch, half of it is tried, down to one window.

    Raises:
        GpuMemoryError: where one window at a time does not fit either.
    """
    sound = read_span(speech, *span.pad)
    batch = settings.batch_size
    while True:
        try:
            return _words(_decode(whisper, sound, language, settings, batch, span, intervals), span)
        except RuntimeError as error:
            if batch == 1 or not is_out_of_memory(error):
                with gpu_errors("recognising speech"):
                    raise
            batch //= 2
            logger.warning("the GPU's memory is full; trying again with a batch of %d", batch)


def windows(span: Interval, intervals: Sequence[Interval], length: float) -> list[Interval]:
    """Windows of at most `length` seconds that tile a span, cut between stretches of speech.

    Times are relative to the span's start. Speech longer than a window is cut where it must be.
    """
    pauses = [(a[1] + b[0]) / 2 for a, b in itertools.pairwise(intervals)]
    start, found = span[0], list[Interval]()
    while span[1] - start > length:
        candidates = [pause for pause in pauses if start < pause <= start + length]
        cut = candidates[-1] if candidates else start + length
        found.append((start - span[0], cut - span[0]))
        start = cut
    return [*found, (start - span[0], span[1] - span[0])]


def _decode(
    whisper: Any,
    sound: Samples,
    language: str,
    settings: AsrSettings,
    batch: int,
    span: Span,
    intervals: Sequence[Interval],
) -> list[Any]:
    """faster-whisper's words of a sound, in its own time."""
    # faster-whisper keeps a chunk_length in the model once it was given: always give it.
    length = settings.chunk_length or WINDOW_SECONDS
    options: dict[str, Any] = {
        "language": language,
        "word_timestamps": True,
        "beam_size": settings.beam_size,
        "temperature": list(settings.temperature),
        "condition_on_previous_text": settings.condition_on_previous_text,
        "initial_prompt": settings.initial_prompt,
        "hotwords": settings.hotwords,
        "chunk_length": length,
    }
    if len(sound) < SPEECH_RATE // 100:
        return []
    if batch == 1:
        segments, _ = whisper.transcribe(sound, vad_filter=settings.vad_filter, **options)
    else:
        from faster_whisper import BatchedInferencePipeline

        if not settings.vad_filter:
            clips = windows(span.pad, intervals, length)
            options["clip_timestamps"] = [{"start": a, "end": b} for a, b in clips]
        segments, _ = BatchedInferencePipeline(whisper).transcribe(
            sound,
            batch_size=batch,
            vad_filter=settings.vad_filter,
            without_timestamps=False,
            **options,
        )
    return [word for segment in segments for word in segment.words or []]


def _words(heard: Iterable[Any], span: Span) -> list[Word]:
    """Words in video time, inside the span's context, ordered by their start."""
    begin, finish = span.pad
    words: list[Word] = []
    for word in heard:
        text = word.word.strip()
        if not text:
            continue
        start = min(max(begin + float(word.start), words[-1].start if words else begin), finish)
        end = min(max(begin + float(word.end), start), finish)
        probability = min(1.0, max(0.0, float(word.probability)))
        space = word.word[:1].isspace()
        words.append(Word(round(start, 3), round(end, 3), text, round(probability, 4), space))
    return words
