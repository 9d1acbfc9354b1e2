"""The best GPU of the moment, for those who want a choice and no lease."""

import os
from collections.abc import Mapping
from typing import Final

from gpulease.errors import NoGpuError

_VISIBLE: Final = "CUDA_VISIBLE_DEVICES"


def largest_gpu_mb() -> int:
    """Memory in MB, in use or not, of the largest device that jobs here can be given; 0 for none.

    Raises:
        DriverError: where the driver is installed and fails.
    """
    return max((mb for _, mb in gpus_here()), default=0)


def gpus_allowed(visible: str | None) -> list[tuple[str, int]]:
    """What `gpus_here` tells where CUDA_VISIBLE_DEVICES is as given; None where it is not set.

    For a job from which the executor hides all GPUs, because it asks for none.

    Raises:
        DriverError: where the driver is installed and fails.
    """
    environment = {name: text for name, text in os.environ.items() if name != _VISIBLE}
    return gpus_here(environment if visible is None else {**environment, _VISIBLE: visible})


def gpus_here(environment: Mapping[str, str] = os.environ) -> list[tuple[str, int]]:
    """Name and memory in MB, in use or not, of each device that jobs here can be given.

    Devices that CUDA_VISIBLE_DEVICES does not allow are out.

    Raises:
        DriverError: where the driver is installed and fails.
    """
    from gpulease.pool import Pool

    try:
        return [
            (state.gpu.name, state.gpu.total_mb) for state in Pool(environment=environment).states()
        ]
    except NoGpuError:
        return []


def select_best_gpu(min_free_memory_gb: float = 8.0, exclude_gpus: list[int] | None = None) -> int:
    """Index, in the order of nvidia-smi, of the least loaded GPU with enough free memory.

    GPUs with less free memory than `min_free_memory_gb` (GB of 1024 MB) are out, and so are those
    in `exclude_gpus` and those that CUDA_VISIBLE_DEVICES does not allow; memory that leases have
    promised counts as used. Of the rest the one with the lowest memory load (used and promised,
    as a share of its total) wins; ties go to the lowest index. Nothing is promised: by the time a
    model is loaded, another process may have taken the memory. `gpulease.lease` prevents that.

    Raises:
        NoGpuError: where no GPU qualifies.
        UnknownGpuError: where one to be excluded does not exist.
    """
    from gpulease.explain import explain
    from gpulease.placement import Request, choose
    from gpulease.pool import Pool

    pool = Pool()
    exclude = tuple(str(index) for index in exclude_gpus or ())
    pool.check_exclusions(exclude)
    with pool.look() as look:
        views = look.views
    request = Request(round(min_free_memory_gb * 1024), exclude=exclude)
    # As one who comes after all that wait: what is kept for them is theirs.
    last = 1 + max((r.seq for view in views for r in view.reservations), default=0)
    choice = choose(request, views, last)
    if not choice.chosen:
        reasons = explain(choice)
        raise NoGpuError(
            f"No GPU has {min_free_memory_gb:g} GB free ({reasons}); wait, ask for less, or allow"
            " more GPUs."
        )
    return choice.chosen[0].gpu.index
