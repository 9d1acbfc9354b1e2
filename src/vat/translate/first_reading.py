"""A model's first reading of a whole transcript: what the video is about, and who is in it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from vat.languages import language
from vat.subtitles.lines import one_line
from vat.timeline import Cue
from vat.translate.almost_json import objects
from vat.translate.chat import DeclinedError, Server
from vat.translate.ollama import with_translator
from vat.translate.overview import Overview
from vat.translate.people import Person, joined, person
from vat.translate.prompts import filled
from vat.translate.settings import Means, TranslateSettings

logger = logging.getLogger(__name__)

_FIELDS: Final = ("summary", "people")
_ANSWER: Final = (
    'Answer with one JSON object and nothing else: {"0": {"summary": a text, "people": a text}}.'
)
_PART_BYTES: Final = 24_000
"""Of a transcript in one request, some 8,000 tokens: half an hour of talk in English."""

_LEAST_PART_BYTES: Final = 1_500
"""A model that cannot take so much is not asked any further."""

_LONGEST_SUMMARY: Final = 1_500
_NOTHING: Final = "the model gave no summary, so subtitles are translated without one"


def make_overview(
    cues: Sequence[Cue], source: str, settings: TranslateSettings, means: Means
) -> Overview:
    """Ask the configured server what the video is about, and who is in it.

    A long transcript is read in parts, each with what is known so far. An answer that is none is no
    reason to fail: the subtitles can be translated without, and `warning` tells of it.

    Raises:
        TranslationError: where the server cannot be used at all.
    """
    settings = with_translator(settings)
    known = {
        "source_language": language(source).english,
        "instructions": settings.instructions,
        "answer": _ANSWER,
    }
    prompt = filled("overview", settings.prompts["overview"], known)
    server = Server.connect(settings, means)
    with server.client:
        found = _read_all([one_line(cue.text) for cue in cues], server, prompt)
    spent = server.spending.cost(server.tokens) if server.spending.prices else None
    logger.info(
        "%d people found; %d requests with %d + %d tokens",
        *(len(found.people), server.requests, *server.tokens),
    )
    if found.warning:
        logger.warning("%s", found.warning)
    return replace(found, requests=server.requests, tokens=server.tokens, cost=spent)


def _read_all(lines: Sequence[str], server: Server, prompt: str) -> Overview:
    """What all parts say; a part that the server cannot take is divided."""
    found, size = Overview(), _PART_BYTES
    waiting = [part for part in parts(lines, size) if part]
    while waiting:
        part = waiting.pop(0)
        answer = _asked(part, found, server, prompt)
        if answer is not None:
            found = answer
            continue
        size = min(size, _bytes(part)) // 2
        if size < _LEAST_PART_BYTES:
            return replace(found, warning=_NOTHING)
        waiting = [*parts(part, size), *waiting]
        waiting = [one for whole in waiting for one in parts(whole, size)]
    return found


def _asked(lines: Sequence[str], so_far: Overview, server: Server, prompt: str) -> Overview | None:
    """What is known after one more part; None where the answer is none."""
    item = {"transcript": list(lines), "so_far": so_far.request()}
    try:
        reply = server.ask(prompt, {"subtitles": {"0": item}}, _FIELDS)
    except DeclinedError as error:
        logger.info("%s", error)
        return None
    return overview_of(reply.text, so_far)


def overview_of(answer: str, so_far: Overview) -> Overview | None:
    """What an answer says, with the people known so far; None where it has no summary."""
    for found in objects(answer):
        for entry in (found, *found.values()):
            summary = entry.get("summary") if isinstance(entry, Mapping) else None
            if isinstance(summary, str) and summary.strip():
                people = joined(so_far.people, _people(entry.get("people")))
                text = " ".join(summary.split())[:_LONGEST_SUMMARY]
                return replace(so_far, summary=text, people=tuple(people))
    return None


def _people(said: Any) -> Iterator[Person]:
    """The people of an answer, as lines with bars, or as objects, as some models insist."""
    rows = said.splitlines() if isinstance(said, str) else said if isinstance(said, list) else []
    for row in rows:
        if isinstance(row, Mapping):
            fields: list[Any] = [row.get(name) for name in ("name", "gender", "note")]
        else:
            fields = str(row).strip().strip("-*• |").split("|", 2)
        found = person(*(str(one).strip() if one else "" for one in fields))
        if found is not None and len(fields) > 1:
            yield found


def parts(lines: Sequence[str], size: int) -> list[list[str]]:
    """The lines in parts of at most `size` bytes, or of one line that has more."""
    found: list[list[str]] = []
    left = 0
    for line in lines:
        length = _bytes([line])
        if not found or length > left:
            found.append([])
            left = size
        found[-1].append(line)
        left -= length
    return found


def _bytes(lines: Sequence[str]) -> int:
    return sum(len(line.encode("utf-8", "surrogatepass")) + 4 for line in lines)
