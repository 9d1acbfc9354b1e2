"""GPUs on which not everybody can compute, that are not well, or whose memory is the system's."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from gpulease.processes import knows_driver_pids
from tests.gpu.driver.commands import GPULEASE, Commands
from tests.gpu.driver.runs import Runs, gpu_rule
from tests.gpu.driver.simulated import Host, gpu_uuid

STATES = """
import json, logging; logging.basicConfig(format="%(message)s", stream=__import__("sys").stdout)
from gpulease.executors import Pool
print(json.dumps([s.gpu.uuid for s in Pool().states()]))
"""
PROHIBITED, ONE_PROCESS = 2, 3
RESET, RESTART = 1, 2


def test_a_prohibited_gpu_is_left_out_and_named(host: Host, python: Callable[..., str]) -> None:
    host.add_gpus(24000, 24000)
    host.add(f"compute {gpu_uuid(0)} {PROHIBITED}")
    warning, states = python(STATES).splitlines()
    assert "GPU 0" in warning
    assert "PROHIBITED" in warning
    assert json.loads(states) == [gpu_uuid(1)]
    # The numbers of the others stay what CUDA counts.
    both = {"CUDA_VISIBLE_DEVICES": "0,1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    assert json.loads(python(STATES, **both).splitlines()[-1]) == [gpu_uuid(1)]


def test_where_all_are_prohibited_the_error_says_so(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    host.add(f"compute {gpu_uuid(0)} {PROHIBITED}")
    job = commands.run(1, "true")
    assert "nvidia-smi -c DEFAULT" in job.communicate(timeout=60)[1]
    assert job.returncode == 1


def test_a_gpu_for_one_process_has_one_job(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    host.add(f"compute {gpu_uuid(0)} {ONE_PROCESS}")
    first = commands.run(4000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [20000])
    second = commands.run(4000, "echo", "second")
    commands.wait_until(lambda: len(commands.status()["waiting"]) == 1)
    first.kill()
    out, err = second.communicate(timeout=60)
    assert out == "second\n"
    assert "its compute mode lets one process compute" in err


def test_a_gpu_for_one_process_that_a_stranger_has_is_taken(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    host.add(f"compute {gpu_uuid(0)} {ONE_PROCESS}")
    stranger = commands.start("sleep", "60")
    assert host.allocate(gpu_uuid(0), 500, stranger.pid)
    job = commands.run(4000, "true", options=("--timeout", "1"))
    assert "a process without a lease has it" in job.communicate(timeout=60)[1]


def test_a_gpu_for_one_process_that_serves_many_by_mps_is_shared(
    host: Host, commands: Commands, tmp_path: Path
) -> None:
    """So NVIDIA recommends it: the server is the one process, and all others are its clients."""
    if not knows_driver_pids():
        pytest.skip("the driver's process ids mean nothing in a container")
    host.add_gpus(24000)
    host.add(f"compute {gpu_uuid(0)} {ONE_PROCESS}")
    program = str(tmp_path / "nvidia-cuda-mps-server")
    shutil.copy(shutil.which("sleep") or "", program)
    assert host.allocate(gpu_uuid(0), 30, commands.start(program, "60").pid)
    commands.run(4000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [19970])
    second = commands.run(4000, "echo", "second", options=("--timeout", "5"))
    assert second.communicate(timeout=60)[0] == "second\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"recovery {{}} {RESET}", "the driver wants it reset"),
        (f"recovery {{}} {RESTART}", "the driver wants the host restarted"),
        ("rows {} 0 1", "could not be replaced"),
    ],
)
def test_nothing_is_placed_on_a_sick_gpu(
    line: str, words: str, host: Host, commands: Commands
) -> None:
    host.add_gpus(24000, 24000)
    host.set_foreign(gpu_uuid(1), 9000)
    host.add(line.format(gpu_uuid(0)))
    job = commands.run(4000, "sh", "-c", "echo $CUDA_VISIBLE_DEVICES")
    out, err = job.communicate(timeout=60)
    assert out.strip() == gpu_uuid(1)
    assert f"GPU 0: {words}" in err or words in err
    assert words in commands.status()["gpus"][0]["trouble"]


@pytest.mark.parametrize(
    ("line", "words"),
    [("ecc {} 12", "12 uncorrectable errors"), ("rows {} 1 0", "replaced at the next reset")],
)
def test_errors_that_a_gpu_works_with_are_named(
    line: str, words: str, host: Host, python: Callable[..., str]
) -> None:
    host.add_gpus(24000)
    host.add(line.format(gpu_uuid(0)))
    warning, states = python(STATES).splitlines()
    assert words in warning
    assert json.loads(states) == [gpu_uuid(0)]


@pytest.mark.parametrize(
    ("code", "words"), [(15, "fallen off the bus"), (16, "nvidia-smi -r"), (999, "does not answer")]
)
def test_a_host_whose_only_gpu_is_gone_says_so(
    code: int, words: str, host: Host, commands: Commands
) -> None:
    host.add_gpus(24000)
    host.add(f"lost {gpu_uuid(0)} {code}")
    job = commands.run(1, "true", options=("--timeout", "1"))
    assert words in job.communicate(timeout=60)[1]
    assert job.returncode == 1


def test_unified_memory_is_the_systems(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    host.add(f"unified {gpu_uuid(0)}")
    (gpu,) = commands.status()["gpus"]
    assert gpu["total_mb"] == psutil.virtual_memory().total // 1024**2
    assert 0 < gpu["free_mb"] < gpu["total_mb"]
    assert gpu["unified"]
    job = commands.run(100, "sh", "-c", "echo $CUDA_VISIBLE_DEVICES")
    assert job.communicate(timeout=60)[0].strip() == gpu_uuid(0)


def test_a_gpu_without_any_memory_is_named(host: Host, commands: Commands) -> None:
    host.add_gpus(0, 24000)
    process = commands.start(*GPULEASE, "status", "--json")
    out, err = process.communicate(timeout=60)
    assert [gpu["uuid"] for gpu in json.loads(out)["gpus"]] == [gpu_uuid(1)]
    assert "GPU 0 tells no memory at all" in err


def test_a_run_waits_while_the_instances_of_its_gpu_are_made_anew(host: Host, runs: Runs) -> None:
    """To go on without a GPU would take hours on the CPU."""
    host.add_gpus(24000)
    host.add(f"mig mode {gpu_uuid(0)}")
    run = runs.start(gpu_rule())
    time.sleep(5)
    assert run.poll() is None
    host.forget("mig mode")
    host.add(f"mig {gpu_uuid(0)} MIG-aa 20000 1 0 Simulated MIG 2g.20gb")
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 0, out
    assert "is in MIG mode and has no instance" in out
    assert runs.read("work") == "=MIG-aa"


def test_an_instance_that_is_removed_while_it_is_read_hides_no_other(
    host: Host, python: Callable[..., str]
) -> None:
    host.add_gpus(80000)
    for name in ("aa", "bb", "cc"):
        host.add(f"mig {gpu_uuid(0)} MIG-{name} 20000 7 0 MIG 2g")
    host.add("vanished MIG-bb")
    assert json.loads(python(STATES)) == ["MIG-aa", "MIG-cc"]


def test_a_sick_gpu_has_sick_instances(host: Host, commands: Commands) -> None:
    host.add_gpus(80000)
    host.add(f"mig {gpu_uuid(0)} MIG-aa 20000 7 0 MIG 2g", f"recovery {gpu_uuid(0)} {RESET}")
    assert "reset" in commands.status()["gpus"][0]["trouble"]


def test_a_leased_instance_that_is_removed_is_named_before_a_model_is_loaded(
    host: Host, commands: Commands
) -> None:
    host.add_gpus(80000)
    mig = f"mig {gpu_uuid(0)} MIG-aa 20000 7 0 MIG 2g"
    host.add(mig)
    code = "import gpulease; print(1, flush=True); input(); gpulease.confirm(timeout_s=1)"
    job = commands.run(8000, sys.executable, "-c", code)
    assert job.stdout is not None
    job.stdout.readline()
    host.forget(mig)
    _, err = job.communicate("\n", timeout=60)
    assert "MIG-aa is not there any more" in err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("00", "is no number of a GPU"),
        ("7", "is no number of a GPU"),
        ("-1", "is neither a number nor a UUID"),
        ("١", "is neither a number nor a UUID"),
        ("cuda:0", "is neither a number nor a UUID"),
        ("0-1", "is neither a number nor a UUID"),
        ("GPU", "is neither a number nor a UUID"),
        ("all", "is neither a number nor a UUID"),
        ("GPU-", "fits 2 GPUs"),
        ("GPU-ffff", "is no UUID of a GPU"),
        (f"0,{gpu_uuid(0)}x", "is no UUID of a GPU"),
    ],
)
def test_a_mistyped_exclusion_is_an_error_that_says_what_is_right(
    name: str, words: str, host: Host, commands: Commands
) -> None:
    host.add_gpus(24000, 24000)
    job = commands.run(1, "true", options=(f"--exclude={name}",))
    _, err = job.communicate(timeout=60)
    assert job.returncode == 1
    assert words in err
    assert f"1 ({gpu_uuid(1)})" in err


def test_a_run_with_an_exclusion_waits_for_a_driver_that_is_away(host: Host, runs: Runs) -> None:
    host.add_gpus(24000, 24000)
    host.add("driver fail")
    run = runs.start(gpu_rule(), "--local-gpu-exclude", "0")
    time.sleep(5)
    assert run.poll() is None
    host.forget("driver fail")
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 0, out
    assert runs.read("work") == f"={gpu_uuid(1)}"


def test_a_command_with_an_exclusion_waits_for_a_driver_that_is_away(
    host: Host, commands: Commands
) -> None:
    host.add_gpus(24000, 24000)
    host.add("driver fail")
    code = (
        "import gpulease, os\n"
        "from gpulease.executors import Pool, Request\n"
        "print(Pool().acquire(Request(1, exclude=('0',))).gpus[0].index)"
    )
    job = commands.start(sys.executable, "-c", code)
    time.sleep(2)
    assert job.poll() is None
    host.forget("driver fail")
    assert job.communicate(timeout=60)[0] == "1\n"


def test_a_list_of_exclusions_may_be_one_text(host: Host, commands: Commands) -> None:
    host.add_gpus(*[24000] * 11)
    code = (
        "import gpulease, sys\n"
        "with gpulease.lease(1, exclude=sys.argv[1]) as lease: print(lease.gpus[0].index)"
    )
    for exclude, left in (("10", "0"), ("0,1", "2"), (" 0 , 1,", "2")):
        job = commands.start(sys.executable, "-c", code, exclude)
        assert job.communicate(timeout=60)[0].strip() == left


@pytest.mark.parametrize("name", ["0", gpu_uuid(0), gpu_uuid(0)[:12].upper()])
def test_a_right_exclusion_is_obeyed(name: str, host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 24000)
    shown = ("sh", "-c", "echo $CUDA_VISIBLE_DEVICES")
    job = commands.run(1, *shown, options=(f"--exclude={name}",))
    assert job.communicate(timeout=60)[0].strip() == gpu_uuid(1)


def test_a_gpu_that_does_not_answer_can_be_excluded(host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 24000)
    host.add(f"lost {gpu_uuid(0)}")
    for name in ("0", gpu_uuid(0)):
        job = commands.run(1, "true", options=("--exclude", name))
        assert job.wait(60) == 0


def test_a_split_gpu_is_excluded_with_all_its_instances(host: Host, commands: Commands) -> None:
    host.add_gpus(80000)
    for name in ("aa", "bb"):
        host.add(f"mig {gpu_uuid(0)} MIG-{name} 20000 7 0 MIG 2g")
    job = commands.run(1, "true", options=("--exclude", gpu_uuid(0)))
    assert "all are excluded" in job.communicate(timeout=60)[1]


def test_a_run_with_a_mistyped_exclusion_ends_before_any_job(host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    out = runs.fail("rule all:\n  shell: 'true'", "--local-gpu-exclude", "cuda:0")
    assert "local-gpu-exclude: 'cuda:0' in the list" in out
    assert "Traceback" not in out


def test_a_program_asks_for_the_best_of_gpus_that_exist(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    code = "import gpulease; gpulease.select_best_gpu(exclude_gpus=[3])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=commands.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "UnknownGpuError" in done.stderr
