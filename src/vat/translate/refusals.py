"""Refusals and remarks by how they are worded, for each language that the table of remarks has."""

import re
from collections.abc import Set
from typing import Final

from vat.languages import letters
from vat.translate.remark_words import features, patterns

_SAYS: Final = frozenset({"task", "object", "ask", "help", "cannot", "sorry", "rule"})
_POLITE: Final = frozenset({"object", "ask", "help", "sorry", "rule"})
_CERTAIN_SIGNS: Final = 3
_NOTHING: Final = re.compile(
    r"\W*(?:n/a|null|none|undefined|nan|todo|tbd|string|same as above|untranslat\w+|idem)\W*"
)
_MODEL: Final = re.compile(r"\b(?:chatgpt|openai|gpt-\d|llms?|deepseek|qwen)\b")


def about_the_task(source: str, answer: str, pair: tuple[str, str]) -> bool | None:
    """Whether an answer certainly speaks of the task; None where it does not seem to.

    Both are plain texts; `pair` are their languages.
    """
    if _NOTHING.fullmatch(answer) and letters(answer) not in letters(source):
        return False
    grounds = set(features(source, pair[0]))
    known = bool(patterns(pair[0]))
    grounds |= {"cannot"} if "no" in grounds else set()
    grounds |= {"task"} if "near" in grounds else set()
    found = False if _MODEL.search(answer) and not _MODEL.search(source) else None
    # A refusal may come in English, whatever language was asked for.
    for code in dict.fromkeys((pair[1], "en")):
        said = features(answer, code)
        new = (said & _SAYS) - grounds
        if len(new) >= _CERTAIN_SIGNS and "task" in new and known:
            return True
        if "task" in new or _is_refusal(said & _SAYS, new, known=known):
            found = False
        if "here" in said and ":" not in source:
            found = False
    return found


def _is_refusal(said: Set[str], new: Set[str], *, known: bool) -> bool:
    """Whether an answer says that it cannot help, or asks for more, on its own account."""
    if not known:
        return "cannot" in said and len(new) >= _CERTAIN_SIGNS
    if "cannot" in new and new & _POLITE:
        return True
    if "cannot" in said and len(new & _POLITE) > 1:
        return True
    asks = "ask" in new and bool(new & {"object", "help"})
    return asks or ("rule" in new and len(new) > 1)
