"""One transcript from the chunks of a video: each word once, in order; all speech accounted for."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from vat.errors import TranscriptError
from vat.speech.vad import Frames
from vat.timeline import Reading, Segment, Span, Word, spans_of
from vat.transcript.coverage import account
from vat.transcript.quarantine import QuarantineSettings, Suspect, suspects
from vat.transcript.seams import SeamSettings
from vat.transcript.second_reading import Decode, Draft
from vat.transcript.warnings import TranscriptWarning, warnings_of

logger = logging.getLogger(__name__)

_ROUNDING_SECONDS: Final = 0.01


def merge(
    chunks: Mapping[str, Any],
    parts: Iterable[Mapping[str, Any]],
    probability: Frames,
    decode: Decode,
    seams: SeamSettings,
    quarantine: QuarantineSettings,
) -> dict[str, Any]:
    """The content of transcript.json from a video's chunks.json and its words/{chunk}.json.

    `probability` is of speech, per frame, as `split` found it. `decode` is called only for bad
    seams and for speech without words.

    Raises:
        TranscriptError: where a chunk is missing, comes twice, or was cut elsewhere, and where not
            every word and every second of speech is accounted for.
    """
    spans = spans_of(dict(chunks))
    found = _by_number(parts, spans)
    speech = [(start, end) for start, end in chunks["speech"]]
    judge = partial(suspects, probability=probability, settings=quarantine)
    draft = Draft(decode, judge, chunks["language"], speech, chunks["duration"], seams)
    for number, span in enumerate(spans, 1):
        reading = Reading.from_json(found[number])
        if number == 1:
            draft.begin(reading)
        else:
            before = spans[number - 2]
            draft.append(reading, span.keep[0], (span.pad[0], before.pad[1]))
    draft.fill()
    draft.settle()
    return _transcript(chunks, draft, probability)


def _transcript(chunks: Mapping[str, Any], draft: Draft, probability: Frames) -> dict[str, Any]:
    listed = sorted(draft.suspects, key=lambda suspect: suspect.words[0].start)
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
    warnings = warnings_of(chunks, coverage, gone)
    _report(draft, listed, warnings)
    words, segments = _renumbered(draft.words, draft.segments)
    return {
        "language": chunks["language"],
        "language_probability": chunks["language_probability"],
        "duration": chunks["duration"],
        "words": [word.to_json() for word in words],
        "segments": [segment.to_json() for segment in segments],
        "seams": [seam.to_json() for seam in draft.seams],
        "second_readings": [reading.to_json() for reading in draft.second],
        "quarantine": [suspect.to_json() for suspect in listed],
        "coverage": coverage,
        "warnings": [warning.to_json() for warning in warnings],
        "speech": chunks["speech"],
    }


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
            "restored" if suspect.restored else suspect.fate,
            suspect.id,
            suspect.words[0].start,
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


def _by_number(
    parts: Iterable[Mapping[str, Any]], spans: Sequence[Span]
) -> dict[int, Mapping[str, Any]]:
    found: dict[int, Mapping[str, Any]] = {}
    for part in parts:
        number = part["chunk"]
        if not 1 <= number <= len(spans):
            raise TranscriptError(f"There is no chunk {number}: the video has {len(spans)} chunks.")
        if number in found:
            raise TranscriptError(f"Chunk {number} appears twice.")
        if Span.from_json(part["span"]) != spans[number - 1]:
            raise TranscriptError(f"Chunk {number} was cut at other times; transcribe it again.")
        found[number] = part
    missing = [str(number) for number in range(1, len(spans) + 1) if number not in found]
    if missing:
        raise TranscriptError(f"The words of chunk {', '.join(missing)} are missing.")
    return found
