"""What a server's error is about: a moment, the length of a request, an option, or the rest."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

import openai

OPTIONS: Final = ("temperature", "max_tokens", "max_completion_tokens")
"""Options that a server may not know."""

_PASSING: Final = frozenset({408, 409, 425, 429})
_USED_UP: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_CENSORED: Final = ("content_filter", "Content Exists Risk", "data_inspection_failed")
"""By these a 400 of Azure, DeepSeek and Alibaba tells that it is about what a subtitle says."""

_TOO_LONG: Final = re.compile(
    r"context[ _-]?(?:length|size|window|limit)|exceed_context|context_length"
    r"|too (?:long|large|big|many (?:input )?tokens)|tokens?[ _-](?:count|limit)"
    r"|(?:max(?:imum)?|longest|limit)\b.{0,40}\b(?:length|tokens|size)|\bexceed"
    r"|reduce (?:the|your) (?:length|prompt|input|message)|larger than|longer than",
    re.IGNORECASE,
)
_TOO_LONG_FOR_A_MINUTE: Final = re.compile(
    r"(?:request|prompt|input|message)s? (?:is |are )?too (?:large|long|big)"
    r"|(?:input|output) tokens must be reduced|reduce the length",
    re.IGNORECASE,
)
"""What a 429 says of a request that no waiting makes small enough."""

_TOO_LONG_BROKEN: Final = re.compile(r"context (?:size|length|window)|exceed_context", re.I)
_FORMAT: Final = re.compile(
    r"response_format|json_?schema|json_?object|structured output|guided|grammar", re.IGNORECASE
)
_UNKNOWN: Final = re.compile(
    r"not? .{0,20}support|unsupported|not (?:allowed|available|implemented|enabled|permitted)"
    r"|unknown|unrecogni[sz]ed|unexpected|invalid|extra (?:inputs|fields)|must be|should be",
    re.IGNORECASE,
)
_IN_WORDS: Final = re.compile(
    r"(?:retry|try(?: it)? again|wait|available|resets?)(?: \w+){0,3}? (?:in|after|for)[ :~]*"
    r"((?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|h|hours?|hrs?|m|min|minutes?|s|secs?|seconds?)(?![a-z])"
    r"[ ,]*)+)",
    re.IGNORECASE,
)
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)
_SECONDS: Final = {"ms": 0.001, "mi": 60.0, "m": 60.0, "h": 3600.0, "s": 1.0, "": 1.0}
_LONG_KEY: Final = 12
"""A key of so many characters stands in no word by chance."""

_NO_WORD_BEFORE: Final = r"(?<![^\W_])(?<![^\W_]['’])"
_NO_WORD_BEHIND: Final = r"(?![^\W_])(?!['’][^\W_])"
_DEEPEST: Final = 6


def said_by(error: openai.APIError) -> str:
    """What the server says, with its whole body."""
    body = error.body if error.body is not None else ""
    told = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, default=str)
    return f"{error} {told}"


def passes(error: openai.APIError) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, openai.APIStatusError):
        if _USED_UP & {error.code, error.type}:
            return False
        if is_too_long(error):
            return False
        return error.status_code >= 500 or error.status_code in _PASSING
    return isinstance(error, openai.APIConnectionError)


def is_too_long(error: openai.APIError) -> bool:
    """Whether the server says that a request is too much for it, in whatever words."""
    status = getattr(error, "status_code", None)
    said = said_by(error)
    if status == 413:
        return True
    if status in (400, 422):
        return bool(_TOO_LONG.search(said)) and not _FORMAT.search(said)
    if status == 429:
        return bool(_TOO_LONG_FOR_A_MINUTE.search(said))
    return status is not None and status >= 500 and bool(_TOO_LONG_BROKEN.search(said))


def is_censored(error: openai.APIError) -> bool:
    """Whether the server says that it dislikes what a subtitle says."""
    said = said_by(error)
    return any(mark in said for mark in _CENSORED)


def is_unknown_format(error: openai.APIError) -> bool:
    """Whether the server says that it does not know the way in which JSON is asked for."""
    said = said_by(error)
    return bool(_FORMAT.search(said) and _UNKNOWN.search(said))


def unknown_option(error: openai.APIError, sent: Iterable[str]) -> str:
    """The option among those sent that the server names in its refusal; empty for none."""
    said = said_by(error)
    return next((name for name in OPTIONS if name in sent and name in said), "")


def asked_wait(error: Exception) -> float | None:
    """Seconds that the server asks to wait, if it does: in its headers, its body or its words.

    Where it says so in several ways, the longest holds.
    """
    if not isinstance(error, openai.APIStatusError):
        return None
    headers = error.response.headers
    found = [
        _after(headers.get("retry-after", "")),
        _number(headers.get("retry-after-ms", ""), 0.001),
        *(_duration(delay) for delay in _delays(error.body)),
        *(_duration(match[1]) for match in _IN_WORDS.finditer(said_by(error))),
    ]
    return max((seconds for seconds in found if seconds is not None), default=None)


def _after(text: str) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or a date."""
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return _duration(text) if _DURATION.fullmatch(text.strip()) else None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _number(text: str, unit: float = 1.0) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds * unit if 0 <= seconds < float("inf") else None


def _duration(text: str) -> float | None:
    """Seconds of a time as in "34.5s", "1m 30s" or "2 minutes"."""
    parts = [(float(amount), unit.casefold()) for amount, unit in _DURATION.findall(text)]
    units = [_SECONDS.get(unit[:2], _SECONDS.get(unit[:1])) for _, unit in parts]
    if not parts or None in units:
        return None
    return sum(amount * (unit or 0.0) for (amount, _), unit in zip(parts, units, strict=True))


def _delays(body: Any, depth: int = 0) -> Iterator[str]:
    """The waiting times that a body names by field, as Google's RetryInfo does."""
    if depth > _DEEPEST:
        return
    if isinstance(body, Mapping):
        for name, value in body.items():
            if name in ("retryDelay", "retry_after", "retryAfter", "retry_after_seconds"):
                yield from _delay(value)
            else:
                yield from _delays(value, depth + 1)
    elif isinstance(body, list):
        for one in body:
            yield from _delays(one, depth + 1)


def _delay(value: Any) -> Iterator[str]:
    if isinstance(value, str | int | float):
        yield str(value)
    elif isinstance(value, Mapping) and isinstance(value.get("seconds"), str | int):
        yield f"{value['seconds']}s"


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
