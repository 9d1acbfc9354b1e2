"""What is known of a run from Snakemake's events: pure state, without a terminal or a clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Final

NOT_OF_VIDEOS: Final = frozenset({"total", "all", "fetch_model"})
"""Of Snakemake's statistics by rule: what is no stage of a video."""

SPEAK_THEMSELVES: Final = frozenset({"doctor", "forecast"})
"""Rules whose jobs say on the terminal all that there is to say of them."""


@dataclass(slots=True)
class Job:
    """A job that runs: its video's slug ("" where it serves all), its rule, and when it began.

    `share` of it is done, 0 to 1, as its `logs` tell.
    """

    video: str
    rule: str
    since: float
    logs: tuple[str, ...] = ()
    share: float = 0.0


@dataclass(slots=True)
class Video:
    """One video: by what name people know it, how many jobs of each rule have ended for it.

    `expected` has how many there are of a rule, if not one; `shown` is the largest share that was
    told of it, as no line goes back where a job is tried again.
    """

    name: str
    ended: dict[str, int] = field(default_factory=dict)
    expected: dict[str, int] = field(default_factory=dict)
    failed: str = ""
    shown: float = 0.0

    def share_of(self, rule: str, jobs: Sequence[Job]) -> float:
        """How much of a rule's work is done, 0 to 1, its running jobs included."""
        done = self.ended.get(rule, 0) + sum(job.share for job in jobs if job.rule == rule)
        return min(1.0, done / max(1, self.expected.get(rule, 1)))


@dataclass(slots=True)
class Gpu:
    """One GPU: who is on it by the number of the job, with the MB that each holds."""

    name: str
    total_mb: int
    jobs: dict[int, tuple[str, int]] = field(default_factory=dict)


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
    gpus: dict[str, Gpu] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)
    done: int = 0

    def plan(self, stats: Mapping[str, Any]) -> None:
        """Take in how many jobs of each rule there will be."""
        self.counts.update({rule: int(count) for rule, count in stats.items() if rule != "total"})

    def begin(
        self, jobid: int, rule: str, video: str, name: str, now: float, logs: Sequence[str] = ()
    ) -> None:
        """A job begins."""
        self.running[jobid] = Job(video, rule, now, tuple(logs))
        if video:
            self.videos.setdefault(video, Video(name))
            self.name(video, name)

    def name(self, video: str, name: str) -> None:
        """A video that has begun goes by a name; its true one is known once it is probed."""
        if name != video:
            self.videos[video].name = name

    def expect(self, video: str, rule: str, count: int) -> None:
        """A video that has begun has so many jobs of a rule."""
        self.videos[video].expected[rule] = count

    def lease(self, told: Mapping[str, Any]) -> None:
        """A GPU was given to a job, given back, or waited for, as the executor tells."""
        jobid, event = int(told["jobid"]), told["event"]
        self.waiting.discard(jobid)
        if event == "waiting":
            self.waiting.add(jobid)
        elif event == "granted":
            gpu = Gpu(f"GPU {told['index']} {told['name']}", int(told["total_mb"]))
            known = self.gpus.setdefault(str(told["gpu"]), gpu)
            known.jobs[jobid] = str(told["rule"]), int(told["mem_mb"])
        elif event == "resized" and told["gpu"] in self.gpus:
            held = self.gpus[told["gpu"]].jobs
            if jobid in held:
                held[jobid] = held[jobid][0], int(told["mem_mb"])
        elif event == "released" and told["gpu"] in self.gpus:
            self.gpus[told["gpu"]].jobs.pop(jobid, None)

    def gpu_lines(self) -> Iterator[str]:
        """A line per GPU that this run has used: who is on it, with how much of its memory."""
        for gpu in self.gpus.values():
            who = []
            for jobid, (rule, mem_mb) in gpu.jobs.items():
                job = self.running.get(jobid)
                of = f" {self.videos[job.video].name}" if job and job.video else ""
                who.append(f"{rule}{of} ({mem_mb} MB)")
            leased = sum(mem_mb for _, mem_mb in gpu.jobs.values())
            yield f"{gpu.name}: {leased} of {gpu.total_mb} MB, {', '.join(who) or 'idle'}"
        if self.waiting:
            count = len(self.waiting)
            yield "1 job waits for a GPU" if count == 1 else f"{count} jobs wait for a GPU"

    def end(self, jobid: int, now: float) -> Job | None:
        """A job has ended well; None for one that was not known to run."""
        job = self.running.pop(jobid, None)
        self.waiting.discard(jobid)
        if job is None:
            return None
        self.done += 1
        self.seconds.setdefault(job.rule, []).append(now - job.since)
        if job.video:
            ended = self.videos[job.video].ended
            ended[job.rule] = ended.get(job.rule, 0) + 1
        return job

    def fail(self, jobid: int) -> Job | None:
        """A job has failed; None for one that was not known to run."""
        job = self.running.pop(jobid, None)
        self.waiting.discard(jobid)
        if job and job.video:
            self.videos[job.video].failed = job.rule
        return job

    @property
    def speaks(self) -> bool:
        """Whether the run has nothing but jobs that speak themselves."""
        return bool(self.counts) and self.counts.keys() <= SPEAK_THEMSELVES

    @property
    def total(self) -> int:
        """How many jobs the run has."""
        return sum(self.counts.values())

    def lines(self, now: float) -> Iterator[Line]:
        """A line per video that has begun, in the order in which they did."""
        stages = self.counts.keys() - NOT_OF_VIDEOS
        for slug, video in self.videos.items():
            jobs = [job for job in self.running.values() if job.video == slug]
            shares = {rule: video.share_of(rule, jobs) for rule in stages}
            ended = {rule for rule, part in shares.items() if part >= 1.0}
            share = min(1.0, sum(shares.values()) / len(stages)) if stages else 0.0
            share = video.shown = max(video.shown, share)
            stage = ", ".join(dict.fromkeys(job.rule for job in jobs))
            if not stage:
                stage = f"{video.failed} failed" if video.failed else "waits"
                stage = "done" if share == 1.0 else stage
            yield Line(video.name, stage, share, self._left(stages - ended, jobs, now))

    def _left(self, stages: set[str], jobs: Sequence[Job], now: float) -> float | None:
        """Seconds that stages take as far as any of them has been seen; None where none has."""
        if not stages:
            return 0.0
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
