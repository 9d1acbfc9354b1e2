"""The second look at the memory of a lease, just before a model is loaded into it."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gpulease.executors import Lease
from gpulease.ledger import Ledger
from gpulease.placement import Choice
from tests.gpu.driver.commands import Commands
from tests.gpu.driver.simulated import Host, gpu_uuid


def test_the_memory_is_looked_at_again_before_loading(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    code = (
        "import gpulease, logging; logging.basicConfig(); print('leased', flush=True); input();"
        "gpulease.confirm(timeout_s=20); print('loaded')"
    )
    job = commands.run(8000, sys.executable, "-c", code)
    assert job.stdout is not None
    assert job.stdin is not None
    assert job.stdout.readline() == "leased\n"
    host.set_foreign(gpu_uuid(0), 20000)
    job.stdin.write("\n")
    job.stdin.flush()
    time.sleep(1.5)
    assert job.poll() is None
    host.set_foreign(gpu_uuid(0), 0)
    out, err = job.communicate(timeout=60)
    assert out == "loaded\n"
    assert "lacks 4000 of the 8000 MB leased" in err


def test_looking_again_gives_up_with_the_numbers(
    host: Host, commands: Commands, python: Callable[..., str]
) -> None:
    host.add_gpus(24000)
    code = """
import gpulease, os
with gpulease.lease(mem_mb=8000):
    from tests.gpu.driver.simulated import Host, gpu_uuid, Path
    Host(Path(os.environ["SIMULATED_GPUS"])).set_foreign(gpu_uuid(0), 20000)
    try: gpulease.confirm(timeout_s=0.1)
    except gpulease.LeaseTimeoutError as error: print(error)
"""
    assert "lacks 4000 of the 8000 MB" in python(code)


def test_those_who_look_again_do_not_wait_for_each_other(
    host: Host, python: Callable[..., str]
) -> None:
    """Three leases fill the GPU, 4000 MB are taken: two go on, the last one waits."""
    host.add_gpus(24000)
    code = """
import gpulease.executors, os, sys
from tests.gpu.driver.simulated import Host, gpu_uuid, Path
pool = gpulease.executors.Pool()
leases = [pool.acquire(gpulease.executors.Request(8000)) for _ in range(3)]
Host(Path(os.environ["SIMULATED_GPUS"])).set_foreign(gpu_uuid(0), 4000)
for lease in [leases[1], leases[2], leases[0]]:
    try: gpulease.confirm(0.1, lease.environment); print("goes on", end=" ")
    except gpulease.LeaseTimeoutError: print("waits", end=" ")
"""
    assert python(code) == "goes on waits goes on"


def test_where_use_is_hidden_those_who_look_again_do_not_wait_for_each_other(
    host: Host, python: Callable[..., str]
) -> None:
    """Two leases fill the GPU; the second looks when the first has loaded its model."""
    host.add_gpus(24000)
    host.add("processes hidden")
    code = """
import gpulease.executors, os, sys
from tests.gpu.driver.simulated import load_model
pool = gpulease.executors.Pool()
for lease in [pool.acquire(gpulease.executors.Request(12000)) for _ in range(2)]:
    for look in range(2):
        gpulease.confirm(0.1, lease.environment)
        if not look:
            load_model(12000, 1, {**os.environ, **lease.environment})
        print("goes on", end=" ")
"""
    assert python(code) == "goes on goes on goes on goes on"


def test_a_lease_that_a_container_cannot_see_is_no_reason_to_stop(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    with ledger.locked():
        held = ledger.add("lease", 1, ("GPU-0",), 8000, "")
    lease = Lease((), held, Choice((), "", ()), lambda held: True)
    held.path.unlink()
    for shell, bash in (("bash", True), ("sh", False)):
        command = lease.shell_prefix(bash=bash, strict=False) + "echo runs"
        done = subprocess.run([shell, "-c", command], capture_output=True, text=True, check=False)
        assert (done.stdout, done.returncode) == ("runs\n", 0), (shell, done.stderr)
