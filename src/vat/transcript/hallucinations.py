"""Hallucinations: words that were most likely never said, with the evidence against them."""

import functools
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Final, Self

from vat.files import Record
from vat.speech.vad import END_THRESHOLD, THRESHOLD, Frames, voice
from vat.timeline import Segment, Word, text_of
from vat.transcript.seams import plain
from vat.transcript.settings import QuarantineSettings

TIME_ERROR_SECONDS: Final = 0.5
"""How far from a word its voice is sought: Whisper may set a word into the silence beside it."""

LEAST_REPETITIONS: Final = 4
"""People say a thing twice or three times; loops of a decoder go on."""

LEFT_OUT: Final = "left out"
FOUND_AGAIN: Final = "found again"
RESTORED: Final = "restored"
"""What becomes of a run of words, besides what `vat.transcript.quarantine` may find."""

_LONGEST_PATTERN = 8
_FEW_WORDS = 5
_PHRASE_SHARE = 0.6
_MILLISECOND = 0.001

_WEIGHTS: Final = {
    "no voice": 2.5,
    "faint voice": 1.0,
    "voice": -1.0,
    "uncertain": 1.0,
    "repetitive": 1.0,
    "too fast": 2.0,
    "no speech": 0.5,
    "known phrase": 0.5,
}
"""What each sign counts against words. No voice at all is enough with the usual limit; over a clear
voice it takes three signs of a broken decoder; a phrase alone never matters."""


@dataclass(frozen=True, slots=True)
class Evidence(Record):
    """What is known about a run of words of one segment.

    `voice` is the highest probability of speech at or beside a word; `repetitions` how often a
    pattern that fills half of the run is repeated without a break; `probability` the mean of the
    words'.
    """

    voice: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    repetitions: int
    words_per_second: float
    known_phrase: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Suspect(Record):
    """A run of words under suspicion: an item of the quarantine.

    `text` is that of the `words`, `start` and `end` are theirs; `strength` is how much the `signs`
    count together. `restored` ones stay in the transcript because the user wants them; `fate` says
    so, or is "left out", or what `vat.transcript.quarantine` found.
    """

    id: str
    start: float
    end: float
    text: str
    restored: bool
    fate: str
    signs: tuple[str, ...]
    strength: float
    evidence: Evidence
    words: tuple[Word, ...]

    @classmethod
    def of(cls, words: Sequence[Word], signs: Sequence[str], evidence: Evidence) -> Self:
        """The suspect that a run of words is, not restored."""
        start, end = words[0].start, max(word.end for word in words)
        name, text, strong = _name(words), text_of(words), strength(signs)
        return cls(
            name, start, end, text, False, LEFT_OUT, tuple(signs), strong, evidence, tuple(words)
        )

    @property
    def is_gone(self) -> bool:
        """Whether the transcript is without these very words."""
        return self.fate in {LEFT_OUT, FOUND_AGAIN}


def suspects(
    words: Sequence[Word],
    segments: Sequence[Segment],
    probability: Frames,
    settings: QuarantineSettings,
) -> tuple[list[Word], list[Suspect]]:
    """The words that stay, and the runs of words that are most likely invented.

    `probability` is of speech, per frame. Words are judged in runs of one segment over one kind of
    sound (voice, faint voice, none), so that words in silence do not take those beside them along.
    """
    kept: list[Word] = []
    found: list[Suspect] = []
    for run in _runs(words, probability, settings):
        evidence = _evidence(run, segments[run[0].segment], probability)
        signs = signs_of(evidence, len(run), settings)
        doubted = strength(signs) >= settings.limit
        if doubted:
            suspect = Suspect.of(run, signs, evidence)
            restored = suspect.id in settings.restore or "all" in settings.restore
            fate = RESTORED if restored else LEFT_OUT
            found.append(replace(suspect, restored=restored, fate=fate))
        if not doubted or found[-1].restored:
            kept += run
    return kept, found


def signs_of(evidence: Evidence, count: int, settings: QuarantineSettings) -> list[str]:
    """The signs for and against a run of `count` words, by name."""
    repetitive = (
        evidence.compression_ratio > settings.compression_ratio
        or evidence.repetitions >= LEAST_REPETITIONS
    )
    signs = {
        _sound(evidence.voice, settings): True,
        "uncertain": evidence.avg_logprob < settings.avg_logprob,
        "repetitive": repetitive,
        "too fast": count >= _FEW_WORDS and evidence.words_per_second > settings.words_per_second,
        "no speech": evidence.no_speech_prob > settings.no_speech_prob,
        "known phrase": evidence.known_phrase,
    }
    return [sign for sign, there in signs.items() if there and sign in _WEIGHTS]


def strength(signs: Sequence[str]) -> float:
    """How much the signs count together."""
    return sum(_WEIGHTS[sign] for sign in signs)


def _sound(heard: float, settings: QuarantineSettings) -> str:
    if heard < settings.no_voice:
        return "no voice"
    if heard < END_THRESHOLD:
        return "faint voice"
    return "voice" if heard >= THRESHOLD else "perhaps a voice"


def _runs(
    words: Sequence[Word], probability: Frames, settings: QuarantineSettings
) -> Iterator[list[Word]]:
    """Consecutive words of one segment and one kind of sound."""

    def kind(word: Word) -> tuple[int, str]:
        heard = _voice(word, probability)
        sound = _sound(heard, settings)
        return word.segment, sound if heard < END_THRESHOLD else "voice"

    for _, run in itertools.groupby(words, kind):
        yield list(run)


def _voice(word: Word, probability: Frames) -> float:
    start, end = word.start - TIME_ERROR_SECONDS, word.end + TIME_ERROR_SECONDS
    return float(voice(probability, start, end).max(initial=0.0))


def _evidence(run: Sequence[Word], segment: Segment, probability: Frames) -> Evidence:
    seconds = max(max(word.end for word in run) - run[0].start, _MILLISECOND)
    return Evidence(
        voice=round(max(_voice(word, probability) for word in run), 3),
        avg_logprob=segment.avg_logprob,
        compression_ratio=segment.compression_ratio,
        no_speech_prob=segment.no_speech_prob,
        repetitions=repetitions([plain(word.text) for word in run]),
        words_per_second=round(len(run) / seconds, 2),
        known_phrase=_is_known_phrase(run),
        probability=round(sum(word.probability for word in run) / len(run), 4),
    )


def repetitions(words: Sequence[str]) -> int:
    """How often a pattern of up to 8 words that fills half of the words is said in a row."""
    most = 1
    for size in range(1, min(_LONGEST_PATTERN, len(words) // 2) + 1):
        same = 0
        for one, other in zip(words, words[size:], strict=False):
            same = same + 1 if one == other else 0
            if 2 * (same + size) >= len(words):
                most = max(most, (same + size) // size)
    return most


def _is_known_phrase(run: Sequence[Word]) -> bool:
    text = plain(text_of(run))
    return any(phrase in text and len(phrase) >= _PHRASE_SHARE * len(text) for phrase in _phrases())


@functools.cache
def _phrases() -> frozenset[str]:
    lines = (files("vat") / "data" / "hallucinations.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(plain(line) for line in lines if line and not line.startswith("#"))


def _name(run: Sequence[Word]) -> str:
    """An id that the same words at the same time always have, and that is no number in YAML."""
    content = f"{run[0].start:.3f} {run[-1].end:.3f} {text_of(run)}"
    return "q" + hashlib.sha256(content.encode()).hexdigest()[:8]
