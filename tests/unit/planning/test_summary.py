"""The end of a run tells of every video: its state, its error, and what deserves a look."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from vat.jobs.job_end import KILLED, JobEnd, record_of
from vat.media.probe import Media
from vat.media.stream import Stream
from vat.planning.sources import Video
from vat.planning.streams import recorded_streams
from vat.planning.summary import command_typed, lines, summarise, tell_end
from vat_command.snakemake_call import environment

STAMP = "2026-01-02 03:04:05,678"


def end(log: Path, *warnings: str, error: str = "") -> None:
    write(log, "whatever it said\n")
    JobEnd(warnings, error).write(record_of(log))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_every_video_has_a_state_and_what_was_said_of_it(tmp_path: Path) -> None:
    results, logs = tmp_path / "results", tmp_path / "logs"
    done = write(results / "a" / "a.mkv", "")
    transcript = {"warnings": [{"kind": "no words", "text": "2.0 s have no words.", "amount": 2}]}
    write(results / "a" / "transcript.json", json.dumps(transcript))
    report = {"tokens": {"input": 10, "output": 5}, "cost": 0.5}
    write(results / "a" / "translations" / "zh.json", json.dumps(report))
    end(logs / "a" / "embed.log", "a stream is left out")
    end(logs / "b" / "merge.log", error="The model is gone.")
    end(logs / "models" / "asr" / "x.log", error="No such model.")
    end(logs / "c" / "asr" / "0001.log")
    end(logs / "c" / "embed.log", error=KILLED)
    # What a job or a library writes is no record.
    write(logs / "c" / "split.log", f"{STAMP} ERROR vat: none\n{STAMP} WARNING vat.x: none\n")
    end(logs / "d" / "split.log", error="ValueError: odd")
    names = {"a": "A b.mp4", "b": "B\x1b.mp4", "c": "C.mp4", "d": "D.mp4"}
    wanted = {video: [results / video / f"{video}.mkv"] for video in names}
    found = summarise(names, wanted, (results, logs), since=0, stopped=True)
    found = replace(found, gpu_hours=1.5)

    made = found.to_json()
    assert done.exists()
    assert [one["state"] for one in made["videos"]] == ["done", "failed", "waiting", "failed"]
    assert made["videos"][0]["warnings"] == ["2.0 s have no words.", "a stream is left out"]
    assert [one["error"] for one in made["videos"]] == [
        *(None, "The model is gone.", None, "ValueError: odd"),
    ]
    assert (made["tokens"], made["cost"]) == ({"input": 10, "output": 5}, 0.5)
    assert made["gpu_hours"] == 1.5
    command = ["snakemake", "--config", "videos=my in"]
    told = lines(found, command, results, stopped=True)
    assert told[:2] == [
        "Stopped; the same command goes on.",
        "Videos: 1 done, 2 failed, 1 waiting.",
    ]
    assert "FAILED B\N{REPLACEMENT CHARACTER}.mp4: The model is gone." in told
    assert "WARNING A b.mp4: a stream is left out" in told
    assert "FAILED for all videos: No such model." in told
    assert "GPUs: 1.50 hours." in told
    assert told[-1] == "To go on: snakemake --config 'videos=my in'"


def test_an_error_of_an_earlier_run_is_none_of_this(tmp_path: Path) -> None:
    end(tmp_path / "logs" / "a" / "merge.log", error="gone")
    wanted = {"a": [tmp_path / "a.mkv"]}
    found = summarise({"a": "A"}, wanted, (tmp_path, tmp_path / "logs"), since=1e12)
    assert [one.state for one in found.outcomes] == ["waiting"]


def test_nothing_is_asked_of_a_run_that_is_done(tmp_path: Path) -> None:
    found = summarise({"a": "A"}, {"a": []}, (tmp_path, tmp_path / "logs"), since=0)
    assert lines(found, ["snakemake"], tmp_path, stopped=False) == [
        "Videos: 1 done, 0 failed, 0 waiting.",
        f"Results: {tmp_path}",
    ]


def test_a_damaged_record_is_a_warning_of_its_video(tmp_path: Path) -> None:
    write(tmp_path / "a" / "transcript.json", '{"warnings": [')
    write(tmp_path / "a" / "translations" / "zh.json", "")
    write(tmp_path / "b" / "transcript.json", "[1]")
    wanted = {video: list[Path]() for video in "ab"}
    found = summarise({"a": "A", "b": "B"}, wanted, (tmp_path, tmp_path / "logs"), since=0)
    first, second = (one.warnings for one in found.outcomes)
    assert [text.split("' is damaged")[0].rpartition("/")[2] for text in (*first, *second)] == [
        *("transcript.json", "zh.json", "transcript.json"),
    ]


def test_it_tells_what_became_of_each_stream(tmp_path: Path) -> None:
    video, sound, code = (
        Stream(n, kind, codec, None, None, default=False, start=0.0, in_mkv=held, in_mp4="copy")
        for n, (kind, codec, held) in enumerate(
            (("video", "h264", "copy"), ("audio", "pcm_f32be", "flac"), ("data", "tmcd", ""))
        )
    )
    media = Media("a", "a", "a.mov", 2.0, 0.0, (video, sound, code), 0, 0.0)
    media.write(tmp_path / "a" / "media.json")
    (tmp_path / "logs").mkdir()
    told = partial(recorded_streams, embed={})
    found = summarise({"a": "A"}, {"a": []}, (tmp_path, tmp_path / "logs"), 0, told).to_json()
    becomes = [one["becomes"] for one in found["videos"][0]["streams"]]
    assert becomes == ["copied", "as flac", "left out"]
    assert found["videos"][0]["streams"][2]["why"] == (
        "mkv cannot hold stream 2 (tmcd data): it is left out"
    )
    assert recorded_streams(tmp_path / "a", {"mode": "none"}) == []


def test_a_damaged_list_of_streams_is_a_warning_of_its_video(tmp_path: Path) -> None:
    write(tmp_path / "a" / "media.json", '{"streams": [')
    told = partial(recorded_streams, embed={})
    wanted = {video: list[Path]() for video in "ab"}
    found = summarise({"a": "A", "b": "B"}, wanted, (tmp_path, tmp_path / "logs"), 0, told)
    first, second = found.outcomes
    assert ["media.json' is damaged" in text for text in first.warnings] == [True]
    assert (first.streams, second.warnings) == ((), [])


def test_to_go_on_one_types_what_one_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/bin/snakemake", "-n", "my in"])
    monkeypatch.delenv("VAT_COMMAND", raising=False)
    assert command_typed() == ["snakemake", "-n", "my in"]
    monkeypatch.setenv("VAT_COMMAND", environment(["my in", "--to", "zh"])["VAT_COMMAND"])
    assert command_typed() == ["vat", "my in", "--to", "zh"]


def test_a_job_that_was_killed_has_failed_where_nobody_stopped_the_run(tmp_path: Path) -> None:
    end(tmp_path / "logs" / "a" / "merge.log", error=KILLED)
    wanted = {"a": [tmp_path / "a.mkv"]}
    for stopped, state in ((False, "failed"), (True, "waiting")):
        found = summarise({"a": "A"}, wanted, (tmp_path, tmp_path / "logs"), 0, stopped=stopped)
        assert [one.state for one in found.outcomes] == [state]


def test_the_end_says_where_people_find_what_they_look_for_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = str(tmp_path / "第一讲.mp4")
    video = Video("a", source, False, None, "auto", ("zh",), False, None)
    results = tmp_path / "results"
    last = results / "a" / "a.mkv"

    def told() -> str:
        return tell_end({"a": video}, [last], (results, tmp_path / "logs"), 0, None, {})

    assert "look through" not in told(), "nothing is done"
    assert "Corrections" not in told()
    write(last, "")
    write(results / "delivery" / "第一讲.mkv", "")
    (tmp_path / "edits").mkdir()
    assert f"Videos and subtitles: {results}/delivery" in told()
    assert f"correct them: vat review, or {results}/report/index.html" in told()
    assert f"Corrections are taken from: {tmp_path}/edits" in told()
