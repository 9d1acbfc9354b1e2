"""What a server's reply holds: the text of the answer, wherever it stands, and why it may lack."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

CUT: Final = (
    "the answer was cut at the server's limit of tokens (finish_reason: length); turn the model's"
    " thinking off, let the server answer at greater length, or ask for fewer subtitles with"
    " translate.batch_size"
)
BOUNDED: Final = (
    "the answer was cut at the bound that translate.max_cost sets (finish_reason: length); turn the"
    " model's thinking off, or leave translate.max_cost out"
)
FILTERED: Final = "the server's filter of content held the answer back"

_CUT_REASONS: Final = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
_THOUGHTS: Final = ("reasoning_content", "reasoning", "reasoning_details", "thinking")
_MARKS: Final = re.compile(r"</?(?:think|thinking|thought)>|\[/?THINK\]|<\|[^|>]*\|>|```\w*|\s")
"""What may be left of an answer that went to another place: marks without anything between."""

_TEXTS: Final = ("text", "content", "thinking", "summary")
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class Reply:
    """The text that should hold the answer, and what may be the reason where it lacks."""

    text: str
    trouble: str = ""


def reply_of(choice: object, *, bounded: bool = False) -> Reply:
    """What one choice of a completion says.

    The answer is the message's content, as a text, as an object or as a list of parts; where it is
    blank, what the server took for thoughts or for the call of a tool. `bounded` tells that this
    side set a limit on the length.
    """
    message = getattr(choice, "message", None)
    content = getattr(message, "content", None)
    text = _text(content) or _text(getattr(choice, "text", None))
    if not _MARKS.sub("", text):
        places = (
            *(_text(getattr(message, name, None)) for name in _THOUGHTS),
            *(_text(_thoughts(content)) for _ in "1"),
            *_arguments(message),
        )
        text = next((one for one in places if one.strip()), "")
    return Reply(text, _trouble(choice, message, bounded))


def _text(value: Any, depth: int = 0) -> str:
    """The text of a content, without the parts that are thoughts."""
    if isinstance(value, str):
        return value
    if depth > _DEEPEST:
        return ""
    if isinstance(value, list):
        return "".join(_text(part, depth + 1) for part in value if not _is_thought(part))
    if isinstance(value, dict):
        named = next((value[name] for name in _TEXTS if value.get(name)), None)
        plain = json.dumps(value, ensure_ascii=False) if depth == 0 else ""
        return _text(named, depth + 1) if named is not None else plain
    return ""


def _is_thought(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in ("thinking", "reasoning")


def _thoughts(content: Any) -> list[Any]:
    parts = content if isinstance(content, list) else []
    return [part.get("thinking") or part.get("text") for part in parts if _is_thought(part)]


def _arguments(message: object) -> Iterator[str]:
    """What a model said to a tool that nobody offered."""
    calls = getattr(message, "tool_calls", None)
    for call in calls if isinstance(calls, list) else []:
        arguments = getattr(getattr(call, "function", None), "arguments", None)
        if isinstance(arguments, str | dict):
            yield _text(arguments)


def _trouble(choice: object, message: object, bounded: bool) -> str:
    reason = getattr(choice, "finish_reason", None)
    reason = reason.casefold() if isinstance(reason, str) else ""
    if reason in _CUT_REASONS:
        return BOUNDED if bounded else CUT
    if reason == "content_filter":
        return FILTERED
    refusal = getattr(message, "refusal", None)
    return "the model refuses to answer" if isinstance(refusal, str) and refusal.strip() else ""
