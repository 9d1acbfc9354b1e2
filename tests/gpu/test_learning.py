"""Runs of Snakemake that learn what their GPU jobs take, on a simulated host."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gpulease.learned import with_margin
from tests.gpu.driver.runs import Runs
from tests.gpu.driver.simulated import Host, gpu_uuid

TABLE = "resources/learned/gpu_memory.json"
JOB = Path(__file__).parent / "driver" / "job.py"
SCRIPT = """
import gpulease
from vat.jobs.log import job_log
with job_log(snakemake.log[0]):
    call = {"number": int(snakemake.wildcards.n), **snakemake.params.call}
    gpulease.call("tests.gpu.driver.recogniser:transcribe", **call)
open(snakemake.output[0], "w").close()
"""


@pytest.fixture
def learning(runs: Runs, tmp_path: Path) -> Runs:
    """Runs whose jobs and workers find the functions of the tests."""
    (runs.folder / "script.py").write_text(SCRIPT)
    runs.environment["OUT_OF_MEMORY"] = str(tmp_path / "out_of_memory")
    return runs


def workflow(first: int, last: int, declared: int, work: str = "", **call: Any) -> str:
    named = f", gpu_work={work!r}" if work else ""
    return (
        f"rule all:\n    input: expand('asr/{{n}}', n=range({first}, {last}))\n"
        f"rule asr:\n    output: 'asr/{{n}}'\n    log: 'asr/{{n}}.log'\n    params: call={call}\n"
        f"    resources: gpu=1, gpu_mem_mb={declared}, gpu_worker='asr'{named}\n"
        "    script: 'script.py'\n"
    )


def peaks(runs: Runs) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(runs.read(TABLE))["peaks"]
    return found


def of(runs: Runs, event: str) -> list[dict[str, Any]]:
    return [found for found in runs.events() if found["event"] == event]


def test_a_worker_keeps_what_its_jobs_take_and_the_next_run_asks_for_that(
    host: Host, learning: Runs
) -> None:
    host.add_gpus(10000)
    host.add(f"energy {gpu_uuid(0)} 5000000")
    out = learning.run(workflow(0, 6, 8000, mb=3000, seconds=0.1), "--cores", "1")
    ended = of(learning, "released")
    assert {(one["used_mb"], one["energy_j"]) for one in ended[1:]} == {(3000, 5000.0)}
    assert len({one["worker_pid"] for one in [*ended, *of(learning, "granted")]}) == 1
    assert peaks(learning) == [
        {"work": "asr asr 8000", "gpu": "Simulated 10", "peak_mb": 3000, "jobs": 6, "short_mb": 0}
    ]
    (resized,) = of(learning, "resized")
    assert (resized["before_mb"], resized["mem_mb"]) == (8000, with_margin(3000))
    assert "keeps 3200 of 8000 MB of GPU 0" in out
    assert "Jobs of 'asr asr 8000' ask for 3200 MB of a GPU instead of the 8000 MB" in out

    learning.run(workflow(6, 12, 8000, mb=3000, seconds=0.3), "--cores", "2")
    later = [event for event in of(learning, "granted") if int(event["wildcards"]["n"]) >= 6]
    assert {event["mem_mb"] for event in later} == {3200}
    assert len(set(learning.read("loads").split())) == 3, "two at once fit now"
    learning.run(workflow(12, 13, 8000, mb=3000), "--local-gpu-learn", "no")
    assert of(learning, "granted")[-1]["mem_mb"] == 8000


def test_status_tells_what_was_learnt(host: Host, learning: Runs) -> None:
    host.add_gpus(10000)
    process = learning.start(
        workflow(0, 9, 8000, "tiny int8", mb=3000, seconds=0.7), "--cores", "1"
    )
    learning.wait_for(lambda: (learning.folder / TABLE).exists() and bool(of(learning, "resized")))
    command = [sys.executable, "-m", "gpulease", "status"]
    told = subprocess.run(
        command, env=learning.environment, capture_output=True, text=True, check=True
    ).stdout
    assert "3200 MB (8000 MB declared)  asr of" in told
    process.terminate()
    process.wait()
    assert peaks(learning)[0]["work"] == "asr tiny int8"


def test_nothing_is_learnt_where_the_driver_tells_no_memory_by_process(
    host: Host, learning: Runs
) -> None:
    host.add_gpus(10000)
    host.add("processes hidden")
    learning.run(workflow(0, 5, 8000, mb=3000), "--cores", "1")
    assert not (learning.folder / TABLE).exists()
    assert {event["mem_mb"] for event in of(learning, "granted")} == {8000}


def test_what_ran_out_of_memory_asks_for_more(host: Host, learning: Runs) -> None:
    host.add_gpus(10000)
    host.add(f"foreign {gpu_uuid(0)} 0")
    table = learning.folder / TABLE
    table.parent.mkdir(parents=True)
    known = {"work": "asr asr 8000", "gpu": "Simulated 10", "peak_mb": 1000, "jobs": 9}
    table.write_text(json.dumps({"peaks": [{**known, "short_mb": 0}]}))
    # A stranger takes what was free, so that 3000 MB are too many under a lease of 1152.
    host.set_foreign(gpu_uuid(0), 8000)
    process = learning.start(workflow(0, 1, 8000, mb=3000), "--retries", "2")
    learning.wait_for(lambda: peaks(learning)[0]["short_mb"] > 0)
    host.set_foreign(gpu_uuid(0), 0)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert [event["mem_mb"] for event in of(learning, "granted")] == [1152, 10000]
    assert peaks(learning) == [{**known, "peak_mb": 3000, "jobs": 10, "short_mb": 1152}]


OVER = (
    "rule all:\n    input: 'done'\nrule big:\n    output: 'done'\n"
    "    resources: gpu=1, gpu_mem_mb=4000\n"
    f"    shell: '{sys.executable} {JOB} 6000 3 && touch {{output}}'\n"
)


def test_a_job_over_its_lease_is_named_and_counted(host: Host, learning: Runs) -> None:
    host.add_gpus(10000)
    process = learning.start(OVER)
    placements = learning.folder / "logs/gpu/placements.jsonl"
    learning.wait_for(lambda: placements.exists() and bool(of(learning, "over")))
    assert learning.free_mb() == [4000]
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    (over,) = of(learning, "over")
    assert (over["rule"], over["used_mb"], over["mem_mb"]) == ("big", 6000, 4000)
    assert "big (job 1) takes 6000 MB of GPU 0" in out
    assert "more than the 4000 MB leased" in out


def test_a_job_over_its_lease_is_killed_where_that_is_wanted(host: Host, learning: Runs) -> None:
    host.add_gpus(10000)
    out = learning.run(OVER, "--retries", "2", "--local-gpu-enforce", "kill")
    assert [event["mem_mb"] for event in of(learning, "granted")] == [4000, 6000]
    assert [event["reason"] for event in of(learning, "over")] == ["killed"]
    assert "A process that took 6000 MB of GPU 0" in out


def test_a_worker_over_its_lease_is_killed_where_that_is_wanted(host: Host, learning: Runs) -> None:
    host.add_gpus(10000)
    learning.run(
        workflow(0, 1, 4000, mb=6000, seconds=3), "--retries", "2", "--local-gpu-enforce", "kill"
    )
    assert [event["mem_mb"] for event in of(learning, "granted")] == [4000, 6000]
    assert peaks(learning)[0]["short_mb"] == 4000
