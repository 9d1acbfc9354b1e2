"""What people see of a run: the look at two widths, without a terminal, without colour."""

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_vat import LogHandler
from snakemake_logger_plugin_vat.board import Board
from snakemake_logger_plugin_vat.look import clock, draw
from snakemake_logger_plugin_vat.records import chunk_count, share_done, true_name

STATS = {"total": 9, "all": 1, "download": 2, "asr_chunk": 2, "merge": 2, "embed": 2}


def board() -> Board:
    """Two videos, one of which has been probed and recognised, 60 s after the beginning."""
    made = Board()
    made.plan(STATS)
    made.begin(1, "download", "a-1", "A talk.mkv", 0.0)
    made.end(1, 10.0)
    made.begin(2, "asr_chunk", "a-1", "A talk.mkv", 10.0)
    made.end(2, 40.0)
    made.begin(3, "merge", "a-1", "A talk.mkv", 40.0)
    made.begin(
        4, "download", "b-2", "二 \x1b[2J long name of a video that no terminal has.mp4", 50.0
    )
    return made


def board_with_gpus() -> Board:
    """The same, with one GPU at work, an idle one, and a job that waits."""
    made = board()
    gpu = {"jobid": 3, "event": "granted", "gpu": "GPU-1", "rule": "merge", "mem_mb": 6000}
    made.lease({**gpu, "index": 0, "name": "NVIDIA H100 80GB", "total_mb": 81559})
    idle = {"jobid": 2, "gpu": "GPU-2", "rule": "asr_chunk", "mem_mb": 8000}
    made.lease({**idle, "event": "granted", "index": 1, "name": "A4000", "total_mb": 16376})
    made.lease({**idle, "event": "released"})
    made.lease({"jobid": 5, "event": "waiting"})
    return made


def drawn(width: int, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, **options)
    console.print(draw(board_with_gpus(), 60.0, 10))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


@pytest.mark.parametrize("width", [80, 120])
def test_the_look(root: Path, width: int) -> None:
    recorded = (root / f"tests/data/look_{width}.txt").read_text(encoding="utf-8")
    assert drawn(width) == recorded
    terminal = {"force_terminal": True, "color_system": "truecolor"}
    assert "\x1b[36m" in drawn(width, **terminal)
    # NO_COLOR forbids colours; what is bold or dim may stay.
    plain = drawn(width, no_color=True, **terminal)
    assert not re.search(r"\x1b\[(?:\d+;)*[34]\d", plain)
    assert re.sub(r"\x1b\[[\d;]*m", "", plain) == recorded


def test_few_lines_have_room_for_the_total() -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(draw(board(), 60.0, 1))
    assert "and 1 more videos" in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "?"), (0, "0:00"), (61.4, "1:01"), (7265, "2:01:05")]
)
def test_times_are_said_as_people_do(seconds: float | None, said: str) -> None:
    assert clock(seconds) == said


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["begin", "end", "fail"]))))
def test_no_order_of_events_breaks_the_board_or_lets_it_go_back(
    events: list[tuple[int, str]],
) -> None:
    made, done = Board(), 0
    made.plan(STATS)
    for now, (jobid, what) in enumerate(events):
        if what == "begin":
            made.begin(jobid, ["download", "merge"][jobid % 2], f"v{jobid // 2}", "name", now)
        else:
            (made.end(jobid, now) if what == "end" else made.fail(jobid))
        assert made.done >= done
        done = made.done
        assert all(0 <= line.share <= 1 for line in made.lines(now))
        assert (made.left_s(now) or 0) >= 0


def test_a_long_job_does_not_use_up_the_time_of_those_to_come() -> None:
    assert board().left_s(10_000.0) == board().left_s(1_000.0) == 55.0


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[LogHandler]:
    settings: Any = SimpleNamespace(stdout=False, nocolor=False, dryrun=False)
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    made = LogHandler(settings, None)
    yield made
    made.close()


def said(handler: LogHandler) -> str:
    text: str = handler.console.file.getvalue()  # type: ignore[attr-defined]
    return text


def record(text: str = "", level: int = logging.INFO, **told: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", level, "", 0, text, (), None)
    vars(made).update(told)
    return made


def begun(jobid: int, rule: str, *output: str) -> logging.LogRecord:
    wildcards = {"video": "a-1"}
    return record(
        event=LogEvent.JOB_INFO,
        jobid=jobid,
        rule_name=rule,
        wildcards=wildcards,
        output=list(output),
        input=[],
        log=[],
    )


def test_without_a_terminal_each_event_is_one_line(handler: LogHandler, tmp_path: Path) -> None:
    folder = tmp_path / "results/a-1"
    folder.mkdir(parents=True)
    (folder / "media.json").write_text(json.dumps({"name": "A talk.mkv"}))
    handler.emit(record(event=LogEvent.RUN_INFO, stats=STATS))
    handler.emit(begun(1, "merge", str(folder / "transcript.json")))
    handler.emit(record(event=LogEvent.JOB_FINISHED, job_id=1))
    handler.emit(begun(2, "embed", str(folder / "a-1.mkv")))
    failed: dict[str, Any] = {"jobid": 2, "rule_name": "embed", "log": ["logs/a-1/embed.log"]}
    handler.emit(record(event=LogEvent.JOB_ERROR, **failed))
    for _ in range(2):
        handler.emit(record("no room\x1b[2J", logging.WARNING))
    assert said(handler).splitlines() == [
        "9 jobs to run",
        "A talk.mkv: merge done (1 of 9 jobs done, 0 running, 0:00 left)",
        "FAILED A talk.mkv: embed (log: logs/a-1/embed.log)",
        "WARNING no room�[2J",
    ]


COMMAND = """RuleException:
CalledProcessError in file "workflow/rules/doctor.smk", line 32:
Command 'set -euo pipefail;  python doctor.py' returned non-zero exit status 65."""
END = "WorkflowError:\nAt least one job did not complete successfully."


def fails(handler: LogHandler, rule: str, *logs: str) -> str:
    """What is said of a run whose one job fails."""
    handler.emit(record(event=LogEvent.RUN_INFO, stats={rule: 1, "total": 1}))
    handler.emit(begun(1, rule))
    handler.emit(record(COMMAND, logging.ERROR))
    handler.emit(record(event=LogEvent.JOB_ERROR, jobid=1, rule_name=rule, log=[*logs]))
    handler.emit(record("Exiting because a job execution failed. Look above", logging.ERROR))
    handler.emit(record("Videos: 0 done, 0 failed, 3 waiting.", summary=True))
    handler.emit(record(END, logging.ERROR, event=LogEvent.ERROR))
    handler.close()
    return said(handler)


def test_the_doctors_findings_stand_alone(handler: LogHandler) -> None:
    assert fails(handler, "doctor", "logs/doctor.log") == ""


@pytest.mark.parametrize("rule", ["forecast", "embed"])
def test_a_failure_is_told_by_its_log_and_not_by_the_command(
    handler: LogHandler, rule: str
) -> None:
    told = fails(handler, rule, "logs/x.log")
    for noise in ("CalledProcessError", "Exiting", "At least one job"):
        assert noise not in told
    assert f": {rule} (log: logs/x.log)" in told
    assert "Videos: 0 done" in told


def test_a_failure_without_a_log_is_told_by_its_command(handler: LogHandler) -> None:
    told = fails(handler, "embed")
    assert told.index("returned non-zero exit status 65") < told.index("FAILED")


def test_what_speaks_itself_is_no_run_of_videos(handler: LogHandler) -> None:
    handler.emit(record("Job stats", event=LogEvent.RUN_INFO, stats={"forecast": 1, "total": 1}))
    handler.emit(begun(1, "forecast"))
    handler.emit(record(event=LogEvent.JOB_FINISHED, job_id=1))
    handler.emit(record("Videos: 0 done, 0 failed, 3 waiting.", summary=True))
    assert said(handler) == ""


def test_that_a_run_cannot_begin_is_said_by_snakemakes_own_sentence(handler: LogHandler) -> None:
    handler.emit(record(END, logging.ERROR, event=LogEvent.ERROR))
    assert "At least one job" in said(handler)


def test_what_breaks_the_view_ends_no_run_and_loses_nothing(handler: LogHandler) -> None:
    handler.emit(record(event=LogEvent.RUN_INFO, stats=STATS))
    handler.emit(record("the words", event=LogEvent.JOB_INFO))
    handler.emit(record("and the next", logging.WARNING))
    shown = said(handler)
    assert "The view of the run has failed" in shown
    assert "the words" in shown
    assert "and the next" in shown


def test_a_plan_is_shown_as_snakemake_shows_it(handler: LogHandler) -> None:
    handler.common_settings.dryrun = True
    handler.emit(record("This was a dry-run.", event=LogEvent.RUN_INFO, stats=STATS))
    assert said(handler) == "This was a dry-run.\n"


def test_an_error_of_planning_is_shown(handler: LogHandler) -> None:
    handler.emit(record("There is no such folder.", logging.ERROR, event=LogEvent.ERROR))
    assert said(handler) == "There is no such folder.\n"


def test_what_people_should_know_of_the_plan_is_said(handler: LogHandler) -> None:
    handler.emit(record("Speech is not separated, as there is no torch.", announced=True))
    handler.emit(record("Config file x is extended."))
    assert said(handler).startswith("Speech is not separated")
    assert "Config file" not in said(handler)


def test_a_video_goes_by_the_name_that_the_plan_tells(handler: LogHandler) -> None:
    handler.emit(record("", outlook={"names": {"a-1": "第一讲.mp4"}}))
    handler.emit(begun(1, "download", "results/a-1/source"))
    handler.emit(record(event=LogEvent.JOB_FINISHED, job_id=1))
    assert said(handler).startswith("第一讲.mp4: download done")


def test_a_video_without_a_record_goes_by_its_slug(tmp_path: Path) -> None:
    assert true_name("a-1", [str(tmp_path / "a-1/source")]) == "a-1"
    assert true_name("", ["models/x"]) == ""


def test_jobs_say_in_their_logs_how_far_they_are(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    assert share_done([str(log)]) == 0.0
    log.write_text("x" * 10_000 + " INFO vat.progress: encode: 7 % done, 1.0 times real time\n")
    assert share_done([str(log)]) == 0.07
    with log.open("a") as file:
        file.write(" INFO vat.progress: encode: 43 % done\nframes\n")
    assert share_done([str(log), str(tmp_path)]) == 0.43


def test_chunks_count_each_for_their_part_of_a_video() -> None:
    made = Board()
    made.plan({"total": 8, "asr_chunk": 4, "merge": 1})
    made.begin(1, "asr_chunk", "a-1", "A", 0.0)
    made.expect("a-1", "asr_chunk", 4)
    made.end(1, 5.0)
    assert [line.share for line in made.lines(5.0)] == [0.125]
    made.begin(2, "asr_chunk", "a-1", "A", 5.0)
    made.running[2].share = 0.5
    assert [line.share for line in made.lines(6.0)] == [0.1875]
    # A job that is tried again begins anew; the line does not go back.
    made.fail(2)
    made.begin(2, "asr_chunk", "a-1", "A", 7.0)
    assert [line.share for line in made.lines(7.0)] == [0.1875]


def test_the_number_of_chunks_is_read_beside_the_words(tmp_path: Path) -> None:
    words = tmp_path / "a-1/words/0001.json"
    assert chunk_count("a-1", [str(words)]) == 1
    words.parent.mkdir(parents=True)
    record = tmp_path / "a-1/chunks.json"
    record.write_text(json.dumps({"spans": [{}, {}, {}]}))
    assert chunk_count("a-1", [str(words)]) == 3
    for damaged in ("", "[]", "{", '{"spans": 7}'):
        record.write_text(damaged)
        assert chunk_count("a-1", [str(words)]) == 1


def lease(event: str, jobid: int, **told: Any) -> dict[str, Any]:
    usual = {"gpu": "GPU-a", "index": 0, "name": "NVIDIA H100", "rule": "asr_chunk"}
    return usual | {"event": event, "jobid": jobid, "mem_mb": 8000, "total_mb": 81_559} | told


def test_each_gpu_has_a_line_with_who_is_on_it() -> None:
    made = board()
    made.lease(lease("granted", 3))
    made.lease(lease("waiting", 4, gpu=None, index=None))
    assert list(made.gpu_lines()) == [
        "GPU 0 NVIDIA H100: 8000 of 81559 MB, asr_chunk A talk.mkv (8000 MB)",
        "1 job waits for a GPU",
    ]
    made.lease(lease("resized", 3, mem_mb=5000))
    made.lease(lease("granted", 4))
    assert next(made.gpu_lines()).startswith("GPU 0 NVIDIA H100: 13000 of 81559 MB, ")
    made.lease(lease("released", 3))
    made.lease(lease("released", 4))
    assert list(made.gpu_lines()) == ["GPU 0 NVIDIA H100: 0 of 81559 MB, idle"]


def test_where_no_terminal_is_leases_are_said_as_they_come(handler: LogHandler) -> None:
    handler.emit(record("merge on GPU 0, the least loaded", lease=lease("granted", 3)))
    assert said(handler) == "merge on GPU 0, the least loaded\n"


def test_a_graph_goes_alone_to_the_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    settings: Any = SimpleNamespace(stdout=True, nocolor=False, dryrun=True)
    streams = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stdout", streams[0])
    monkeypatch.setattr("sys.stderr", streams[1])
    for graph, at in ((["--dag"], 1), ([], 0)):
        monkeypatch.setattr("sys.argv", ["snakemake", "-n", *graph])
        made = LogHandler(settings, None)
        made.emit(record("Building DAG of jobs..."))
        made.close()
        assert streams[at].getvalue() == "Building DAG of jobs...\n"


def test_what_the_user_stops_has_not_failed(handler: LogHandler) -> None:
    handler.emit(begun(2, "embed", "results/a-1/a-1.mkv"))
    handler.emit(record("Terminating processes on user request, this might take some time."))
    handler.emit(record(event=LogEvent.JOB_ERROR, jobid=2, rule_name="embed", log=[]))
    handler.emit(record("Stopped; the same command goes on.\nResults: results", summary=True))
    assert said(handler) == "Stopped; the same command goes on.\nResults: results\n"


def test_a_video_that_is_done_has_no_time_left() -> None:
    made = Board()
    made.plan({"merge": 1})
    made.begin(1, "merge", "a-1", "A", 0.0)
    made.end(1, 5.0)
    assert [line.left_s for line in made.lines(9.0)] == [0.0]


def test_that_there_is_nothing_to_do_is_said(handler: LogHandler) -> None:
    handler.emit(record("Nothing to be done (all requested files are present)."))
    assert said(handler) == "Nothing to be done (all requested files are present).\n"
