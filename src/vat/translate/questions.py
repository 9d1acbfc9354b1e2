"""How a question is put to a server: how JSON is asked for, and how many tokens it may take."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

_BYTES_PER_TOKEN: Final = 3
_ANSWER_SHARE: Final = 2
_ANSWER_TOKENS_PER_KEY: Final = 60
"""What an answer may take, on the safe side: as many tokens as twice the question, and so many for
each key that is asked for."""


def estimate(messages: Sequence[Mapping[str, str]], keys: int) -> tuple[int, int]:
    """Tokens of a request and, where `keys` are counted, the most that its answer should take.

    A token is taken for 3 bytes, which overstates English and is about right for others.
    """
    said = sum(len(one["content"].encode("utf-8", "surrogatepass")) for one in messages)
    asked = len(messages[-1]["content"].encode("utf-8", "surrogatepass"))
    answer = asked * (_ANSWER_SHARE if keys else 1) // _BYTES_PER_TOKEN
    return said // _BYTES_PER_TOKEN, answer + keys * _ANSWER_TOKENS_PER_KEY


def most(
    messages: Sequence[Mapping[str, str]], options: Mapping[str, Any], keys: int
) -> tuple[int, int]:
    """The most tokens that a request and its answer may take; a schema is read like a text."""
    schema = len(json.dumps(options.get("response_format", ""))) // _BYTES_PER_TOKEN
    bound = options.get("max_tokens") or options.get("max_completion_tokens")
    said, answer = estimate(messages, keys)
    return said + schema, bound or answer


def usage(answer: object) -> tuple[int, int]:
    """Tokens of the question and of the answer, as the server counts them; 0 where it does not."""
    counted = getattr(answer, "usage", None)
    counts = (getattr(counted, name, None) for name in ("prompt_tokens", "completion_tokens"))
    first, second = (count if isinstance(count, int) else 0 for count in counts)
    return first, second


def format_of(form: str, keys: Sequence[str], fields: Sequence[str]) -> dict[str, Any]:
    """How the server is asked for JSON: by a schema with every key, as an object, or not at all."""
    if form == "text":
        return {}
    if form == "object":
        return {"response_format": {"type": "json_object"}}
    text = {"type": "string"}
    entry = _object(dict.fromkeys(fields, text)) if fields else text
    named = {"name": "subtitles", "strict": True, "schema": _object(dict.fromkeys(keys, entry))}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
