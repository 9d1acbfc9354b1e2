"""Which language a video speaks, from several places of it; or which languages, and where."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from vat.media.sound import SPEECH_RATE, Samples, read_span
from vat.speech.asr import load_model
from vat.speech.decoding import Probabilities, language_probabilities
from vat.speech.passages import passages, utterances
from vat.speech.windows import WINDOW_SECONDS
from vat.timeline import Interval, Passage

logger = logging.getLogger(__name__)

FALLBACK: Final = "en"
"""Assumed, with probability 0, where nothing tells the language."""

_FRAMES_PER_SECOND = 100
_PADDING_SECONDS = 3
"""Silence after a short sound: with less Whisper errs about languages, and more costs time."""


def detect_language(
    speech: str | Path, intervals: Sequence[Interval], model: str, windows: int, *, threads: int = 1
) -> tuple[str, float]:
    """The language's code and its probability, by the Whisper model in the folder `model`.

    It runs on the CPU: a few windows are not worth a GPU. A model that knows only English detects
    nothing: English is assumed, with probability 0.
    """
    places = language_windows(intervals, windows)
    if not places:
        logger.warning("no speech found; assuming that the language is %s", FALLBACK)
        return FALLBACK, 0.0
    whisper = load_model(model, "cpu", "int8", threads)
    if not whisper.model.is_multilingual:
        logger.warning("the model that detects the language knows only English")
        return FALLBACK, 0.0
    votes = []
    for start, end in places:
        _, _, probabilities = whisper.detect_language(audio=read_span(speech, start, end))
        votes.append((dict(probabilities), spoken(intervals, (start, end))))
        logger.info("at %.0f s: %s", start, probabilities[:3])
    return vote(votes)


def detect_passages(
    speech: str | Path,
    intervals: Sequence[Interval],
    model: str,
    languages: Sequence[str],
    duration: float,
    *,
    threads: int = 1,
) -> list[Passage]:
    """The passages of a video of `duration` seconds by their language; none where nothing tells.

    `languages` are those that may be spoken, or none if any may. As `detect_language`, it runs on
    the CPU.
    """
    said = utterances(intervals)
    if not said:
        return []
    whisper = load_model(model, "cpu", "int8", threads)
    if not whisper.model.is_multilingual:
        logger.warning("the model that detects the languages knows only English")
        return []
    votes = [sounds_like(whisper, read_span(speech, *place)) for place in said]
    found = passages(said, votes, languages, duration)
    for passage in found:
        logger.info(
            "from %.1f to %.1f s: %s (%.2f)",
            *(passage.start, passage.end, passage.language, passage.probability),
        )
    return found


def sounds_like(whisper: Any, sound: Samples) -> Probabilities:
    """How much a sound is like each language; what is beyond 30 s is not heard.

    It is encoded as short as it is, which takes a fraction of the time of a window of 30 s.
    """
    padded = np.pad(sound, (0, _PADDING_SECONDS * SPEECH_RATE))
    features = whisper.feature_extractor(padded, padding=0)
    encoded = whisper.encode(features[..., : WINDOW_SECONDS * _FRAMES_PER_SECOND])
    return language_probabilities(whisper.model.detect_language(encoded)[0])


def language_windows(
    intervals: Sequence[Interval], windows: int, seconds: float = WINDOW_SECONDS
) -> list[Interval]:
    """Up to `windows` windows that begin with speech, spread over it, without overlap."""
    total = sum(end - start for start, end in intervals)
    chosen: list[Interval] = []
    before, wanted = 0.0, 0
    for start, end in intervals:
        while wanted < windows and before + (end - start) > wanted * total / windows:
            moment = start + max(0.0, wanted * total / windows - before)
            if not chosen or moment >= chosen[-1][1]:
                chosen.append((moment, moment + seconds))
            wanted += 1
        before += end - start
    return chosen


def spoken(intervals: Sequence[Interval], window: Interval) -> float:
    """Seconds of speech inside a window."""
    return sum(max(0.0, min(end, window[1]) - max(start, window[0])) for start, end in intervals)


def vote(votes: Sequence[tuple[Mapping[str, float], float]]) -> tuple[str, float]:
    """The likeliest language: the mean of the windows' probabilities, weighted by their speech."""
    total = sum(weight for _, weight in votes)
    means: defaultdict[str, float] = defaultdict(float)
    for probabilities, weight in votes:
        for code, probability in probabilities.items():
            means[code] += probability * weight / total
    best = max(means, key=lambda code: (means[code], code))
    return best, min(1.0, means[best])
