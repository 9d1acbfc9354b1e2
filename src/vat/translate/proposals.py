"""Terms that a folder's videos are likely to want translated in one way."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import one_line
from vat.timeline import Cue
from vat.translate.glossary import Term, terms_in
from vat.translate.job import MARK, TranslationJob
from vat.translate.ollama import with_translator
from vat.translate.sentences import joint, sentences
from vat.translate.settings import Means, TranslateSettings
from vat.translate.written_language import is_name, scripts_of, words

logger = logging.getLogger(__name__)

MOST_TERMS: Final = 200
"""More than anyone will read through."""

_LEAST_COUNT: Final = 2
_LEAST_TOGETHER: Final = 3
_TOGETHER_SHARE: Final = 0.5
_LONG_WORD: Final = 4
_LONGEST_NAME: Final = 4
_LINES: Final = 3
_APART_SECONDS: Final = 10.0
_DENSE_RUN = re.compile("[\u30a0-\u30ff]{3,}|[A-Za-z][A-Za-z0-9.+-]+")
"""What stands out where no blanks are written: foreign words in katakana or Latin letters."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A term, how often it was said, and some of the lines that it stands in."""

    term: str
    count: int
    lines: tuple[str, ...]


def candidates(
    videos: Iterable[Sequence[Cue]], language: str, known: Sequence[Term] = ()
) -> list[Candidate]:
    """Names, abbreviations and words that go together, said twice or more; most frequent first.

    A word counts as a name where it has a capital inside a sentence. Two long words of which one is
    seldom said without the other count as a term. `known` terms are left out.
    """
    counts: Counter[str] = Counter()
    lines: dict[str, list[str]] = {}
    pairs: Counter[tuple[str, str]] = Counter()
    singles: Counter[str] = Counter()
    for text in (text for cues in videos for text in _spoken(cues, language)):
        found = names_in(text, language)
        long = [word.casefold() for word in words(text)]
        singles.update(long)
        near = [pair for pair in pairwise(long) if all(len(one) >= _LONG_WORD for one in pair)]
        pairs.update(near)
        for term in [*found, *(" ".join(pair) for pair in near)]:
            lines.setdefault(term, []).append(text)
        counts.update(found)
    for pair, count in pairs.items():
        together = count / min(singles[word] for word in pair)
        if count >= _LEAST_TOGETHER and together >= _TOGETHER_SHARE:
            counts.setdefault(" ".join(pair), count)
    names = {name.casefold() for name in counts if name != name.casefold()}
    return [
        Candidate(term, count, tuple(dict.fromkeys(lines[term]))[:_LINES])
        for term, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        if count >= _LEAST_COUNT and not terms_in(term, known)
        if term not in names
    ][:MOST_TERMS]


def _spoken(cues: Sequence[Cue], language: str) -> Iterator[str]:
    for group in sentences(cues, language):
        yield joint(language).join(one_line(cues[at].text) for at in group)


def names_in(text: str, language: str) -> list[str]:
    """Runs of words with capitals inside a sentence; or what stands out in dense scripts."""
    if "CJK" in scripts_of(language):
        return _DENSE_RUN.findall(text)
    found, run = list[str](), list[str]()
    said = words(text)
    for number, word in enumerate([*said, ""]):
        # The first word of a sentence has a capital anyhow, unless it is an abbreviation.
        counted = is_name(word) and not word.isdigit() and (number > 0 or word[1:].isupper())
        if counted and len(run) < _LONGEST_NAME:
            run.append(word)
            continue
        found += [" ".join(run)] if run and len("".join(run)) > 1 else []
        run = [word] if counted else []
    return found


def propose(
    videos: Sequence[tuple[str, Sequence[Cue]]],
    target: str,
    settings: TranslateSettings,
    layout: CueSettings,
    means: Means,
    known: Sequence[Term] = (),
) -> list[Term]:
    """Terms for a user to edit, with the translations of the configured translator.

    `videos` are the spoken language and the cues of each; `known` terms are not proposed again. A
    term that could not be translated has an empty target, which leaves it undecided.

    Raises:
        TranslationError, ModelError: where the translator cannot be used.
    """
    terms = []
    settings = with_translator(settings)
    for source in dict.fromkeys(language for language, _ in videos if language != target):
        spoken = [cues for language, cues in videos if language == source]
        found = candidates(spoken, source, known)
        logger.info("%d terms found in %d videos in %s", len(found), len(spoken), source)
        texts = [one.term for one in found]
        alone = replace(settings, on_failure="keep-source-and-mark", shorten=False, context=0)
        job = TranslationJob(_apart(texts), texts, source, target, alone, layout, means)
        translated = _translated(job, found)
        for at, one in enumerate(found):
            answer = translated.get(at, "").rstrip(".。")
            note = f"{one.count} times, as in: {one.lines[0]}"
            terms.append(Term(one.term, "" if answer.startswith(MARK) else answer, note))
    return terms


def _translated(job: TranslationJob, found: Sequence[Candidate]) -> Mapping[int, str]:
    if not found or job.settings.backend == "none":
        return {}
    if job.settings.is_local:
        from vat.translate.nmt import translate_texts

        return translate_texts(job)
    from vat.translate.passes import translate_terms

    return translate_terms(job, [one.lines for one in found])


def _apart(texts: Sequence[str]) -> list[Cue]:
    """The texts as cues so far from each other that no two are taken for one sentence."""
    moments = enumerate(texts, 1)
    return [Cue(n, n * _APART_SECONDS, n * _APART_SECONDS + 1, text) for n, text in moments]
