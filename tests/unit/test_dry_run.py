"""What `vat -n` says: which videos, which steps, what is fetched, sent or missing."""

import io
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_vat import LogHandler
from snakemake_logger_plugin_vat.dry_run import DryRun

NAMES = {"a-1": "第一讲 开场.mp4", "b-2": "b.mkv", "c-3": "https://site.test/c"}


def planned(*jobs: tuple[str, str], **outlook: Any) -> DryRun:
    """A dry run with jobs by rule and video; `:` parts a language from the video."""
    made = DryRun({"names": NAMES, **outlook})
    for rule, where in jobs:
        video, _, language = where.partition(":")
        named = {"video": video} if video else {}
        made.add(rule, {**named, **({"language": language} if language else {})})
    made.add("all", {})
    return made


def steps(video: str) -> list[tuple[str, str]]:
    chunks = [("asr_chunk", video)] * 3
    return [("download", video), *chunks, ("translate", f"{video}:zh"), ("embed", video)]


def test_videos_go_by_their_names_with_their_steps_in_order() -> None:
    told = [*planned(*steps("b-2"), *steps("a-1")).lines()]
    assert told[1:4] == [
        "2 videos to work on, 12 jobs in all; 1 video is finished.",
        "  第一讲 开场.mp4: download, 3 asr_chunk, translate into zh, embed",
        "  b.mkv: the same steps",
    ]
    assert "nothing has been done" in told[0]
    assert "without -n" in told[-1]


def test_what_is_fetched_and_sent_is_said_with_its_size() -> None:
    dry = planned(*steps("c-3"), remote=["c-3"], translator="m at http://x", sizes={"asr/s": 5e8})
    dry.add("fetch_model", {"kind": "asr", "model": "s"})
    dry.add("fetch_model", {"kind": "asr", "model": "owner--name"})
    told = "\n".join(dry.lines())
    assert "To be fetched first: 2 models, s (0.5 GB), owner/name." in told
    assert "To be downloaded: 1 video (https://site.test/c);" in told
    assert "sent for translation to m at http://x." in told


@pytest.mark.parametrize(("last", "said"), [(steps("a-1"), True), ([("embed", "a-1")], False)])
def test_a_missing_key_is_said_where_something_is_translated(
    last: list[tuple[str, str]], said: bool
) -> None:
    dry = planned(*last, trouble="There is no key.", translator="")
    assert ("But it would stop" in "\n".join(dry.lines())) == said


def test_that_nothing_is_left_is_one_sentence() -> None:
    assert [*planned().lines()] == ["Nothing is left to do: 3 videos are finished."]


def test_a_thousand_videos_are_counted() -> None:
    many = {f"v-{n}": f"{n}.mp4" for n in range(1000)}
    dry = planned(*(("embed", video) for video in many), names=many)
    told = [*dry.lines()]
    assert len(told) < 30
    assert "  and 980 more" in told


def test_a_command_that_makes_no_video_says_what_it_does() -> None:
    dry = DryRun({"names": NAMES})
    dry.add("forecast", {})
    told = [*dry.lines()]
    assert "For all videos together: forecast." in told
    assert not [line for line in told if "to work on" in line]


@pytest.mark.parametrize("typed", ["vat talks -n", ""])
def test_the_words_are_plain_for_vat_alone(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setenv("VAT_COMMAND", typed)
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    settings: Any = SimpleNamespace(stdout=False, nocolor=False, dryrun=True)
    handler = LogHandler(settings, None)

    def emit(text: str, level: int = logging.INFO, **told: Any) -> None:
        record = logging.LogRecord("snakemake", level, "", 0, text, (), None)
        vars(record).update(told)
        handler.emit(record)

    emit("", outlook={"names": NAMES})
    emit("Speech is recognised by small.", announced=True)
    emit("Building DAG of jobs...")
    emit("rule x", event=LogEvent.JOB_INFO, rule_name="embed", wildcards={"video": "b-2"})
    emit("no room\x1b[2J", logging.WARNING)
    emit("This was a dry-run (flag -n).")
    handler.close()
    told = stream.getvalue()
    assert "Speech is recognised by small." in told
    assert ("  b.mkv: embed" in told) == bool(typed)
    assert ("Building DAG" in told) == (not typed)
    assert ("WARNING no room\ufffd[2J" in told) == bool(typed)
