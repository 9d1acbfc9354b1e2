"""One transcript from the chunks of a video: each word once, in order; all speech accounted for."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any, Final

from vat.errors import TranscriptError
from vat.files import RARE, Record
from vat.speech.speaker_names import Speaker
from vat.speech.vad import Frames
from vat.timeline import Chunks, Hearing, Interval, Part, Segment, Span, Word
from vat.transcript.coverage import account
from vat.transcript.hallucinations import Suspect, suspects
from vat.transcript.seams import Seam
from vat.transcript.second_reading import Decode, Draft, SecondReading
from vat.transcript.settings import QuarantineSettings, SeamSettings
from vat.transcript.warnings import TranscriptWarning, warnings_of

logger = logging.getLogger(__name__)

_ROUNDING_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Transcript(Record):
    """All words of a video, each once and in order, and how they were found: transcript.json.

    A word's `segment` is an index into `segments`. `coverage` are the books: words and seconds of
    speech, and the stretches without words (see `vat.transcript.coverage.account`). `warnings` are
    what is likely wrong, see `vat.transcript.warnings`. `speech` has
    the stretches in which somebody speaks, as split found them; `separation` what separate decided;
    `speakers` who the speakers of the words are, where that is known.
    """

    language: str
    language_probability: float
    duration: float
    words: tuple[Word, ...]
    segments: tuple[Segment, ...]
    seams: tuple[Seam, ...]
    second_readings: tuple[SecondReading, ...]
    quarantine: tuple[Suspect, ...]
    coverage: Mapping[str, Any]
    warnings: tuple[TranscriptWarning, ...]
    speech: tuple[Interval, ...]
    separation: Mapping[str, Any]
    speakers: tuple[Speaker, ...] = field(default=(), metadata=RARE)


def merge(
    chunks: Chunks,
    parts: Iterable[Part],
    probability: Frames,
    decode: Decode,
    seams: SeamSettings,
    quarantine: QuarantineSettings,
) -> Transcript:
    """The transcript of a video from the words of its chunks.

    `probability` is of speech, per frame, as `split` found it. `decode` is called only for bad
    seams and for speech without words.

    Raises:
        TranscriptError: where a chunk is missing, comes twice, or was cut elsewhere, and where not
            every word and every second of speech is accounted for.
    """
    found = _by_number(parts, chunks.spans)
    judge = partial(suspects, probability=probability, settings=quarantine)
    passages = chunks.spoken_in((0.0, chunks.duration))
    draft = Draft(decode, judge, passages, chunks.speech, chunks.duration, seams)
    draft.begin(found[1].reading)
    for number, (before, span) in enumerate(pairwise(chunks.spans), 2):
        draft.append(found[number].reading, span.keep[0], (span.pad[0], before.pad[1]))
    draft.fill()
    draft.settle()
    hearings = [one for number in sorted(found) for one in own_hearings(found[number])]
    return _transcript(chunks, draft, probability, hearings)


def own_hearings(part: Part) -> list[Hearing]:
    """How a chunk sounds, without what it shares with its neighbours."""
    first, last = part.span.keep
    return [
        replace(one, start=max(one.start, first), end=min(one.end, last))
        for one in part.hearings
        if one.start < last and first < one.end
    ]


def _transcript(
    chunks: Chunks, draft: Draft, probability: Frames, hearings: Sequence[Hearing]
) -> Transcript:
    listed = sorted(draft.suspects, key=lambda suspect: suspect.start)
    gone = [suspect for suspect in listed if suspect.is_gone]
    doubted = [(suspect.id, suspect.words) for suspect in gone]
    coverage = account(draft.speech, draft.words, doubted, probability)
    coverage["words"] = {
        "heard": draft.heard,
        "kept": len(draft.words),
        "left_out": draft.left_out,
        "quarantined": sum(len(suspect.words) for suspect in gone),
    }
    check_books(coverage, draft.words)
    warnings = warnings_of(chunks, coverage, gone, hearings)
    _report(draft, listed, warnings)
    words, segments = _renumbered(draft.words, draft.segments)
    return Transcript(
        language=chunks.language,
        language_probability=chunks.language_probability,
        duration=chunks.duration,
        words=tuple(words),
        segments=tuple(segments),
        seams=tuple(draft.seams),
        second_readings=tuple(draft.second),
        quarantine=tuple(listed),
        coverage=coverage,
        warnings=tuple(warnings),
        speech=chunks.speech,
        separation=chunks.separation,
    )


def check_books(coverage: Mapping[str, Any], words: Sequence[Word]) -> None:
    """Make sure that no word and no second of speech is lost or counted twice.

    Raises:
        TranscriptError: with the figures that do not agree.
    """
    count, seconds = coverage["words"], coverage["seconds"]
    parts = count["kept"] + count["left_out"] + count["quarantined"]
    if count["heard"] != parts or len({id(word) for word in words}) != len(words):
        raise TranscriptError(
            f"The words of the transcript do not add up ({count}); this is an error in VAT,"
            " please report it with the video's words and chunks.json."
        )
    parts = seconds["words"] + seconds["quarantined"] + seconds["no_words"]
    listed = sum(stretch["end"] - stretch["start"] for stretch in coverage["stretches"])
    listed_short = abs(listed - seconds["quarantined"] - seconds["no_words"])
    slack = _ROUNDING_SECONDS + 0.001 * len(coverage["stretches"])
    if abs(parts - seconds["speech"]) > slack or listed_short > slack:
        raise TranscriptError(
            f"The seconds of speech do not add up ({seconds}); this is an error in VAT, please"
            " report it with the video's words and chunks.json."
        )


def _report(draft: Draft, listed: Sequence[Suspect], warnings: Sequence[TranscriptWarning]) -> None:
    logger.info("%d words, %d seams", len(draft.words), len(draft.seams))
    for suspect in listed:
        logger.info(
            "in quarantine, %s: %s at %.1f s: '%s' (%s)",
            suspect.fate,
            suspect.id,
            suspect.start,
            suspect.text,
            ", ".join(suspect.signs),
        )
    for warning in warnings:
        logger.warning("%s", warning.text)


def _renumbered(
    words: Sequence[Word], segments: Sequence[Segment]
) -> tuple[list[Word], list[Segment]]:
    """The words with the segments that they use, numbered from 0."""
    used = sorted({word.segment for word in words})
    numbers = {old: new for new, old in enumerate(used)}
    return (
        [replace(word, segment=numbers[word.segment]) for word in words],
        [segments[old] for old in used],
    )


def _by_number(parts: Iterable[Part], spans: Sequence[Span]) -> dict[int, Part]:
    found: dict[int, Part] = {}
    for part in parts:
        number = part.chunk
        if not 1 <= number <= len(spans):
            raise TranscriptError(f"There is no chunk {number}: the video has {len(spans)} chunks.")
        if number in found:
            raise TranscriptError(f"Chunk {number} appears twice.")
        if part.span != spans[number - 1]:
            raise TranscriptError(f"Chunk {number} was cut at other times; transcribe it again.")
        found[number] = part
    missing = [str(number) for number in range(1, len(spans) + 1) if number not in found]
    if missing:
        raise TranscriptError(f"The words of chunk {', '.join(missing)} are missing.")
    return found
