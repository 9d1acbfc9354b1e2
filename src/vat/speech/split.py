"""Chunks of a video: spans that tile it, cut where nobody speaks."""

import logging
import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from vat.errors import TranscriptError
from vat.settings import AUTO, MULTI
from vat.speech.language_detection import FALLBACK, detect_language, detect_passages
from vat.speech.settings import SplitSettings
from vat.speech.silence import silent_stretches
from vat.speech.vad import (
    FRAME_SECONDS,
    Frames,
    frame_energy,
    speech_intervals,
    speech_probability,
)
from vat.speech.windows import WINDOW_SECONDS, breaks
from vat.timeline import Chunks, Interval, Passage, Span, common, count_chunks, length

logger = logging.getLogger(__name__)

LEAST_SECONDS: Final = 0.5
"""No span is shorter than this, unless the video is."""

_SMOOTHING_FRAMES = 9
_WINDOW_SHARE = 0.8
_REACH_SHARE = 0.75


def split(
    speech: str | Path,
    duration: float,
    *,
    expected: int | None,
    language: str,
    language_model: str,
    settings: SplitSettings,
    languages: Sequence[str] = (),
    window: float | None = None,
    separation: Mapping[str, Any] | None = None,
    threads: int = 1,
) -> tuple[Chunks, Frames]:
    """The chunks of one video, and the probability of speech in each frame.

    `expected` is the number of chunks that the run was planned with, None where it was not.
    `language` is a code, or "auto" to detect it with the Whisper model in `language_model`, or
    "multi" to detect it in each stretch of speech; `languages` are then those that may be spoken,
    or none if any may. `window` is how many seconds the recogniser hears at once, None for
    Whisper's own 30; `separation` what is known about that.

    Raises:
        TranscriptError: where the video is longer or shorter than when the run was planned.
    """
    count = _counted(duration, settings, expected)
    probability = speech_probability(speech, duration)
    intervals = speech_intervals(probability, duration)
    listen = partial(_listened, speech, duration, intervals, language_model, settings, threads)
    code, certainty, found = listen(language, languages)
    silent = silent_stretches(speech, intervals, duration)
    heard_apart = [(one.start, one.end) for one in found] or [(0.0, duration)]
    places = breaks(heard_apart, intervals, silent, window or WINDOW_SECONDS)
    energy = frame_energy(speech, duration)
    spans = tile(duration, count, settings, probability, energy, FRAME_SECONDS, places)
    logger.info("%d chunks, %d stretches of speech, language %s", count, len(intervals), code)
    known = Chunks(
        language=code,
        language_probability=round(certainty, 4),
        language_source="detected" if language in (AUTO, MULTI) else "configured",
        duration=duration,
        speech=tuple(intervals),
        spans=tuple(spans),
        passages=tuple(found) if len(found) > 1 else (),
        separation=separation or {},
        silent=tuple(silent),
    )
    return known, probability


def _listened(
    speech: str | Path,
    duration: float,
    intervals: Sequence[Interval],
    model: str,
    settings: SplitSettings,
    threads: int,
    language: str,
    languages: Sequence[str],
) -> tuple[str, float, list[Passage]]:
    """The language of a video, its probability, and the passages where several may be spoken."""
    if language == AUTO:
        count = settings.language_windows
        return *detect_language(speech, intervals, model, count, threads=threads), []
    if language == MULTI:
        found = detect_passages(speech, intervals, model, languages, duration, threads=threads)
        return *_main(found, intervals, languages), found
    return language, 1.0, []


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
    places: Sequence[Interval] = (),
) -> list[Span]:
    """`count` spans whose own parts tile [0, duration] without a gap.

    Each border is that moment of `places`, where a cut does no harm, which is nearest to its
    nominal place; there the spans need no context. It may be a window away if there are such
    places for all borders, else half of one, lest a span be too short to be heard well. Where none
    is so near, the border is the quietest moment within half a window, or nearer where chunks are
    shorter than windows. `probability` (of speech) and `energy` are per frame.
    """
    nominal = duration / count
    half = min(settings.window_seconds / 2, nominal * _WINDOW_SHARE / 2)
    reach = min(settings.window_seconds / 2, (nominal - LEAST_SECONDS) / 2)
    inside = [end - start for start, end in places if end > 0 and start < duration]
    if sum(1 + int(seconds / nominal) for seconds in inside) >= count - 1:
        reach = min(settings.window_seconds, nominal * _REACH_SHARE)
    cost = _cut_cost(probability, energy)
    borders, pads = [0.0], [0.0]
    for index in range(1, count):
        place, least = index * nominal, borders[-1] + LEAST_SECONDS
        found = _nearest(places, place, (max(place - reach, least), place + reach))
        pads.append(settings.pad_seconds if found is None else 0.0)
        if found is None:
            near = max(place - half, min(least, place)), place + half
            found = _quietest(cost, near, place, frame_seconds)
        borders.append(found)
    borders.append(duration)
    pads.append(0.0)
    return [
        Span(
            keep=(start, end),
            pad=(max(0.0, start - before), min(duration, end + after)),
        )
        for (start, end), (before, after) in zip(pairwise(borders), pairwise(pads), strict=True)
    ]


def _nearest(places: Sequence[Interval], moment: float, within: Interval) -> float | None:
    """The moment of `places` within a stretch that is nearest to another, None without any."""
    near = [min(max(moment, start), end) for start, end in common(places, [within])]
    near += [start for start, end in places if start == end and within[0] <= start <= within[1]]
    return min(near, key=lambda one: abs(one - moment), default=None)


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
