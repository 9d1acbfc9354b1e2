"""Where subtitles deserve a look: each cue with the reasons to doubt it, and how much these weigh.

The weights say in which order people look, nothing else: a cue with two reasons comes before one
with either, and speech that nobody will read about comes before words that are merely unsure.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from statistics import median
from typing import Any, Final

from vat.report.word_pairs import agreements
from vat.subtitles.lines import columns
from vat.subtitles.track import Track
from vat.timeline import Cue, Interval, common, length, union
from vat.transcript.hallucinations import FOUND_AGAIN, LEFT_OUT
from vat.transcript.settings import QuarantineSettings
from vat.transcript.warnings import SURE_LANGUAGE
from vat.translate.glossary import Term, missing_terms, terms_in
from vat.translate.integrity import faults, repeated, repeated_widely
from vat.translate.job import LOW

_UNSURE_WORD: Final = 0.5
"""Probability of a word below which another one is as likely."""

_SAID_SECONDS: Final = 0.5
"""A cue shorter than this tells nothing by the speech in it."""

_ODD_SPREADS: Final = 4.0
_LEAST_SPREAD: Final = 0.1
"""From how many median deviations on a length is odd; these are no less than 10 %."""

_ODD_WORDS: Final = 3.0
"""From how many spreads below the usual the words of a translation are odd."""

_MANY_LINES: Final = 100
"""Fewer lines tell less of which words go together."""

_USUAL: Final = QuarantineSettings()
"""The thresholds of Whisper's own decoder."""

_GONE: Final = {LEFT_OUT, FOUND_AGAIN}

_SPOKEN_SHARE: Final = 0.5
"""A cue during which nobody speaks for so much of its time may be at the wrong place."""


@dataclass(slots=True)
class Look:
    """A place that may deserve a look.

    `start` and `end` are seconds of video time; `cues` has for each track the positions of its cues
    here; `restore` names an item of the quarantine that the user may put back, else empty.
    """

    start: float
    end: float
    cues: dict[str, list[int]] = field(default_factory=dict)
    risk: float = 0.0
    reasons: list[str] = field(default_factory=list)
    restore: str = ""

    def doubt(self, weight: float, reason: str) -> None:
        """One more reason to look."""
        self.risk += weight
        self.reasons.append(reason)


@dataclass(frozen=True, slots=True)
class Shown:
    """A track with what its stages recorded: its check and, of a translation, its report.

    `terms` are those of the user's glossaries that hold for it.
    """

    track: Track
    check: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    terms: Sequence[Term] = ()


def looks(transcript: Mapping[str, Any], spoken: str, tracks: Mapping[str, Shown]) -> list[Look]:
    """All places of a video in time order, with their risks; those of the most come first to eyes.

    `transcript` is the record of the merge (empty where subtitles came with the video), to which
    `hearings` may be added: how the windows of the video sound. `spoken` is the name of the track
    in the language of the video, and `tracks` are by name.
    """
    found = _places(spoken, tracks)
    heard = _Heard.of(transcript) if transcript and spoken in tracks else None
    for look in found:
        if heard:
            _doubt_spoken(look, heard, is_cue=spoken in look.cues)
            _doubt_alone(look, spoken)
        for name, shown in tracks.items():
            _doubt_track(look, name, shown)
            if name != spoken and spoken in tracks:
                _doubt_translation(look, tracks[spoken].track, name, shown)
    for name, shown in tracks.items():
        if name != spoken and spoken in tracks:
            _compare(found, tracks[spoken].track, name, shown.track)
    found += _without_cues(transcript)
    return sorted(found, key=lambda look: (look.start, look.end))


def _places(spoken: str, tracks: Mapping[str, Shown]) -> list[Look]:
    """The spoken track's cues, each with those of the others that are shown at the same time."""
    order = sorted(tracks, key=lambda name: name != spoken)
    found = list[Look]()
    for name in order:
        base, new, near = list(found), list[Look](), 0
        for at, cue in enumerate(tracks[name].track.cues):
            while near < len(base) and base[near].end <= cue.start:
                near += 1
            beside = [one for one in base[near : near + 3] if _shared(one, cue) > 0]
            if beside:
                best = max(beside, key=lambda one: _shared(one, cue))
                best.cues.setdefault(name, []).append(at)
            else:
                new.append(Look(cue.start, cue.end, {name: [at]}))
        found = sorted([*base, *new], key=lambda look: (look.start, look.end))
    return found


def _shared(look: Look, cue: Cue) -> float:
    return min(look.end, cue.end) - max(look.start, cue.start)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the recognition heard, in time order; `middles` are those of the words."""

    words: Sequence[Mapping[str, Any]]
    middles: Sequence[float]
    speech: Sequence[Interval]
    begins: Sequence[float]
    again: Sequence[float]
    segments: Sequence[Mapping[str, Any]]
    hearings: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, transcript: Mapping[str, Any]) -> "_Heard":
        words = sorted(transcript["words"], key=_middle)
        speech = union((start, end) for start, end in transcript["speech"])
        again = [seam["time"] for seam in transcript["seams"] if seam["decoded_again"]]
        begins = [start for start, _ in speech]
        middles = [_middle(word) for word in words]
        records = (transcript.get(name, ()) for name in ("segments", "hearings"))
        return cls(words, middles, speech, begins, again, *records)

    def said(self, start: float, end: float) -> Sequence[Mapping[str, Any]]:
        """The words between two moments."""
        return self.words[bisect_left(self.middles, start) : bisect_right(self.middles, end)]

    def decoded(self, words: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """How sure the model was of what it decoded together with these words."""
        places = {word.get("segment", -1) for word in words}
        return [self.segments[at] for at in places if 0 <= at < len(self.segments)]

    def foreign(self, start: float, end: float) -> Mapping[str, Any] | None:
        """What sounds like another language for most of a time, if anything does."""
        for one in self.hearings:
            shared = min(end, one["end"]) - max(start, one["start"])
            if one["probability"] < SURE_LANGUAGE and shared > (end - start) / 2:
                return one
        return None

    def spoken(self, start: float, end: float) -> float:
        """The share of the time between two moments in which somebody speaks."""
        first, last = bisect_right(self.begins, start) - 1, bisect_left(self.begins, end)
        return length(common(self.speech[max(first, 0) : last], [(start, end)])) / (end - start)


def _middle(word: Mapping[str, Any]) -> float:
    middle: float = (word["start"] + word["end"]) / 2
    return middle


def _doubt_spoken(look: Look, heard: _Heard, *, is_cue: bool) -> None:
    """What the recognition tells of a place: unsure words, seams, speech beside the cue."""
    words = heard.said(look.start, look.end)
    unsure = [word for word in words if word["probability"] < _UNSURE_WORD]
    if unsure:
        worst = min(unsure, key=lambda word: float(word["probability"]))
        share = len(unsure) / len(words)
        look.doubt(1 + share, f"unsure of '{worst['text']}' ({worst['probability']:.0%})")
    if words:
        look.risk += 1 - sum(word["probability"] for word in words) / len(words)
    _doubt_hearing(look, heard, words)
    if any(look.start <= time <= look.end for time in heard.again):
        look.doubt(0.5, "where two chunks meet, read a second time")
    if is_cue and not words:
        look.doubt(2, "no word was heard in its time")
    elif is_cue and look.end - look.start > _SAID_SECONDS:
        share = heard.spoken(look.start, look.end)
        if share < _SPOKEN_SHARE:
            look.doubt(1, f"speech in {share:.0%} of its time")


def _doubt_hearing(look: Look, heard: _Heard, words: Sequence[Mapping[str, Any]]) -> None:
    """What the model thinks of all that it decoded here, and of its language."""
    decoded = heard.decoded(words)
    silent = max((one["no_speech_prob"] for one in decoded), default=0.0)
    if silent > _USUAL.no_speech_prob:
        look.doubt(1, f"the model hears no speech here ({silent:.0%})")
    if any(one["avg_logprob"] < _USUAL.avg_logprob for one in decoded):
        look.doubt(1, "the model is unsure of all that is said here")
    if foreign := heard.foreign(look.start, look.end):
        names = f"more like {foreign['likeliest']} than {foreign['language']}"
        look.doubt(1, f"it sounds {names} ({foreign['probability']:.0%})")


def _doubt_track(look: Look, name: str, shown: Shown) -> None:
    """What the stages recorded of one track's cues here."""
    ids = {shown.track.cues[at].id for at in look.cues.get(name, ())}
    if ids & {*shown.check.get("faults", {}).get("reading_speed", ())}:
        look.doubt(0.5, f"{name}: too fast to read")
    for one in shown.report.get("doubtful", ()):
        if one["id"] in ids:
            look.doubt(2, f"{name}: {one['reason']}")
    if ids & {*shown.report.get("untranslated", ())}:
        look.doubt(4, f"{name}: not translated")
    elif ids & {*shown.report.get("too_long", ())}:
        look.doubt(0.5, f"{name}: longer than its time allows")
    for one in shown.report.get("estimate", {}).get("remarks", ()):
        if one["id"] in ids and one["penalty"] < LOW:
            look.doubt(0.5, f"{name}: {one['errors']}")


def _doubt_alone(look: Look, spoken: str) -> None:
    """What stands in other languages alone; it is taken for the translation of what was lost."""
    if look.cues and spoken not in look.cues:
        look.doubt(2, f"{', '.join(look.cues)}: nothing stands here in the spoken language")


def _doubt_translation(look: Look, spoken: Track, name: str, shown: Shown) -> None:
    """What a comparison of the texts tells, after all that people have changed."""
    said, made = _text(look, spoken), _text(look, shown.track)
    if said and not made:
        look.doubt(3, f"{name}: nothing stands here")
    if not said or not made:
        return
    terms = terms_in(said, shown.terms)
    missing = missing_terms(said, made, terms)
    # A sentence of several subtitles may have its terms in another order.
    near = _text(look, shown.track, beside=1)
    for term in missing_terms(said, near, missing):
        look.doubt(3, f"{name}: the glossary wants '{term.target}' for '{term.source}'")
    kept = [term for term in terms if term not in missing]
    for fault in faults([said], [made], (spoken.language, shown.track.language), kept):
        reason = f"{name}: {fault.reason}"
        if reason not in look.reasons:
            look.doubt(3 if fault.certain else 2, reason)


def _text(look: Look, track: Track, beside: int = 0) -> str:
    """What a track says at a place, with so many cues before and after it."""
    places = look.cues.get(track.name, ())
    if not places:
        return ""
    cues = track.cues[max(0, places[0] - beside) : places[-1] + beside + 1]
    return " ".join(cue.text for cue in cues)


def _compare(found: Sequence[Look], spoken: Track, name: str, track: Track) -> None:
    """What only a comparison with the other places tells: repeated texts, and odd lengths."""
    texts = {at: (_text(look, spoken), _text(look, track)) for at, look in enumerate(found)}
    texts = {at: both for at, both in texts.items() if all(both)}
    if not texts:
        return
    said = {at: one for at, (one, _) in texts.items()}
    made = {at: other for at, (_, other) in texts.items()}
    for at in repeated(said, made) | repeated_widely(said, made):
        found[at].doubt(1.5, f"{name}: the same text as for something else")
    _doubt_words(found, name, agreements(said, made))
    ratios = {at: log((columns(made[at]) + 1) / (columns(said[at]) + 1)) for at in texts}
    usual = median(ratios.values())
    spread = max(median(abs(one - usual) for one in ratios.values()), _LEAST_SPREAD)
    for at, ratio in ratios.items():
        odd = abs(ratio - usual) / spread
        if odd > _ODD_SPREADS:
            found[at].doubt(1, f"{name}: {'longer' if ratio > usual else 'shorter'} than usual")
        found[at].risk += min(odd, _ODD_SPREADS) / 10


def _doubt_words(found: Sequence[Look], name: str, scores: Mapping[int, float]) -> None:
    """Translations whose words go less with those of their source than usual in this video."""
    if not scores:
        return
    sure = min(1.0, len(scores) / _MANY_LINES)
    usual = median(scores.values())
    spread = max(median(abs(one - usual) for one in scores.values()), _LEAST_SPREAD)
    for at, score in scores.items():
        odd = (usual - score) / spread
        if odd > _ODD_WORDS and sure == 1:
            found[at].doubt(1, f"{name}: its words stand elsewhere for others")
        found[at].risk += sure * min(max(odd, 0), _ODD_WORDS) / 5


def _without_cues(transcript: Mapping[str, Any]) -> Iterator[Look]:
    """What was said, or taken for said, and stands in no cue."""
    for item in transcript.get("quarantine", ()):
        if item["fate"] in _GONE:
            look = Look(item["start"], item["end"], restore=item["id"])
            look.doubt(1.5, f"left out as invented: '{item['text']}' ({', '.join(item['signs'])})")
            yield look
    stretches = transcript.get("coverage", {}).get("stretches", ())
    for start, end in union((one["start"], one["end"]) for one in _silent(stretches)):
        look = Look(start, end)
        look.doubt(3 + min(end - start, 5), f"{end - start:.1f} s of speech without words")
        yield look


def _silent(stretches: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in stretches if one["reason"] == "no words"]
