"""The executor and scheduler plugins in real Snakemake runs on a simulated host."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.gpu.driver.runs import SHOW, Runs, gpu_rule
from tests.gpu.driver.simulated import Host, gpu_uuid


def test_every_job_sees_its_own_gpu_and_others_see_none(host: Host, runs: Runs) -> None:
    host.add_gpus(24000, 24000)
    snakefile = f"""
rule all:
    input: "gpu0", "gpu1", "cpu", "script", "run", "plain_run"
rule gpu:
    output: "gpu{{n}}"
    resources: gpu=1, gpu_mem_mb=15000
    shell: "echo $CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER >{{output}}; sleep 0.5"
rule cpu:
    output: "cpu"
    shell: "{SHOW}"
rule script:
    output: "script"
    resources: gpu=1, gpu_mem_mb=100
    script: "script.py"
rule run:
    output: "run"
    resources: gpu=1, gpu_mem_mb=100
    run:
        import os
        open(output[0], "w").write(os.environ["CUDA_VISIBLE_DEVICES"])
rule plain_run:
    output: "plain_run"
    run:
        import os
        open(output[0], "w").write("=" + os.environ["CUDA_VISIBLE_DEVICES"])
"""
    (runs.folder / "script.py").write_text(
        "import os\nopen(snakemake.output[0], 'w').write(os.environ['CUDA_VISIBLE_DEVICES'])\n"
    )
    runs.run(snakefile)
    assert {runs.read("gpu0"), runs.read("gpu1")} == {
        f"{gpu_uuid(0)} PCI_BUS_ID",
        f"{gpu_uuid(1)} PCI_BUS_ID",
    }
    assert runs.read("cpu") == "="
    assert runs.read("plain_run") == "="
    assert runs.read("script") in {gpu_uuid(0), gpu_uuid(1)}
    assert runs.read("run") in {gpu_uuid(0), gpu_uuid(1)}
    assert runs.free_mb() == [24000, 24000]


def test_the_choice_and_its_reason_are_logged(host: Host, runs: Runs) -> None:
    host.add_gpus(24000, 24000, 6000)
    host.set_foreign(gpu_uuid(0), 5000)
    out = runs.run(gpu_rule())
    assert (
        f"work (job 0) on GPU 1 Simulated 24 ({gpu_uuid(1)}) with 24000 of 24000 MB free, needs"
        " 8000 MB: least loaded (0%) of 2 with room; GPU 2: only 6000 MB in all; GPU 0: more"
        " loaded (21%)"
    ) in out
    assert "Activating environment modules" not in out
    granted, released = runs.events()
    assert granted["event"] == "granted"
    assert granted["gpu"] == gpu_uuid(1)
    assert (granted["rule"], granted["wildcards"], granted["jobid"]) == ("work", {}, 0)
    assert (granted["index"], granted["mem_mb"], granted["free_mb"]) == (1, 8000, 24000)
    assert granted["reason"] == "least loaded (0%) of 2 with room"
    assert (released["event"], released["reason"]) == ("released", "finished")
    assert granted["time"] <= released["time"]


def test_an_outer_choice_is_obeyed(host: Host, runs: Runs) -> None:
    host.add_gpus(24000, 80000)
    snakefile = "rule all:\n    input: 'a', 'b'\n" + gpu_rule("a") + gpu_rule("b")
    runs.run(snakefile, CUDA_VISIBLE_DEVICES=gpu_uuid(0)[:8])
    assert runs.read("a") == runs.read("b") == f"={gpu_uuid(0)}"


def test_settings_of_the_profile(host: Host, runs: Runs) -> None:
    host.add_gpus(24000, 24000)
    wanted = "rule all:\n    input: 'a', 'b'\n"
    slow = "date +%s.%N >{output}; sleep 1; date +%s.%N >>{output}"
    snakefile = wanted + gpu_rule("a", command=slow) + gpu_rule("b", command=slow)
    runs.run(snakefile, "--local-gpu-exclude", "0", "--local-gpu-max-jobs", "1")
    assert {event["gpu"] for event in runs.events() if event["gpu"]} == {gpu_uuid(1)}
    first, second = sorted([runs.read("a").split(), runs.read("b").split()])
    assert float(first[1]) <= float(second[0])


def test_two_gpus_are_distinct(host: Host, runs: Runs) -> None:
    host.add_gpus(24000, 24000, 24000)
    host.set_foreign(gpu_uuid(1), 1000)
    runs.run(gpu_rule(more=", gpu=2").replace("gpu=1, ", ""))
    assert runs.read("work") == f"={gpu_uuid(0)},{gpu_uuid(2)}"


def test_without_a_gpu_jobs_run_on_the_cpu_with_one_warning(runs: Runs) -> None:
    snakefile = "rule all:\n    input: 'a', 'b'\n" + gpu_rule("a") + gpu_rule("b")
    out = runs.run(snakefile)
    assert out.count("run on the CPU") == 1
    assert runs.read("a") == "="


@pytest.mark.parametrize("visible", [{}, {"CUDA_VISIBLE_DEVICES": ""}])
def test_without_a_gpu_jobs_fail_if_told_so(
    host: Host, runs: Runs, visible: dict[str, str]
) -> None:
    if visible:
        host.add_gpus(24000)
    out = runs.fail(gpu_rule(), "--local-gpu-without-gpu", "error", **visible)
    assert "allows none of the 1 GPUs" in out if visible else "no NVIDIA driver" in out


def test_a_driver_that_fails_is_told(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    host.add("driver fail")
    out = runs.fail(gpu_rule(), "--local-gpu-confirm-s", "1")
    assert "The NVIDIA driver does not answer" in out
    assert "Waiting for up to 1 s." in out
    assert "It was waited for" in out


def test_jobs_that_wait_hold_no_cores_and_start_when_others_give_back(
    host: Host, runs: Runs
) -> None:
    """Nothing of this run is running when the foreign memory goes away."""
    host.add_gpus(24000)
    host.set_foreign(gpu_uuid(0), 20000)
    snakefile = (
        "rule all:\n    input: 'work', 'cpu'\n"
        + gpu_rule(more=", mem_mb=1").replace("    shell", "    threads: 8\n    shell")
        + "rule cpu:\n    output: 'cpu'\n    threads: 8\n    shell: 'touch {output}'\n"
    )
    process = runs.start(snakefile)
    runs.wait_for((runs.folder / "cpu").exists)
    time.sleep(1)
    assert process.poll() is None
    assert not (runs.folder / "work").exists()
    host.set_foreign(gpu_uuid(0), 0)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert "work (job 1) waits for a GPU with 8000 MB; GPU 0: only 4000 MB free" in out
    assert [event["event"] for event in runs.events()] == ["waiting", "granted", "released"]


def test_any_other_scheduler_waits_in_the_executor(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    host.set_foreign(gpu_uuid(0), 20000)
    process = runs.start(gpu_rule(), "--scheduler", "greedy")
    runs.wait_for((runs.folder / "logs/gpu/placements.jsonl").exists)
    host.set_foreign(gpu_uuid(0), 0)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert runs.read("work") == f"={gpu_uuid(0)}"


def test_ctrl_c_while_waiting_ends_the_run_and_leaves_nothing(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    host.set_foreign(gpu_uuid(0), 20000)
    ledger = Path(runs.environment["GPULEASE_DIR"])
    for scheduler in ("greedy", "local-gpu"):
        process = runs.start(gpu_rule(), "--scheduler", scheduler)
        runs.wait_for(lambda: ledger.exists() and any(ledger.glob("*.ticket")))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode != 0
        assert not list(ledger.glob("*.ticket"))


def test_a_job_outlives_a_killed_snakemake_with_its_lease(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    process = runs.start(gpu_rule(command="echo $$ >pid; sleep 4; touch done"))
    runs.wait_for((runs.folder / "pid").exists)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    assert runs.free_mb() == [16000]
    runs.wait_for((runs.folder / "done").exists)
    runs.wait_for(lambda: runs.free_mb() == [24000])


def test_what_a_job_leaves_behind_keeps_its_lease(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    hold = runs.folder / "hold"
    hold.touch()
    left = f"timeout 60 sh -c 'while [ -e {hold} ]; do sleep 0.2; done' </dev/null >/dev/null 2>&1"
    out = runs.run(gpu_rule(command=f"({left} &) ; touch {{output}}"))
    assert "processes that it left behind keep the memory" in out
    assert runs.free_mb() == [16000]
    hold.unlink()
    runs.wait_for(lambda: runs.free_mb() == [24000])


def test_large_jobs_are_not_starved(host: Host, runs: Runs) -> None:
    """A stream of small jobs of another workflow does not keep the large one from starting."""
    host.add_gpus(24000)
    small = [sys.executable, "-m", "gpulease", "run", "--mem-mb", "8000", "--", "sleep", "1"]
    going = runs.folder / "going"
    going.touch()
    stream = f"while [ -e {going} ]; do {' '.join(small)} & sleep 0.4; done; wait"
    others = subprocess.Popen(["timeout", "90", "sh", "-c", stream], env=runs.environment)  # noqa: S607
    runs.wait_for(lambda: runs.free_mb() != [24000])
    runs.run(gpu_rule(mem_mb=20000))
    assert others.poll() is None
    going.unlink()
    assert others.wait(60) == 0


def test_a_gpu_that_no_job_could_use_now_is_not_kept(host: Host, runs: Runs) -> None:
    """All cores are taken while the large job waits, and the memory becomes free."""
    host.add_gpus(24000)
    host.set_foreign(gpu_uuid(0), 23000)
    cpu = "rule {0}:\n    output: '{0}'\n    threads: 8\n    shell: 'sleep {1}; touch {{output}}'\n"
    snakefile = (
        "rule all:\n    input: 'work', 'soon', 'late'\n"
        + cpu.format("soon", 1)
        + cpu.format("late", 20).replace("threads", "input: 'soon'\n    threads")
        + gpu_rule(mem_mb=20000)
    )
    process = runs.start(snakefile)
    runs.wait_for((runs.folder / "soon").exists)
    host.set_foreign(gpu_uuid(0), 0)
    started = time.monotonic()
    command = [sys.executable, "-m", "gpulease", "run", "--mem-mb", "8000", "--", "true"]
    subprocess.run(command, env=runs.environment, check=True)
    assert time.monotonic() - started < 12
    assert not (runs.folder / "late").exists()
    process.terminate()


def test_scripts_run_in_snakemakes_own_python(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    snakefile = """
rule script:
    output: "script"
    resources: gpu=1, gpu_mem_mb=100
    script: "script.py"
"""
    (runs.folder / "script.py").write_text(
        "import sys\nopen(snakemake.output[0], 'w').write(sys.executable)\n"
    )
    fake = runs.folder / "bin" / "python"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    runs.run(snakefile, PATH=f"{fake.parent}:{os.environ['PATH']}")
    assert runs.read("script") == sys.executable


def test_a_rule_may_choose_its_shell(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    runs.run(gpu_rule(more=", shell_exec='sh'"))
    assert runs.read("work") == f"={gpu_uuid(0)}"


def test_memory_that_is_no_number_is_named(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    out = runs.fail(gpu_rule().replace("gpu_mem_mb=8000", "gpu_mem_mb='plenty'"))
    assert "Rule work: the resource gpu_mem_mb is 'plenty'; give a whole number of MB" in out
    assert "Traceback" not in out


def test_a_group_of_jobs_connected_by_pipes_runs(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    snakefile = """
rule take:
    input: "fifo"
    output: "work"
    shell: "cat {input} >{output}"
rule give:
    output: pipe("fifo")
    resources: gpu=1, gpu_mem_mb=8000
    shell: "echo $CUDA_VISIBLE_DEVICES >{output}"
"""
    runs.run(snakefile)
    assert runs.read("work") == gpu_uuid(0)


def test_a_journal_that_cannot_be_written_stops_no_job(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    (runs.folder / "logs").touch()
    assert "placements.jsonl cannot be written" in runs.run(gpu_rule())
    assert runs.free_mb() == [24000]


def test_a_ledger_that_cannot_be_written_fails_the_job_by_name(
    host: Host, runs: Runs, tmp_path: Path
) -> None:
    host.add_gpus(24000)
    (tmp_path / "file").touch()
    for scheduler in ("local-gpu", "greedy"):
        out = runs.fail(gpu_rule(), "--scheduler", scheduler, GPULEASE_DIR=str(tmp_path / "file"))
        assert "set GPULEASE_DIR to another" in out
        assert "Traceback" not in out


def test_plugins_cost_nothing_where_they_are_not_used() -> None:
    """Snakemake imports every plugin at every start."""
    code = (
        "import sys, snakemake_executor_plugin_local_gpu, snakemake_scheduler_plugin_local_gpu;"
        "print([name for name in ('pynvml', 'psutil', 'gpulease',"
        "'snakemake.executors.local') if name in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert out.stdout.strip() == "[]"
