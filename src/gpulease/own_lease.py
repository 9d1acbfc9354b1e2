"""A lease for the process that asks for it."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpulease.leases import Lease

logger = logging.getLogger(__name__)


@contextmanager
def lease(
    mem_mb: int,
    *,
    gpus: int = 1,
    exclude: Sequence[str | int] | str = (),
    max_jobs_per_gpu: int = 0,
    compute_jobs: int | None = None,
    timeout_s: float | None = None,
    label: str = "",
    scope: str = "system",
    priority: int = 0,
) -> "Iterator[Lease]":
    """Wait for GPU memory, show this process and its children that GPU alone, give it back after.

    To be entered before a CUDA library starts in this process: it reads CUDA_VISIBLE_DEVICES once.

    Args:
        mem_mb: MB needed on each GPU.
        gpus: number of distinct GPUs.
        exclude: GPUs not to use, by index or beginning of the UUID, also as in "0,GPU-8f2a".
        max_jobs_per_gpu: most leases on a GPU with this one; 0 for any number.
        compute_jobs: most jobs that compute on a GPU at a time; None for two, 0 for any number.
        timeout_s: seconds to wait; None for ever.
        label: for `gpulease status`.
        scope: who shares the GPUs: "system", "group", "user", or a folder.
        priority: those of your own that wait go first by it, higher ones before; from 0 on.

    Raises:
        NoGpuError, UnknownGpuError: where no device is allowed; where an excluded one is unknown.
        NeverFitsError: where even empty devices would not do.
        LeaseTimeoutError: where nothing became free in time.
    """
    from gpulease.explain import explain
    from gpulease.placement import COMPUTE_JOBS, Request, split_names
    from gpulease.pool import Pool

    pool = Pool(scope)
    pool.wait_for_driver()
    request = Request(
        mem_mb,
        gpus,
        split_names(exclude) if isinstance(exclude, str) else tuple(map(str, exclude)),
        max_jobs_per_gpu,
        label,
        priority=max(0, priority),
        max_computing=COMPUTE_JOBS if compute_jobs is None else compute_jobs,
    )
    with _held(pool.acquire(request, timeout_s)) as granted:
        logger.info("%s", explain(granted.choice, mem_mb))
        yield granted


@contextmanager
def _held(granted: "Lease") -> "Iterator[Lease]":
    """A lease that this process and its children hold and see, and that ends with this."""
    try:
        granted.hold_here()
        with _environment(granted.environment):
            yield granted
    finally:
        granted.release()


@contextmanager
def _environment(changes: Mapping[str, str]) -> "Iterator[None]":
    """This process's environment with other values for a while."""
    before = {key: os.environ.get(key) for key in changes}
    try:
        os.environ.update(changes)
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
