"""In which language a text is likely to be, by py3langid."""

import functools
from typing import Any, Final

from vat.languages import base

_DETECTOR_NAMES: Final = {"jw": "jv"}


def likely_language(text: str, code: str) -> tuple[str, float, float | None]:
    """The most likely language of a text, its probability, and that of the language `code`.

    The last is None where the detector (py3langid) does not know `code`.
    """
    name = base(code)
    wanted = {"zh", "wuu", "yue"} if name in ("zh", "yue") else {_DETECTOR_NAMES.get(name, name)}
    ranked = _detector().rank(text)
    known = [probability for label, probability in ranked if label in wanted]
    best, probability = ranked[0]
    return best, probability, sum(known) if known else None


def language_odds(text: str) -> dict[str, float]:
    """The probability of each language of the detector, by ISO 639-1 code."""
    return dict(_detector().rank(text))


@functools.cache
def _detector() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
