"""Translation by a language model behind OpenAI's chat interface, which many servers offer."""

import json
import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Template
from typing import Any, Final
from unicodedata import category
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletion

from vat.errors import TranslationError
from vat.languages import language
from vat.lines import one_line
from vat.presets import CueSettings
from vat.translate import Means, TranslateSettings

logger = logging.getLogger(__name__)

_OPENAI: Final = "https://api.openai.com/v1"
_RETRIES = 5
_FORMATS = ("schema", "object", "text")
_REFUSALS = {
    401: "refuses the key; check OPENAI_API_KEY",
    403: "forbids the request; check the key's rights and the server's region",
    404: "does not know the model or the address; check translate.model and translate.base_url",
    429: "limits requests, or the account is used up; check the account or run again later",
}
_REASON_LENGTH = 200


def translate_texts(
    texts: Sequence[str],
    source: str,
    target: str,
    settings: TranslateSettings,
    layout: CueSettings,
    means: Means,
) -> list[str]:
    """Each text in the language `target`, in the same order.

    What is missing or unusable in an answer is asked for again, in batches half as large.

    Raises:
        TranslationError: where a text stays without translation after `means.attempts` answers to
            it alone, or the server cannot be used.
    """
    columns = layout.max_columns * layout.max_lines
    prompt = fill_prompt(settings, source, target, columns)
    with _client(settings, means) as client:
        talk = _Talk(client, settings, prompt)
        found = _complete(texts, talk, settings, means.attempts)
    logger.info("%d subtitles translated with %d tokens", len(texts), talk.tokens)
    return found


def fill_prompt(settings: TranslateSettings, source: str, target: str, columns: int) -> str:
    """The prompt with its placeholders filled.

    Raises:
        TranslationError: where it has a placeholder that is not known.
    """
    known = {
        "source_language": language(source).english,
        "target_language": language(target).english,
        "max_columns": str(columns),
        "instructions": settings.instructions,
    }
    try:
        return Template(settings.prompt).substitute(known)
    except (KeyError, ValueError) as error:
        raise TranslationError(
            f"The file translate.prompt has a wrong placeholder ({error}); it may have:"
            f" {', '.join('$' + name for name in known)} ($$ is a dollar sign)."
        ) from error


def usable(answer: str, asked: Mapping[str, str]) -> dict[str, str]:
    """What of an answer can be taken: texts that are not blank, under keys that were asked for.

    Next to a key without a text nothing is taken: two subtitles may stand there merged into one.
    Nothing at all is taken beside an invented number: the texts may have moved by one.
    """
    record = _record(answer)
    if len(asked) > 1 and any(key.isdecimal() and key not in asked for key in record):
        return {}
    texts = {key: _clean(record.get(key)) for key in asked}
    around = [True, *map(bool, texts.values()), True]
    return {key: text for at, (key, text) in enumerate(texts.items()) if all(around[at : at + 3])}


def _record(answer: str) -> Mapping[str, Any]:
    """The JSON object in an answer, whatever is said around it; empty where there is none."""
    spoken = answer.rsplit("</think>", 1)[-1]
    begin, end = spoken.find("{"), spoken.rfind("}")
    try:
        record = json.loads(spoken[begin : end + 1], object_pairs_hook=_unambiguous)
    except (ValueError, RecursionError):
        return {}
    if isinstance(record, dict) and isinstance(record.get("subtitles"), dict):
        record = record["subtitles"]
    return record if isinstance(record, dict) else {}


def _unambiguous(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object without the keys that it has twice."""
    count = Counter(key for key, _ in pairs)
    return {key: value for key, value in pairs if count[key] == 1}


def _clean(text: object) -> str:
    """The text on one line; blank if it is none, or has halves of characters, as no file can."""
    if not isinstance(text, str) or any("\ud800" <= character <= "\udfff" for character in text):
        return ""
    return one_line("".join(" " if category(one) == "Cc" else one for one in text))


def _client(settings: TranslateSettings, means: Means) -> openai.OpenAI:
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key and not settings.base_url:
        raise TranslationError(
            "The environment variable OPENAI_API_KEY is not set; set it, or name another server in"
            " translate.base_url."
        )
    if not (key.isascii() and key.isprintable()):
        raise TranslationError(
            "The environment variable OPENAI_API_KEY has characters that no key has; set it anew."
        )
    if "@" in urlsplit(settings.base_url or _OPENAI).netloc:
        # The client's own log lines show the whole address.
        raise TranslationError(
            "translate.base_url holds a user name or password; take it out of the address and put a"
            " key into the environment variable OPENAI_API_KEY."
        )
    return openai.OpenAI(
        api_key=key or "none",
        base_url=settings.base_url or _OPENAI,
        timeout=means.timeout_seconds,
        max_retries=_RETRIES,
    )


def _complete(
    texts: Sequence[str], talk: "_Talk", settings: TranslateSettings, attempts: int
) -> list[str]:
    size = settings.batch_size
    waiting = [range(a, min(a + size, len(texts))) for a in range(0, len(texts), size)]
    work: list[Sequence[int]] = list(reversed(waiting))
    found: dict[int, str] = {}
    tries = 0
    while work:
        batch = work.pop()
        found |= talk.ask(texts, batch, settings.context)
        missing = [index for index in batch if index not in found]
        logger.info(
            "subtitles %d to %d: %d of %d translated; %d of %d in all",
            *(batch[0] + 1, batch[-1] + 1, len(batch) - len(missing), len(batch)),
            *(len(found), len(texts)),
        )
        tries = tries + 1 if missing and len(batch) == 1 else 0
        if tries >= attempts:
            raise TranslationError(
                f"Subtitle {missing[0] + 1} '{texts[missing[0]]}' could not be translated in"
                f" {attempts} attempts; run again, or try another translate.model."
            )
        half = (len(missing) + 1) // 2
        work += [part for part in (missing[half:], missing[:half]) if part]
    return [found[index] for index in range(len(texts))]


@dataclass(slots=True)
class _Talk:
    """Requests to one server, and what was learnt about it: how it can be asked for JSON."""

    client: openai.OpenAI
    settings: TranslateSettings
    prompt: str
    formats: list[str] = field(default_factory=lambda: list(_FORMATS))
    tempered: bool = True
    tokens: int = 0

    def ask(self, texts: Sequence[str], batch: Sequence[int], context: int) -> dict[int, str]:
        """The usable translations in one answer, by index; others are left out."""
        asked = {str(index + 1): texts[index] for index in batch}
        request = {
            "before": list(texts[max(0, batch[0] - context) : batch[0]]),
            "subtitles": asked,
            "after": list(texts[batch[-1] + 1 : batch[-1] + 1 + context]),
        }
        messages = [
            {"role": "system", "content": self.prompt},
            {"role": "user", "content": json.dumps(request, ensure_ascii=False)},
        ]
        answer = usable(self._send(messages, list(asked)), asked)
        return {int(key) - 1: text for key, text in answer.items()}

    def _send(self, messages: Any, keys: Sequence[str]) -> str:
        """The text of one answer; empty where there is none, or the batch is too long."""
        while True:
            options: dict[str, Any] = _format(self.formats[0], keys)
            if self.settings.temperature is not None and self.tempered:
                options["temperature"] = self.settings.temperature
            try:
                answer = self.client.chat.completions.create(
                    model=self.settings.model, messages=messages, **options
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if len(keys) > 1 and "context" in str(error):
                    logger.warning("the server's context is too small for %d subtitles", len(keys))
                    return ""
                self._learn(error, options)
                continue
            except openai.APIError as error:
                raise self._refusal(error) from None
            except ValueError:
                raise self._foreign() from None
            return self._text(answer)

    def _text(self, answer: object) -> str:
        # The client passes on whatever a server says with status 200, a web page for instance.
        if not isinstance(answer, ChatCompletion) or not isinstance(answer.choices, list):
            raise self._foreign()
        if answer.usage is not None:
            self.tokens += answer.usage.total_tokens or 0
        message = answer.choices[0].message if answer.choices else None
        content = getattr(message, "content", None)
        return content if isinstance(content, str) else ""

    def _learn(self, error: openai.APIStatusError, options: Mapping[str, Any]) -> None:
        """Give up what the server does not understand, one thing at a time."""
        if "temperature" in options and "temperature" in str(error):
            self.tempered = False
            logger.warning("the server refuses a temperature; its own is used")
        elif len(self.formats) > 1:
            gone = self.formats.pop(0)
            logger.warning("the server refuses %s; trying %s", gone, self.formats[0])
        else:
            reason = " ".join(str(error).replace(self.client.api_key, "***").split())
            raise TranslationError(
                f"{self._place()} refuses the request ({reason[:_REASON_LENGTH]}); check"
                " translate.model and translate.prompt."
            ) from None

    def _refusal(self, error: openai.APIError) -> TranslationError:
        """What went wrong in one sentence; the server's own text might repeat the key."""
        status = error.status_code if isinstance(error, openai.APIStatusError) else None
        if status in _REFUSALS:
            return TranslationError(f"{self._place()} {_REFUSALS[status]} ({status}).")
        if status is not None:
            return TranslationError(f"{self._place()} keeps answering {status}; run again later.")
        if isinstance(error, openai.APIResponseValidationError):
            return self._foreign()
        kind = "did not answer in time" if isinstance(error, openai.APITimeoutError) else "is away"
        return TranslationError(
            f"{self._place()} {kind}; check translate.base_url and the network."
        )

    def _foreign(self) -> TranslationError:
        return TranslationError(
            f"{self._place()} does not speak OpenAI's chat interface; check translate.base_url,"
            " which often ends with /v1."
        )

    def _place(self) -> str:
        return f"The server at {self.settings.base_url or _OPENAI}"


def _format(name: str, keys: Sequence[str]) -> dict[str, Any]:
    """How the server is asked for JSON: by a schema with every key, as an object, or not at all."""
    if name == "text":
        return {}
    if name == "object":
        return {"response_format": {"type": "json_object"}}
    schema = {
        "type": "object",
        "properties": {key: {"type": "string"} for key in keys},
        "required": list(keys),
        "additionalProperties": False,
    }
    named = {"name": "subtitles", "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}
