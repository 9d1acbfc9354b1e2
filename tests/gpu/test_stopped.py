"""Jobs, workers and whole runs that are stopped or killed: named, replaced, never run twice."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from gpulease.ledger import Ledger
from tests.gpu.driver.commands import GPULEASE
from tests.gpu.driver.runs import Runs
from tests.gpu.driver.simulated import Host

JOBS = """
rule all:
    input: expand("done/{n}", n=range(2))
rule work:
    output: "done/{n}"
    resources: gpu=1, gpu_mem_mb=20000
    shell: "sleep 0.5; touch {output}"
"""


CHUNK = """
import sys, gpulease
number, seconds = int(sys.argv[1]), float(sys.argv[2])
gpulease.call("tests.gpu.driver.recogniser:transcribe", number=number, seconds=seconds)
"""


CHUNKS = """
rule all:
    input: expand("asr/{{n}}", n=range({count}))
rule asr:
    output: "asr/{{n}}"
    resources: gpu=1, gpu_mem_mb=8000, gpu_worker="asr"
    shell: "{python} chunk.py {{wildcards.n}} {seconds} && touch {{output}}"
"""


def chunks(runs: Runs, count: int, seconds: float) -> str:
    (runs.folder / "chunk.py").write_text(CHUNK)
    return CHUNKS.format(count=count, seconds=seconds, python=sys.executable)


def programs(pid: int, argument: str) -> list[int]:
    """What a process started, directly or not, with this as its first argument."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):
            if process.cmdline()[1:2] == [argument]:
                found.append(process.pid)
    return found


def test_a_stopped_worker_is_named_and_replaced(host: Host, runs: Runs) -> None:
    host.add_gpus(10000)
    run = runs.start(chunks(runs, 3, 1.0), "--cores", "1")
    runs.wait_for((runs.folder / "loads").exists)
    worker = int(runs.read("loads").split()[0])
    os.kill(worker, signal.SIGSTOP)
    out, _ = run.communicate(timeout=100)
    assert run.returncode == 0, out
    assert f"(process {worker})" in out
    assert f"kill -CONT {worker}" in out
    assert not psutil.pid_exists(worker)


def test_a_stopped_worker_of_a_killed_run_is_ended_by_the_next(host: Host, runs: Runs) -> None:
    """It cannot see that its owner is dead, and would keep its memory for ever.

    Whichever run is the next: one of another test may come before this one's.
    """
    host.add_gpus(10000)
    snakefile = chunks(runs, 2, 1.0)
    run = runs.start(snakefile, "--cores", "1")
    runs.wait_for((runs.folder / "loads").exists)
    worker = int(runs.read("loads").split()[0])
    os.kill(worker, signal.SIGSTOP)
    run.kill()
    run.wait()
    runs.run(snakefile, "--cores", "1", "--rerun-incomplete")
    assert not psutil.pid_exists(worker)
    assert runs.free_mb() == [10000]


def test_a_job_that_is_stopped_is_named(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    run = runs.start(JOBS.replace("range(2)", "range(1)").replace("sleep 0.5", "sleep 3.25; true"))

    runs.wait_for(lambda: bool(programs(run.pid, "3.25")))
    (job,) = programs(run.pid, "3.25")
    os.kill(job, signal.SIGSTOP)
    time.sleep(7)
    os.kill(job, signal.SIGCONT)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 0, out
    assert out.count(f"kill -CONT {job} lets it go on") == 1


def test_idle_workers_of_a_stopped_run_give_way(host: Host, runs: Runs) -> None:
    """Ctrl-Z of a Snakemake keeps no GPU from others, and it goes on as if nothing had been."""
    host.add_gpus(10000)
    run = runs.start(chunks(runs, 3, 1.0), "--cores", "1")
    runs.wait_for((runs.folder / "asr/0").exists)
    # Not while it holds the ledger, which would be another trouble.
    with Ledger(Path(runs.environment["GPULEASE_DIR"])).locked():
        os.kill(run.pid, signal.SIGSTOP)
    other = [*GPULEASE, "run", "--mem-mb", "8000", "--", "true"]
    subprocess.run(other, env=runs.environment, check=True, timeout=60)
    os.kill(run.pid, signal.SIGCONT)
    out, _ = run.communicate(timeout=100)
    assert run.returncode == 0, out
    assert f"Process {run.pid}, which started this worker" in out
    assert len(runs.read("loads").split()) == 2
    assert runs.free_mb() == [10000]


def test_a_job_is_not_started_beside_its_earlier_process(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    job = JOBS.replace("range(2)", "range(1)").replace(
        "sleep 0.5", "echo start >> events; sleep 5; echo end >> events"
    )
    first = runs.start(job)
    runs.wait_for((runs.folder / "events").exists)
    first.kill()
    first.wait()
    out = runs.run(job, "--rerun-incomplete")
    assert runs.read("events").split() == ["start", "end", "start", "end"]
    assert f"process {first.pid} started this job before" in out


def test_nor_beside_what_is_left_of_it(host: Host, runs: Runs) -> None:
    """Killed with its shell: the program that did the work goes on, and holds the lease."""
    host.add_gpus(24000)
    work = "import time; print('start', flush=True); time.sleep(6); print('end')"
    (runs.folder / "work.py").write_text(work)
    job = JOBS.replace("range(2)", "range(1)").replace(
        "sleep 0.5", f"{sys.executable} work.py >> events"
    )
    first = runs.start(job)
    runs.wait_for(lambda: (runs.folder / "events").exists() and runs.read("events") == "start")
    worker = psutil.Process(programs(first.pid, "work.py")[0])
    shells = worker.parents()[: [p.pid for p in worker.parents()].index(first.pid)]
    for process in (psutil.Process(first.pid), *shells):
        process.kill()
    first.wait()
    out = runs.run(job, "--rerun-incomplete")
    assert runs.read("events").split() == ["start", "end", "start", "end"]
    assert f"its process {worker.pid} still runs; end it if it should not" in out


def test_a_job_that_ended_and_left_something_behind_is_started_again(
    host: Host, runs: Runs
) -> None:
    host.add_gpus(24000)
    job = (
        JOBS.replace("range(2)", "range(1)")
        .replace("sleep 0.5", "(sleep 50 >log 2>&1 &)")
        .replace("20000", "8000")
    )
    runs.run(job)
    out = runs.run(job, "--forceall")
    assert "started this job before" not in out
