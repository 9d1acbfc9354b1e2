"""What a server's error is about: a moment, a length, an option."""

import httpx2
import openai
import pytest

from tests.helpers.server_errors import error, said
from vat.translate.server_errors import (
    is_too_long,
    is_unknown_format,
    passes,
    unknown_option,
)


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (413, "", True),
        (400, "This model's maximum context length is 8192 tokens.", True),
        (400, "The input token count (9000) exceeds the maximum number of tokens", True),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", True),
        (400, "Please reduce the length of the messages", True),
        (422, "Input validation error: inputs must have less than 4096 tokens", True),
        (422, "`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2300", True),
        (400, "InternalError: Range of input length should be [1, 30720]", True),
        (400, "输入tokens超过模型上限", True),
        (400, "提示超出最大上下文", True),
        (400, "the prompt does not fit into the context", True),
        (500, "prompt too long", True),
        (422, "max_tokens must be a whole number", False),
        (400, "your account has no tokens left; less than 1 USD must remain", False),
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
