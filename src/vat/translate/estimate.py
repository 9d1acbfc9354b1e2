"""How good translations are by a model's judgement: errors with categories and severities (MQM)."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from vat.translate.almost_json import objects
from vat.translate.batches import Step
from vat.translate.chat import DeclinedError, Server
from vat.translate.glossary import terms_in
from vat.translate.integrity import begins
from vat.translate.job import LOW, WEIGHTS, TranslationJob
from vat.translate.sentences import joint
from vat.translate.speakers import request_of
from vat.translate.steps import step_of
from vat.translate.translation_memory import Memory, Remembered, key_of

logger = logging.getLogger(__name__)

_ATTEMPTS: Final = 2
"""How often a judgement is asked for; a sentence without one keeps its translation."""

_SEVERITY: Final = re.compile(rf"\b(?:{'|'.join(WEIGHTS)})\b", re.IGNORECASE)
_ENDS: Final = re.compile(
    rf"\n|;\s*(?={_SEVERITY.pattern})|[,.]\s*(?={_SEVERITY.pattern}:)", re.IGNORECASE
)
_FAULT: Final = (
    r"(?:translation )?"
    r"(?:errors?|issues?|problems?|mistakes?|mistranslations?|omissions?|additions?)\b"
)
_GRADE: Final = rf"(?:{_SEVERITY.pattern}|(?:serious|significant|notable|obvious|other)\b)"
_NO: Final = (
    r"\b(?:there (?:are|is|were|was) )?no\b"
    rf"(?:[ -]+(?:{_GRADE}[ ,/]*(?:(?:or|and)\b ?)?)+)?"
)
_NO_FAULT: Final = rf"{_NO}[ -]*{_FAULT}(?:[ ,/]+(?:(?:or|and) )?{_FAULT})*"
_DENIED: Final = re.compile(_NO_FAULT, re.IGNORECASE)
_NOTHING: Final = re.compile(
    rf"\W*(?:(?:{_NO_FAULT}|{_NO}|none|null|nothing|n/?a|ok|empty(?: text)?"
    r"|(?:the translation is )?(?:correct|accurate))\b"
    r"(?: (?:(?:were|was|are) )?(?:found|detected|identified))?"
    r"(?: in (?:the|this) translation)?\W*)*",
    re.IGNORECASE,
)
_FAULTLESS: Final = "no error"
_LONGEST: Final = 500
"""Characters of a judgement that are kept."""

Drafts = Mapping[range, Sequence[str]]
"""Translations of sentences: the texts of its cues by the range of their indices."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a model finds in a translation: an error a line, and the sum of their weights."""

    errors: str = ""
    penalty: int = 0

    @classmethod
    def of(cls, said: Iterable[str]) -> "Estimate":
        """The judgement in the words of an answer.

        A severity stands in the line of its error or, as some models insist, on a line above;
        errors of which none has any are minor. A severity of which there are "no errors" is none.
        """
        errors, penalty, above = list[str](), 0, ""
        for line in (one.strip(" \t-*•;,") for text in said for one in _ENDS.split(text)):
            named = _SEVERITY.search(_DENIED.sub("", line))
            rest = line.replace(named[0], "", 1) if named else line
            if named and not rest.strip(" :*#-"):
                above = named[0].lower()
            elif not _NOTHING.fullmatch(rest) and not _NOTHING.fullmatch(line):
                errors.append(line)
                penalty += WEIGHTS.get(named[0].lower() if named else above, 0)
        penalty = max(penalty, WEIGHTS["minor"] if errors else 0)
        return cls("\n".join(errors)[:_LONGEST], penalty)

    @property
    def is_low(self) -> bool:
        """Whether the translation should be another one."""
        return self.penalty >= LOW


@dataclass(slots=True)
class Estimator:
    """Judgements of one video's translations by the server's model, each paid for once."""

    job: TranslationJob
    server: Server
    memory: Memory
    step: Step = field(init=False)

    def __post_init__(self) -> None:
        """The question, which does not depend on the sentences."""
        self.step = step_of(self.job, "estimate", ("begins", "errors"), 0, False)

    def estimates(self, drafts: Drafts) -> dict[range, Estimate]:
        """The judgements of sentences; those of which the model says nothing are left out.

        Raises:
            TranslationError: where the server cannot be used.
        """
        found = {group: known for group in drafts if (known := self._recall(group, drafts[group]))}
        size = self.job.settings.batch_size
        for _ in range(_ATTEMPTS):
            left = {group: drafts[group] for group in drafts if group not in found}
            batches = [*_batches(left, min(size, self.server.sizes.most or size))]
            with ThreadPoolExecutor(self.job.means.concurrency, "estimate") as pool:
                try:
                    for some in pool.map(self._ask, batches):
                        found |= some
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
            size = (size + 1) // 2
        logger.info("%d of %d sentences were judged", len(found), len(drafts))
        return found

    def _recall(self, group: range, texts: Sequence[str]) -> Estimate | None:
        kept = self.memory.recall(self._key(group, texts), 1)
        return Estimate.of(kept.texts) if kept else None

    def _ask(self, drafts: Drafts) -> dict[range, Estimate]:
        """The judgements in one answer. Runs in a thread."""
        try:
            reply = self.server.ask(self.step.prompt, self._request(drafts), self.step.fields)
        except DeclinedError as error:
            logger.info("%s", error)
            return {}
        found = {}
        for group, entry in _entries(reply.text, drafts).items():
            said, sentence = _lines(entry.get("errors")), self._sentence(group)
            echoed = "begins" not in self.step.fields or len(drafts) == 1
            if said is None or not (echoed or begins(str(entry.get("begins")), sentence)):
                continue
            found[group] = Estimate.of(said)
            kept = Remembered((found[group].errors or _FAULTLESS,))
            about = {"sources": [sentence], "judged": [*drafts[group]]}
            self.memory.keep(self._key(group, drafts[group]), kept, about)
        return found

    def _request(self, drafts: Drafts) -> dict[str, Any]:
        job, reach = self.job, self.job.settings.context
        inside = {at for group in drafts for at in group}
        near = {
            at
            for group in drafts
            for at in range(max(0, group.start - reach), min(len(job.texts), group.stop + reach))
        }
        request: dict[str, Any] = {
            **job.overview.request(),
            **request_of(job.voices, sorted(near | inside)),
            "subtitles": {
                str(group.start): {
                    "subtitle": self._sentence(group),
                    "translation": joint(job.target).join(texts),
                }
                for group, texts in drafts.items()
            },
            "context": {str(at): job.texts[at] for at in sorted(near - inside)},
        }
        terms = {
            term.source: term
            for group in drafts
            for term in terms_in(self._sentence(group), job.terms)
        }
        if terms:
            request["glossary"] = [
                {"term": one.source, "translation": " or ".join(one.targets), "note": one.note}
                for one in terms.values()
            ]
        return request

    def _sentence(self, group: range) -> str:
        return joint(self.job.source).join(self.job.texts[at] for at in group)

    def _key(self, group: range, texts: Sequence[str]) -> str:
        settings, job = self.job.settings, self.job
        recipe = [settings.model, settings.base_url, settings.temperature, self.step.prompt]
        voices = [job.voices[at] for at in group if at in job.voices]
        said = [*texts, voices] if voices else [*texts]
        return key_of(["estimate", recipe, job.pair, self._sentence(group), said])


def _batches(drafts: Drafts, size: int) -> Iterator[Drafts]:
    """Neighbours together, in batches of at most `size` cues, or of one sentence with more."""
    batch: dict[range, Sequence[str]] = {}
    for group in sorted(drafts, key=lambda one: one.start):
        if batch and sum(map(len, batch)) + len(group) > size:
            yield batch
            batch = {}
        batch[group] = drafts[group]
    if batch:
        yield batch


def _entries(answer: str, asked: Iterable[range]) -> dict[range, Mapping[str, Any]]:
    """The entries of an answer by their sentences; where it has two, the last one counts."""
    found: dict[range, Mapping[str, Any]] = {}
    groups = {str(group.start): group for group in asked}
    for record in objects(answer):
        inner = [one for one in record.values() if isinstance(one, Mapping)]
        for level in (record, *inner):
            for key, entry in level.items():
                group = groups.get(key.strip())
                if group is not None and isinstance(entry, Mapping):
                    found[group] = entry
                elif group is not None and isinstance(entry, str | list):
                    found[group] = {"errors": entry, "begins": ""}
    return found


def _lines(said: Any) -> list[str] | None:
    """The errors as lines, whether they came as a text, as a list or as objects; None for none."""
    if said is None or isinstance(said, str):
        return None if said is None else [said]
    if isinstance(said, Mapping):
        said = [said] if any(isinstance(one, str) for one in said.values()) else [*said.values()]
    if not isinstance(said, list):
        return None
    lines = []
    for one in said:
        parts = [one]
        if isinstance(one, Mapping):
            parts = [one.get("severity"), *(one[key] for key in one if key != "severity")]
        lines.append(" ".join(str(part).replace("\n", " ") for part in parts if part))
    return lines
