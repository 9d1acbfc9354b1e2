"""GPU memory on shared hosts, promised to one job at a time.

    import gpulease

    with gpulease.lease(mem_mb=8000):  # waits, chooses, sets CUDA_VISIBLE_DEVICES
        gpulease.confirm()  # looks again, just before the model is loaded
        ...

`gpulease run --mem-mb 8000 -- CMD` does the same for any command.
"""

from gpulease.best import select_best_gpu
from gpulease.confirm import confirm
from gpulease.errors import (
    DriverError,
    GpuLeaseError,
    LeaseTimeoutError,
    LedgerError,
    NeverFitsError,
    NoGpuError,
)
from gpulease.here import lease
from gpulease.lease import Lease
from gpulease.out_of_memory import is_out_of_memory
from gpulease.placement import Request
from gpulease.pool import Outcome, Pool, Queue

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
    "confirm",
    "is_out_of_memory",
    "lease",
    "select_best_gpu",
]
