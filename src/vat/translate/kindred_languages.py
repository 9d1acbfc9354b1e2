"""Whether an answer is in another language than the wanted one, where both have the same letters.

A detector of languages is unsure of a few words, and of languages that are near. But an answer in
another language speaks of the source's things in the words of that one. The two together tell.
"""

import math
import re
from typing import Final

from vat.languages import base
from vat.subtitles.likely_language import language_odds
from vat.translate.concepts import known_languages, shared
from vat.translate.written_language import scripts_of, words

_ODDS: Final = 0.3
_ENOUGH: Final = 1.5
"""Found on 1,500 answers in a wrong language, of which 96 % are noticed, and 1,200 right ones."""

_FEWEST_LETTERS: Final = 6
_LEAST: Final = 1e-12
_KANA: Final = re.compile(r"[\u3041-\u30fa]")
_HIRAGANA: Final = re.compile(r"[\u3041-\u3096]")
_CHINESE_ONLY: Final = re.compile(r"[你妳您们們这這吗嗎她吧呢么麼没沒哪啊咱]")
_IDEOGRAPH: Final = re.compile(r"[\u4e00-\u9fff]")
_LONGEST_WITHOUT_KANA: Final = 6


def kindred_language(source: str, answer: str, pair: tuple[str, str]) -> str | None:
    """The language that an answer is in instead of the wanted one, by its code; None if in none.

    Both are plain texts; `pair` are the languages of the source and of the wanted answer. Words
    that stand in the source, too, tell nothing: Hasta la vista is said in any language.
    """
    wanted = base(pair[1])
    if wanted in ("ja", "zh", "yue"):
        return _eastern(answer, wanted)
    if wanted not in known_languages():
        return None
    said = set(words(source))
    own = " ".join(word for word in words(answer) if word not in said)
    if sum(map(str.isalpha, own)) < _FEWEST_LETTERS:
        return None
    alike = [one for one in known_languages() if scripts_of(one) & scripts_of(wanted)]
    odds = language_odds(own)
    best = max(alike, key=lambda one: odds.get(one, 0.0))
    if best == wanted or wanted not in odds:
        return None
    more = math.log(max(odds[best], _LEAST) / max(odds[wanted], _LEAST)) * _ODDS
    as_best, as_wanted = (shared(source, answer, (pair[0], one)).kept for one in (best, wanted))
    return best if more + as_best - as_wanted > _ENOUGH else None


def _eastern(answer: str, wanted: str) -> str | None:
    """Chinese for Japanese, which is hardly written without its syllables, or the reverse."""
    if wanted != "ja":
        return "ja" if len(_HIRAGANA.findall(answer)) > 1 else None
    if _KANA.search(answer):
        return None
    long = len(_IDEOGRAPH.findall(answer)) > _LONGEST_WITHOUT_KANA
    return "zh" if long or _CHINESE_ONLY.search(answer) else None
