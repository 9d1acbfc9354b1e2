"""Leases between processes: nothing promised twice, and void at once when their processes die."""

import signal
import sys
import time
from pathlib import Path

import pytest

from gpulease.folder import FOLDER_VARIABLE
from gpulease.ledger import Ledger
from tests.gpu.driver.commands import GPULEASE, Commands
from tests.gpu.driver.simulated import Host, gpu_uuid

JOB = str(Path(__file__).parent / "driver" / "simulated.py")


def test_a_command_sees_only_its_gpu(host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 80000)
    shown = "echo $CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER"
    out, err = commands.run(30000, "sh", "-c", shown).communicate(timeout=60)
    assert out.split() == [gpu_uuid(1), "PCI_BUS_ID"]
    assert f"sh on GPU 1 Simulated 80 ({gpu_uuid(1)}) with 80000 of 80000 MB free" in err
    assert "GPU 0: only 24000 MB in all" in err


def test_the_exit_status_is_that_of_the_command(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    failing = commands.run(1, "sh", "-c", "exit 7")
    missing = commands.run(1, "/no/such/program")
    assert (failing.wait(60), missing.wait(60)) == (7, 127)
    assert commands.free_mb() == [24000]


def test_two_gpus_are_distinct(host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 24000, 24000)
    host.set_foreign(gpu_uuid(1), 20000)
    process = commands.run(8000, "sh", "-c", "echo $CUDA_VISIBLE_DEVICES", options=("--gpus", "2"))
    out, _ = process.communicate(timeout=60)
    assert out.strip() == f"{gpu_uuid(0)},{gpu_uuid(2)}"


def test_memory_is_promised_before_it_is_used(host: Host, commands: Commands) -> None:
    """The models load half a second late; nobody counts on that memory in between."""
    host.add_gpus(24000, 24000)
    jobs = [commands.run(15000, "sh", "-c", f"sleep 0.5; exec {sys.executable} {JOB} 15000 0.2")
            for _ in range(6)]  # fmt: skip
    assert [job.communicate(timeout=120)[1].count("out of memory") for job in jobs] == [0] * 6
    assert commands.free_mb() == [24000, 24000]


def test_a_killed_job_gives_its_memory_back_at_once(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    job = commands.run(8000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    job.send_signal(signal.SIGKILL)
    job.wait(30)
    assert commands.free_mb() == [24000]
    assert not list(Path(commands.environment["GPULEASE_DIR"]).glob("*.lease"))


@pytest.mark.parametrize("closing", ["", "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-;"])
def test_a_lease_lasts_while_any_process_of_the_job_runs(
    host: Host, commands: Commands, closing: str
) -> None:
    """Also where the one that is left has closed the file that holds the lease."""
    host.add_gpus(24000)
    job = commands.run(8000, "bash", "-c", f"({closing} exec sleep 3) & echo started; sleep 60")
    assert job.stdout is not None
    assert job.stdout.readline() == "started\n"
    job.send_signal(signal.SIGKILL)
    job.wait(30)
    assert commands.free_mb() == [16000]
    commands.wait_until(lambda: commands.free_mb() == [24000])


def test_what_a_lease_uses_is_not_counted_twice(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    job = commands.run(8000, sys.executable, "-c", "import time; print('up', flush=True);"
                       "time.sleep(60)")  # fmt: skip
    assert job.stdout is not None
    job.stdout.readline()
    assert host.allocate(gpu_uuid(0), 6000, job.pid)
    assert commands.free_mb() == [16000]
    assert host.allocate(gpu_uuid(0), 3000, job.pid)
    assert commands.free_mb() == [15000]


def test_where_use_is_hidden_the_whole_lease_counts(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    host.add("processes hidden")
    job = commands.run(8000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    assert host.allocate(gpu_uuid(0), 6000, job.pid)
    assert commands.free_mb() == [10000]


def test_an_outer_choice_is_obeyed_and_never_widened(host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 80000)
    shown = commands.run(1, "sh", "-c", "echo $CUDA_VISIBLE_DEVICES", CUDA_VISIBLE_DEVICES="0",
                         CUDA_DEVICE_ORDER="PCI_BUS_ID")  # fmt: skip
    assert shown.communicate(timeout=60)[0].strip() == gpu_uuid(0)
    too_large = commands.run(
        30000, "true", CUDA_VISIBLE_DEVICES="0", CUDA_DEVICE_ORDER="PCI_BUS_ID"
    )
    assert "GPU 0 has 24000 MB" in too_large.communicate(timeout=60)[1]
    none = commands.run(1, "true", CUDA_VISIBLE_DEVICES="")
    assert "allows none" in none.communicate(timeout=60)[1]
    assert none.returncode == 1


def test_without_a_gpu_a_command_runs_on_the_cpu_if_told_so(commands: Commands) -> None:
    command = ("sh", "-c", "echo [$CUDA_VISIBLE_DEVICES]")
    refused = commands.run(1, *command)
    assert "no NVIDIA driver" in refused.communicate(timeout=60)[1]
    allowed = commands.run(1, *command, options=("--without-gpu", "cpu"))
    out, err = allowed.communicate(timeout=60)
    assert out == "[]\n"
    assert "runs on the CPU" in err


def test_waiting_ends_with_a_clear_error(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    host.set_foreign(gpu_uuid(0), 20000)
    job = commands.run(8000, "true", options=("--timeout", "1"))
    _, err = job.communicate(timeout=60)
    assert job.returncode == 1
    assert "No GPU became free in 1 s" in err
    assert "GPU 0: only 4000 MB free" in err
    assert commands.status()["waiting"] == []


def test_foreign_memory_is_seen_at_every_choice(host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 24000)
    host.set_foreign(gpu_uuid(0), 20000)
    host.set_foreign(gpu_uuid(1), 20000)
    job = commands.run(8000, "sh", "-c", "echo $CUDA_VISIBLE_DEVICES")
    commands.wait_until(lambda: len(commands.status()["waiting"]) == 1)
    host.set_foreign(gpu_uuid(1), 0)
    assert job.communicate(timeout=60)[0].strip() == gpu_uuid(1)


def test_large_jobs_keep_their_place(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    small = commands.run(8000, "sleep", "2")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    large = commands.run(20000, "sleep", "0.5")
    ledger = Ledger(Path(commands.environment[FOLDER_VARIABLE]))
    # It has looked, and memory is kept for it.
    commands.wait_until(lambda: any(one.record.gpus for one in ledger.tickets()))
    late = commands.run(8000, "true")
    time.sleep(1)
    assert late.poll() is None
    assert small.wait(60) == large.wait(60) == late.wait(60) == 0


def test_a_waiting_job_that_is_killed_keeps_nothing(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    commands.run(8000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    large = commands.run(20000, "true")
    commands.wait_until(lambda: len(commands.status()["waiting"]) == 1)
    large.kill()
    large.wait(30)
    assert commands.run(8000, "true").wait(60) == 0


def test_a_command_whose_reader_went_away_ends_quietly(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    line = f"{' '.join(GPULEASE)} run --mem-mb 100 -- yes | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = commands.start("bash", "-c", line)
    out, err = done.communicate(timeout=60)
    assert out == "y\n141\n"
    assert "Broken pipe" not in err
