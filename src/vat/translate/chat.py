"""A server with OpenAI's chat interface, which many offer: one question, one answer."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Self

import openai
import tenacity
from openai.types.chat import ChatCompletion

from vat.errors import TranslationError
from vat.translate.api_key import masked
from vat.translate.connection import OPENAI, connect
from vat.translate.questions import estimate, format_of, most, usage
from vat.translate.rate_limits import RateLimit
from vat.translate.replies import Reply, reply_of
from vat.translate.retries import failure, retries
from vat.translate.server_errors import (
    is_censored,
    is_too_long,
    is_unknown_format,
    unknown_option,
)
from vat.translate.settings import Means, TranslateSettings
from vat.translate.spending import Spending

logger = logging.getLogger(__name__)

_FORMATS: Final = ("schema", "object", "text")
_ABOUT_THE_REQUEST: Final = frozenset({400, 413, 422})
_REFUSALS: Final = {
    401: "refuses the key; check OPENAI_API_KEY",
    402: "wants to be paid first; check the account's balance",
    403: "forbids the request; check the key's rights and the server's region",
    404: "does not know the model or the address; check translate.model and translate.base_url",
    429: "limits requests, or the account is used up; check the account, set"
    " translate.requests_per_minute, or run again later",
}
_FINAL: Final = frozenset({401, 402, 404})
_PASSING: Final = frozenset({408, 409, 425})
_HARMLESS: Final = {"subtitles": {"0": "Good morning."}, "context": {}}
"""A question that no server has a reason to refuse but for the way it is asked."""

_REASON_LENGTH: Final = 200


class DeclinedError(TranslationError):
    """The server does not take one subtitle, for what it says or for its length."""


class _GarbledError(ValueError):
    """An answer with status 200 that is none."""


@dataclass(slots=True)
class Sizes:
    """How many subtitles a server takes at once, as far as it was learnt."""

    answered: int = 0
    refused: list[int] = field(default_factory=list)

    @property
    def most(self) -> int | None:
        """The most that are asked for at once; None while no limit is known.

        A length that was refused twice and never answered shows one; a single refusal may be one of
        those that servers give under load.
        """
        above = sorted(size for size in self.refused if size > self.answered)
        return max(1, above[0] // 2) if len(above) > 1 else None


@dataclass(slots=True)
class Server:
    """Questions to one server by any number of threads, and what was learnt about it.

    Learnt is how it can be asked for JSON, which options it knows and how much it takes at once;
    `accepted` are the ways in which it was asked and answered. `tokens` are those of all answers,
    input and output. `key` is the secret that no message may hold, `variable` names the proxy.
    """

    client: openai.OpenAI
    settings: TranslateSettings
    limit: RateLimit
    spending: Spending
    key: str = ""
    variable: str = ""
    formats: list[str] = field(default_factory=lambda: list(_FORMATS))
    refused: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)
    sizes: Sizes = field(default_factory=Sizes)
    requests: int = 0
    tokens: tuple[int, int] = (0, 0)
    _lock: Lock = field(default_factory=Lock)
    _learning: Lock = field(default_factory=Lock)

    @classmethod
    def connect(cls, settings: TranslateSettings, means: Means) -> Self:
        """The server that the settings name; its key is in the variable OPENAI_API_KEY.

        Raises:
            TranslationError: where the key is missing or broken, the address is none or holds a
                secret, or the environment's proxy cannot be used.
        """
        connection = connect(settings, means.timeout_seconds)
        prices = (means.input_price, means.output_price)
        known = None if prices[0] is None or prices[1] is None else (prices[0], prices[1])
        limits = means.requests_per_minute, means.tokens_per_minute
        return cls(
            connection.client,
            settings,
            RateLimit.of_server(means.folder, settings.base_url or OPENAI, *limits),
            Spending(means.folder, means.name, known, means.max_cost),
            connection.key,
            connection.variable,
        )

    def knock(self) -> None:
        """See that the server is there and takes the key; this costs no tokens.

        Servers that list no models, or are slow to, are taken to be well.

        Raises:
            TranslationError: where it cannot be reached, or refuses the key.
        """
        try:
            self.client.models.list()
        except openai.APITimeoutError:
            logger.info("%s is slow to answer", self._place())
        except openai.AuthenticationError as error:
            raise self._refusal(error) from None
        except openai.APIConnectionError as error:
            raise self._refusal(error) from None
        except (openai.APIError, ValueError) as error:
            logger.debug("it does not list its models: %s", type(error).__name__)

    def ask(self, prompt: str, request: Mapping[str, Any], fields: Sequence[str]) -> Reply:
        """The answer to one request; blank where there is none, or the request is too much.

        The answer should be a JSON object that has, for every key of `request["subtitles"]`, an
        object with the `fields`, all of them text, or a text where there are none.

        Raises:
            TranslationError: where the server cannot be used, or `max_cost` would be exceeded; a
                DeclinedError where it can, but not for this one subtitle.
        """
        while True:
            form = self.formats[0]
            try:
                return self._asked(form, prompt, request, fields)
            except openai.APIStatusError as error:
                if error.status_code not in _ABOUT_THE_REQUEST and not is_too_long(error):
                    raise self._refusal(error) from None
                keys = list(request["subtitles"])
                if not self._learn(error, form, prompt, fields, len(keys)):
                    return self._declined(error, keys)
            except openai.APIError as error:
                raise self._refusal(error) from None
            except ValueError:
                raise self._garbled() from None

    def _asked(
        self, form: str, prompt: str, request: Mapping[str, Any], fields: Sequence[str]
    ) -> Reply:
        """The answer to one request where JSON is asked for in one way."""
        keys = list(request["subtitles"])
        messages = [
            {"role": "system", "content": prompt},
            {"role": "user", "content": json.dumps(request, ensure_ascii=False)},
        ]
        options = format_of(form, keys, fields) | self._options(messages, len(keys))
        answer = self._send(messages, options, len(keys))
        with self._lock:
            self.accepted.add(form)
            self.sizes.answered = max(self.sizes.answered, len(keys))
        choice = answer.choices[0] if answer.choices else None
        return reply_of(choice, bounded=self.spending.max_cost is not None)

    def _options(self, messages: Any, keys: int) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self.settings.temperature is not None:
            options["temperature"] = self.settings.temperature
        if self.spending.max_cost is not None:
            # Without a bound on the answer there would be none on its cost.
            bound = estimate(messages, keys)[1]
            options["max_tokens"] = options["max_completion_tokens"] = bound
            options.pop("max_tokens" if "max_tokens" in self.refused else "max_completion_tokens")
        return {name: value for name, value in options.items() if name not in self.refused}

    def _send(self, messages: Any, options: Mapping[str, Any], keys: int) -> ChatCompletion:
        """One answer, as often as it takes where what keeps it away may pass.

        Raises:
            ValueError: where it stays none.
        """
        attempts = retries(self._before_wait)
        return attempts(self._once, messages, options, keys)

    def _once(self, messages: Any, options: Mapping[str, Any], keys: int) -> ChatCompletion:
        self.limit.wait(sum(estimate(messages, 0)))
        reserved = self.spending.reserve(most(messages, options, keys))
        spent = (0, 0)
        try:
            answer = self._checked(
                self.client.chat.completions.create(
                    model=self.settings.model, messages=messages, **options
                )
            )
            spent = usage(answer)
            if not any(spent):
                reserved = 0.0  # the server does not say what it counts
        except (ValueError, openai.APITimeoutError):
            reserved = 0.0  # the server has worked, or may well have, and counts it
            raise
        finally:
            self._count(spent, reserved)
        return answer

    def _checked(self, answer: object) -> ChatCompletion:
        """The answer if it is one: the client passes on whatever comes with status 200."""
        if isinstance(answer, ChatCompletion):
            if isinstance(answer.choices, list):
                return answer
        elif not self.accepted:
            raise self._foreign()
        raise _GarbledError

    def _before_wait(self, state: tenacity.RetryCallState) -> None:
        """Say why it is waited, and let nobody else ask a server that limits requests."""
        error, seconds = failure(state), state.upcoming_sleep
        logger.info("the server is asked again in %.1f s (%s)", seconds, type(error).__name__)
        if isinstance(error, openai.RateLimitError):
            self.limit.pause(seconds)

    def _count(self, spent: tuple[int, int], reserved: float) -> None:
        with self._lock:
            self.requests += 1
            self.tokens = (self.tokens[0] + spent[0], self.tokens[1] + spent[1])
        if reserved or any(spent):
            self.spending.settle(spent, reserved)

    def _learn(
        self,
        error: openai.APIStatusError,
        form: str,
        prompt: str,
        fields: Sequence[str],
        count: int,
    ) -> bool:
        """Give up what the server does not understand, one thing at a time.

        False where it understands all, and dislikes the length of the request or what it says.

        Raises:
            TranslationError: where there is nothing left to give up.
        """
        option = unknown_option(error, {"temperature", "max_tokens", "max_completion_tokens"})
        with self._learning:
            length = count > 1 and option != "temperature" and is_too_long(error)
            if option and option not in self.refused and self._sends(option) and not length:
                self.refused.add(option)
                logger.warning("the server refuses the option %s; it is left out", option)
                return True
            if is_too_long(error):
                self.sizes.refused.append(count)
                return False
            if form in self.accepted or is_censored(error):
                return False
            if form != self.formats[0]:
                return True  # another thread has learnt it
            # The words of an error may mean anything, so a question tells that nothing is wrong
            # with but the way in which JSON is asked for.
            if not is_unknown_format(error) and self._takes(form, prompt, fields):
                return False
            if len(self.formats) > 1:
                self.formats.pop(0)
                logger.warning("the server refuses %s; trying %s", form, self.formats[0])
                return True
        raise TranslationError(
            f"{self._place()} refuses the request ({self._reason(error)}); check translate.model"
            " and the prompts."
        ) from None

    def _sends(self, option: str) -> bool:
        if option == "temperature":
            return self.settings.temperature is not None
        return self.spending.max_cost is not None

    def _takes(self, form: str, prompt: str, fields: Sequence[str]) -> bool:
        """Whether the server answers a harmless question that asks for JSON in this way."""
        try:
            self._asked(form, prompt, _HARMLESS, fields)
        except openai.APIStatusError as error:
            if error.status_code not in _ABOUT_THE_REQUEST:
                raise
            return False
        return True

    def _declined(self, error: openai.APIStatusError, keys: Sequence[str]) -> Reply:
        """Nothing for several subtitles, which are then asked for in smaller batches."""
        reason = self._reason(error)
        if len(keys) == 1:
            raise DeclinedError(f"the server refuses it ({reason})") from None
        if is_too_long(error):
            logger.warning("%d subtitles are too many for the server (%s)", len(keys), reason)
        else:
            logger.warning("the server refuses one of %d subtitles (%s)", len(keys), reason)
        return Reply("", f"the server refuses it ({reason})")

    def _reason(self, error: openai.APIStatusError) -> str:
        """What the server says, in short and without the key."""
        return " ".join(masked(str(error), self.key).split())[:_REASON_LENGTH]

    def _refusal(self, error: openai.APIError) -> TranslationError:
        """What went wrong in one sentence; the server's own text might repeat the key."""
        status = error.status_code if isinstance(error, openai.APIStatusError) else None
        if status in _REFUSALS:
            refused = TranslationError(f"{self._place()} {_REFUSALS[status]} ({status}).")
            refused.final = status in _FINAL
            return refused
        if status is not None and (status >= 500 or status in _PASSING):
            return TranslationError(f"{self._place()} keeps answering {status}; run again later.")
        if status is not None:
            return TranslationError(
                f"{self._place()} refuses the request ({status}); check translate.base_url,"
                " translate.model and the key's region."
            )
        if isinstance(error, openai.APIResponseValidationError):
            return self._foreign()
        kind = (
            "did not answer in time"
            if isinstance(error, openai.APITimeoutError)
            else "cannot be reached"
        )
        way = f" by way of the proxy in {self.variable}" if self.variable else ""
        also = f", {self.variable}" if self.variable else ""
        return TranslationError(
            f"{self._place()} {kind}{way}; check translate.base_url{also} and the network."
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
        return f"The server at {self.settings.base_url or OPENAI}"
