"""What people see while a run goes on: snakemake --logger vat."""

import json
import os
import sys
import time
from collections.abc import Iterable
from logging import ERROR, INFO, WARNING, LogRecord
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.text import Text
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_vat.board import Board
from snakemake_logger_plugin_vat.look import draw, printable, total_line

_PER_SECOND: Final = 2
_OTHER_LINES: Final = 4
"""Lines of the screen that are not videos'."""


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
        stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.console = Console(
            file=stream,
            no_color=self.common_settings.nocolor or bool(os.environ.get("NO_COLOR")) or None,
            highlight=False,
            soft_wrap=not stream.isatty(),
        )
        self.board = Board()
        self.live: Live | None = None
        self.said: set[str] = set()
        self.broken = False

    def emit(self, record: LogRecord) -> None:
        """Show what a record tells."""
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
        super().close()

    def _stop(self) -> None:
        if self.live:
            self.live.stop()
            self.live = None

    def _take(self, record: LogRecord) -> None:
        event, told, now = getattr(record, "event", None), vars(record), time.monotonic()
        if event == LogEvent.RUN_INFO and not self.board.counts:
            self.board.plan(told["stats"])
            self._start()
        elif event == LogEvent.JOB_INFO:
            video = str((told["wildcards"] or {}).get("video", ""))
            name = true_name(video, [*told["output"], *told["input"]])
            self.board.begin(told["jobid"], told["rule_name"], video, name, now)
        elif event == LogEvent.JOB_FINISHED:
            self._ended(told["job_id"], now)
        elif event == LogEvent.JOB_ERROR:
            self._failed(told)
        elif event in (None, LogEvent.ERROR) and record.levelno > INFO:
            self._once(self.format(record), record.levelno)
        if self.live:
            self.live.refresh()

    def _start(self) -> None:
        if self.console.is_terminal:
            self.live = Live(
                get_renderable=lambda: draw(
                    self.board,
                    time.monotonic(),
                    max(1, self.console.size.height - _OTHER_LINES),
                ),
                console=self.console,
                refresh_per_second=_PER_SECOND,
                # Others write to these, too.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self.live.start()
        else:
            self._say(f"{self.board.total} jobs to run")

    def _ended(self, jobid: int, now: float) -> None:
        job = self.board.end(jobid, now)
        if job and not self.live:
            of = f"{self.board.videos[job.video].name}: " if job.video else ""
            self._say(f"{of}{job.rule} done ({total_line(self.board, now)})")

    def _failed(self, told: dict[str, Any]) -> None:
        job = self.board.fail(told["jobid"])
        name = self.board.videos[job.video].name if job and job.video else "all videos"
        log = f" (log: {', '.join(told['log'])})" if told["log"] else ""
        self._say(f"FAILED {name}: {told['rule_name']}{log}", "red")

    def _once(self, said: str, level: int) -> None:
        if said.strip() and said not in self.said:
            self.said.add(said)
            mark = {WARNING: "WARNING ", ERROR: ""}.get(level, "")
            self._say("\n".join(map(printable, f"{mark}{said.strip()}".splitlines())), "yellow")

    def _say(self, line: str, style: str = "") -> None:
        self.console.print(Text("\n".join(map(printable, line.split("\n"))), style=style))


def true_name(video: str, files: Iterable[str]) -> str:
    """The name by which people know a video, from the record beside one of its files; else slug."""
    for file in map(Path, files):
        if video and video in file.parts:
            depth = file.parts.index(video) + 1
            record = Path(*file.parts[:depth], "media.json")
            if record.is_file():
                return str(json.loads(record.read_text(encoding="utf-8")).get("name") or video)
    return video
