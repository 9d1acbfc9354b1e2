"""Made-up talks as chunks, words and probabilities of speech, for the tests of what joins them."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from vat.speech.vad import FRAME_SECONDS, Frames
from vat.timeline import Chunks, Interval, Part, Segment, Span, Word
from vat.transcript.merge import Transcript, merge
from vat.transcript.settings import QuarantineSettings, SeamSettings

SURE = Segment(avg_logprob=-0.2, compression_ratio=1.3, no_speech_prob=0.05)
LOST = Segment(avg_logprob=-1.4, compression_ratio=3.0, no_speech_prob=0.9)


def spans_of(cuts: Sequence[float], duration: float, pad: float) -> list[Span]:
    borders = [0.0, *cuts, duration]
    return [
        Span((a, b), (max(0.0, a - pad), min(duration, b + pad)))
        for a, b in itertools.pairwise(borders)
    ]


def speech_of(words: Sequence[Word]) -> list[Interval]:
    """Stretches of speech: words less than a tenth of a second apart are one."""
    found: list[Interval] = []
    for word in words:
        if found and word.start - found[-1][1] < 0.1:
            found[-1] = found[-1][0], word.end
        else:
            found.append((word.start, word.end))
    return found


def voice_of(speech: Sequence[Interval], duration: float, loud: float = 0.95) -> Frames:
    """The probability of speech per frame: `loud` inside speech, 0.02 outside."""
    frames = np.full(max(1, int(np.ceil(duration / FRAME_SECONDS))), 0.02, np.float32)
    for start, end in speech:
        frames[int(start / FRAME_SECONDS) : int(np.ceil(end / FRAME_SECONDS))] = loud
    return frames


def chunks_of(spans: Sequence[Span], speech: Sequence[Interval] = ()) -> Chunks:
    return Chunks("en", 1.0, "configured", spans[-1].keep[1], tuple(speech), tuple(spans))


def part(
    number: int, span: Span, words: Sequence[Word], segments: Sequence[Segment] = (SURE,)
) -> dict[str, Any]:
    return Part(number, "en", span, tuple(words), tuple(segments)).to_json()


def heard(
    words: Sequence[Word], place: Interval, chance: random.Random, jitter: float = 0.0
) -> list[Word]:
    """The words inside a place, at slightly wrong times."""
    found = []
    for word in words:
        if place[0] <= word.start and word.end <= place[1]:
            off = chance.uniform(-jitter, jitter)
            found.append(Word(word.start + off, word.end + off, word.text, chance.random()))
    return found


def never(**_: Any) -> Mapping[str, Any]:
    raise AssertionError("nothing should be decoded again")


def joined(
    spans: Sequence[Span],
    parts: Sequence[Mapping[str, Any]],
    speech: Sequence[Interval] = (),
    *,
    voice: Frames | None = None,
    decode: Callable[..., Mapping[str, Any]] = never,
    seams: SeamSettings | None = None,
    quarantine: QuarantineSettings | None = None,
) -> dict[str, Any]:
    """The JSON of a transcript with everything but the given things as usual.

    Without `speech` and `voice`, somebody speaks all the time.
    """
    duration = spans[-1].keep[1]
    if voice is None:
        voice = voice_of(speech or [(0, duration)], duration)
    transcript = merge(
        chunks_of(spans, speech),
        map(Part.from_json, parts),
        voice,
        decode,
        seams or SeamSettings(),
        quarantine or QuarantineSettings(),
    )
    assert Transcript.from_json(transcript.to_json()) == transcript
    return transcript.to_json()


def texts(transcript: Mapping[str, Any]) -> list[str]:
    return [word["text"] for word in transcript["words"]]


class Listener:
    """Hears every word of a window, and remembers which windows it was asked for."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words, self.windows = words, list[Interval]()

    def __call__(self, *, start: float, end: float, language: str) -> Mapping[str, Any]:
        assert language == "en"
        self.windows.append((start, end))
        span = Span((start, end), (start, end))
        return part(0, span, [w for w in self.words if start <= w.start and w.end <= end])
