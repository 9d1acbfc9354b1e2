"""The second look: is the leased memory really free, just before a model is loaded into it?

Processes without a lease can take memory at any time. Those that hold leases look again in the
order in which they were granted, so that those who can go on do, and none counts on memory that
another is about to fill.
"""

import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from gpulease import pool_trouble
from gpulease.driver import ask_driver
from gpulease.errors import DriverError, LeaseTimeoutError, LedgerAwayError
from gpulease.explain import name_gpu
from gpulease.inventory import GpuState
from gpulease.ledger import Ledger
from gpulease.pool import POLL_S
from gpulease.processes import LEASE_VARIABLE, knows_driver_pids, use_in_doubt
from gpulease.records import Entry
from gpulease.untrusted import write_owned
from gpulease.views import view_gpus

logger = logging.getLogger(__name__)

# How long to wait for what may be held by a lease whose processes cannot be told, as those in a
# container that something else started, or behind the MPS server: another may be about to show.
_DOUBT_S: Final = 5.0


def confirm(timeout_s: float | None = None, environment: Mapping[str, str] = os.environ) -> None:
    """Wait until the memory of this job's lease is free; to be called before a model is loaded.

    Without a lease (on a CPU, on a cluster that gave the GPU) there is nothing to look at.

    Args:
        timeout_s: seconds to wait; by default GPULEASE_CONFIRM_S, else ten minutes.
        environment: where the lease is named.

    Raises:
        LeaseTimeoutError: where processes without a lease keep the memory for longer.
    """
    name = environment.get(LEASE_VARIABLE)
    if not name:
        return
    path = Path(name)
    if not path.exists():
        logger.warning("the lease %s cannot be seen here; GPU memory is not looked at again", path)
        return
    if timeout_s is None:
        timeout_s = pool_trouble.timeout_s(environment)
    ledger = Ledger(path.parent, "system")
    deadline = time.monotonic() + timeout_s
    doubt_ends = time.monotonic() + min(_DOUBT_S, timeout_s)
    reported = False
    while True:
        lacking, sure = _look(path, ledger)
        if lacking and not sure and time.monotonic() > doubt_ends:
            logger.warning("%s; it may be a lease's own, and this job goes on", lacking)
            _mark(path)
            return
        if not lacking:
            return
        if time.monotonic() > deadline:
            raise LeaseTimeoutError(
                f"{lacking} after {timeout_s:.0f} s of waiting; see with nvidia-smi who took it,"
                " and run the job again."
            )
        if not reported:
            logger.warning("%s; waiting for up to %.0f s", lacking, timeout_s)
            reported = True
        time.sleep(POLL_S)


def _look(path: Path, ledger: Ledger) -> tuple[str, bool]:
    """What is missing, in a sentence, and whether that is sure; "" where nothing is."""
    try:
        # It can take seconds, in which nobody should wait for the ledger.
        states = ask_driver()
        with ledger.locked():
            loaded = _is_marked(path, ledger)
            lacking = _lacking(path, states, ledger, loaded)
            if lacking[0]:
                return lacking
            _mark(path)
        # What was taken between the look and the mark shows now; what comes later sees the mark.
        states = ask_driver()
        with ledger.locked():
            lacking = _lacking(path, states, ledger, loaded)
            if lacking[0] and not loaded:
                path.with_suffix(".confirmed").unlink(missing_ok=True)
            return lacking
    except (DriverError, LedgerAwayError) as error:
        return str(error).rstrip("."), True


def _mark(path: Path) -> None:
    """Tell others that the lease's memory is about to be filled."""
    # A mark without its lease would stay for ever.
    with suppress(OSError):
        if path.exists():
            write_owned(path.with_suffix(".confirmed"), "")


def _is_marked(path: Path, ledger: Ledger) -> bool:
    """Whether the lease was confirmed before, so that its memory may be filled already."""
    return any(entry.confirmed for entry in ledger.leases() if entry.path == path)


def _lacking(path: Path, states: list[GpuState], ledger: Ledger, loaded: bool) -> tuple[str, bool]:
    """What is missing on the lease's devices, in a sentence, and whether that is sure.

    "" where nothing is missing. `loaded` tells that the lease's own may be there already.
    """
    leases = ledger.leases()
    mine = next((entry for entry in leases if entry.path == path), None)
    if mine is None:
        return "", True
    before = [entry for entry in leases if _goes_first(entry, mine)]
    states = [state for state in states if state.gpu.uuid in mine.record.gpus]
    gone = set(mine.record.gpus) - {state.gpu.uuid for state in states}
    if gone:
        return f"{', '.join(sorted(gone))} is not there any more, which this job leased", True
    if not knows_driver_pids() or any(state.used_by is None for state in states):
        return _lacking_unseen(mine, states, loaded), True
    roots = {str(entry.path): root for entry in leases if (root := entry.root())}
    doubtful = ""
    for state, view in zip(states, view_gpus(states, [*before, mine], []), strict=True):
        # The view's free memory has this lease's own part taken off already.
        if view.free_mb < 0:
            lacking = (
                f"{name_gpu(view.gpu)} lacks {-view.free_mb} of the"
                f" {mine.record.mem_mb} MB leased, which a process without a lease has taken"
            )
            # This job's own lease has nothing loaded yet the first time that it looks.
            unseen = sum(
                max(0, promise.mem_mb - promise.used_mb)
                for promise in view.promises
                if loaded or promise.seq != mine.record.seq
            )
            if -view.free_mb > min(unseen, use_in_doubt(state.used_by, roots)):
                return lacking, True
            doubtful = lacking
    return doubtful, not doubtful


def _lacking_unseen(mine: Entry, states: list[GpuState], loaded: bool) -> str:
    """The same where nobody tells who uses what, as in containers.

    What others with a lease have loaded already cannot be told from what strangers took. Only the
    first look tells anything: after it, what is used may be this lease's own.
    """
    for state in states:
        if not loaded and state.free_mb < mine.record.mem_mb:
            return (
                f"{name_gpu(state.gpu)} has {state.free_mb} of the {mine.record.mem_mb} MB leased"
            )
    return ""


def _goes_first(other: Entry, mine: Entry) -> bool:
    return other.path != mine.path and (other.record.seq < mine.record.seq or other.confirmed)
