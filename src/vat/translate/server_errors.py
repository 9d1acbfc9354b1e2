"""What a server's error is about: a moment, the length of a request, an option, or the rest."""

import json
import re
from collections.abc import Iterable
from typing import Final

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
    r"|reduce (?:the|your) (?:length|prompt|input|message)|larger than|longer than"
    r"|(?:less|fewer|more) than \d[\d,.]* (?:\w+ )?tokens|tokens\W.{0,40}must be <"
    r"|input length should|(?:not|n't) fit in|context (?:is )?full"
    r"|(?:长度|tokens?).{0,8}(?:超过|超出|过长)|(?:超过|超出).{0,12}(?:长度|上下文)",
    re.IGNORECASE,
)
_TOO_LONG_FOR_A_MINUTE: Final = re.compile(
    r"(?:request|prompt|input|message)s? (?:is |are )?too (?:large|long|big)"
    r"|(?:input|output) tokens must be reduced|reduce the length",
    re.IGNORECASE,
)
"""What a 429 says of a request that no waiting makes small enough."""

_TOO_LONG_BROKEN: Final = re.compile(
    r"context (?:size|length|window|(?:is )?full)|exceed_context|(?:prompt|input) (?:is )?too long",
    re.IGNORECASE,
)
_FORMAT: Final = re.compile(
    r"response_format|json_?schema|json_?object|structured output|guided|grammar", re.IGNORECASE
)
_UNKNOWN: Final = re.compile(
    r"not? .{0,20}support|unsupported|not (?:allowed|available|implemented|enabled|permitted)"
    r"|unknown|unrecogni[sz]ed|unexpected|invalid|extra (?:inputs|fields)|must be|should be",
    re.IGNORECASE,
)


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
