"""Whether and when a server is asked again: its Retry-After, else ever longer waits."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import openai
import tenacity

from vat.translate.server_errors import passes, said_by

_MOST_RETRIES: Final = 7
_FIRST_WAIT: Final = 0.5
_LONGEST_BACKOFF: Final = 30.0
"""Seconds. With the waits between, a server that does not say how long has more than a minute."""

_LONGEST_RETRY_AFTER: Final = 600.0
_IN_WORDS: Final = re.compile(
    r"(?:retry|try(?: it)? again|wait|available|resets?|allowed|cool-?down|delay|estimated[ _]time)"
    r"(?:[ -]\w+){0,3}?(?:[ -](?:in|after|for|is|of))?[\s\"'\\:=~]+"
    r"((?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|h|hours?|hrs?|m|min|minutes?|s|secs?|seconds?)(?![a-z])"
    r"[ ,]*)+)"
    r"|(\d+(?:\.\d+)?\s*(?:秒|分))[钟鐘間]?(?:之?[后後])"
    r"|retry[-_ ]?after[\s\"'\\:=]+(\d+(?:\.\d+)?)(?![\w.])",
    re.IGNORECASE,
)
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z秒分]*)", re.IGNORECASE)
_SECONDS: Final = {
    **{"ms": 0.001, "mi": 60.0, "m": 60.0, "h": 3600.0, "s": 1.0, "": 1.0},
    **{"秒": 1.0, "分": 60.0},
}
_FIELDS: Final = {
    **dict.fromkeys(("retrydelay", "retryafter", "retryafterseconds", "estimatedtime"), ""),
    "retryafterms": "ms",
}
"""The fields of a body that tell a time to wait, without case and marks, and their unit."""

_DEEPEST: Final = 6


def retries(before_wait: Callable[[tenacity.RetryCallState], None]) -> tenacity.Retrying:
    """Attempts of one request, as long as what keeps its answer away may pass."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(_passes),
        stop=tenacity.stop_after_attempt(_MOST_RETRIES + 1),
        wait=_seconds,
        before_sleep=before_wait,
        sleep=time.sleep,
        reraise=True,
    )


def failure(state: tenacity.RetryCallState) -> BaseException | None:
    """What an attempt failed with, None where it did not."""
    return state.outcome.exception() if state.outcome else None


def _passes(error: BaseException) -> bool:
    """Whether it is worth waiting for another attempt."""
    if isinstance(error, openai.APIError):
        return passes(error) and (asked_wait(error) or 0.0) <= _LONGEST_RETRY_AFTER
    return isinstance(error, ValueError)


def _seconds(state: tenacity.RetryCallState) -> float:
    """How long to wait for the next attempt.

    A server that asks for no wait at all would use up every attempt within a second.
    """
    backoff = min(_FIRST_WAIT * 2.0 ** (state.attempt_number - 1), _LONGEST_BACKOFF)
    error = failure(state)
    return max(backoff, (asked_wait(error) or 0.0) if isinstance(error, Exception) else 0.0)


def asked_wait(error: Exception) -> float | None:
    """Seconds that the server asks to wait, if it does: in its headers, its body or its words.

    Where it says so in several ways, the longest holds.
    """
    if not isinstance(error, openai.APIStatusError):
        return None
    headers, told = error.response.headers, said_by(error)
    found = [
        _after(headers.get("retry-after", "")),
        _number(headers.get("retry-after-ms", ""), 0.001),
        *(_duration(delay) for delay in _delays(_whole_body(error))),
        *(_duration(next(filter(None, match.groups()))) for match in _IN_WORDS.finditer(told)),
    ]
    return max((seconds for seconds in found if seconds is not None), default=None)


def _whole_body(error: openai.APIStatusError) -> Any:
    """What the server sent; the client keeps no more of it than what is in "error"."""
    try:
        return error.response.json()
    except ValueError:
        return error.body


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
            unit = _FIELDS.get(re.sub("[-_]", "", str(name)).casefold())
            if unit is not None:
                yield from (f"{one}{unit}" for one in _delay(value))
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
