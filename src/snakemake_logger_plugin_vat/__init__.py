"""What people see while a run goes on: snakemake --logger vat."""

import os
import re
import sys
import time
from logging import ERROR, INFO, WARNING, LogRecord
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_vat.board import Board
from snakemake_logger_plugin_vat.dry_run import DryRun
from snakemake_logger_plugin_vat.look import draw, printable, total_line
from snakemake_logger_plugin_vat.records import chunk_count, share_done, true_name

_PER_SECOND: Final = 2
_OTHER_LINES: Final = 4
"""Lines of the screen that are not videos' nor GPUs'."""
_GRAPHS: Final = frozenset({"--dag", "--rulegraph", "--filegraph", "--d3dag"})

_FAILED_COMMAND: Final = re.compile(
    r"(RuleException:\s+)?CalledProcessError in file .*\n"
    r"Command '.*' returned non-zero exit status",
    re.DOTALL,
)
"""What Snakemake says of a job's failure, which its log explains."""

_SAID_ALREADY: Final = (
    "Exiting because a job execution failed.",
    "At least one job did not complete successfully.",
    "WorkflowError:\nAt least one job did not complete successfully.",
)
"""How Snakemake ends after failures that it told of, each by itself."""

_EXAMINER: Final = "doctor"
"""The rule whose jobs fail where they find something wrong, and have said it."""

_COMMAND: Final = "VAT_COMMAND"
"""Has what was typed after the command vat, where that has called Snakemake."""

_DRY: Final = "This was a dry-run"
_NOTHING: Final = "Nothing to be done"
_STOPPED: Final = "Terminating processes on user request"
"""What Snakemake logs after Ctrl-C."""

QUIET_JOBS: Final = "VAT_QUIET_JOBS"
"""Tells jobs by the environment that they must not write to the terminal, which is drawn on."""


class LogHandler(LogHandlerBase):
    """Shows a run: on a terminal as lines that change, elsewhere as one line per event.

    What is no run (-n, --dag), and whatever goes wrong here, is shown as Snakemake shows it.
    """

    writes_to_stream = True
    writes_to_file = False
    has_filter = False
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Begin with an empty board."""
        # What is piped into dot is the graph alone.
        graph = not _GRAPHS.isdisjoint(sys.argv)
        stream = sys.stdout if self.common_settings.stdout and not graph else sys.stderr
        self.console = Console(
            file=stream,
            no_color=self.common_settings.nocolor or bool(os.environ.get("NO_COLOR")) or None,
            highlight=False,
            soft_wrap=not stream.isatty(),
        )
        self.board = Board()
        self.live: Live | None = None
        self.said: set[str] = set()
        self.files: dict[int, list[str]] = {}
        self.broken = self.stopped = self.failed = self.told_failure = False
        self.held = ""
        self.names: dict[str, str] = {}
        # Of `vat -n`; what `snakemake -n` shows is Snakemake's.
        plain = self.common_settings.dryrun and not graph and os.environ.get(_COMMAND)
        self.dry_run = DryRun() if plain else None

    def emit(self, record: LogRecord) -> None:
        """Show what a record tells."""
        if self.dry_run:
            self._foresee(record, self.dry_run)
            return
        if not (self.common_settings.dryrun or self.broken):
            try:
                self._take(record)
            except Exception as error:
                # A run must not end, and nothing may be lost, for the sake of its look.
                self.broken = True
                self._stop()
                self.console.print(Text(f"The view of the run has failed ({error!r})."))
            else:
                return
        said = self.format(record)
        if said and said != "None":
            self.console.file.write(f"{said}\n")
            self.console.file.flush()

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._stop()
        self._say_held()
        super().close()

    def _stop(self) -> None:
        if self.live:
            self.live.stop()
            self.live = None
            os.environ.pop(QUIET_JOBS, None)

    def _take(self, record: LogRecord) -> None:
        event, told, now = getattr(record, "event", None), vars(record), time.monotonic()
        self.names.update(told.get("outlook", {}).get("names", {}))
        # What ends because the user stops the run has not failed.
        self.stopped = self.stopped or _STOPPED in str(record.msg)
        if event == LogEvent.RUN_INFO and not self.board.counts:
            self.board.plan(told["stats"])
            self._start(self.format(record))
        elif event == LogEvent.JOB_INFO:
            self._begun(told, now)
        elif event == LogEvent.JOB_FINISHED:
            self._ended(told["job_id"], now)
        elif event == LogEvent.JOB_ERROR:
            self._failed(told)
        elif hasattr(record, "lease"):
            self._leased(told["lease"], record)
        elif hasattr(record, "summary"):
            self._stop()
            if self.told_failure or not self.board.speaks:
                self._say(self.format(record))
        elif "announced" in told:
            self._say(self.format(record))
        elif event in (None, LogEvent.ERROR) and record.levelno > INFO:
            self._once(self.format(record), record.levelno)
        elif str(record.msg).startswith(_NOTHING):
            self._say(self.format(record))
        if self.live:
            self.live.refresh()

    def _foresee(self, record: LogRecord, plan: DryRun) -> None:
        """Gather what a dry run tells, and say it in plain words at its end."""
        event, told = getattr(record, "event", None), vars(record)
        plan.outlook.update(told.get("outlook", {}))
        if event == LogEvent.JOB_INFO:
            plan.add(told["rule_name"], told["wildcards"] or {})
        elif str(record.msg).startswith((_DRY, _NOTHING)):
            self._say("\n".join(plan.lines()))
        elif "announced" in told:
            self._say(self.format(record))
        elif event in (None, LogEvent.ERROR) and record.levelno > INFO:
            self._once(self.format(record), record.levelno)

    def _start(self, plan: str) -> None:
        if self.board.speaks:
            return
        self._say(plan.strip() or f"{self.board.total} jobs to run")
        if self.console.is_terminal:
            os.environ[QUIET_JOBS] = "1"
            self.live = Live(
                get_renderable=self._drawn,
                console=self.console,
                refresh_per_second=_PER_SECOND,
                # Others write to these, too.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self.live.start()

    def _drawn(self) -> Group:
        for job in list(self.board.running.values()):
            job.share = max(job.share, share_done(job.logs))
        gpus = len(self.board.gpus) + bool(self.board.waiting)
        room = max(1, self.console.size.height - _OTHER_LINES - gpus)
        return draw(self.board, time.monotonic(), room)

    def _begun(self, told: dict[str, Any], now: float) -> None:
        video, rule = str((told["wildcards"] or {}).get("video", "")), told["rule_name"]
        files = [*told["output"], *told["input"]]
        self.files[told["jobid"]] = files
        name = self._called(video, files)
        self.board.begin(told["jobid"], rule, video, name, now, told["log"] or ())
        if video and "chunk" in told["wildcards"]:
            self.board.expect(video, rule, chunk_count(video, files))

    def _called(self, video: str, files: list[str]) -> str:
        """What people call a video: as its own record says, else the plan."""
        name = true_name(video, files)
        return name if name != video else self.names.get(video, video)

    def _leased(self, told: dict[str, Any], record: LogRecord) -> None:
        self.board.lease(told)
        if not self.live:
            self._say(self.format(record))

    def _ended(self, jobid: int, now: float) -> None:
        job, files = self.board.end(jobid, now), self.files.pop(jobid, [])
        if job and job.video:
            self.board.name(job.video, self._called(job.video, files))
        if job and not (self.live or self.board.speaks):
            of = f"{self.board.videos[job.video].name}: " if job.video else ""
            self._say(f"{of}{job.rule} done ({total_line(self.board, now)})")

    def _failed(self, told: dict[str, Any]) -> None:
        job, self.failed = self.board.fail(told["jobid"]), True
        if told["log"]:
            self.held = ""
        if self.stopped or told["rule_name"] == _EXAMINER:
            return
        self.told_failure = True
        self._say_held()
        name = self.board.videos[job.video].name if job and job.video else "all videos"
        log = f" (log: {', '.join(told['log'])})" if told["log"] else ""
        self._say(f"FAILED {name}: {told['rule_name']}{log}", "red")

    def _once(self, said: str, level: int) -> None:
        if _FAILED_COMMAND.match(said):
            # Which job it was, and whether it has a log, is told next.
            self.held = said
        elif said.strip().startswith(_SAID_ALREADY) and self.failed:
            return
        elif said.strip() and said not in self.said:
            self.said.add(said)
            mark = {WARNING: "WARNING ", ERROR: ""}.get(level, "")
            self._say("\n".join(map(printable, f"{mark}{said.strip()}".splitlines())), "yellow")

    def _say_held(self) -> None:
        said, self.held = self.held, ""
        if said:
            self._say("\n".join(map(printable, said.strip().splitlines())), "yellow")

    def _say(self, line: str, style: str = "") -> None:
        said = Text("\n".join(map(printable, line.split("\n"))), style=style)
        # A command or a path that is copied from the terminal must be whole.
        self.console.print(said, soft_wrap=True)
