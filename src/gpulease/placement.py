"""Which GPU a job gets: decisions over a view of all GPUs, without any I/O.

For one job: devices without room are out; of the rest the one wins on which the fewest jobs
compute, of these the one with the lowest memory load (used and promised, as a share of its total);
ties go to the lowest index. A job that has to wait keeps its place: whoever comes later may use
memory only where the one before will still fit when the jobs that run now have ended, so that large
jobs are not starved by small ones. Keeping memory leaves it empty until enough of those jobs have
ended, which lengthens a run: the jobs of one run may overtake each other for some minutes, and then
it is kept for one of them at a time.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from gpulease.inventory import Gpu

COMPUTE_JOBS: Final = 2
"""Jobs that share the arithmetic of a device where nothing else is said: with two, one computes
while the other decodes, loads or writes; more make each slower and none sooner."""


OVERTAKEN_S: Final = 600.0
"""Seconds for which a job that waits may be overtaken by others of the same run: a few times as
long as a job takes, so that several large ones have come and follow each other on one device. What
that gains and costs is in benchmarks.gpu_policies, with jobs of 1 to 5 minutes."""


@dataclass(frozen=True, slots=True)
class Request:
    """What one job asks for.

    Attributes:
        mem_mb: memory in MB on each of its GPUs.
        gpus: number of distinct devices.
        exclude: devices it must not get, by index ("1") or by a beginning of the UUID.
        max_jobs_per_gpu: most leases that a device may carry with this one; 0 for any number.
        label: for people, such as the rule's name; requests that differ in it alone are equal.
        kind: which workers can serve it; "" where it does its work itself.
        max_computing: most jobs that may compute on a device at a time with this one, whoever they
            are; 0 for any number. Idle workers do not compute.
        priority: among all requests of a user, those of a higher one go first.
        declared_mb: for people: MB that the job declares, where others are asked for, because its
            work was seen to take less or more; 0 where they are the same.
    """

    mem_mb: int
    gpus: int = 1
    exclude: tuple[str, ...] = ()
    max_jobs_per_gpu: int = 0
    label: str = field(default="", compare=False)
    kind: str = ""
    max_computing: int = 0
    priority: int = field(default=0, compare=False)
    declared_mb: int = field(default=0, compare=False)

    def excludes(self, gpu: Gpu) -> bool:
        """Whether this device was ruled out by hand."""
        names = (gpu.uuid.lower(), (gpu.parent or "").lower())
        return any(
            entry == str(gpu.index)
            or (not entry.isdigit() and any(name.startswith(entry.lower()) for name in names))
            for entry in self.exclude
        )


@dataclass(frozen=True, slots=True)
class Promise:
    """Memory of one device that a lease holds.

    Attributes:
        seq: place in the order of all leases and waiting jobs.
        mem_mb: MB promised.
        used_mb: MB that its processes are seen to use now.
        idle: whether its worker has nothing to do, and gives it up when others need it.
    """

    seq: int
    mem_mb: int
    used_mb: int = 0
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """Memory of one device that is kept for a job that waits.

    Attributes:
        seq: its place in the order of turns: those of lower places go first.
        mem_mb: MB kept.
        since: leases of a lower place were there when it was made; it waits for their end.
        max_jobs_per_gpu: most leases on the device with its own; 0 for any number.
        max_computing: most jobs that compute there with it; 0 for any number.
        ticket: the number of the waiting job, which stays while its place changes.
    """

    seq: int
    mem_mb: int
    since: int
    max_jobs_per_gpu: int = 0
    max_computing: int = 0
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """Memory that is free now, and that others are about to be given whose turn is before.

    Attributes:
        seq: their place in the order of turns.
        mem_mb: MB of all of them together.
    """

    seq: int
    mem_mb: int


@dataclass(frozen=True, slots=True)
class GpuView:
    """One device as placement sees it.

    Attributes:
        gpu: the device.
        nvml_free_mb: MB that no process has.
        promises: leases on it.
        reservations: kept for those who wait.
        trouble: why nothing can be placed on it now; "" where it is well.
        exclusive: whether the driver lets one process at a time compute on it.
        stranger_computes: whether a process without a lease is seen to compute there.
        claims: of those who wait and fit.
    """

    gpu: Gpu
    nvml_free_mb: int
    promises: tuple[Promise, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    trouble: str = ""
    exclusive: bool = False
    stranger_computes: bool = False
    claims: tuple[Claim, ...] = ()

    def most_jobs(self, wanted: int) -> int:
        """Most leases at a time, where somebody wants so many at most; 0 for any number."""
        return 1 if self.exclusive else wanted

    @property
    def computing(self) -> int:
        """How many jobs share its arithmetic: leases whose worker is not idle, and a stranger."""
        return sum(not p.idle for p in self.promises) + self.stranger_computes

    @property
    def free_mb(self) -> int:
        """MB neither used nor promised: NVML's free less what leases have not yet taken."""
        return self.nvml_free_mb - sum(max(0, p.mem_mb - p.used_mb) for p in self.promises)

    @property
    def soon_mb(self) -> int:
        """MB free once idle workers have given theirs up, which takes a second."""
        return self.free_mb + sum(max(p.mem_mb, p.used_mb) for p in self.promises if p.idle)

    def has_room_for(self, reservation: Reservation, beside: int = 0) -> bool:
        """Whether a job that waits would fit now, if so many idle workers went to work before."""
        return (
            self.free_mb >= reservation.mem_mb
            and not 0 < self.most_jobs(reservation.max_jobs_per_gpu) <= len(self.promises)
            and not 0 < reservation.max_computing <= self.computing + beside
        )

    @property
    def load(self) -> float:
        """Used and promised memory as a share of the total."""
        return 1 - self.free_mb / self.gpu.total_mb

    @property
    def emptied_mb(self) -> int:
        """MB free once all leases have ended."""
        return self.free_mb + sum(max(p.mem_mb, p.used_mb) for p in self.promises)

    def free_later_mb(self, since: int) -> int:
        """MB free once every lease of a lower place than `since`, or idle, has ended."""
        ending = (p for p in self.promises if p.seq < since or p.idle)
        return self.free_mb + sum(max(p.mem_mb, p.used_mb) for p in ending)

    def keeps_slot(self, reservation: Reservation) -> bool:
        """Whether one more lease would be one too many for a job that waits."""
        later = sum(p.seq >= reservation.since and not p.idle for p in self.promises)
        if 0 < self.most_jobs(reservation.max_jobs_per_gpu) <= later + 1:
            return True
        # Where it lacks no memory, it waits for nothing but this.
        beside = self.computing if self.free_mb >= reservation.mem_mb else later
        return 0 < reservation.max_computing <= beside + 1


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided for one request.

    Attributes:
        chosen: the devices as they were when chosen; empty where the job has to wait.
        reason: why these, in a sentence.
        others: every other device, and why not.
    """

    chosen: tuple[GpuView, ...]
    reason: str
    others: tuple[tuple[Gpu, str], ...]


def choose(request: Request, views: Sequence[GpuView], seq: int) -> Choice:
    """The devices for one request, or why it has to wait.

    Args:
        request: what is asked for.
        views: the devices that may be used.
        seq: the request's place in the order; reservations of later ones do not bind it.
    """
    refusals: list[tuple[Gpu, str]] = []
    room: list[GpuView] = []
    for view in views:
        refusal = _refusal(request, view, seq)
        if refusal:
            refusals.append((view.gpu, refusal))
        else:
            room.append(view)
    if len(room) < request.gpus:
        wanted = f"{request.gpus} GPUs" if request.gpus > 1 else "a GPU"
        return Choice((), f"waits for {wanted} with {request.mem_mb} MB", tuple(refusals))
    # Jobs that compute on the same device slow each other down, however much memory it has left.
    spread = request.max_computing > 0
    room.sort(key=lambda view: (view.computing * spread, view.load, view.gpu.index))
    chosen = tuple(room[: request.gpus])
    for view in room[request.gpus :]:
        refusals.append((view.gpu, _more_loaded(view, chosen[-1])))
    by_jobs = any(view.load < chosen[-1].load for view in room[request.gpus :])
    return Choice(chosen, _why(chosen, len(room), by_jobs), tuple(refusals))


def _refusal(request: Request, view: GpuView, seq: int) -> str:
    need = request.mem_mb
    if request.excludes(view.gpu):
        return "excluded by setting"
    if view.trouble:
        return view.trouble
    if view.gpu.capacity_mb < need:
        return f"only {view.gpu.capacity_mb} MB in all"
    if view.free_mb < need:
        return f"only {view.free_mb} MB free"
    return _too_many(request, view) or _kept_for_others(need, view, seq)


def _too_many(request: Request, view: GpuView) -> str:
    if 0 < view.most_jobs(request.max_jobs_per_gpu) <= len(view.promises):
        return f"already {_jobs(view)}"
    if 0 < request.max_computing <= view.computing:
        return f"already {_computing(view)}"
    return ""


def _jobs(view: GpuView) -> str:
    if view.exclusive:
        return "a job, and its compute mode lets one process compute at a time"
    return f"{len(view.promises)} jobs"


def _kept_for_others(need: int, view: GpuView, seq: int) -> str:
    ahead = 0
    for reservation in sorted(view.reservations, key=lambda r: r.seq):
        if reservation.seq < seq:
            ahead += reservation.mem_mb
            if view.free_later_mb(reservation.since) < need + ahead:
                return f"{reservation.mem_mb} MB kept for a job that waits longer"
            if view.keeps_slot(reservation):
                return "its turn kept for a job that waits longer"
    if view.free_mb < need + sum(claim.mem_mb for claim in view.claims if claim.seq < seq):
        return "free memory is left to others whose turn it is"
    return ""


def _more_loaded(view: GpuView, chosen: GpuView) -> str:
    if view.computing > chosen.computing and view.load <= chosen.load:
        return f"busier ({_computing(view)})"
    if view.load > chosen.load:
        return f"more loaded ({view.load:.0%})"
    return f"as loaded ({view.load:.0%}), higher index"


def _why(chosen: Sequence[GpuView], candidates: int, by_jobs: bool) -> str:
    loads = " and ".join(f"{view.load:.0%}" for view in chosen)
    if candidates == len(chosen):
        return f"the only {'ones' if len(chosen) > 1 else 'one'} with room, loaded {loads}"
    if by_jobs:
        jobs = _computing(chosen[-1])
        return f"least busy ({jobs}, loaded {loads}) of {candidates} with room"
    return f"least loaded ({loads}) of {candidates} with room"


def _computing(view: GpuView) -> str:
    return f"{view.computing} job{'' if view.computing == 1 else 's'} computing"


def grant(view: GpuView, mem_mb: int, seq: int) -> GpuView:
    """The device after a lease of this size was granted on it."""
    return replace(view, promises=(*view.promises, Promise(seq, mem_mb)))


def among_fellows(view: GpuView, own: Collection[int], due: int) -> GpuView:
    """The device as a job sees it whose fellows wait, too: jobs that the same process asks for.

    It may overtake them where more than idle workers is in their way. The one that is due goes
    before it, whoever came first.

    Args:
        view: the device.
        own: the tickets of its fellows.
        due: the ticket of the one that must not be overtaken.
    """
    if not view.reservations:
        return view
    kept = (
        replace(r, seq=-1) if r.ticket == due and due in own else r
        for r in view.reservations
        if r.ticket not in own or r.ticket == due or view.soon_mb >= r.mem_mb
    )
    return replace(view, reservations=tuple(kept))


def occupied(view: GpuView, seq: int) -> GpuView:
    """The device after an idle worker with a lease on it was given a job."""
    promises = (replace(p, idle=False) if p.seq == seq else p for p in view.promises)
    return replace(view, promises=tuple(promises))


def resized(view: GpuView, seq: int, mem_mb: int) -> GpuView:
    """The device after a lease on it was given another size."""
    promises = (replace(p, mem_mb=mem_mb) if p.seq == seq else p for p in view.promises)
    return replace(view, promises=tuple(promises))


def reserve(request: Request, views: Sequence[GpuView], seq: int) -> tuple[str, ...]:
    """UUIDs of the devices on which a job that waits will fit first, or empty where it cannot.

    Those are taken that lack the least memory once idle workers have given theirs up, among those
    that will have enough when all leases of today have ended and those who wait longer than `seq`
    have been served.
    """
    hopeful = []
    for view in views:
        if request.excludes(view.gpu) or view.trouble:
            continue
        ahead = sum(r.mem_mb for r in view.reservations if r.seq < seq)
        if view.emptied_mb - ahead >= request.mem_mb:
            hopeful.append((request.mem_mb + ahead - view.soon_mb, view.gpu.index, view))
    hopeful.sort(key=lambda entry: entry[:2])
    if len(hopeful) < request.gpus:
        return ()
    return tuple(view.gpu.uuid for *_, view in hopeful[: request.gpus])


def never_fits(request: Request, gpus: Collection[Gpu]) -> str:
    """Why the request cannot be met even when all allowed devices are empty; "" where it can."""
    allowed = [gpu for gpu in gpus if not request.excludes(gpu)]
    if not allowed:
        return "no GPU is allowed: all are excluded"
    large = [gpu for gpu in allowed if gpu.capacity_mb >= request.mem_mb]
    if len(large) >= request.gpus:
        return ""
    sizes = ", ".join(f"GPU {gpu.index} has {gpu.capacity_mb} MB" for gpu in allowed)
    wanted = f"{request.gpus} GPUs with" if request.gpus > 1 else ""
    return f"{wanted} {request.mem_mb} MB cannot be had: {sizes}".strip()


def split_names(text: str) -> tuple[str, ...]:
    """A list written with commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
