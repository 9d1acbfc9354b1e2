"""Separation or none: what a video's speech is better heard with, by a trial on a part of it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from vat.files import Record, scratch_folder
from vat.media.flac import flac_reader, flac_writer
from vat.media.sound import read_span, to_speech
from vat.settings import AUTO, MULTI
from vat.speech.asr import load_model, transcribe_span
from vat.speech.language_detection import language_windows, sounds_like
from vat.speech.separate import separate
from vat.speech.settings import AsrSettings
from vat.speech.vad import speech_intervals, speech_probability
from vat.timeline import Interval, Reading, Span, common, length

logger = logging.getLogger(__name__)

EXCERPTS: Final = 5
EXCERPT_SECONDS: Final = 20.0
"""How many excerpts of which length are tried: separating and hearing them twice takes the time of
one or two minutes of the video."""

LEAST_SURVIVING: Final = 0.9
"""Share of the speech that has to be heard as speech after separation, too."""

LEAST_GAIN: Final = 0.01
"""By how much the mean probability of the words has to rise. On the demo's talk with music it rises
by 0.07, and errors fall from 13 to 0 %; on ten talks which separation hurts, or does nothing for,
it falls by 0.011 to 0.28 (make bench-separation)."""

LEAST_WORDS: Final = 0.9
"""Share of the words, weighted by their probability, that have to be there still."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How a sound is recognised: `avg_logprob` is the mean of the segments'."""

    words: int
    probability: float
    avg_logprob: float

    @classmethod
    def of(cls, readings: Sequence[Reading]) -> "Trial":
        """The sum of readings."""
        probabilities = [word.probability for reading in readings for word in reading.words]
        logprobs = [segment.avg_logprob for reading in readings for segment in reading.segments]
        return cls(
            len(probabilities),
            round(float(np.mean(probabilities or [0.0])), 4),
            round(float(np.mean(logprobs or [0.0])), 4),
        )


@dataclass(frozen=True, slots=True)
class Separation(Record):
    """Whether the speech of a video was separated: separation.json.

    `enabled` is the setting, `reason` a sentence. `figures` are those of a trial, if there was one:
    the seconds that were tried, the share of speech that survived, and how the mix and the
    separated speech were recognised.
    """

    enabled: bool | str
    separated: bool
    reason: str
    figures: Mapping[str, Any]


def plain_speech(audio: str, destination: str) -> dict[str, Any]:
    """Write the speech of `audio` with all that sounds beside it; the decision as JSON."""
    to_speech(audio, destination)
    return Separation(False, False, "Separation is off.", {}).to_json()


def speech_of(
    audio: str,
    destination: str,
    duration: float,
    enabled: bool | str,
    language: str,
    model: str,
    recogniser: str,
    *,
    device: str,
    threads: int,
) -> dict[str, Any]:
    """Write the speech of `audio`, for "auto" separated only if a trial says so.

    Arguments and result, the decision, are JSON values, so that the call can be made in another
    process. `language` is a code, or "auto" or "multi". `recogniser` is the folder of the Whisper
    model that hears the excerpts, on the CPU. The other arguments and errors are `separate`'s.
    """
    if enabled is True:
        separate(audio, destination, model, device=device, threads=threads)
        return Separation(True, True, "Separation is on.", {}).to_json()
    to_speech(audio, destination)
    speech = speech_intervals(speech_probability(destination, duration), duration)
    decision = _tried(
        audio, destination, speech, language, model, recogniser, device=device, threads=threads
    )
    logger.info("%s", decision.reason)
    if decision.separated:
        separate(audio, destination, model, device=device, threads=threads)
    return decision.to_json()


def _tried(
    audio: str,
    mix: str,
    speech: Sequence[Interval],
    language: str,
    model: str,
    recogniser: str,
    *,
    device: str,
    threads: int,
) -> Separation:
    places = language_windows(speech, EXCERPTS, EXCERPT_SECONDS)
    if not places:
        return Separation(AUTO, False, "Nobody speaks, so nothing is separated.", {})
    whisper = load_model(recogniser, "cpu", "auto", threads)
    if language not in (AUTO, MULTI, "en") and not whisper.model.is_multilingual:
        reason = "Nothing is separated: split.language_model knows only English and cannot judge."
        return Separation(AUTO, False, reason, {})
    with scratch_folder() as folder:
        cut, clean = folder / "excerpts.flac", folder / "speech.flac"
        spans = excerpts(audio, places, cut)
        separate(cut, clean, model, device=device, threads=threads)
        plain = folder / "mix.flac"
        to_speech(cut, plain)
        seconds = spans[-1][1]
        voices = [speech_intervals(speech_probability(p, seconds), seconds) for p in (plain, clean)]
        code = _language(whisper, plain, spans) if language in (AUTO, MULTI) else language
        trials = [
            Trial.of([_heard(path, span, code, whisper, voices[0]) for span in spans])
            for path in (plain, clean)
        ]
    survived = length(common(*voices)) / max(length(voices[0]), 0.1)
    return decided(seconds, survived, *trials)


def decided(seconds: float, survived: float, mix: Trial, speech: Trial) -> Separation:
    """The decision by the figures of a trial.

    Speech is separated only where it is recognised with more certainty then, and not lost.
    """
    figures = {
        "seconds": round(seconds, 1),
        "survived": round(survived, 4),
        "mix": asdict(mix),
        "speech": asdict(speech),
    }
    heard = f"its words have a probability of {speech.probability:.3f} instead of"
    heard += f" {mix.probability:.3f}"
    if survived < LEAST_SURVIVING:
        lost = f"{100 * (1 - survived):.0f} % of the speech are lost with separation"
        return Separation(AUTO, False, f"Nothing is separated: {lost}.", figures)
    certain = speech.words * speech.probability
    if certain < LEAST_WORDS * mix.words * mix.probability:
        lost = f"with separation {speech.words} instead of {mix.words} words are heard, and {heard}"
        return Separation(AUTO, False, f"Nothing is separated: {lost}.", figures)
    surer = speech.probability >= mix.probability + LEAST_GAIN
    if surer and speech.avg_logprob > mix.avg_logprob:
        return Separation(AUTO, True, f"Speech is separated: {heard}.", figures)
    return Separation(AUTO, False, f"Nothing is separated: with separation {heard}.", figures)


def excerpts(audio: str | Path, places: Sequence[Interval], destination: Path) -> list[Interval]:
    """Write places of a file one after another, and tell where they are in the new one."""
    found = list[Interval]()
    with flac_reader(audio) as source:
        rate = source.samplerate
        with flac_writer(destination, rate, source.channels) as target:
            for start, end in places:
                source.seek(min(round(start * rate), source.frames))
                piece = source.read(round((end - start) * rate), dtype="int16", always_2d=True)
                begin = found[-1][1] if found else 0.0
                target.write(piece)
                found.append((begin, begin + len(piece) / rate))
    return found


def _heard(
    path: Path, span: Interval, language: str, whisper: Any, speech: Sequence[Interval]
) -> Reading:
    return transcribe_span(
        path, Span(span, span), language, whisper, AsrSettings(temperature=(0.0,)), speech
    )


def _language(whisper: Any, path: Path, spans: Sequence[Interval]) -> str:
    """What most of the excerpts sound like."""
    if not whisper.model.is_multilingual:
        return "en"
    votes = [sounds_like(whisper, read_span(path, *span)) for span in spans]
    totals = {code: sum(vote.get(code, 0.0) for vote in votes) for vote in votes for code in vote}
    return max(totals, key=lambda code: totals[code])
