"""Signs that an answer speaks of its source instead of saying the same.

No list of phrases has all remarks that a model can make. But remarks speak of few things: of
sentences and what they mean, of languages and their forms, of rules, of programs, of what one was
sent or should send. Each such notion that the answer has and the source has not is a sign, and so
are a question where none was asked, one sentence more, and twice the length. Signs weigh more
where the answer shares nothing with its source, as a translation does of the things that people
speak of every day, and less where it shares much.
"""

import re
from collections.abc import Mapping, Set
from typing import Final

from vat.subtitles.lines import columns
from vat.translate.concepts import shared
from vat.translate.remark_words import features, patterns

_ABOUT: Final[Mapping[str, float]] = {
    **{"line": 1.0, "keep": 1.0, "sense": 1.0, "speak": 1.0, "tongue": 1.0, "machine": 1.0},
    **{"norm": 1.0, "want": 1.0, "guess": 1.0, "serve": 1.0, "made": 1.5, "fix": 2.0},
}
"""Notions of which a remark has at least one, by weight. Spelling and grammar are rarely talked of
elsewhere."""

_BESIDE: Final[Mapping[str, float]] = {
    **{"lack": 1.0, "mind": 1.0, "against": 1.0, "send": 1.0, "wish": 1.0, "refuse": 1.0},
    **{"name": 1.0, "ready": 0.5, "no": 0.5},
}
_SAID: Final[Mapping[str, float]] = {
    **{"task": 1.5, "ask": 1.0, "cannot": 1.0, "rule": 1.0},
    **{"object": 0.75, "help": 0.75, "sorry": 0.75},
}
"""What is said in refusals; only the heaviest counts, for the notions above are in them, too."""

_WEIGHTS: Final = {**_ABOUT, **_BESIDE}
_WEAK: Final = frozenset({"no", "wish"})
"""Notions that are no reason alone: translations are freer with them than with others."""

_ANY: Final = (_WEIGHTS.keys() | _SAID.keys()) - _WEAK

_QUESTION: Final = 1.0
_ONE_SENTENCE_MORE: Final = 0.5
_TWICE_AS_LONG: Final = 0.5
_ENOUGH: Final = 2.0
_STRANGE: Final = ((3.0, 2.0), (2.0, 1.5), (1.0, 1.0), (0.5, 0.5))
"""What it weighs that nothing is shared, by the least weight of the known things in the source."""

_NOTHING_SHARED: Final = 0.35
_LITTLE_SHARED: Final = 0.25
_MUCH_SHARED: Final = 1.0
_TRUST: Final = -0.5
"""All found by trying on answers and good translations in 16 languages."""

_DENIED: Final = frozenset({"cannot", "refuse"})
"""What a source may say with any word of negation."""

_OTHER_WORDS: Final = " said"
"""Features of this ending are further words by which a source speaks of the notion."""

_ASKS: Final = re.compile(r"[?؟]|ましょうか|でしょうか|ですか")
_ENDS: Final = re.compile(r"[.!?。؟।;]+(?:\s|$)|[。!?]")


def speaks_of_text(source: str, answer: str, pair: tuple[str, str]) -> bool:
    """Whether an answer has notions of texts and of the task without ground in its source.

    Both are plain texts; `pair` are their languages. False where the table lacks one of them.
    """
    if not patterns(pair[0]) or not patterns(pair[1]):
        return False
    said = {name.removesuffix(_OTHER_WORDS) for name in features(source, pair[0])}
    said |= _DENIED if "no" in said else set()
    new = features(answer, pair[1]) - said
    if not new & _ANY:
        return False
    common = shared(source, answer, pair)
    strange = common.kept < max(_NOTHING_SHARED, _LITTLE_SHARED * common.said)
    if not strange and not new & _ABOUT.keys():
        return False
    signs = _plain_signs(source, answer, new)
    if strange:
        signs += max((_SAID.get(name, 0.0) for name in new), default=0.0)
        signs += _TWICE_AS_LONG if columns(answer) > 2 * columns(source) else 0.0
        signs += next((weight for least, weight in _STRANGE if common.said >= least), 0.0)
    elif common.kept >= _MUCH_SHARED:
        signs += _TRUST
    return signs >= _ENOUGH


def _plain_signs(source: str, answer: str, new: Set[str]) -> float:
    """The weight of the new notions, of a question and of a further sentence."""
    signs = sum(_WEIGHTS.get(name, 0.0) for name in new)
    if _ASKS.search(source):
        signs -= _WEIGHTS["wish"] if "wish" in new else 0.0
    elif _ASKS.search(answer):
        signs += _QUESTION
    if _sentences(answer) > _sentences(source):
        signs += _ONE_SENTENCE_MORE
    return signs


def _sentences(text: str) -> int:
    return sum(bool(part.strip()) for part in _ENDS.split(text))
