"""An Ollama on this machine: whether one runs, and which of its models translates."""

import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from vat.errors import TranslationError
from vat.translate.settings import NO_KEY, TranslateSettings

logger = logging.getLogger(__name__)

_PORT: Final = 11434
_SECONDS: Final = 2.0
"""To wait for an answer: it comes from this machine, or from none."""

_NO_CHAT: Final = re.compile("bert|embed|minilm|bge|clip", re.IGNORECASE)
"""Families and names of models that make vectors of texts and cannot talk."""

_SIZE: Final = re.compile(r"([\d.]+)\s*([KMBT])", re.IGNORECASE)
_UNITS: Final = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """A model that an Ollama has: its name, and how many parameters, 0 where that is not said."""

    name: str
    parameters: float


def with_translator(settings: TranslateSettings) -> TranslateSettings:
    """The settings with the server that `auto` stands for at this moment.

    A key or an address decides for the configured server. Without either, an Ollama on this machine
    translates, by the configured model where it has that, else by its largest one.

    Raises:
        TranslationError: where there is nothing to translate with.
    """
    if settings.backend != "auto":
        return settings
    if settings.base_url or os.environ.get("OPENAI_API_KEY", "").strip():
        return replace(settings, backend="openai")
    models = ollama_models()
    if not models:
        raise TranslationError(NO_KEY)
    chosen = _chosen(models, settings.model)
    logger.info("OPENAI_API_KEY is not set; Ollama's %s translates", chosen.name)
    address = f"{ollama_address()}/v1"
    return replace(settings, backend="openai", base_url=address, model=chosen.name)


def ollama_address() -> str:
    """Where an Ollama listens: OLLAMA_HOST, as Ollama itself reads it, or its own port."""
    named = os.environ.get("OLLAMA_HOST", "").strip().rstrip("/")
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        host, port = parts.hostname or "127.0.0.1", parts.port or _PORT
    except ValueError:
        return f"http://127.0.0.1:{_PORT}"
    # As an address to listen on it means this machine; nobody can be asked there.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme or 'http'}://{host}:{port}"


def ollama_models() -> list[OllamaModel]:
    """The models of an Ollama on this machine that can talk; empty where none runs."""
    import httpx2

    try:
        # Without the environment's proxies: they are for what lies beyond this machine.
        with httpx2.Client(trust_env=False, timeout=_SECONDS) as client:
            found = client.get(f"{ollama_address()}/api/tags").raise_for_status().json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        logger.debug("no Ollama answers: %s", error)
        return []
    entries = found.get("models") if isinstance(found, Mapping) else None
    return _talking(entries if isinstance(entries, list) else [])


def _talking(entries: Sequence[Any]) -> list[OllamaModel]:
    models = []
    for entry in entries:
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str):
            continue
        details = entry.get("details")
        details = details if isinstance(details, Mapping) else {}
        if not _NO_CHAT.search(f"{name} {details.get('family')}"):
            models.append(OllamaModel(name, _parameters(details.get("parameter_size"))))
    return models


def _parameters(said: object) -> float:
    size = _SIZE.search(said) if isinstance(said, str) else None
    return float(size[1]) * _UNITS[size[2].upper()] if size else 0.0


def _chosen(models: Sequence[OllamaModel], wanted: str) -> OllamaModel:
    """The wanted model, with or without its tag, else the one with the most parameters."""
    named = {one.name: one for one in models}
    found = named.get(wanted) or named.get(f"{wanted}:latest")
    return found or max(models, key=lambda one: (one.parameters, one.name))
