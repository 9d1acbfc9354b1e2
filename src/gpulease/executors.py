"""What those use who start jobs for others: the pool, its values, and workers.

A plugin of a workflow system needs nothing else of this package than this and `gpulease` itself.
"""

from gpulease.energy import joules_of
from gpulease.explain import explain, name_gpu
from gpulease.inventory import Gpu
from gpulease.learned import Learned, with_margin
from gpulease.leases import Lease
from gpulease.observer import Observer, Use, attributed
from gpulease.placement import Choice, GpuView, Request, Reservation, split_names
from gpulease.pool import POLL_S, Pool
from gpulease.pool_trouble import TIMEOUT_VARIABLE
from gpulease.processes import living_process
from gpulease.queues import Queue
from gpulease.records import Entry
from gpulease.rehearsal import rehearse
from gpulease.rounds import Outcome, Round
from gpulease.selection import gpus_allowed, gpus_here
from gpulease.trials import HostReport, Trial, examine_host
from gpulease.workers.client import WORKER_VARIABLE
from gpulease.workers.eviction import Idle, needed
from gpulease.workers.folders import end_orphans
from gpulease.workers.owner import Worker

__all__ = [
    "POLL_S",
    "TIMEOUT_VARIABLE",
    "WORKER_VARIABLE",
    "Choice",
    "Entry",
    "Gpu",
    "GpuView",
    "HostReport",
    "Idle",
    "Learned",
    "Lease",
    "Observer",
    "Outcome",
    "Pool",
    "Queue",
    "Request",
    "Reservation",
    "Round",
    "Trial",
    "Use",
    "Worker",
    "attributed",
    "end_orphans",
    "examine_host",
    "explain",
    "gpus_allowed",
    "gpus_here",
    "joules_of",
    "living_process",
    "name_gpu",
    "needed",
    "rehearse",
    "split_names",
    "with_margin",
]
