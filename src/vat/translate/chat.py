"""A server with OpenAI's chat interface, which many offer: one question, one answer."""

import json
import logging
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any, Final, Self

import openai
from openai.types.chat import ChatCompletion

from vat.errors import TranslationError
from vat.translate.limits import RateLimit, Spending
from vat.translate.settings import Means, TranslateSettings, address_fault

logger = logging.getLogger(__name__)

_OPENAI: Final = "https://api.openai.com/v1"
_RETRIES: Final = 5
_FIRST_WAIT: Final = 0.5
_LONGEST_BACKOFF: Final = 30.0
_LONGEST_RETRY_AFTER: Final = 600.0
_FORMATS: Final = ("schema", "object", "text")
_PASSING: Final = frozenset({408, 409, 429})
_REFUSALS: Final = {
    401: "refuses the key; check OPENAI_API_KEY",
    402: "wants to be paid first; check the account's balance",
    403: "forbids the request; check the key's rights and the server's region",
    404: "does not know the model or the address; check translate.model and translate.base_url",
    429: "limits requests, or the account is used up; check the account, set"
    " translate.requests_per_minute, or run again later",
}
_USED_UP: Final = "insufficient_quota"
_CENSORED: Final = ("content_filter", "Content Exists Risk", "data_inspection_failed")
"""By these a 400 of Azure, DeepSeek and Alibaba tells that it is about what a subtitle says."""

_REASON_LENGTH: Final = 200
_BYTES_PER_TOKEN: Final = 3
_ANSWER_SHARE: Final = 2
_ANSWER_TOKENS_PER_KEY: Final = 60
"""What an answer may take, on the safe side: as many tokens as twice the question, and so many for
each key that is asked for."""


class DeclinedError(TranslationError):
    """The server does not take one subtitle, for what it says or for its length."""


class _GarbledError(ValueError):
    """An answer with status 200 that is none."""


@dataclass(slots=True)
class Server:
    """Questions to one server by any number of threads, and what was learnt about it.

    Learnt is how it can be asked for JSON and which options it knows; `accepted` is how it was
    asked when it last answered. `tokens` are those of all answers, input and output.
    """

    client: openai.OpenAI
    settings: TranslateSettings
    limit: RateLimit
    spending: Spending
    formats: list[str] = field(default_factory=lambda: list(_FORMATS))
    refused: set[str] = field(default_factory=set)
    accepted: str = ""
    requests: int = 0
    tokens: tuple[int, int] = (0, 0)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def connect(cls, settings: TranslateSettings, means: Means) -> Self:
        """The server that the settings name; its key is in the variable OPENAI_API_KEY.

        Raises:
            TranslationError: where the key is missing or broken, or the address is none or holds a
                secret.
        """
        address = settings.base_url or _OPENAI
        fault = address_fault(address)
        if fault:
            raise TranslationError(fault)
        client = openai.OpenAI(
            api_key=_key(settings),
            base_url=address,
            timeout=means.timeout_seconds,
            max_retries=0,
        )
        prices = (means.input_price, means.output_price)
        known = None if prices[0] is None or prices[1] is None else (prices[0], prices[1])
        limits = means.requests_per_minute, means.tokens_per_minute
        return cls(
            client,
            settings,
            RateLimit.of_server(means.folder, address, *limits),
            Spending(means.folder, means.name, known, means.max_cost),
        )

    def ask(self, prompt: str, request: Mapping[str, Any], fields: Sequence[str]) -> str:
        """The text of the answer to one request; empty where there is none, or it is too long.

        The answer should be a JSON object that has, for every key of `request["subtitles"]`, an
        object with the `fields`, all of them text, or a text where there are none.

        Raises:
            TranslationError: where the server cannot be used, or `max_cost` would be exceeded; a
                DeclinedError where it can, but not for this one subtitle.
        """
        keys = list(request["subtitles"])
        messages = [
            {"role": "system", "content": prompt},
            {"role": "user", "content": json.dumps(request, ensure_ascii=False)},
        ]
        while True:
            form = self.formats[0]
            options = _format(form, keys, fields) | self._options(messages, len(keys))
            try:
                answer = self._send(messages, options, len(keys))
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if len(keys) > 1 and "context" in str(error):
                    logger.warning("the server's context is too small for %d subtitles", len(keys))
                    return ""
                if not self._learn(error, form, options):
                    return self._declined(error, keys)
                continue
            except openai.APIError as error:
                raise self._refusal(error) from None
            except ValueError:
                raise self._garbled() from None
            self.accepted = form
            message = getattr(answer.choices[0], "message", None) if answer.choices else None
            content = getattr(message, "content", None)
            return content if isinstance(content, str) else ""

    def _options(self, messages: Any, keys: int) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self.settings.temperature is not None:
            options["temperature"] = self.settings.temperature
        if self.spending.max_cost is not None:
            # Without a bound on the answer there would be none on its cost.
            most = estimate(messages, keys)[1]
            options["max_tokens"] = options["max_completion_tokens"] = most
            options.pop("max_tokens" if "max_tokens" in self.refused else "max_completion_tokens")
        return {name: value for name, value in options.items() if name not in self.refused}

    def _send(self, messages: Any, options: Mapping[str, Any], keys: int) -> ChatCompletion:
        """One answer, as often as it takes where what keeps it away may pass.

        Raises:
            ValueError: where it stays none.
        """
        expected = estimate(messages, 0)
        most = _most(messages, options, keys)
        for attempt in count():
            self.limit.wait(sum(expected))
            reserved = self.spending.reserve(most)
            spent = (0, 0)
            try:
                answer = self._checked(
                    self.client.chat.completions.create(
                        model=self.settings.model, messages=messages, **options
                    )
                )
                spent = _usage(answer)
                if not any(spent):
                    reserved = 0.0  # the server does not say what it counts
            except ValueError as error:
                reserved = 0.0  # the server has worked, and counts it
                if attempt == _RETRIES:
                    raise
                self._wait(error, attempt)
            except openai.APIError as error:
                if isinstance(error, openai.APITimeoutError):
                    reserved = 0.0  # the server may well have worked, and count it
                if attempt == _RETRIES or not _passes(error):
                    raise
                self._wait(error, attempt)
            else:
                return answer
            finally:
                self._count(spent, reserved)
        raise AssertionError  # `count` has no end

    def _checked(self, answer: object) -> ChatCompletion:
        """The answer if it is one: the client passes on whatever comes with status 200."""
        if isinstance(answer, ChatCompletion):
            if isinstance(answer.choices, list):
                return answer
        elif not self.accepted:
            raise self._foreign()
        raise _GarbledError

    def _wait(self, error: Exception, attempt: int) -> None:
        asked = _retry_after(error)
        if asked is not None and asked > _LONGEST_RETRY_AFTER:
            raise error
        # A server that asks for no wait at all would use up every attempt within a second.
        seconds = max(min(_FIRST_WAIT * 2**attempt, _LONGEST_BACKOFF), asked or 0.0)
        logger.info("the server is asked again in %.1f s (%s)", seconds, type(error).__name__)
        if isinstance(error, openai.RateLimitError):
            self.limit.pause(seconds)
        time.sleep(seconds)

    def _count(self, spent: tuple[int, int], reserved: float) -> None:
        with self._lock:
            self.requests += 1
            self.tokens = (self.tokens[0] + spent[0], self.tokens[1] + spent[1])
        if reserved or any(spent):
            self.spending.settle(spent, reserved)

    def _learn(self, error: openai.APIStatusError, form: str, options: Mapping[str, Any]) -> bool:
        """Give up what the server does not understand, one thing at a time.

        False where it understands all, and dislikes what the subtitles say.

        Raises:
            TranslationError: where there is nothing left to give up.
        """
        said = str(error)
        with self._lock:
            for name in ("temperature", "max_tokens", "max_completion_tokens"):
                if name in options and name in said:
                    self.refused.add(name)
                    logger.warning("the server refuses the option %s; it is left out", name)
                    return True
            if form == self.accepted or any(mark in said for mark in _CENSORED):
                return False
            if form != self.formats[0]:
                return True  # another thread has learnt it
            if len(self.formats) > 1:
                self.formats.pop(0)
                logger.warning("the server refuses %s; trying %s", form, self.formats[0])
                return True
        raise TranslationError(
            f"{self._place()} refuses the request ({self._reason(error)}); check translate.model"
            " and the prompts."
        ) from None

    def _declined(self, error: openai.APIStatusError, keys: Sequence[str]) -> str:
        """Nothing for several subtitles, which are then asked for in smaller batches."""
        reason = self._reason(error)
        if len(keys) == 1:
            raise DeclinedError(f"the server refuses it ({reason})") from None
        logger.warning("the server refuses one of %d subtitles (%s)", len(keys), reason)
        return ""

    def _reason(self, error: openai.APIStatusError) -> str:
        """What the server says, in short and without the key."""
        said = " ".join(str(error).replace(self.client.api_key, "***").split())
        return said[:_REASON_LENGTH]

    def _refusal(self, error: openai.APIError) -> TranslationError:
        """What went wrong in one sentence; the server's own text might repeat the key."""
        status = error.status_code if isinstance(error, openai.APIStatusError) else None
        if status in _REFUSALS:
            return TranslationError(f"{self._place()} {_REFUSALS[status]} ({status}).")
        if status is not None and (status >= 500 or status in _PASSING):
            return TranslationError(f"{self._place()} keeps answering {status}; run again later.")
        if status is not None:
            return TranslationError(
                f"{self._place()} refuses the request ({status}); check translate.base_url,"
                " translate.model and the key's region."
            )
        if isinstance(error, openai.APIResponseValidationError):
            return self._foreign()
        kind = "did not answer in time" if isinstance(error, openai.APITimeoutError) else "is away"
        return TranslationError(
            f"{self._place()} {kind}; check translate.base_url and the network."
        )

    def _garbled(self) -> TranslationError:
        """What to say where every attempt brought an answer that is none."""
        if not self.accepted:
            return self._foreign()
        return TranslationError(
            f"{self._place()} keeps sending unreadable answers; run again later."
        )

    def _foreign(self) -> TranslationError:
        return TranslationError(
            f"{self._place()} does not speak OpenAI's chat interface; check translate.base_url,"
            " which often ends with /v1."
        )

    def _place(self) -> str:
        return f"The server at {self.settings.base_url or _OPENAI}"


def estimate(messages: Sequence[Mapping[str, str]], keys: int) -> tuple[int, int]:
    """Tokens of a request and, where `keys` are counted, the most that its answer should take.

    A token is taken for 3 bytes, which overstates English and is about right for others.
    """
    said = sum(len(one["content"].encode("utf-8", "surrogatepass")) for one in messages)
    asked = len(messages[-1]["content"].encode("utf-8", "surrogatepass"))
    answer = asked * (_ANSWER_SHARE if keys else 1) // _BYTES_PER_TOKEN
    return said // _BYTES_PER_TOKEN, answer + keys * _ANSWER_TOKENS_PER_KEY


def _most(
    messages: Sequence[Mapping[str, str]], options: Mapping[str, Any], keys: int
) -> tuple[int, int]:
    """The most tokens that a request and its answer may take; a schema is read like a text."""
    schema = len(json.dumps(options.get("response_format", ""))) // _BYTES_PER_TOKEN
    bound = options.get("max_tokens") or options.get("max_completion_tokens")
    said, answer = estimate(messages, keys)
    return said + schema, bound or answer


def _key(settings: TranslateSettings) -> str:
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key and not settings.base_url:
        raise TranslationError(
            "The environment variable OPENAI_API_KEY is not set; set it, or name another server in"
            " translate.base_url."
        )
    if not (key.isascii() and key.isprintable()):
        raise TranslationError(
            "The environment variable OPENAI_API_KEY has characters that no key has; set it again."
        )
    return key or "none"


def _passes(error: openai.APIError) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, openai.APIStatusError):
        if _USED_UP in (error.code, error.type):
            return False
        return error.status_code >= 500 or error.status_code in _PASSING
    return isinstance(error, openai.APIConnectionError)


def _retry_after(error: Exception) -> float | None:
    """Seconds that the server asks to wait, if it does."""
    if not isinstance(error, openai.APIStatusError):
        return None
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return None if math.isnan(seconds) else seconds


def _usage(answer: object) -> tuple[int, int]:
    usage = getattr(answer, "usage", None)
    counts = (getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens"))
    first, second = (count if isinstance(count, int) else 0 for count in counts)
    return first, second


def _format(form: str, keys: Sequence[str], fields: Sequence[str]) -> dict[str, Any]:
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
