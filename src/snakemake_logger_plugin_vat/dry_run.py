"""What a dry run would do, in sentences for those who need not know Snakemake."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_MOST: Final = 20
"""Videos that are listed one by one; a folder may hold a thousand."""

_FETCH: Final = "fetch_model"
_TRANSLATE: Final = "translate"
_END: Final = "all"
"""The rule that stands for all results of all videos."""


@dataclass(slots=True)
class DryRun:
    """The jobs that a run would have, as Snakemake tells of one after another.

    `outlook` is what the workflow tells besides: see `lines` for its keys.
    """

    outlook: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, Counter[str]] = field(default_factory=dict)
    languages: dict[str, set[str]] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def add(self, rule: str, wildcards: Mapping[str, str]) -> None:
        """Take in a job by its rule and wildcards."""
        if video := wildcards.get("video", ""):
            self.steps.setdefault(video, Counter())[rule] += 1
            if rule == _TRANSLATE:
                self.languages.setdefault(video, set()).add(wildcards.get("language", ""))
        elif rule == _FETCH:
            self.models.append(f"{wildcards.get('kind')}/{wildcards.get('model')}")
        else:
            self.others[rule] += 1

    def lines(self) -> Iterator[str]:
        """What would be done, for people to read.

        Of the outlook are used, where they are there: `names` of videos by slug, slugs that are
        `remote`, `sizes` of models in bytes, `translator`, and `trouble` that would stop the run.
        """
        own = {rule: n for rule, n in self.others.items() if rule != _END}
        count = sum(steps.total() for steps in self.steps.values()) + sum(own.values())
        if not count + len(self.models):
            yield f"Nothing is left to do: {self._finished()}."
            return
        yield "This is what would be done; nothing has been done yet."
        if self.steps:
            finished = f"; {self._finished()}" if self.others[_END] and self._done() else ""
            jobs = count + len(self.models)
            yield f"{_number(len(self.steps), 'video')} to work on, {jobs} jobs in all{finished}."
        yield from self._videos()
        if own:
            yield f"For all videos together: {_listed(own)}."
        yield from self._needed()
        yield (
            "To do it, give the same command without -n. 'vat forecast' with the same words tells"
            " how long it takes, 'snakemake -n' shows every job."
        )

    def _done(self) -> int:
        return len(self.outlook.get("names", {}).keys() - self.steps.keys())

    def _finished(self) -> str:
        done = self._done()
        return f"{_number(done, 'video')} {'is' if done == 1 else 'are'} finished"

    def _name(self, video: str) -> str:
        return str(self.outlook.get("names", {}).get(video, video))

    def _videos(self) -> Iterator[str]:
        before = ""
        known = [one for one in self.outlook.get("names", ()) if one in self.steps]
        for video in [*dict.fromkeys([*known, *self.steps])][:_MOST]:
            steps = self._steps(video)
            same = steps == before and steps.count(",") > 1
            yield f"  {self._name(video)}: {'the same steps' if same else steps}"
            before = steps
        if more := len(self.steps) - _MOST:
            yield from [f"  and {more} more"] * (more > 0)

    def _steps(self, video: str) -> str:
        steps = dict(self.steps[video])
        into = ", ".join(sorted(self.languages.get(video, ())))
        return _listed(steps, {_TRANSLATE: f"translate into {into}"})

    def _needed(self) -> Iterator[str]:
        """What comes from elsewhere, goes elsewhere, or is missing."""
        sizes = self.outlook.get("sizes", {})
        if self.models:
            named = [_model(one, sizes.get(one, 0)) for one in self.models]
            yield f"To be fetched first: {_number(len(named), 'model')}, {', '.join(named)}."
        if remote := [one for one in self.outlook.get("remote", ()) if one in self.steps]:
            first = ", ".join(map(self._name, remote[:_MOST]))
            yield (
                f"To be downloaded: {_number(len(remote), 'video')} ({first}); how many jobs they"
                " are is known only then."
            )
        translated = any(_TRANSLATE in steps for steps in self.steps.values())
        if translated and (trouble := self.outlook.get("trouble")):
            yield f"But it would stop before its first job. {trouble}"
        elif translated and (translator := self.outlook.get("translator")):
            yield f"Subtitles would be sent for translation to {translator}."


def _listed(counts: Mapping[str, int], labels: Mapping[str, str] | None = None) -> str:
    """Rules with how many jobs they have, if not one."""
    return ", ".join(
        (labels or {}).get(rule, rule if n == 1 else f"{n} {rule}") for rule, n in counts.items()
    )


def _model(name: str, size: int) -> str:
    said = name.partition("/")[2].replace("--", "/")
    return f"{said} ({size / 1e9:.1f} GB)" if size else said


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
