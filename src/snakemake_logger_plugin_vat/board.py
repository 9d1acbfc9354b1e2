"""What is known of a run from Snakemake's events: pure state, without a terminal or a clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Final

NOT_OF_VIDEOS: Final = frozenset({"total", "all", "fetch_model"})
"""Of Snakemake's statistics by rule: what is no stage of a video."""


@dataclass(slots=True)
class Job:
    """A job that runs: its video's slug ("" where it serves all), its rule, and when it began."""

    video: str
    rule: str
    since: float


@dataclass(slots=True)
class Video:
    """One video: by what name people know it, and which rules have ended for it."""

    name: str
    ended: set[str] = field(default_factory=set)
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One video now: `share` of its stages is done, 0 to 1; `left_s` is None where untold."""

    name: str
    stage: str
    share: float
    left_s: float | None


@dataclass(slots=True)
class Board:
    """All videos and jobs of a run; times are seconds of any one clock.

    `counts` has the number of jobs of each rule, `seconds` how long those that ended took.
    """

    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    running: dict[int, Job] = field(default_factory=dict)
    videos: dict[str, Video] = field(default_factory=dict)
    done: int = 0

    def plan(self, stats: Mapping[str, Any]) -> None:
        """Take in how many jobs of each rule there will be."""
        self.counts.update({rule: int(count) for rule, count in stats.items() if rule != "total"})

    def begin(self, jobid: int, rule: str, video: str, name: str, now: float) -> None:
        """A job begins."""
        self.running[jobid] = Job(video, rule, now)
        if video:
            known = self.videos.setdefault(video, Video(name))
            # The true name is known once the video is probed.
            known.name = name if name != video else known.name

    def end(self, jobid: int, now: float) -> Job | None:
        """A job has ended well; None for one that was not known to run."""
        job = self.running.pop(jobid, None)
        if job is None:
            return None
        self.done += 1
        self.seconds.setdefault(job.rule, []).append(now - job.since)
        if job.video:
            self.videos[job.video].ended.add(job.rule)
        return job

    def fail(self, jobid: int) -> Job | None:
        """A job has failed; None for one that was not known to run."""
        job = self.running.pop(jobid, None)
        if job and job.video:
            self.videos[job.video].failed = job.rule
        return job

    @property
    def total(self) -> int:
        """How many jobs the run has."""
        return sum(self.counts.values())

    def lines(self, now: float) -> Iterator[Line]:
        """A line per video that has begun, in the order in which they did."""
        stages = self.counts.keys() - NOT_OF_VIDEOS
        for slug, video in self.videos.items():
            jobs = [job for job in self.running.values() if job.video == slug]
            rules = {job.rule for job in jobs}
            ended = video.ended - rules
            share = min(1.0, len(ended) / len(stages)) if stages else 0.0
            stage = ", ".join(dict.fromkeys(job.rule for job in jobs))
            if not stage:
                stage = f"{video.failed} failed" if video.failed else "waits"
                stage = "done" if share == 1.0 else stage
            yield Line(video.name, stage, share, self._left(stages - ended, jobs, now))

    def _left(self, stages: set[str], jobs: Sequence[Job], now: float) -> float | None:
        """Seconds that stages take as far as any of them has been seen; None where none has."""
        known = [fmean(self.seconds[rule]) for rule in stages if rule in self.seconds]
        if not known or len(known) < len(stages):
            return None
        return max(0.0, sum(known) - sum(now - job.since for job in jobs))

    def left_s(self, now: float) -> float | None:
        """Seconds until the end, from what the stages have taken so far; None before any has ended.

        A stage that has not been seen is taken for an average one; as many jobs as now go on at a
        time.
        """
        if not self.seconds:
            return None
        average = fmean(fmean(taken) for taken in self.seconds.values())
        usual = {rule: fmean(taken) for rule, taken in self.seconds.items()}
        work = 0.0
        for rule, count in self.counts.items():
            left = max(0, count - len(self.seconds.get(rule, [])))
            work += left * usual.get(rule, average)
        # A job that takes longer than others did says nothing of those to come.
        for job in self.running.values():
            work -= min(now - job.since, usual.get(job.rule, average))
        return max(0.0, work) / max(1, len(self.running))
