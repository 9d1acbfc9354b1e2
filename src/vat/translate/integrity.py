"""Whether a translation can be one: what is empty, moved, repeated, foreign or of odd length."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations
from typing import Final
from unicodedata import normalize

from vat.languages import base, chinese_script, language, letters
from vat.subtitles.chinese import variant_counts
from vat.subtitles.likely_language import likely_language
from vat.subtitles.lines import columns
from vat.translate.concepts import has_concepts
from vat.translate.glossary import Term, missing_terms, terms_in
from vat.translate.kindred_languages import kindred_language
from vat.translate.remark_signs import usual_width
from vat.translate.remark_words import plain
from vat.translate.remarks import remarks
from vat.translate.written_language import (
    foreign_share,
    has_letters,
    is_name,
    script_of,
    words,
)

_FOREIGN_SHARE: Final = 0.7
_DOUBTFUL_SHARE: Final = 0.5
"""Shares of foreign script: terms in brackets reach a half, sentences left as they were more."""

_DETECTED_LETTERS: Final = 40
_GUESSED_LETTERS: Final = 20
"""Letters from which py3langid is nearly always right, and from which it is worth asking again."""

_SHORT_WORDS: Final = 2
"""Up to so many different words may be the same in two languages: Taxi, okay, Hotel Adlon, no."""

_INTERJECTION: Final = re.compile(
    r"o+h*|a+h+|h+m+|m+h?m*|u+h+|e+h+|w+o+w+|ok(?:ay)?|(?:h[aeiou]+h?)+|sh+|psst|taxi|bravo|hallo|hey",
    re.IGNORECASE,
)
_SAY_NO: Final = frozenset({"es", "it", "ca", "gl"})
_LONGEST_NAME: Final = 4

_LEFT_SHARE: Final = 0.9
"""An answer with so much of the source's letters is the source; a command in it is less."""

_LONGEST: Final = 4.0
_LONGEST_SLACK: Final = 20
_SHORTEST: Final = 1 / 6
_SHORTEST_FROM: Final = 24
"""Bounds on the width of a translation by that of its source. Real pairs lie between 0.4 and 2.5;
the slack is for idioms and interjections."""

_NOT_IN: Final = "it is not in {} (it looks like {})"
_WIDE: Final = 30
_WIDEST: Final = 2.6
_NARROW_FROM: Final = 16
_NARROWEST: Final = 0.3
"""Of 3,800 translations of the tests, none is wider than this by what is usual; one is narrower."""

_LONGER: Final = "it is far longer than the source"
_SHORTER: Final = "it is far shorter than the source"
_CERTAIN_CHARACTERS: Final = 3
_REPEATED_COLUMNS: Final = 8
_WIDELY: Final = 3
_WIDELY_COLUMNS: Final = 12
_WIDELY_TWICE_COLUMNS: Final = 16
_ALIKE: Final = 0.8
_ECHO_ALIKE: Final = 0.75
_ECHO_LETTERS: Final = 4
_NUMBER = re.compile(r"\d{1,400}")
"""Python reads no more than some thousand digits as a number."""

_SEPARATOR = re.compile(r"(?<=\d)[.,'\s](?=\d{3}(?!\d))")
_NUMERALS = re.compile("[一二三四五六七八九十百千万億亿兆]")
_WRITTEN_AS_WORDS: Final = 13
"""Smaller numbers are often written as words; style guides draw the line at ten or twelve."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a translation is not taken as it is.

    A `certain` fault is never taken. Any other is asked about again, and taken where the translator
    insists on its answer: it may be right after all.
    """

    reason: str
    certain: bool


def faults(
    sources: Sequence[str],
    answers: Sequence[str],
    pair: tuple[str, str],
    terms: Sequence[Term] = (),
) -> list[Fault]:
    """The faults of one sentence; `sources` and `answers` are the texts of its cues in order."""
    spoken, joined = " ".join(sources), " ".join(answers)
    found = [
        fault
        for source, answer in zip(sources, answers, strict=True)
        for fault in _of_cue(source, answer, pair, terms, spoken)
    ]
    known = {fault.reason for fault in found}
    found += [one for one in _width_faults(spoken, joined, pair) if one.reason not in known]
    found += _language_faults(spoken, joined, pair, terms)
    found += [
        Fault(f"the glossary wants '{term.target}' for '{term.source}'", True)
        for term in missing_terms(spoken, joined, terms)
    ]
    return found


def _of_cue(
    source: str, answer: str, pair: tuple[str, str], terms: Sequence[Term], spoken: str
) -> list[Fault]:
    if not answer.strip():
        return [Fault("it is empty", True)]
    if not has_letters(source):
        return []
    if not any(map(str.isalnum, answer)):
        return [Fault("it says nothing", True)]
    return [
        *_identity_faults(source, answer, pair, terms),
        *_script_faults(source, answer, pair[1], terms),
        *_number_faults(source, answer),
        *_length_faults(source, answer),
        *(Fault(reason, certain) for reason, certain in remarks(source, answer, pair, spoken)),
    ]


def _identity_faults(
    source: str, answer: str, pair: tuple[str, str], terms: Sequence[Term]
) -> list[Fault]:
    """A text that came back as it was: right for names, interjections and loan words only."""
    bases = [base(code) for code in pair]
    pinned = {letters(term.source) for term in terms if term.source == term.target}
    if bases[0] == bases[1] or letters(source) != letters(answer) or letters(source) in pinned:
        return []
    said = set(words(source.casefold()))
    if _is_same_anywhere(source, pair[1]):
        return []
    probability = likely_language(answer, pair[1])[2]
    plausible = (
        len(said) <= _SHORT_WORDS
        or len(letters(source)) < _GUESSED_LETTERS
        or all(map(is_name, words(source)))
        or (probability is not None and probability >= 0.05)
    )
    return [Fault("it is the same as the source", not plausible)]


def _is_same_anywhere(text: str, target: str) -> bool:
    """Whether a text is one that is written alike in many languages: Oh! Taxi! Ada Lovelace."""
    said = words(text)
    full_name = 1 < len(said) <= _LONGEST_NAME and all(map(is_name, said)) and not text.isupper()
    shared = all(map(_INTERJECTION.fullmatch, said))
    return full_name or shared or (text.casefold().strip(" .!?¡¿") == "no" and target in _SAY_NO)


def _script_faults(source: str, answer: str, target: str, terms: Sequence[Term]) -> list[Fault]:
    pinned = _pinned(source, terms)
    share = foreign_share(answer, target, source, pinned)
    wanted = language(target).english
    if share >= _DOUBTFUL_SHARE:
        # Commands and terms in Latin letters stand in texts of any script; nothing else does.
        latin = {word for word in _spoken(source) if script_of(word[0]) in ("LATIN", "DIGIT")}
        invented = foreign_share(answer, target, source, pinned | latin)
        certain = share >= _FOREIGN_SHARE and (
            invented >= _FOREIGN_SHARE or _is_left(source, answer)
        )
        return [Fault(f"it is not written in {wanted}", certain)]
    if _is_other_chinese(answer, target):
        own, other = _chinese_of(answer, target)
        certain = other >= _CERTAIN_CHARACTERS and other > own
        return [Fault(f"it is not written in {wanted}", certain)]
    return []


def _chinese_of(answer: str, target: str) -> tuple[int, int]:
    """Characters of the wanted form of Chinese alone, and of the other one alone."""
    simplified, traditional = variant_counts(answer)
    return (
        (traditional, simplified) if chinese_script(target) == "Hant" else (simplified, traditional)
    )


def _is_other_chinese(answer: str, target: str) -> bool:
    """Whether a text has characters of the form of Chinese that is not wanted.

    One tells a traditional text from a simplified one; but simplified texts keep some old
    characters in names.
    """
    least = {"Hant": 1, "Hans": 2}.get(chinese_script(target) or "")
    return least is not None and _chinese_of(answer, target)[1] >= least


def _pinned(source: str, terms: Sequence[Term]) -> Set[str]:
    """The words, casefolded, that the glossary wants in the translation of a text."""
    return {
        word.casefold()
        for term in terms_in(source, terms)
        for target in term.targets
        for word in words(target)
    }


def _spoken(source: str) -> Set[str]:
    return {word.casefold() for word in words(source)}


def _is_left(source: str, answer: str) -> bool:
    """Whether nearly all of a longer source stands in the answer."""
    found = _spoken(answer)
    left = sum(len(word) for word in words(source) if word.casefold() in found)
    return left >= max(_GUESSED_LETTERS, _LEFT_SHARE * len(letters(source)))


def _language_faults(
    source: str, answer: str, pair: tuple[str, str], terms: Sequence[Term]
) -> list[Fault]:
    pinned, target = _pinned(source, terms), pair[1]
    own = [word for word in words(answer) if word.casefold() not in pinned]
    text = " ".join(own) if pinned else answer
    other = (
        None
        if base(pair[0]) == base(target)
        else kindred_language(plain(source), plain(text), pair)
    )
    doubt = [Fault(_NOT_IN.format(language(target).english, other), False)] if other else []
    if _count_letters(text) < _GUESSED_LETTERS:
        return doubt
    best, probability, wanted = likely_language(text, target)
    if wanted is None or wanted >= 0.02 or probability < 0.9:
        return doubt
    spoken = _spoken(source)
    invented = _count_letters("".join(word for word in own if word.casefold() not in spoken))
    enough = invented >= _DETECTED_LETTERS or (
        _count_letters(text) >= _DETECTED_LETTERS and _is_left(source, answer)
    )
    certain = enough and probability >= 0.99
    return [Fault(_NOT_IN.format(language(target).english, best), certain)]


def _count_letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _number_faults(source: str, answer: str) -> list[Fault]:
    """Figures that came or went tell that the text may be another cue's, or not the whole."""
    said, found = _numbers(source), _numbers(answer)
    lost = {number for number in said - found if number >= _WRITTEN_AS_WORDS}
    if (lost and not _NUMERALS.search(answer)) or (said and found - said):
        return [Fault("its numbers are others than those of the source", False)]
    return []


def _numbers(text: str) -> set[int]:
    plain = _SEPARATOR.sub("", normalize("NFKC", text))
    return {int(number) for number in _NUMBER.findall(plain)}


def _length_faults(source: str, answer: str) -> list[Fault]:
    before, after = columns(source), columns(answer)
    if after > _LONGEST * before + _LONGEST_SLACK:
        return [Fault(_LONGER, False)]
    if before >= _SHORTEST_FROM and after < _SHORTEST * before:
        return [Fault(_SHORTER, False)]
    return []


def _width_faults(spoken: str, answer: str, pair: tuple[str, str]) -> list[Fault]:
    """What the width of a whole sentence tells, by what is usual for its languages."""
    if not has_concepts(pair) or not has_letters(spoken):
        return []
    before, after, usual = columns(spoken), columns(answer), usual_width(spoken, pair)
    if after > max(_WIDE, _WIDEST * usual):
        return [Fault(_LONGER, False)]
    if before >= _NARROW_FROM and after < _NARROWEST * usual and not answer.strip(" .").isdigit():
        return [Fault(_SHORTER, False)]
    return []


def repeated(sources: Mapping[int, str], answers: Mapping[int, str]) -> set[int]:
    """The ids of different texts that have one and the same long translation."""
    groups: dict[str, list[int]] = {}
    for at, answer in answers.items():
        if columns(answer) >= _REPEATED_COLUMNS:
            groups.setdefault(letters(answer), []).append(at)
    return {
        at
        for group in groups.values()
        for pair in combinations(group, 2)
        if not _alike(letters(sources[pair[0]]), letters(sources[pair[1]]), _ALIKE)
        for at in pair
    }


def repeated_widely(sources: Mapping[int, str], answers: Mapping[int, str]) -> set[int]:
    """The ids of unlike texts anywhere in a video that have one and the same translation.

    Short phrases are the translation of many; so two must share a long one, or three a shorter one.
    """
    groups: dict[str, dict[str, list[int]]] = {}
    for at, answer in answers.items():
        if columns(answer) >= _WIDELY_COLUMNS:
            said = groups.setdefault(letters(answer), {})
            said.setdefault(letters(sources[at]), []).append(at)
    found: set[int] = set()
    for text, group in groups.items():
        unlike: list[str] = []
        for source in group:
            if not any(_alike(source, other, _ALIKE) for other in unlike):
                unlike.append(source)
            if len(unlike) >= _WIDELY:
                break
        if len(unlike) >= (2 if columns(text) >= _WIDELY_TWICE_COLUMNS else _WIDELY):
            found.update(at for ids in group.values() for at in ids)
    return found


def begins(echo: str, source: str) -> bool:
    """Whether `echo` repeats the first words of the source, but for a corrected letter or two."""
    said, full = letters(echo), letters(source)
    if not full:
        return True
    if len(said) < min(_ECHO_LETTERS, len(full)):
        return False
    return _alike(said[: len(full)], full[: len(said)], _ECHO_ALIKE)


def _alike(one: str, other: str, ratio: float) -> bool:
    return one == other or SequenceMatcher(None, one, other, autojunk=False).ratio() >= ratio
