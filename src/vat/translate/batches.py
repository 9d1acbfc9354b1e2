"""Questions and answers until every sentence has a translation that can be one."""

import logging
import sys
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Semaphore
from typing import Any, Final

from vat.jobs.progress import Progress
from vat.translate.answer_cleanup import mended
from vat.translate.chat import DeclinedError, Server
from vat.translate.glossary import Term, terms_in
from vat.translate.integrity import Fault, faults, repeated, repeated_widely
from vat.translate.job import TranslationJob
from vat.translate.model_answers import read_answer
from vat.translate.speakers import request_of
from vat.translate.translation_memory import Memory, Remembered, key_of

logger = logging.getLogger(__name__)

_MOST_FAILURES: Final = 5
"""So many subtitles without translation tell that the rest is not worth its price."""

_INSISTED: Final = 3
"""An odd answer that is given so often in a row is believed, and reported."""

_WIDELY: Final = "unlike subtitles of the video have the same translation"
_REPEATED: Final = Fault("it is the translation of another subtitle, too", False)


@dataclass(frozen=True, slots=True)
class Task:
    """One sentence to ask for: the ids, source texts and requested items of its cues, in order.

    `context` has the texts around it by id; `key` names whatever shapes the answer.
    """

    ids: tuple[int, ...]
    sources: tuple[str, ...]
    items: tuple[Any, ...]
    context: Mapping[int, str]
    terms: tuple[Term, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked: the prompt and the fields of each entry of the answer (none: a text).

    A sentence is asked for alone `attempts` times at most; with 0 it is asked for once in all.
    Where the step is not `required`, only what has no fault at all is better than what was there.
    """

    prompt: str
    fields: tuple[str, ...]
    attempts: int
    required: bool = True


@dataclass(slots=True)
class Asked:
    """A task and what came of it: how often it was asked for alone, and what was wrong.

    `last` is the last answer that may be right, `same` how often it came in a row, `doubts` what is
    odd about it. `trouble` is what kept the last answer away, where the server says so.
    """

    task: Task
    tries: int = 0
    last: tuple[str, ...] | None = None
    same: int = 0
    doubts: list[Fault] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    trouble: str = ""

    @property
    def reason(self) -> str:
        """Why there is no translation."""
        return self.trouble or self.faults[0].reason


@dataclass(frozen=True, slots=True)
class Refused:
    """What is left of a batch: it is asked for again by at most `half` as many cues at once.

    `partly` tells that something else of the batch was taken.
    """

    asked: list[Asked]
    half: int
    partly: bool = False


@dataclass(slots=True)
class Dialogue:
    """One step of a translation, by batches that do not depend on one another.

    What is missing or wrong in an answer is asked for again, in batches half as large, in the end
    alone; a sentence that fails so is asked for cue by cue. Every accepted sentence is kept at
    once, so that a killed job has lost only what was under way.
    """

    job: TranslationJob
    server: Server
    step: Step
    memory: Memory
    found: dict[int, str] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    total: int = 0
    slots: Semaphore = field(init=False)
    stopped: bool = False

    def __post_init__(self) -> None:
        """No more requests at once than are wanted."""
        self.slots = Semaphore(self.job.means.concurrency)

    def run(self, tasks: Sequence[Task]) -> dict[int, str]:
        """The texts by id; ids without a usable text are in `failures`, with the reason.

        Tasks of one key are asked for once.

        Raises:
            TranslationError: where the server cannot be used.
        """
        first: dict[str, Task] = {}
        for task in tasks:
            first.setdefault(task.key, task)
        self.total = sum(len(task.ids) for task in first.values())
        waiting = [Asked(task) for task in first.values() if not self._recall(task)]
        with ThreadPoolExecutor(self._threads(), "ask") as pool:
            self._exchange(pool, waiting)
        self._keep_divided(first.values())
        for task in tasks:
            for at, same in zip(task.ids, first[task.key].ids, strict=True):
                if same in self.found:
                    self.found[at] = self.found[same]
                    self.job.doubt(at, self._doubt(same))
                elif same in self.failures:
                    self.failures[at] = self.failures[same]
        self._doubt_repeated(tasks)
        return self.found

    def _recall(self, task: Task) -> bool:
        kept = self.memory.recall(task.key, len(task.ids))
        if kept is not None:
            self._take(task, kept)
            self.job.report.recalled += 1
        return kept is not None

    def _exchange(self, pool: ThreadPoolExecutor, waiting: Sequence[Asked]) -> None:
        """Ask until nothing waits; what was refused comes first: a bad server shows soon.

        What is left of answers that were right but for a few sentences is gathered, and asked for
        together.
        """
        pending: set[Future[Refused]] = set()
        ready = deque(cut(waiting, self.job.settings.batch_size))
        left: dict[int, list[Asked]] = {}
        progress = Progress("translate", self.total, "subtitles")
        while ready or pending or left:
            ready.extend(gathered(left, idle=not ready and not pending))
            while ready and len(pending) < self._threads():
                batch, *others = cut(ready.popleft(), self._size())
                ready.extendleft(reversed(others))
                pending.add(pool.submit(self._ask, batch))
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            progress.reach(len(self.found))
            for future in done:
                refused = future.result()
                if refused.partly and self.step.attempts and not self.stopped:
                    left.setdefault(refused.half, []).extend(refused.asked)
                else:
                    ready.extendleft(reversed(self._again(refused)))
            if self._is_hopeless():
                ready.clear()
                left.clear()

    def _size(self) -> int:
        """Most cues in one batch: what is wished for, or less where the server takes less."""
        return min(self.job.settings.batch_size, self.server.sizes.most or sys.maxsize)

    def _threads(self) -> int:
        """Twice as many as requests under way: an answer is judged while the next one is made."""
        return 2 * self.job.means.concurrency

    def _is_hopeless(self) -> bool:
        strict = self.step.required and self.job.settings.on_failure == "fail"
        return strict and len(self.failures) >= _MOST_FAILURES

    def _ask(self, batch: list[Asked]) -> Refused:
        """One request; what is right is kept and taken, the rest given back. Runs in a thread."""
        asked: dict[int, str] = {}
        for one in batch:
            asked.update(zip(one.task.ids, one.task.sources, strict=True))
        half = (len(asked) + 1) // 2
        near = {at for one in batch for at in one.task.context}
        about = self.job.overview.request() | request_of(self.job.voices, sorted({*asked, *near}))
        with self.slots:
            if self.stopped:
                return Refused(batch, half)
            try:
                reply = self.server.ask(self.step.prompt, _request(batch, about), self.step.fields)
            except DeclinedError as error:
                return Refused(self._decline(batch, str(error)), half)
            except BaseException:
                self.stopped = True
                raise
        texts, reasons = read_answer(reply.text, asked, echo="begins" in self.step.fields)
        twice = repeated(asked, texts)
        again = [one for one in batch if not self._judge(one, texts, reasons, twice, len(batch))]
        for one in again:
            lacks = any(at not in texts for at in one.task.ids)
            one.trouble = reply.trouble if lacks else ""
        self._log(batch, again)
        return Refused(again, half, partly=0 < len(again) < len(batch))

    def _decline(self, batch: list[Asked], reason: str) -> list[Asked]:
        """The batch of one, never to be asked for again."""
        for one in batch:
            one.tries, one.faults, one.trouble = self.step.attempts, [Fault(reason, True)], reason
        self._log(batch, batch)
        return batch

    def _judge(
        self,
        one: Asked,
        texts: Mapping[int, str],
        reasons: Mapping[int, str],
        twice: set[int],
        together: int,
    ) -> bool:
        """Whether an answer is taken; if not, `one` remembers what was wrong with it."""
        task = one.task
        one.tries += together == 1
        missing = [reasons[at] for at in task.ids if at in reasons]
        if missing:
            one.faults = [Fault(missing[0], True)]
            return False
        answer = tuple(
            mended(texts[at], source, self.job.target, (at, at + 1))
            for at, source in zip(task.ids, task.sources, strict=True)
        )
        found = faults(task.sources, answer, self.job.pair, task.terms)
        found += [_REPEATED] if twice.intersection(task.ids) else []
        found.sort(key=lambda fault: not fault.certain)
        one.faults = found
        if any(fault.certain for fault in found):
            return False
        one.same = one.same + 1 if answer == one.last else 1
        one.last, one.doubts = answer, found
        insisted = one.same >= _INSISTED and (together == 1 or _REPEATED not in found)
        if found and not insisted:
            return False
        self._accept(task, answer, found)
        return True

    def _accept(self, task: Task, answer: tuple[str, ...], doubts: Sequence[Fault]) -> None:
        kept = Remembered(answer, "; ".join(fault.reason for fault in doubts))
        about = {"languages": self.job.pair, "model": self.job.settings.model}
        self._take(task, self.memory.keep(task.key, kept, {**about, "sources": list(task.sources)}))

    def _take(self, task: Task, kept: Remembered) -> None:
        self.found.update(zip(task.ids, kept.texts, strict=True))
        for at in task.ids:
            self.job.doubt(at, kept.doubt)

    def _again(self, refused: Refused) -> list[list[Asked]]:
        """The batches in which refused sentences are asked for once more."""
        if self.stopped:
            return []
        if len(refused.asked) > 1 and self.step.attempts:
            return cut(refused.asked, refused.half)
        batches = []
        for one in refused.asked:
            if one.tries < self.step.attempts:
                batches.append([one])
            elif one.last is not None and self.step.required:
                self._accept(one.task, one.last, one.doubts)
            elif len(one.task.ids) > 1 and self.step.required:
                batches += [[Asked(part)] for part in _parts(one.task) if not self._recall(part)]
            else:
                self.failures |= dict.fromkeys(one.task.ids, one.reason)
        return batches

    def _keep_divided(self, tasks: Iterable[Task]) -> None:
        """Keep sentences that were asked for cue by cue as wholes, too, for the next run."""
        for task in tasks:
            if len(task.ids) > 1 and all(at in self.found for at in task.ids):
                texts = tuple(self.found[at] for at in task.ids)
                doubts = dict.fromkeys(filter(None, map(self._doubt, task.ids)))
                kept = Remembered(texts, "; ".join(doubts))
                self.memory.keep(task.key, kept, {"sources": list(task.sources)})

    def _doubt_repeated(self, tasks: Iterable[Task]) -> None:
        """Note which of the texts found are one and the same for unlike subtitles."""
        sources = dict(pair for task in tasks for pair in zip(task.ids, task.sources, strict=True))
        for at in repeated_widely(sources, self.found):
            known = self._doubt(at)
            if _WIDELY not in known:
                self.job.doubt(at, f"{known}; {_WIDELY}" if known else _WIDELY)

    def _doubt(self, at: int) -> str:
        """What is odd about a text that was found, empty for nothing."""
        return self.job.report.doubtful.get(self.job.cues[at].id, "")

    def _log(self, batch: Sequence[Asked], again: Sequence[Asked]) -> None:
        ids = [self.job.cues[at].id for one in batch for at in one.task.ids]
        left = sum(len(one.task.ids) for one in again)
        logger.info(
            "subtitles %d to %d: %d of %d taken; %d of %d in all",
            *(ids[0], ids[-1], len(ids) - left, len(ids), len(self.found), self.total),
        )


def cut(waiting: Sequence[Asked], size: int) -> list[list[Asked]]:
    """Batches of at most `size` cues, or of one sentence that has more."""
    batches: list[list[Asked]] = []
    count = 0
    for one in waiting:
        count += len(one.task.ids)
        if not batches or count > size:
            batches.append([])
            count = len(one.task.ids)
        batches[-1].append(one)
    return batches


def gathered(left: dict[int, list[Asked]], *, idle: bool) -> list[list[Asked]]:
    """Batches of what is left, by the most cues of each, as soon as one is full or nobody works.

    What goes into a batch is taken away from `left`.
    """
    batches: list[list[Asked]] = []
    for most in sorted(left, reverse=True):
        if idle or sum(len(one.task.ids) for one in left[most]) >= most:
            batches += cut(left.pop(most), most)
    return batches


def _request(batch: Sequence[Asked], about: Mapping[str, Any]) -> dict[str, Any]:
    """What the model is shown: subtitles by number, those around them, terms and remarks.

    What the video is `about` comes first.
    """
    items = {
        at: item for one in batch for at, item in zip(one.task.ids, one.task.items, strict=True)
    }
    around = {at: text for one in batch for at, text in one.task.context.items() if at not in items}
    terms = {term.source: term for one in batch for term in one.task.terms}
    remarks = {
        at: one.faults[0].reason
        for one in batch
        if one.faults and not one.trouble
        for at in one.task.ids
    }
    request: dict[str, Any] = {
        **about,
        "subtitles": {str(at): items[at] for at in sorted(items)},
        "context": {str(at): around[at] for at in sorted(around)},
    }
    if terms:
        request["glossary"] = [
            {"term": term.source, "translation": " or ".join(term.targets), "note": term.note}
            for term in terms.values()
        ]
    if remarks:
        request["remarks"] = {str(at): remarks[at] for at in sorted(remarks)}
    return request


def _parts(task: Task) -> list[Task]:
    """The cues of a sentence as tasks of their own, each with the others as context."""
    others = dict(zip(task.ids, task.sources, strict=True))
    return [
        Task(
            (at,),
            (source,),
            (item,),
            {**task.context, **{other: text for other, text in others.items() if other != at}},
            terms_in(source, task.terms),
            key_of([task.key, number]),
        )
        for number, (at, source, item) in enumerate(
            zip(task.ids, task.sources, task.items, strict=True)
        )
    ]
