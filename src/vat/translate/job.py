"""One video into one language: what a translation starts from, and what it comes to."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from vat.errors import TranslationError
from vat.files import StrPath, write_json
from vat.subtitles.dialogues import is_half, layout_of_half
from vat.subtitles.limits import CueSettings
from vat.timeline import Cue
from vat.translate.glossary import Term
from vat.translate.overview import Overview
from vat.translate.settings import Means, TranslateSettings

logger = logging.getLogger(__name__)

MARK: Final = "[?]"
"""What stands before a text that could not be translated, where `on_failure` allows that."""

WEIGHTS: Final = {"critical": 25, "major": 5, "minor": 1}
"""What errors count by their severity, as in Freitag et al., "Experts, Errors, and Context" (2021);
there, 25 is for what is no translation at all."""

LOW: Final = WEIGHTS["major"]
"""From this penalty on a sentence is translated again: the meaning is not what was said."""

_NAMED: Final = 5


@dataclass(slots=True)
class Judgement:
    """What a model thinks of the translations: of all `sentences` it judged some, found `low` ones.

    So many of those were translated `again`, with a `better` result. `remarks` are the errors that
    it finds in what was taken in the end, by cue, behind the sum of their weights.
    """

    sentences: int = 0
    judged: int = 0
    low: int = 0
    again: int = 0
    better: int = 0
    remarks: dict[int, tuple[int, str]] = field(default_factory=dict)

    def add(self, other: "Judgement") -> None:
        """Count what the model thinks of other translations of the same video."""
        self.sentences += other.sentences
        self.judged += other.judged
        self.low += other.low
        self.again += other.again
        self.better += other.better
        self.remarks |= other.remarks

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the fields of the judgement."""
        remarks = [
            {"id": at, "penalty": penalty, "errors": errors}
            for at, (penalty, errors) in sorted(self.remarks.items())
        ]
        return {**asdict(self), "remarks": remarks}


@dataclass(slots=True)
class Report:
    """What a translation took, and where it asks for a look.

    `recalled` counts sentences whose translation was known from earlier answers. `tokens` are input
    and output, `cost` is this job's and `cost_so_far` that of all jobs of the same name; None where
    no prices are known. `doubtful` says, by cue, what was odd about a translation on which the
    translator insisted; `too_long` are cues whose text is more than can be read in their time;
    `untranslated` cues keep their source text, marked. `judgement` is None where no model judged.
    """

    sentences: int = 0
    recalled: int = 0
    requests: int = 0
    tokens: tuple[int, int] = (0, 0)
    cost: float | None = None
    cost_so_far: float | None = None
    doubtful: dict[int, str] = field(default_factory=dict)
    too_long: list[int] = field(default_factory=list)
    untranslated: list[int] = field(default_factory=list)
    judgement: Judgement | None = None

    def add(self, other: "Report") -> None:
        """Count what another translation of the same video took and found as well."""
        self.sentences += other.sentences
        self.recalled += other.recalled
        self.requests += other.requests
        self.tokens = self.tokens[0] + other.tokens[0], self.tokens[1] + other.tokens[1]
        if other.cost is not None:
            self.cost = (self.cost or 0.0) + other.cost
        self.cost_so_far = other.cost_so_far if other.cost_so_far is not None else self.cost_so_far
        self.doubtful |= other.doubtful
        self.too_long += other.too_long
        self.untranslated += other.untranslated
        if other.judgement is not None:
            self.judgement = self.judgement or Judgement()
            self.judgement.add(other.judgement)

    def count_whole_cues(self) -> None:
        """Take what is said of half a cue, whose number has a minus, for the whole cue's."""
        for at in [at for at in self.doubtful if at < 0]:
            why = self.doubtful.pop(at)
            known = self.doubtful.get(-at)
            self.doubtful[-at] = f"{known}; {why}" if known else why
        self.too_long = [*dict.fromkeys(map(abs, self.too_long))]
        self.untranslated = [*dict.fromkeys(map(abs, self.untranslated))]
        if self.judgement is not None:
            remarks = self.judgement.remarks
            for at in [at for at in remarks if at < 0]:
                remarks[-at] = max(remarks.pop(at), remarks.get(-at, (0, "")))

    def write(self, path: StrPath) -> None:
        """Write it as a JSON file."""
        write_json(path, self.to_json())

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the fields of the report."""
        judged = {"estimate": self.judgement.to_json()} if self.judgement else {}
        return {
            "sentences": self.sentences,
            "recalled": self.recalled,
            "requests": self.requests,
            "tokens": {"input": self.tokens[0], "output": self.tokens[1]},
            "cost": self.cost,
            "cost_so_far": self.cost_so_far,
            "doubtful": [{"id": at, "reason": why} for at, why in sorted(self.doubtful.items())],
            "too_long": sorted(self.too_long),
            "untranslated": sorted(self.untranslated),
            **judged,
        }


@dataclass(frozen=True, slots=True)
class Translation:
    """The cues in the target language, and how they came about."""

    cues: Sequence[Cue]
    report: Report


@dataclass(frozen=True, slots=True)
class TranslationJob:
    """What is translated: `texts` are the cues' on one line each, `source` and `target` codes.

    `voices` tell who says a cue, by index, where that is known.
    """

    cues: Sequence[Cue]
    texts: Sequence[str]
    source: str
    target: str
    settings: TranslateSettings
    layout: CueSettings
    means: Means
    terms: Sequence[Term] = ()
    overview: Overview = field(default_factory=Overview)
    voices: Mapping[int, str] = field(default_factory=dict)
    report: Report = field(default_factory=Report)

    @property
    def pair(self) -> tuple[str, str]:
        """Source and target language."""
        return self.source, self.target

    def layout_of(self, at: int) -> CueSettings:
        """The limits of the cue with this index: half a dialogue has one line."""
        return layout_of_half(self.layout) if is_half(self.cues, at) else self.layout

    def doubt(self, at: int, why: str) -> None:
        """Note what is odd about the translation of the cue with this index; nothing if empty."""
        if why:
            self.report.doubtful[self.cues[at].id] = why
        else:
            self.report.doubtful.pop(self.cues[at].id, None)

    def without(self, failures: Mapping[int, str]) -> dict[int, str]:
        """The marked source texts of cues that have no translation, by index.

        `failures` has the reasons by index.

        Raises:
            TranslationError: naming the cues by id and text, unless `on_failure` says otherwise.
        """
        if not failures:
            return {}
        named = "; ".join(
            f"{abs(self.cues[at].id)} '{self.texts[at]}' ({why})"
            for at, why in sorted(failures.items())[:_NAMED]
        )
        if self.settings.on_failure == "fail":
            raise TranslationError(
                f"{len(failures)} of {len(self.texts)} subtitles could not be translated: {named};"
                " run again, try another translate.model, or set translate.on_failure to"
                " keep-source-and-mark."
            )
        logger.warning("%d subtitles keep their source text, marked: %s", len(failures), named)
        self.report.untranslated += [self.cues[at].id for at in failures]
        return {at: f"{MARK} {self.texts[at]}" for at in failures}
