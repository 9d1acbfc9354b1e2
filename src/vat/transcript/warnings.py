"""Warnings: what a user should look at before trusting a transcript."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vat.files import Record
from vat.timeline import Chunks, Hearing, common, length
from vat.transcript.hallucinations import LEFT_OUT, Suspect

LEAST_SILENT_SECONDS: Final = 1.0
"""Less speech without words than this in a whole video is breath and laughter."""

SURE_LANGUAGE: Final = 0.5
"""Probability below which another language, or several, may be spoken."""

LEAST_OTHER_SECONDS: Final = 5.0
"""Less speech than this that sounds like another language is a quotation, or hard to hear."""

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class TranscriptWarning(Record):
    """Something that is likely wrong with a transcript.

    `kind` is one of "no speech", "no words", "unsure language", "other language", "quarantine",
    "unsure speakers" and "speech at once";
    `text` a sentence for people; `amount` what it counts: seconds of speech, a probability, or
    words.
    """

    kind: str
    text: str
    amount: float


def warnings_of(
    chunks: Chunks,
    coverage: Mapping[str, Any],
    gone: Sequence[Suspect],
    hearings: Sequence[Hearing] = (),
) -> list[TranscriptWarning]:
    """What is likely wrong with the transcript of a video, the worst first.

    `chunks` is how the video is cut, `coverage` the books of its transcript, `gone` what is left
    in the quarantine, `hearings` how the windows of the video sound, in order and apart.
    """
    found = list[TranscriptWarning]()
    if not chunks.speech:
        found.append(
            TranscriptWarning("no speech", "Nobody speaks in this video, as far as VAT hears.", 0.0)
        )
    if (silent := coverage["seconds"]["no_words"]) >= LEAST_SILENT_SECONDS:
        found.append(_no_words(silent, coverage["stretches"]))
    probability = chunks.language_probability
    if chunks.speech and probability < SURE_LANGUAGE:
        found.append(_unsure_language(chunks.language, probability))
    if other := _other_language(chunks, hearings):
        found.append(other)
    if left_out := [suspect for suspect in gone if suspect.fate == LEFT_OUT]:
        found.append(_quarantine(left_out))
    return found


def _no_words(seconds: float, stretches: Sequence[Mapping[str, Any]]) -> TranscriptWarning:
    bare = [stretch for stretch in stretches if stretch["reason"] == "no words"]
    longest = sorted(bare, key=lambda stretch: stretch["start"] - stretch["end"])
    places = listed([clock(stretch["start"]) for stretch in longest])
    text = f"{seconds:.1f} s of speech have no words, the most of them at {places}."
    return TranscriptWarning("no words", text, seconds)


def _unsure_language(language: str, probability: float) -> TranscriptWarning:
    heard = f"with a probability of {probability:.2f} only" if probability else "without evidence"
    text = (
        f"The language was taken to be '{language}' {heard}; if it is another, name it in"
        " languages.source."
    )
    return TranscriptWarning("unsure language", text, probability)


def _other_language(chunks: Chunks, hearings: Sequence[Hearing]) -> TranscriptWarning | None:
    """What sounds like another language than the one that it was heard in, if it is enough."""
    doubted = [
        (length(common(chunks.speech, [(one.start, one.end)])), one)
        for one in hearings
        if one.probability < SURE_LANGUAGE
    ]
    seconds = sum(spoken for spoken, _ in doubted)
    if seconds < LEAST_OTHER_SECONDS:
        return None
    most = sorted(doubted, key=lambda one: -one[0])
    others = dict.fromkeys(one.likeliest for _, one in most if one.likeliest != one.language)
    like = f", but more like {' or '.join([*others][:_SHOWN])}" if others else ""
    places = listed([clock(one.start) for _, one in most])
    text = (
        f"{seconds:.1f} s of speech do not sound like the language they were heard in{like}, the"
        f" most of them from {places}; if several languages are spoken, set languages.source to"
        " multi or to a list of them."
    )
    return TranscriptWarning("other language", text, round(seconds, 3))


def _quarantine(suspects: Sequence[Suspect]) -> TranscriptWarning:
    count = sum(len(suspect.words) for suspect in suspects)
    places = listed(
        [
            f"{clock(suspect.words[0].start)} ({suspect.id}: '{suspect.text}')"
            for suspect in suspects
        ]
    )
    one = count == 1
    text = (
        f"{count} {'word was' if one else 'words were'} taken for invented and left out, at"
        f" {places}; quarantine.restore brings {'it' if one else 'them'} back."
    )
    return TranscriptWarning("quarantine", text, count)


def listed(places: Sequence[str]) -> str:
    """The first few places, and how many more there are."""
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return ", ".join(places[:_SHOWN]) + more


def clock(seconds: float) -> str:
    """A moment as people write it."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
