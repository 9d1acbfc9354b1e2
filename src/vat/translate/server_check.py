"""Whether the server that translates is there, takes the key, and answers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Final

from vat.jobs.addresses import masked
from vat.translate.chat import Server
from vat.translate.connection import OPENAI
from vat.translate.ollama import with_translator
from vat.translate.settings import SERVERS, Means, TranslateSettings

_SECONDS: Final = 5.0
"""To wait for a sign of life: a server that is there refuses or answers at once."""

_WORD_SECONDS: Final = 60.0
"""To wait for an answer: a local server may have to load its model first."""

_PROMPT: Final = (
    'Translate each subtitle into French. Answer with a JSON object {"subtitles": {number: text}}.'
)
_REQUEST: Final[Mapping[str, Any]] = {"subtitles": {"0": "Good morning."}, "context": {}}


def knock(options: Mapping[str, Any]) -> None:
    """See that the server of a `translate` section is there and takes the key, without a question.

    Raises:
        TranslationError: where it cannot be reached or refuses the key, or there is none at all.
    """
    if options["backend"] in SERVERS:
        with _server(_settings(options), _SECONDS) as server:
            server.knock()


def ask_one_word(options: Mapping[str, Any]) -> tuple[str, str]:
    """Have the model of a `translate` section translate two words: its name, and what it answered.

    Raises:
        TranslationError: where it does not.
    """
    knock(options)
    settings = _settings(options)
    with _server(settings, _WORD_SECONDS) as server:
        return settings.model, server.ask(_PROMPT, _REQUEST, ()).text


def translator(options: Mapping[str, Any]) -> str:
    """Who translates by a `translate` section with a server: its model and address.

    Raises:
        TranslationError: where there is none at all.
    """
    settings = _settings(options)
    return f"{settings.model} at {masked(settings.base_url or OPENAI)}"


@contextmanager
def _server(settings: TranslateSettings, seconds: float) -> Iterator[Server]:
    server = Server.connect(settings, Means(timeout_seconds=seconds))
    try:
        yield server
    finally:
        server.client.close()


def _settings(options: Mapping[str, Any]) -> TranslateSettings:
    known = {one.name for one in fields(TranslateSettings)} - {"prompts", "glossary"}
    chosen = {key: one for key, one in options.items() if key in known}
    return with_translator(TranslateSettings(**chosen))
