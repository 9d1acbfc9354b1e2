"""Signs that an answer speaks of its source instead of saying the same.

No list of phrases has all remarks that a model can make. But remarks speak of few things: of
sentences and what they mean, of languages and their forms, of rules, of programs, of what one was
sent or should send. Each such notion that the answer has and the source has not is a sign, and so
are a question where none was asked and one sentence more. Two signs make a remark: one notion may
come from an idiom, while in good translations both have their ground in the source.
"""

import re
from collections.abc import Mapping
from typing import Final

from vat.translate.remark_words import features, patterns

_ABOUT: Final[Mapping[str, float]] = {
    **{"line": 1.0, "keep": 1.0, "sense": 1.0, "speak": 1.0, "tongue": 1.0, "machine": 1.0},
    **{"norm": 1.0, "want": 1.0, "guess": 1.0, "made": 1.5, "fix": 2.0},
}
"""Notions of which a remark has at least one, by weight. Spelling and grammar are rarely talked of
elsewhere."""

_BESIDE: Final[Mapping[str, float]] = {
    **{"lack": 1.0, "mind": 1.0, "against": 1.0, "send": 1.0, "wish": 1.0, "refuse": 1.0},
    **{"name": 1.0, "ready": 0.5, "no": 0.5},
}
_WEIGHTS: Final = {**_ABOUT, **_BESIDE}
_QUESTION: Final = 1.0
_ONE_SENTENCE_MORE: Final = 0.5
_ENOUGH: Final = 2.0
"""Found by trying on answers and good translations in 16 languages."""

_SAID: Final = " said"
"""Features of this ending are further words by which a source speaks of the notion."""

_ASKS: Final = re.compile(r"[?؟]|ましょうか|でしょうか|ですか")
_ENDS: Final = re.compile(r"[.!?。؟।;]+(?:\s|$)|[。!?]")


def speaks_of_text(source: str, answer: str, pair: tuple[str, str]) -> bool:
    """Whether an answer has notions of texts and of the task without ground in its source.

    Both are plain texts; `pair` are their languages. False where the table lacks one of them.
    """
    if not patterns(pair[0]) or not patterns(pair[1]):
        return False
    said = {name.removesuffix(_SAID) for name in features(source, pair[0])}
    new = features(answer, pair[1]) - said
    if not new & _ABOUT.keys():
        return False
    signs = sum(_WEIGHTS.get(name, 0.0) for name in new)
    if _ASKS.search(source):
        signs -= _WEIGHTS["wish"] if "wish" in new else 0.0
    elif _ASKS.search(answer):
        signs += _QUESTION
    if _sentences(answer) > _sentences(source):
        signs += _ONE_SENTENCE_MORE
    return signs >= _ENOUGH


def _sentences(text: str) -> int:
    return sum(bool(part.strip()) for part in _ENDS.split(text))
