"""The key of a server: read from the environment, and masked wherever a text repeats it."""

import json
import os
import re
from typing import Final
from urllib.parse import quote

from vat.errors import TranslationError
from vat.translate.settings import NO_KEY, TranslateSettings

_LONG_KEY: Final = 12
"""A key of so many characters stands in no word by chance."""

_NO_WORD_BEFORE: Final = r"(?<![^\W_])(?<![^\W_]['’])"
_NO_WORD_BEHIND: Final = r"(?![^\W_])(?!['’][^\W_])"


def read_key(settings: TranslateSettings) -> str:
    """The key in OPENAI_API_KEY; empty for a server of one's own that wants none.

    Raises:
        TranslationError: where it is missing, or can be none.
    """
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key and not settings.base_url:
        raise TranslationError(NO_KEY)
    if not (key.isascii() and key.isprintable()):
        raise TranslationError(
            "The environment variable OPENAI_API_KEY contains characters that no key can"
            " have; set it again."
        )
    return key


def masked(text: str, key: str) -> str:
    """The text without the key, in whatever spelling a body or a log gives it.

    A short key is masked where it stands as a word of its own; inside other words it is none.
    """
    if not key:
        return text
    spellings = {key, repr(key)[1:-1], json.dumps(key)[1:-1], quote(key, safe="")}
    for one in sorted(spellings, key=len, reverse=True):
        pattern = re.escape(one)
        if len(one) < _LONG_KEY:
            pattern = rf"{_NO_WORD_BEFORE}{pattern}{_NO_WORD_BEHIND}"
        text = re.sub(pattern, "***", text)
    return text
