"""Errors as the client makes them of what a translation server says."""

from typing import Any

import httpx2
import openai


def error(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """The error that the client makes of a server's reply."""
    request = httpx2.Request("POST", "http://server/v1/chat/completions")
    reply = httpx2.Response(status, headers=headers, json=body, request=request)
    client = openai.OpenAI(api_key="none", base_url="http://server/v1")
    return client._make_status_error_from_response(reply)


def said(message: str) -> dict[str, Any]:
    """The body of an error with this message."""
    return {"error": {"message": message}}
