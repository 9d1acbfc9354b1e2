"""GPU memory on shared hosts, promised to one job at a time.

    import gpulease

    with gpulease.lease(mem_mb=8000):  # waits, chooses, sets CUDA_VISIBLE_DEVICES
        gpulease.confirm()  # looks again, just before the model is loaded
        ...

`gpulease run --mem-mb 8000 -- CMD` does the same for any command. A job that has a worker, which
keeps models loaded between jobs, lets it do the work:

    gpulease.call("package.module:function", path="speech.flac")

What jobs use is here; what those use who start jobs for others is in `gpulease.executors`. All
other modules are this package's own.
"""

import os
from collections.abc import Mapping

from gpulease.errors import (
    DriverError,
    GpuLeaseError,
    LeaseTimeoutError,
    LedgerError,
    NeverFitsError,
    NoGpuError,
    UnknownGpuError,
    WorkerError,
)
from gpulease.out_of_memory import is_out_of_memory
from gpulease.own_lease import lease
from gpulease.selection import largest_gpu_mb, select_best_gpu
from gpulease.workers.client import call

__version__ = "0.1.0"

__all__ = [
    "DriverError",
    "GpuLeaseError",
    "LeaseTimeoutError",
    "LedgerError",
    "NeverFitsError",
    "NoGpuError",
    "UnknownGpuError",
    "WorkerError",
    "call",
    "confirm",
    "is_out_of_memory",
    "largest_gpu_mb",
    "lease",
    "select_best_gpu",
]

# A job that has a worker needs `call` alone. What reads GPUs and processes is imported where it is
# used: it takes longer than all else that such a job does.


def confirm(timeout_s: float | None = None, environment: Mapping[str, str] = os.environ) -> None:
    """Wait until the memory of this job's lease is free; to be called before a model is loaded.

    Args and errors are those of `gpulease.second_look.confirm`.
    """
    from gpulease.second_look import confirm

    confirm(timeout_s, environment)
