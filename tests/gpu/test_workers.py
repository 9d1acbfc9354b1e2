"""Workers in real Snakemake runs on a simulated host."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.gpu.driver.commands import GPULEASE
from tests.gpu.driver.runs import Runs
from tests.gpu.driver.simulated import Host, gpu_uuid

SCRIPT = """
import json, os, gpulease
from vat.jobs.log import job_log
with job_log(snakemake.log[0]):
    open(snakemake.log[0] + ".pid", "w").write(str(os.getpid()))
    call = {"number": int(snakemake.wildcards.n), **snakemake.params.call}
    result = gpulease.call("tests.gpu.driver.recogniser:transcribe", **call)
    json.dump(result, open(snakemake.output[0], "w"))
"""


@pytest.fixture
def workers(runs: Runs) -> Runs:
    """Runs whose jobs and workers find the functions of the tests."""
    (runs.folder / "script.py").write_text(SCRIPT)
    runs.environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    return runs


def rule(kind: str = "asr", mem_mb: int = 8000, more: str = "", **call: Any) -> str:
    return (
        f"rule {kind}:\n    output: '{kind}/{{n}}'\n    log: '{kind}/{{n}}.log'\n"
        f"    params: call={call}\n    resources: gpu=1, gpu_mem_mb={mem_mb}, gpu_worker='{kind}'\n"
        f"{more}    script: 'script.py'\n"
    )


def want(*files: str) -> str:
    return f"rule all:\n    input: {list(files)}\n"


def many(kind: str, count: int) -> list[str]:
    return [f"{kind}/{n}" for n in range(count)]


def results(runs: Runs, kind: str = "asr") -> list[dict[str, Any]]:
    files = (runs.folder / kind).glob("[0-9]*")
    return [json.loads(f.read_text()) for f in files if f.suffix == ""]


def loads(runs: Runs) -> list[int]:
    return [int(pid) for pid in runs.read("loads").split()]


def of(runs: Runs, *names: str) -> list[dict[str, Any]]:
    return [event for event in runs.events() if event["event"] in names]


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def leaves_nothing(runs: Runs, totals_mb: list[int]) -> bool:
    pids = loads(runs)
    return all(map(is_gone, pids)) and runs.free_mb() == totals_mb


def test_a_model_is_loaded_once_per_gpu(host: Host, workers: Runs) -> None:
    host.add_gpus(10000, 10000)
    out = workers.run(want(*many("asr", 12)) + rule(seconds=0.05), "--cores", "4")
    done = results(workers)
    assert len(loads(workers)) == 2
    assert {result["pid"] for result in done} == set(loads(workers))
    assert {result["gpu"] for result in done} == {gpu_uuid(0), gpu_uuid(1)}
    assert [len(of(workers, name)) for name in ("granted", "released", "evicted")] == [12, 12, 2]
    again = [event for event in of(workers, "granted") if "worker 'asr' is idle" in event["reason"]]
    assert len(again) == 10
    assert {event["reason"] for event in of(workers, "evicted")} == {"the run ends"}
    assert all(event["worker"] == "asr" for event in of(workers, "evicted"))
    assert leaves_nothing(workers, [10000, 10000])
    assert "its worker 'asr' is idle (process" in out
    assert "environment modules" not in out
    for n in range(12):
        log = workers.read(f"asr/{n}.log")
        for line in (f"printed {n}", f"logged {n}", f"from a child {n}", f"from C {n}"):
            assert log.count(line) == 1
        assert log.count("printed") == 1


def test_each_kind_has_its_own_workers(host: Host, workers: Runs) -> None:
    host.add_gpus(24000)
    wanted = want(*many("asr", 3), *many("separate", 3))
    workers.run(wanted + rule() + rule("separate"), "--cores", "1")
    asr = {result["pid"] for result in results(workers, "asr")}
    separate = {result["pid"] for result in results(workers, "separate")}
    assert not asr & separate
    assert len(loads(workers)) == len(asr | separate) == 2


def test_any_scheduler_reuses_workers(host: Host, workers: Runs) -> None:
    host.add_gpus(10000)
    workers.run(want(*many("asr", 4)) + rule(), "--scheduler", "greedy")
    assert len(loads(workers)) == 1


def test_a_job_goes_where_jobs_like_it_were_done(host: Host, workers: Runs) -> None:
    """The second rule of each n is done by the worker that did the first."""
    host.add_gpus(10000, 10000)
    first = rule(seconds=0.3)
    second = first.replace("rule asr", "rule again").replace("'asr/", "'again/")
    second = second.replace("    log", "    input: expand('asr/{m}', m=range(2))\n    log")
    workers.run(want("again/0", "again/1") + first + second)
    asr, again = (
        {result["number"]: result["pid"] for result in results(workers, kind)}
        for kind in ("asr", "again")
    )
    assert len(loads(workers)) == 2
    assert again == asr


SLOW = """
rule slow:
    output: "slow"
    input: "asr/0"
    shell: "sleep {}; touch {{output}}"
"""


def test_idle_workers_give_way_to_other_processes(host: Host, workers: Runs) -> None:
    host.add_gpus(10000)
    process = workers.start(want("slow") + rule() + SLOW.format(5))
    workers.wait_for((workers.folder / "asr/0").exists)
    workers.wait_for(lambda: bool(of(workers, "released")))
    assert workers.free_mb() == [2000]
    started = time.monotonic()
    command = [sys.executable, "-m", "gpulease", "run", "--mem-mb", "8000", "--", "true"]
    subprocess.run(command, env=workers.environment, check=True, timeout=30)
    assert time.monotonic() - started < 3.5
    assert process.poll() is None
    assert [event["reason"] for event in of(workers, "evicted")] == ["others wait for its memory"]
    assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("total", "arguments"), [(10000, []), (80000, ["--local-gpu-max-jobs", "1"])]
)
def test_idle_workers_give_way_to_other_rules(
    host: Host, workers: Runs, total: int, arguments: list[str]
) -> None:
    host.add_gpus(total)
    other = rule().replace("rule asr", "rule other").replace("'asr/", "'other/")
    other = other.replace(", gpu_worker='asr'", "")
    other = other.replace("    log", "    input: 'asr/0'\n    log")
    workers.run(want("other/0") + rule() + other, *arguments)
    assert len(set(loads(workers))) == 2
    assert [e["event"] for e in of(workers, "released", "evicted")] == [
        "released", "evicted", "released",
    ]  # fmt: skip


def test_idle_workers_end_after_a_time(host: Host, workers: Runs) -> None:
    host.add_gpus(10000)
    process = workers.start(
        want("slow") + rule() + SLOW.format(4), "--local-gpu-idle-worker-s", "1"
    )
    workers.wait_for(lambda: bool((workers.folder / "loads").exists() and of(workers, "evicted")))
    assert process.poll() is None
    assert leaves_nothing(workers, [10000])
    assert [event["reason"] for event in of(workers, "evicted")] == ["idle for 1 s"]
    assert process.wait(30) == 0


def test_nothing_is_left_of_a_killed_run(host: Host, workers: Runs) -> None:
    """One worker is idle and one at work when Snakemake is killed."""
    host.add_gpus(10000, 10000)
    busy = rule("busy", seconds=60)
    process = workers.start(want("asr/0", "busy/1", "slow") + rule() + busy + SLOW.format(6))
    workers.wait_for((workers.folder / "asr/0").exists)
    workers.wait_for(lambda: len(loads(workers)) == 2)
    process.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    workers.wait_for(lambda: leaves_nothing(workers, [10000, 10000]))
    assert time.monotonic() - killed < 40, "the busy job itself takes a minute"


def test_ctrl_c_ends_workers(host: Host, workers: Runs) -> None:
    host.add_gpus(10000)
    process = workers.start(want("slow") + rule() + SLOW.format(2))
    workers.wait_for(lambda: bool((workers.folder / "loads").exists() and of(workers, "released")))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert leaves_nothing(workers, [10000])


def test_a_worker_that_dies_is_replaced_and_its_job_tried_again(host: Host, workers: Runs) -> None:
    host.add_gpus(10000)
    out = workers.run(want(*many("asr", 3)) + rule(act="abort"), "--retries", "2")
    assert len(results(workers)) == 3
    assert "The worker 'asr'" in out
    assert "died by SIGABRT in job" in out
    assert len(of(workers, "granted")) == 4


def test_full_memory_ends_the_worker_and_the_retry_has_more(host: Host, workers: Runs) -> None:
    host.add_gpus(10000)
    host.set_foreign(gpu_uuid(0), 1)
    out = workers.fail(want("asr/0") + rule(mem_mb=4000, mb=10000), "--retries", "2")
    assert [event["mem_mb"] for event in of(workers, "granted")] == [4000, 6000, 8000]
    assert len({event["worker_pid"] for event in of(workers, "evicted")}) == 3
    assert "memory was full in job" in out
    assert "RuntimeError: CUDA failed with error out of memory" in workers.read("asr/0.log")


@pytest.mark.parametrize("idle_s", ["300", "0"], ids=["with workers", "without"])
def test_an_error_for_the_user_is_the_same_with_and_without_workers(
    host: Host, workers: Runs, idle_s: str
) -> None:
    host.add_gpus(10000)
    script = SCRIPT.replace("tests.gpu.driver.recogniser:transcribe", "vat.speech.asr:load_model")
    call = "{'folder': 'missing', 'device': 'cpu', 'compute_type': 'int8', 'threads': 1}"
    script = script.replace('{"number": int(snakemake.wildcards.n), **snakemake.params.call}', call)
    (workers.folder / "script.py").write_text(script)
    arguments = ["--retries", "2", "--local-gpu-idle-worker-s", idle_s]
    out = workers.fail(want("asr/0") + rule(), *arguments)
    lines = workers.read("asr/0.log").splitlines()
    assert "ERROR vat: The speech model in 'missing' cannot be loaded as int8 on cpu" in lines[-1]
    assert "Traceback" not in "".join(lines)
    assert "did not fail for lack of GPU memory" in out
    assert len(of(workers, "evicted")) == (idle_s != "0")


def test_a_worker_whose_job_was_killed_ends(host: Host, workers: Runs) -> None:
    host.add_gpus(10000)
    process = workers.start(want("asr/0") + rule(seconds=60), "--retries", "2")
    workers.wait_for((workers.folder / "loads").exists)
    os.kill(int(workers.read("asr/0.log.pid")), signal.SIGKILL)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert leaves_nothing(workers, [10000])
    assert len(of(workers, "granted")) == 1
    assert "died by" not in out


def without(key: str) -> Callable[[dict[str, Any]], list[Any]]:
    return lambda result: sorted((k, repr(v)) for k, v in result.items() if k != key)


def test_the_cpu_has_workers_too_and_the_results_are_those_of_any_executor(workers: Runs) -> None:
    snakefile = want(*many("asr", 6)) + rule(seconds=0.1)
    out = workers.run(snakefile, "--cores", "2")
    assert out.count("run on the CPU") == 1
    assert len(loads(workers)) <= 2
    assert not (workers.folder / "logs/gpu/placements.jsonl").exists()
    assert all(map(is_gone, loads(workers)))
    there = sorted(map(without("pid"), results(workers)))
    plain = ["--executor", "local", "--scheduler", "greedy", "--forceall"]
    workers.run(snakefile, *plain, CUDA_VISIBLE_DEVICES="")
    assert sorted(map(without("pid"), results(workers))) == there
    assert len(loads(workers)) >= 7


def test_a_kind_can_be_taken_from_a_rule(host: Host, workers: Runs) -> None:
    host.add_gpus(10000)
    workers.run(
        want(*many("asr", 2)) + rule(), "--set-resources", "asr:gpu_worker=none", "--cores", "1"
    )
    assert len(loads(workers)) == 2
    assert not of(workers, "evicted")


def test_where_use_is_hidden_workers_do_not_wait_for_each_other(host: Host, workers: Runs) -> None:
    """The memory of a warm worker, which is taken, is not kept free a second time."""
    host.add_gpus(16000)
    host.add("processes hidden")
    snakefile = want(*many("asr", 6)) + rule(seconds=0.3)
    workers.run(snakefile, "--cores", "2", "--local-gpu-confirm-s", "5")
    assert len(loads(workers)) == 2


@pytest.mark.parametrize(
    "wish",
    [
        ("--mem-mb", "8000"),
        ("--mem-mb", "8000", "--gpus", "2"),
        ("--mem-mb", "100", "--max-jobs-per-gpu", "1"),
        ("--mem-mb", "100", "--compute-jobs", "1"),
    ],
)
def test_workers_do_not_starve_other_commands(
    wish: tuple[str, ...], host: Host, workers: Runs
) -> None:
    """A worker on each GPU, and a command that wants what only both of them, or none, leave it."""
    host.add_gpus(10000, 10000)
    run = workers.start(want(*many("asr", 30)) + rule(seconds=0.3), "--cores", "2")
    workers.wait_for((workers.folder / "asr/3").exists)
    before = len(list((workers.folder / "asr").glob("*.log")))
    other = [*GPULEASE, "run", *wish, "--", "true"]
    subprocess.run(other, env=workers.environment, check=True, timeout=60)
    first = len(list((workers.folder / "asr").glob("*.log"))) - before
    out, _ = run.communicate(timeout=100)
    assert run.returncode == 0, out
    # Four for each model, one that was about to be started on each.
    assert first <= 12
