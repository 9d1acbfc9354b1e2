"""Only what a model thinks little of is translated again: several candidates, and the best one."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from vat.translate.batches import Dialogue
from vat.translate.chat import Server
from vat.translate.cue_fit import is_too_long, room
from vat.translate.estimate import Estimate, Estimator
from vat.translate.job import Judgement, Report, TranslationJob
from vat.translate.steps import step_of, tasks_of
from vat.translate.translation_memory import Memory

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Version:
    """One translation of a sentence: the texts of its cues, what the model finds, whether it fits.

    `doubts` are what the checks of answers find odd about its cues, by id.
    """

    texts: tuple[str, ...]
    estimate: Estimate
    fits: bool
    doubts: Mapping[int, str]

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """The lowest is the best: no grave error, then readable in its time, then few errors."""
        return self.estimate.is_low, not self.fits, self.estimate.penalty


@dataclass(slots=True)
class Refinement:
    """The translations of a job under judgement; `texts` are by index."""

    job: TranslationJob
    server: Server
    memory: Memory
    texts: Mapping[int, str]

    def run(self, groups: Sequence[range]) -> dict[int, str]:
        """Better translations by index; whatever is not worse than the others stays.

        Raises:
            TranslationError: where the server cannot be used.
        """
        estimator = Estimator(self.job, self.server, self.memory)
        marked = set(self.job.report.untranslated)
        drafts = {
            group: tuple(self.texts[at] for at in group)
            for group in groups
            if not marked & {self.job.cues[at].id for at in group}
        }
        found = {
            group: self._version(group, drafts[group], estimate, self.job.report.doubtful)
            for group, estimate in estimator.estimates(drafts).items()
        }
        low = [group for group, one in found.items() if one.estimate.is_low]
        low.sort(key=lambda group: (-found[group].estimate.penalty, group.start))
        chosen = low[: ceil(len(drafts) * self.job.settings.estimate_share)]
        best = found | self._improved({group: found[group] for group in chosen}, estimator)
        better = [group for group in chosen if best[group].texts != found[group].texts]
        self._report(Judgement(len(drafts), len(found), len(low), len(chosen), len(better)), best)
        return {
            at: text for group in better for at, text in zip(group, best[group].texts, strict=True)
        }

    def _improved(
        self, drafts: Mapping[range, Version], estimator: Estimator
    ) -> dict[range, Version]:
        """The best of each draft and its candidates, of which no more are made than it takes."""
        best = dict(drafts)
        tried: dict[range, list[Version]] = {group: [] for group in drafts}
        for _ in range(self.job.settings.estimate_candidates):
            wanted = [group for group, one in best.items() if any(one.rank)]
            if not wanted:
                break
            made = self._candidates(wanted, drafts, tried)
            judged = estimator.estimates({group: one.texts for group, one in made.items()})
            for group, estimate in judged.items():
                candidate = replace(made[group], estimate=estimate)
                tried[group].append(candidate)
                better = estimate.penalty < drafts[group].estimate.penalty
                if better and candidate.rank < best[group].rank:
                    best[group] = candidate
        return best

    def _candidates(
        self,
        groups: Sequence[range],
        drafts: Mapping[range, Version],
        tried: Mapping[range, Sequence[Version]],
    ) -> dict[range, Version]:
        """One more translation of each sentence, as far as there is one without a fault."""
        job = replace(self.job, report=Report())
        items: list[object] = list(job.texts)
        for group in groups:
            for nth, at in enumerate(group):
                others = [one.texts[nth] for one in tried[group]]
                items[at] = {
                    "subtitle": job.texts[at],
                    "translation": drafts[group].texts[nth],
                    "errors": drafts[group].estimate.errors,
                    "room": room(job.cues[at], job.layout_of(at)),
                } | ({"tried": others} if others else {})
        step = step_of(job, "refine", ("begins", "translation"), 1, False)
        dialogue = Dialogue(job, self.server, step, self.memory)
        found = dialogue.run(tasks_of(job, step, groups, items))
        return {
            group: self._version(
                group, tuple(found[at] for at in group), Estimate(), job.report.doubtful
            )
            for group in groups
            if all(at in found for at in group)
        }

    def _version(
        self, group: range, texts: tuple[str, ...], estimate: Estimate, doubts: Mapping[int, str]
    ) -> Version:
        job, cues = self.job, [self.job.cues[at] for at in group]
        fits = not any(
            is_too_long(text, job.cues[at], job.layout_of(at))
            for at, text in zip(group, texts, strict=True)
        )
        own = {cue.id: doubts[cue.id] for cue in cues if cue.id in doubts}
        return Version(texts, estimate, fits, own)

    def _report(self, judgement: Judgement, best: Mapping[range, Version]) -> None:
        """The counts, and what the model finds in the translations as they are now."""
        for group, one in best.items():
            for at in group:
                cue, said = self.job.cues[at].id, one.estimate.errors.replace("\n", "; ")
                found = [f"the model finds: {said}"] if one.estimate.is_low else []
                self.job.doubt(at, "; ".join([one.doubts.get(cue, ""), *found]).strip("; "))
                if said:
                    judgement.remarks[cue] = (one.estimate.penalty, one.estimate.errors)
        self.job.report.judgement = judgement
        logger.info(
            "%d of %d sentences judged, %d of them badly; %d translated again, %d of them better",
            *(judgement.judged, judgement.sentences, judgement.low),
            *(judgement.again, judgement.better),
        )
