"""What a server's error is about: how long to wait, what is too long, where a key would show."""

import time
from email.utils import formatdate
from typing import Any

import httpx2
import openai
import pytest

from vat.translate.refusals import (
    asked_wait,
    is_too_long,
    is_unknown_format,
    masked,
    passes,
    unknown_option,
)


def error(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """The error that the client makes of a server's reply."""
    request = httpx2.Request("POST", "http://server/v1/chat/completions")
    reply = httpx2.Response(status, headers=headers, json=body, request=request)
    client = openai.OpenAI(api_key="none", base_url="http://server/v1")
    return client._make_status_error_from_response(reply)


def said(message: str) -> dict[str, Any]:
    return {"error": {"message": message}}


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "7"}, None, 7.0),
        ({"Retry-After": "0.5"}, None, 0.5),
        ({"Retry-After": "5s"}, None, 5.0),
        ({"retry-after-ms": "1500"}, None, 1.5),
        ({"Retry-After": "2", "retry-after-ms": "1500"}, None, 2.0),
        ({}, [{"error": {"details": [{"@type": "RetryInfo", "retryDelay": "34.07s"}]}}], 34.07),
        ({}, {"error": {"details": [{"retryDelay": {"seconds": 12}}]}}, 12.0),
        ({}, {"detail": {"retry_after": 9}}, 9.0),
        ({}, said("Rate limit reached. Please try again in 7.66s. Visit https://x"), 7.66),
        ({}, said("Please try again in 1m30.5s."), 90.5),
        ({}, said("Please retry in 250ms."), 0.25),
        ({}, said("Please wait for 2 minutes before trying again."), 120.0),
        ({}, said("try again after 20 seconds"), 20.0),
        ({}, said("You have used 3 of 5 requests in this minute."), None),
        ({"Retry-After": "soon"}, None, None),
        ({"Retry-After": "-1"}, None, None),
        ({"Retry-After": "nan"}, None, None),
        ({}, None, None),
    ],
)
def test_how_long_a_server_asks_to_wait(
    headers: dict[str, str], body: Any, seconds: float | None
) -> None:
    assert asked_wait(error(429, body, headers)) == (
        None if seconds is None else pytest.approx(seconds)
    )


def test_a_date_to_wait_for() -> None:
    date = formatdate(time.time() + 40, usegmt=True)
    assert asked_wait(error(503, None, {"Retry-After": date})) == pytest.approx(40, abs=1.5)
    past = formatdate(time.time() - 40, usegmt=True)
    assert asked_wait(error(503, None, {"Retry-After": past})) == 0.0
    assert asked_wait(ValueError("in 5 s")) is None


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (413, "", True),
        (400, "This model's maximum context length is 8192 tokens.", True),
        (400, "The input token count (9000) exceeds the maximum number of tokens", True),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", True),
        (400, "Please reduce the length of the messages", True),
        (422, "Input validation error: inputs must have less than 4096 tokens", False),
        (400, "response_format: json_schema exceeds what is supported", False),
        (400, "model not found", False),
        (429, "Request too large for gpt-4 on tokens per min (TPM)", True),
        (429, "You exceeded your current quota, please check your plan", False),
        (500, "the request exceeds the available context size", True),
        (500, "internal error", False),
    ],
)
def test_what_is_too_long(status: int, message: str, expected: bool) -> None:
    failure = error(status, said(message))
    assert is_too_long(failure) is expected
    assert not (expected and passes(failure))


def test_what_may_pass() -> None:
    assert all(passes(error(status)) for status in (408, 409, 425, 429, 500, 502, 503, 529))
    assert not any(passes(error(status)) for status in (400, 401, 402, 403, 404, 413, 422))
    assert not passes(error(429, {"error": {"code": "insufficient_quota", "message": ""}}))
    request = httpx2.Request("POST", "http://server")
    assert passes(openai.APIConnectionError(request=request))


def test_what_is_not_known() -> None:
    refused = error(400, said("Unsupported parameter: 'temperature' does not support 0.2"))
    assert unknown_option(refused, {"temperature"}) == "temperature"
    assert unknown_option(refused, {"max_tokens"}) == ""
    assert is_unknown_format(error(400, said("response_format json_schema is not supported")))
    assert not is_unknown_format(error(400, said("Bad request")))


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        ("k", "refused Bearer k", "refused Bearer ***"),
        ("k", "check the key, k!", "check the key, ***!"),
        ("t", "don't put it here", "don't put it here"),
        ("test", "the latest test of attest", "the latest *** of attest"),
        ("none", "nonetheless 'none'", "nonetheless '***'"),
        ("sk-abcdefghijkl", "xsk-abcdefghijkly", "x***y"),
        ("a'b", 'said "a\'b"', 'said "***"'),
        ('q"uote-0123456789', 'said {"key": "q\\"uote-0123456789"}', 'said {"key": "***"}'),
        ("s+p/0123456789", "key=s%2Bp%2F0123456789", "key=***"),
        ("", "nothing to hide", "nothing to hide"),
    ],
)
def test_a_key_of_any_length_is_masked_and_nothing_else(key: str, text: str, shown: str) -> None:
    assert masked(text, key) == shown
