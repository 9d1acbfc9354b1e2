"""Speech to words, by faster-whisper."""

import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vat.errors import ModelError, TranscriptError
from vat.jobs.device import gpu_errors, is_out_of_memory, resolve, share_cores, sums_bytes_exactly
from vat.languages import base
from vat.media.sound import SPEECH_RATE, Samples, read_span
from vat.speech.batches import batch_size
from vat.speech.condensed import Condensed
from vat.speech.decoding import Decoded, decode_in_order, decode_windows
from vat.speech.settings import AsrSettings
from vat.speech.silence import surely_silent
from vat.speech.windows import WINDOW_SECONDS, condensed_windows, voiced
from vat.timeline import Chunks, Hearing, Interval, Part, Reading, Segment, Span, Word, within

logger = logging.getLogger(__name__)


def transcribe_chunk(
    speech: str,
    chunks: Mapping[str, Any],
    number: int,
    model: str,
    settings: Mapping[str, Any],
    device: str,
    threads: int,
    gpu_mem_mb: int = 0,
) -> dict[str, Any]:
    """The content of words/{chunk}.json for the chunk `number`, counted from 1.

    Arguments and result are JSON values, so that the call can be made in another process.

    Args:
        speech: the path of speech.flac.
        chunks: the video's chunks.json.
        number: which of its spans.
        model: the folder of a Whisper model for CTranslate2.
        settings: the fields of AsrSettings.
        device: auto, cuda or cpu, resolved where the call runs.
        threads: CPU threads of the decoder.
        gpu_mem_mb: MB of GPU memory that the job was given, 0 where that is not known.

    Raises:
        TranscriptError: where the video has no such chunk.
        ModelError: where the model does not know the video's language.
        DeviceError: where a GPU is asked for and none is visible.
        GpuMemoryError: where even one window at a time does not fit into the GPU's memory.
    """
    video = Chunks.from_json(chunks)
    spans = video.spans
    if not 1 <= number <= len(spans):
        raise TranscriptError(f"There is no chunk {number}: the video has {len(spans)} chunks.")
    whisper = _loaded(model, settings, device, threads)
    span, chosen = spans[number - 1], AsrSettings(**settings)
    resolved, compute = resolve(device), chosen.compute_type
    batch = batch_size(chosen.batch_size, resolved, gpu_mem_mb, model, compute)
    chosen = replace(chosen, batch_size=batch)
    readings = list[Reading]()
    for place, language in video.spoken_in(span.pad):
        check_language(whisper, model, language)
        passage = Span(place, place)
        known = {"intervals": video.speech, "silent": video.silent}
        readings.append(transcribe_span(speech, passage, language, whisper, chosen, **known))
    heard = in_turn(readings)
    logger.info(
        "chunk %d of %d: %d words, %d windows at once", number, len(spans), len(heard.words), batch
    )
    return Part(number, video.language, span, heard.words, heard.segments, heard.hearings).to_json()


def transcribe_window(
    speech: str,
    start: float,
    end: float,
    language: str,
    model: str,
    settings: Mapping[str, Any],
    device: str,
    threads: int,
) -> dict[str, Any]:
    """The words between two moments in seconds: a chunk's reading without a number.

    Arguments, errors and result are as `transcribe_chunk`'s; `language` is a code. One window is
    never batched.
    """
    whisper = _loaded(model, settings, device, threads)
    span, alone = Span((start, end), (start, end)), replace(AsrSettings(**settings), batch_size=1)
    heard = transcribe_span(speech, span, language, whisper, alone)
    logger.info("from %.1f to %.1f s: %d words", start, end, len(heard.words))
    return {"language": language, "span": span.to_json(), **heard.to_json()}


def _loaded(model: str, settings: Mapping[str, Any], device: str, threads: int) -> Any:
    device = resolve(device)
    # On a GPU the number of threads changes nothing that would be worth a second copy.
    threads = threads if device == "cpu" else 1
    with gpu_errors("loading the speech model"):
        return load_model(model, device, AsrSettings(**settings).compute_type, threads)


def number_format(compute_type: str, device: str) -> str:
    """The number format of a model's weights for the configuration's choice, which may be auto.

    A CPU that does not sum bytes exactly takes floats: there, 8 bits double the wrong words.
    """
    if compute_type != "auto":
        return compute_type
    if device == "cuda":
        return "float16"
    return "int8" if sums_bytes_exactly() else "float32"


@functools.cache
def load_model(folder: str, device: str, compute_type: str, threads: int) -> Any:
    """A faster-whisper model, loaded once per process.

    Raises:
        ModelError: where the folder holds no such model.
    """
    share_cores()
    from faster_whisper import WhisperModel

    compute_type = number_format(compute_type, device)
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


def check_language(whisper: Any, model: str, language: str) -> None:
    """See that a model knows a language; faster-whisper takes English in silence where it does not.

    Raises:
        ModelError: where it does not.
    """
    if language != "en" and not whisper.model.is_multilingual:
        raise ModelError(
            f"The video speaks '{language}', and the speech model in '{model}' knows only English;"
            " name a multilingual model in asr.model, or the right language in languages.source."
        )


def transcribe_span(
    speech: str | Path,
    span: Span,
    language: str,
    whisper: Any,
    settings: AsrSettings,
    intervals: Sequence[Interval] = (),
    silent: Sequence[Interval] | None = None,
) -> Reading:
    """What is said in one span with its context, in video time and in order.

    `intervals` are the stretches of speech of the whole video: windows are cut between them;
    without any, Whisper finds its own. `silent` are the stretches that are surely silent, and not
    decoded; they are found where they are not known. Where the GPU's memory does not hold a batch,
    half of it is tried, down to one window.

    Raises:
        GpuMemoryError: where one window at a time does not fit either.
    """
    sound = read_span(speech, *span.pad)
    batch = settings.batch_size if isinstance(settings.batch_size, int) else 1
    while True:
        try:
            found = _decode(whisper, sound, language, settings, batch, span, intervals, silent)
            return _read(found, span, language)
        except RuntimeError as error:
            if batch == 1 or not is_out_of_memory(error):
                with gpu_errors("recognising speech"):
                    raise
            batch //= 2
            logger.warning("the GPU's memory is full; trying again with a batch of %d", batch)


def _decode(
    whisper: Any,
    sound: Samples,
    language: str,
    settings: AsrSettings,
    batch: int,
    span: Span,
    intervals: Sequence[Interval],
    silent: Sequence[Interval] | None,
) -> Decoded:
    """faster-whisper's segments of a sound, in its own time.

    Windows that are cut at pauses need to know where these are; text from the window before needs
    one window after another.
    """
    # faster-whisper keeps a chunk_length in the model once it was given: always give it.
    length = settings.chunk_length or WINDOW_SECONDS
    options: dict[str, Any] = {
        "language": base(language),
        "word_timestamps": True,
        "beam_size": settings.beam_size,
        "initial_prompt": settings.initial_prompt,
        "hotwords": settings.hotwords,
        "chunk_length": length,
    }
    if len(sound) < SPEECH_RATE // 100:
        return Decoded([], [])
    if settings.condition_on_previous_text or not intervals:
        segments = decode_in_order(
            whisper,
            sound,
            settings.temperature,
            options,
            vad_filter=settings.vad_filter,
            condition_on_previous_text=settings.condition_on_previous_text,
        )
        return Decoded(segments, [])
    inside = within(intervals, span.pad)
    quiet = surely_silent(sound, inside) if silent is None else within(silent, span.pad)
    condensed = Condensed.of(len(sound) / SPEECH_RATE, quiet)
    heard, spoken = condensed.sound(sound), condensed.condensed(inside)
    clips = condensed_windows(condensed, spoken, length)
    if settings.vad_filter:
        clips = voiced(clips, spoken, 0.0)
    if not clips:
        return Decoded([], [])
    found = decode_windows(whisper, heard, clips, batch, settings.temperature, options)
    return replace(found, condensed=condensed)


def in_turn(readings: Iterable[Reading]) -> Reading:
    """One reading of readings that follow one another, their segments numbered on."""
    words, segments, hearings = list[Word](), list[Segment](), list[Hearing]()
    for reading in readings:
        first = len(segments)
        words += (replace(word, segment=word.segment + first) for word in reading.words)
        segments += reading.segments
        hearings += reading.hearings
    return Reading(tuple(words), tuple(segments), tuple(hearings))


def _read(decoded: Decoded, span: Span, language: str) -> Reading:
    """Words in video time, inside the span's context, ordered by their start, and their segments.

    A segment without words is left out.
    """
    begin, finish = span.pad
    axis = decoded.condensed or Condensed([(0.0, finish - begin)])
    words: list[Word] = []
    segments: list[Segment] = []
    for offset, segment in decoded.segments:
        found = [word for word in segment.words or [] if word.word.strip()]
        for word in found:
            start = begin + axis.start(offset + float(word.start))
            start = min(max(start, words[-1].start if words else begin), finish)
            end = min(max(begin + axis.end(offset + float(word.end)), start), finish)
            words.append(
                Word(
                    round(start, 3),
                    round(end, 3),
                    word.word.strip(),
                    round(min(1.0, max(0.0, float(word.probability))), 4),
                    word.word[:1].isspace(),
                    len(segments),
                    language,
                )
            )
        if found:
            segments.append(
                Segment(
                    round(float(segment.avg_logprob), 4),
                    round(float(segment.compression_ratio), 3),
                    round(float(segment.no_speech_prob), 4),
                )
            )
    hearings = tuple(
        replace(
            one,
            start=round(begin + axis.start(one.start), 3),
            end=round(begin + axis.end(one.end), 3),
        )
        for one in decoded.hearings
    )
    return Reading(tuple(words), tuple(segments), hearings)
