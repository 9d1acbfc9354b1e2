"""Jobs that fail on a GPU: which are tried again, with how much memory, and which are not."""

import sys

import pytest

from tests.gpu.driver.runs import Runs, gpu_rule
from tests.gpu.driver.simulated import Host, gpu_uuid

JOB = f"{sys.executable} -m tests.gpu.driver.simulated"


def test_full_gpu_memory_is_retried_with_more_up_to_three_times(host: Host, runs: Runs) -> None:
    host.add_gpus(10000)
    out = runs.fail(gpu_rule(mem_mb=4000, command=f"{JOB} 11000 0 2>>{{log}}"), "--retries", "2")
    granted = [event["mem_mb"] for event in runs.events() if event["event"] == "granted"]
    assert granted == [4000, 6000, 8000]
    assert "memory was full in job 0 (work)" in out


def test_more_memory_than_there_is_becomes_all_there_is(host: Host, runs: Runs) -> None:
    host.add_gpus(10000, reserved_mb=500)
    runs.fail(gpu_rule(mem_mb=8000, command=f"{JOB} 11000 0 2>{{log}}"), "--retries", "1")
    granted = [event["mem_mb"] for event in runs.events() if event["event"] == "granted"]
    assert granted == [8000, 9500]


def test_a_retry_succeeds_where_the_memory_suffices(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    host.set_foreign(gpu_uuid(0), 12000)
    first = f"if mkdir once; then {JOB} 13000 0; fi 2>{{log}}"
    runs.run(gpu_rule(mem_mb=4000, command=f"{first}; touch {{output}}"), "--retries", "2")
    granted = [event["mem_mb"] for event in runs.events() if event["event"] == "granted"]
    assert granted == [4000, 6000]


@pytest.mark.parametrize("message", ["RuntimeError: no such file", "Out of memory: Killed"])
def test_other_failures_of_gpu_jobs_are_not_retried(host: Host, runs: Runs, message: str) -> None:
    host.add_gpus(24000)
    out = runs.fail(gpu_rule(command=f"echo {message!r} >{{log}}; exit 1"), "--retries", "2")
    assert len([event for event in runs.events() if event["event"] == "granted"]) == 1
    assert "did not fail for lack of GPU memory" in out


def test_an_old_log_does_not_make_a_failure_one_of_memory(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    (runs.folder / "work.log").write_text("CUDA out of memory\n")
    runs.fail(gpu_rule(command="echo other >>{log}; exit 1"), "--retries", "2")
    assert len([event for event in runs.events() if event["event"] == "granted"]) == 1


def test_jobs_without_gpu_are_retried_as_the_profile_says(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    snakefile = 'rule work:\n    output: "work"\n    shell: "echo >>tries; exit 1"\n'
    runs.fail(snakefile, "--retries", "2")
    assert (runs.folder / "tries").read_text().count("\n") == 3


def test_a_job_whose_input_has_vanished_fails_alone(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    snakefile = """
rule all:
    input: "cpu", "gpu", "kept"
rule make:
    output: "input"
    shell: "touch {output}"
rule vanish:
    input: "input"
    output: "vanished"
    shell: "rm {input}; touch {output}"
rule cpu:
    input: "input", "vanished"
    output: "cpu"
    shell: "touch {output}"
rule gpu:
    input: "input", "vanished"
    output: "gpu"
    priority: 1
    resources: gpu=1, gpu_mem_mb=20000
    shell: "touch {output}"
rule keep:
    input: "vanished"
    output: "kept"
    resources: gpu=1, gpu_mem_mb=20000
    shell: "echo done >{output}"
"""
    output = runs.fail(snakefile, "--latency-wait", "0")
    assert runs.read("kept") == "done"
    for rule in ("cpu", "gpu"):
        assert f"Error in rule {rule}:" in output
    assert "input (missing locally" in output


def test_what_can_never_fit_fails_at_once_with_the_numbers(host: Host, runs: Runs) -> None:
    host.add_gpus(24000, 24000)
    out = runs.fail(gpu_rule(mem_mb=30000), "--retries", "2")
    assert "work: 30000 MB cannot be had: GPU 0 has 24000 MB, GPU 1 has 24000 MB." in out
    assert "Traceback" not in out
    assert not (runs.folder / "work").exists()


def test_more_memory_is_asked_of_gpus_that_are_allowed(host: Host, runs: Runs) -> None:
    host.add_gpus(10000, 80000)
    command = f"{JOB} 11000 0 2>{{log}}"
    runs.fail(gpu_rule(command=command), "--retries", "2", "--local-gpu-exclude", "1")
    granted = [event["mem_mb"] for event in runs.events() if event["event"] == "granted"]
    assert granted == [8000, 10000, 10000]


def test_what_a_command_is_called_does_not_make_its_failure_one_of_memory(
    host: Host, runs: Runs
) -> None:
    host.add_gpus(24000)
    runs.fail(gpu_rule(command=": CUDA out of memory; exit 1"), "--retries", "2")
    assert len([event for event in runs.events() if event["event"] == "granted"]) == 1
