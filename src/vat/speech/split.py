"""Chunks of a video: spans that tile it, cut where nobody speaks."""

import itertools
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from vat.errors import TranscriptError
from vat.settings import AUTO, MULTI
from vat.speech.language_detection import FALLBACK, detect_language, detect_passages
from vat.speech.settings import SplitSettings
from vat.speech.vad import (
    FRAME_SECONDS,
    Frames,
    frame_energy,
    speech_intervals,
    speech_probability,
)
from vat.timeline import Chunks, Interval, Passage, Span, common, count_chunks, length

logger = logging.getLogger(__name__)

LEAST_SECONDS: Final = 0.5
"""No span is shorter than this, unless the video is."""

_SMOOTHING_FRAMES = 9
_WINDOW_SHARE = 0.8


def split(
    speech: str | Path,
    duration: float,
    *,
    expected: int | None,
    language: str,
    language_model: str,
    settings: SplitSettings,
    languages: Sequence[str] = (),
    threads: int = 1,
) -> tuple[Chunks, Frames]:
    """The chunks of one video, and the probability of speech in each frame.

    `expected` is the number of chunks that the run was planned with, None where it was not.
    `language` is a code, or "auto" to detect it with the Whisper model in `language_model`, or
    "multi" to detect it in each stretch of speech; `languages` are then those that may be spoken,
    or none if any may.

    Raises:
        TranscriptError: where the video is longer or shorter than when the run was planned.
    """
    count = _counted(duration, settings, expected)
    probability = speech_probability(speech, duration)
    intervals = speech_intervals(probability, duration)
    spans = tile(
        duration, count, settings, probability, frame_energy(speech, duration), FRAME_SECONDS
    )
    code, certainty, found = language, 1.0, list[Passage]()
    if language == AUTO:
        code, certainty = detect_language(
            speech, intervals, language_model, settings.language_windows, threads=threads
        )
    elif language == MULTI:
        found = detect_passages(
            speech, intervals, language_model, languages, duration, threads=threads
        )
        code, certainty = _main(found, intervals, languages)
    logger.info("%d chunks, %d stretches of speech, language %s", count, len(intervals), code)
    chunks = Chunks(
        language=code,
        language_probability=round(certainty, 4),
        language_source="detected" if language in (AUTO, MULTI) else "configured",
        duration=duration,
        speech=tuple(intervals),
        spans=tuple(spans),
        passages=tuple(found) if len(found) > 1 else (),
    )
    return chunks, probability


def _counted(duration: float, settings: SplitSettings, expected: int | None) -> int:
    count = count_chunks(duration, settings.chunk_seconds)
    if expected is not None and expected != count:
        raise TranscriptError(
            f"The video has {count} chunks, but the run was planned with {expected}: its file has"
            " changed since; run the same command again."
        )
    return count


def _main(
    found: Sequence[Passage], speech: Sequence[Interval], languages: Sequence[str]
) -> tuple[str, float]:
    """The language that is spoken longest, and how probable it is where it is spoken."""
    seconds, sure = dict[str, float](), dict[str, float]()
    for passage in found:
        spoken = length(common(speech, [(passage.start, passage.end)]))
        seconds[passage.language] = seconds.get(passage.language, 0.0) + spoken
        sure[passage.language] = sure.get(passage.language, 0.0) + spoken * passage.probability
    if not seconds:
        return (*languages, FALLBACK)[0], 0.0
    code = max(seconds, key=lambda one: seconds[one])
    return code, sure[code] / seconds[code]


def tile(
    duration: float,
    count: int,
    settings: SplitSettings,
    probability: Frames,
    energy: Frames,
    frame_seconds: float,
) -> list[Span]:
    """`count` spans whose own parts tile [0, duration] without a gap.

    Each border is the quietest moment within half a window of its nominal place, or nearer where
    chunks are shorter than windows. `probability` (of speech) and `energy` are per frame.
    """
    nominal = duration / count
    half = min(settings.window_seconds / 2, nominal * _WINDOW_SHARE / 2)
    cost = _cut_cost(probability, energy)
    borders = [0.0]
    for index in range(1, count):
        place = index * nominal
        borders.append(_quietest(cost, (place - half, place + half), place, frame_seconds))
    borders.append(duration)
    return [
        Span(
            keep=(start, end),
            pad=(
                max(0.0, start - settings.pad_seconds),
                min(duration, end + settings.pad_seconds),
            ),
        )
        for start, end in itertools.pairwise(borders)
    ]


def _cut_cost(probability: Frames, energy: Frames) -> Frames:
    """How much a cut in each frame would hurt: speech nearby first, then loudness.

    Averaging over neighbours makes the middle of a long pause cheaper than a short gap. Energy
    only decides between frames of equal speech: it is scaled to at most a hundredth.
    """
    kernel = np.hanning(_SMOOTHING_FRAMES + 2)[1:-1]
    kernel /= kernel.sum()
    speech = np.convolve(np.pad(probability, _SMOOTHING_FRAMES // 2, mode="edge"), kernel, "valid")
    loud = np.convolve(np.pad(energy, _SMOOTHING_FRAMES // 2, mode="edge"), kernel, "valid")
    peak = float(loud.max()) or 1.0
    # Frames that are all speech tell nothing by their probability: there the energy decides.
    cost: Frames = (np.round(speech, 1) + 0.01 * loud / peak).astype(np.float32)
    return cost


def _quietest(cost: Frames, window: Interval, nominal: float, frame_seconds: float) -> float:
    """The moment of least cost in a window; of equal ones, that nearest to the nominal place."""
    first = max(0, math.ceil(window[0] / frame_seconds))
    last = min(len(cost), math.floor(window[1] / frame_seconds))
    if last <= first:
        return round(nominal, 3)
    centres = (np.arange(first, last) + 0.5) * frame_seconds
    order = np.lexsort((np.abs(centres - nominal), np.round(cost[first:last], 4)))
    return round(float(centres[order[0]]), 3)
