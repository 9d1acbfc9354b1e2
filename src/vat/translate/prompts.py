"""Prompts: texts with placeholders, which a user may replace by own ones."""

from collections.abc import Mapping
from string import Template

from vat.errors import TranslationError


def filled(name: str, text: str, known: Mapping[str, str]) -> str:
    """A prompt with its placeholders filled.

    Raises:
        TranslationError: where it has a placeholder that is not known.
    """
    try:
        return Template(text).substitute(known).strip()
    except (KeyError, ValueError) as error:
        raise TranslationError(
            f"The prompt {name}.txt has a wrong placeholder ({error}); it may have:"
            f" {', '.join('$' + one for one in known)} ($$ is a dollar sign)."
        ) from error
