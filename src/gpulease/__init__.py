"""GPU memory on shared hosts, promised to one job at a time.

    import gpulease

    with gpulease.lease(mem_mb=8000):  # waits, chooses, sets CUDA_VISIBLE_DEVICES
        gpulease.confirm()  # looks again, just before the model is loaded
        ...

`gpulease run --mem-mb 8000 -- CMD` does the same for any command. A job that has a worker, which
keeps models loaded between jobs, lets it do the work:

    gpulease.call("package.module:function", path="speech.flac")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gpulease.best import select_best_gpu
    from gpulease.client import call
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
    from gpulease.leases import Lease
    from gpulease.out_of_memory import is_out_of_memory
    from gpulease.placement import Request
    from gpulease.pool import Outcome, Pool, Queue, Round
    from gpulease.second_look import confirm
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

# Where each name is. They are imported when first used: a job that has a worker needs `call` alone,
# and the rest, with the packages that it needs, takes longer than all else that such a job does.
_MODULES: Final = {
    "best": ["select_best_gpu"],
    "client": ["call"],
    "errors": [name for name in __all__ if name.endswith("Error")],
    "here": ["lease"],
    "leases": ["Lease"],
    "out_of_memory": ["is_out_of_memory"],
    "placement": ["Request"],
    "pool": ["Outcome", "Pool", "Queue", "Round"],
    "second_look": ["confirm"],
    "worker": ["Worker"],
}
_PLACES: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'gpulease' has no attribute '{name}'")
    return getattr(import_module(f"gpulease.{_PLACES[name]}"), name)
