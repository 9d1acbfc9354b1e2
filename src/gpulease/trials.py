"""A command tried on each GPU in turn, and a look at the folder: for those who check a host."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gpulease.errors import GpuLeaseError, NoGpuError
from gpulease.folder import scope_folder
from gpulease.folder_check import doubt_of
from gpulease.placement import Request
from gpulease.pool import Pool


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a command on one GPU.

    Attributes:
        name: the GPU's index and name.
        status: exit status of the command; None where it was not run.
        said: what it printed, or why it was not run.
    """

    name: str
    status: int | None
    said: str


def try_each_gpu(
    command: Sequence[str],
    mem_mb: int,
    *,
    wait_s: float,
    limit_s: float,
    scope: str = "system",
    environment: Mapping[str, str] = os.environ,
) -> list[Trial]:
    """Run a command on each allowed GPU in turn, under a lease of `mem_mb` MB.

    A GPU that is full for `wait_s` seconds is left out; the command is stopped after `limit_s`.

    Raises:
        GpuLeaseError: where there is no GPU, or the folder of the pool cannot be used.
    """
    pool = Pool(scope, environment)
    pool.wait_for_driver()
    gpus = [state.gpu for state in pool.states()]
    trials = []
    for gpu in gpus:
        others = tuple(other.uuid for other in gpus if other.uuid != gpu.uuid)
        request = Request(mem_mb, exclude=others, label="trial")
        name = f"GPU {gpu.index} ({gpu.name})"
        try:
            lease = pool.acquire(request, wait_s)
        except GpuLeaseError as error:
            trials.append(Trial(name, None, str(error)))
            continue
        try:
            lease.hold_here()
            shown = {**environment, **lease.environment}
            trials.append(Trial(name, *_run(command, shown, limit_s)))
        finally:
            lease.release()
    return trials


def _run(
    command: Sequence[str], environment: Mapping[str, str], limit_s: float
) -> tuple[int | None, str]:
    try:
        done = subprocess.run(
            command,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, f"no answer within {limit_s:.0f} s"
    return done.returncode, done.stdout.strip()


def examine_folder(scope: str = "system") -> tuple[str, str]:
    """The folder in which the GPUs' memory is promised, and what makes it a doubtful one, or "".

    Raises:
        LedgerError: where nothing can be promised in it.
    """
    folder = Pool(scope).ledger.folder
    doubt = doubt_of(folder)
    if not doubt and folder != scope_folder("system") and scope == "user":
        doubt = f"{folder} is this user's own: jobs of other users are not known there."
    return str(folder), doubt


@dataclass(frozen=True, slots=True)
class HostReport:
    """What was found on a host.

    Attributes:
        trials: one per allowed GPU.
        without_gpu: why there is no GPU; "" where there is one.
        trouble: why nothing can be placed on the GPUs that there are; "" where it can.
        folder: where memory is promised.
        doubt: why others may not see what is promised there; "" where nothing shows it.
        folder_trouble: why nothing can be promised there; "" where it can.
    """

    trials: tuple[Trial, ...] = ()
    without_gpu: str = ""
    trouble: str = ""
    folder: str = ""
    doubt: str = ""
    folder_trouble: str = ""


def examine_host(
    command: Sequence[str],
    mem_mb: int,
    *,
    wait_s: float = 10.0,
    limit_s: float = 180.0,
    scope: str = "system",
    visible: str | None = None,
) -> HostReport:
    """Try a command on each GPU (`try_each_gpu`), and look at the folder; nothing is raised.

    `visible` is CUDA_VISIBLE_DEVICES as the user has it; None where it is not set.
    """
    environment = {key: one for key, one in os.environ.items() if key != "CUDA_VISIBLE_DEVICES"}
    if visible is not None:
        environment["CUDA_VISIBLE_DEVICES"] = visible
    found = HostReport()
    try:
        folder, doubt = examine_folder(scope)
        found = replace(found, folder=folder, doubt=doubt)
    except GpuLeaseError as error:
        found = replace(found, folder_trouble=str(error))
    try:
        trials = try_each_gpu(
            command, mem_mb, wait_s=wait_s, limit_s=limit_s, scope=scope, environment=environment
        )
    except NoGpuError as error:
        return replace(found, without_gpu=str(error))
    except GpuLeaseError as error:
        return replace(found, trouble=str(error))
    return replace(found, trials=tuple(trials))
