"""What the doctor says, and what a run says before its first job."""

import re
from pathlib import Path

from snakemake_executor_plugin_local_gpu.executor import FINAL_STATUS
from tests.helpers.workflow import Workflow, demo
from vat import errors


def test_the_doctor_finds_the_demo_ready(workflow: Workflow, tmp_path: Path) -> None:
    run = workflow(tmp_path, *demo("--", "doctor"))
    assert run.status == 0, run.output
    assert "0 red" in run.output
    assert not (tmp_path / "results").exists() or not list((tmp_path / "results").glob("*/source"))


def test_what_is_red_fails_the_doctor_who_is_asked_once(workflow: Workflow, tmp_path: Path) -> None:
    config = "--config", "translate={backend: openai, base_url: 'http://127.0.0.1:9/v1'}"
    run = workflow(tmp_path, *demo(*config, "videos=videos", "--", "doctor"))
    assert run.status == 1
    assert run.output.count("BAD ") == 1
    assert "cannot be reached" in run.output
    # The finding with its remedy, and nothing else: no failed command, no videos that wait.
    shown = run.output[run.output.index("BAD ") :]
    assert "check translate.base_url" in shown
    assert shown.rstrip().splitlines()[-1].startswith("Not ready: ")
    for noise in ("Traceback", "CalledProcessError", "FAILED", "Exiting", "To go on"):
        assert noise not in run.output


def test_a_server_that_cannot_be_reached_is_told_before_the_first_job(
    workflow: Workflow, tmp_path: Path
) -> None:
    config = "--config", "translate={backend: openai, base_url: 'http://127.0.0.1:9/v1'}"
    run = workflow(tmp_path, *demo(*config))
    assert run.status != 0
    assert "cannot be reached" in run.output
    assert "rule download" not in run.output


def test_a_video_that_cannot_be_read_is_tried_once(workflow: Workflow, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video" * 1000)
    run = workflow(tmp_path, *demo("--config", "videos=broken.mp4"))
    assert run.status == 1
    # Its name is told by the download that failed.
    assert len(re.findall(r"^FAILED broken\S*: download \(log: ", run.output, re.MULTILINE)) == 1
    (log,) = (tmp_path / ".snakemake/log").glob("*.log")
    assert "would fail as well" in log.read_text(encoding="utf-8")


def test_the_view_of_a_run_says_why_it_cannot_begin(workflow: Workflow, tmp_path: Path) -> None:
    run = workflow(tmp_path, *demo("--logger", "vat", "--config", "videos=nowhere"))
    assert run.status == 1
    assert "nowhere" in run.output
    assert "Traceback" not in run.output


def test_both_sides_mean_the_same_status() -> None:
    assert errors.FINAL_STATUS == FINAL_STATUS
