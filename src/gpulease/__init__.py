"""GPU memory on shared hosts, promised to one job at a time.

    import gpulease

    with gpulease.lease(mem_mb=8000):  # waits, chooses, sets CUDA_VISIBLE_DEVICES
        gpulease.confirm()  # looks again, just before the model is loaded
        ...

`gpulease run --mem-mb 8000 -- CMD` does the same for any command. A job that has a worker, which
keeps models loaded between jobs, lets it do the work:

    gpulease.call("package.module:function", path="speech.flac")
"""

from gpulease.best import select_best_gpu
from gpulease.call import call
from gpulease.confirm import confirm
from gpulease.errors import (
    DriverError,
    GpuLeaseError,
    LeaseTimeoutError,
    LedgerError,
    NeverFitsError,
    NoGpuError,
    WorkerError,
)
from gpulease.here import lease
from gpulease.lease import Lease
from gpulease.out_of_memory import is_out_of_memory
from gpulease.placement import Request
from gpulease.pool import Outcome, Pool, Queue, Round
from gpulease.worker import Worker

__all__ = [
    "DriverError",
    "GpuLeaseError",
    "Lease",
    "LeaseTimeoutError",
    "LedgerError",
    "NeverFitsError",
    "NoGpuError",
    "Outcome",
    "Pool",
    "Queue",
    "Request",
    "Round",
    "Worker",
    "WorkerError",
    "call",
    "confirm",
    "is_out_of_memory",
    "lease",
    "select_best_gpu",
]
