"""The energy of GPUs, shared among the leases that were on them."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from gpulease.driver import last_answer
from gpulease.inventory import Gpu
from gpulease.journal import Ended

Counters = tuple[tuple[float, ...], tuple[float, ...]]
"""By device, joules and when they were read."""

_MOST_W: Final = 10000.0
"""No GPU takes as much: a counter that ran faster was made up, or was another driver's."""


def counters(uuids: Sequence[str]) -> Counters:
    """Joules of these devices, as the driver told this process last, and when.

    Times are seconds since 1970. Where it does not tell, and for MIG instances, which share the
    counter of their GPU, both are 0; where it tells of none of them, there are none.
    """
    told = {
        state.gpu.uuid: (state.health.energy_j, state.health.energy_at)
        for state in last_answer()
        if state.health.energy_j is not None and not state.gpu.parent
    }
    if not any(uuid in told for uuid in uuids):
        return (), ()
    pairs = [told.get(uuid, (0.0, 0.0)) for uuid in uuids]
    return tuple(round(j or 0.0, 1) for j, _ in pairs), tuple(round(at, 3) for _, at in pairs)


def joules_of(gpu: Gpu) -> float | None:
    """What a device had used when the driver last told this process; None where it does not."""
    joules, _ = counters([gpu.uuid])
    return joules[0] if joules and joules[0] else None


def shared_energy(leases: Iterable[Ended], since: float = 0.0) -> dict[str, float]:
    """Joules of each lease since a time; those of which nothing is known are left out.

    What a GPU uses at a time is shared equally by the leases on it then; while there is none, it is
    nobody's. Between two readings of its counter, it uses the same at any time.
    """
    on: dict[str, list[tuple[Ended, int]]] = {}
    for lease in leases:
        for place, uuid in enumerate(lease.gpus):
            on.setdefault(uuid, []).append((lease, place))
    found: dict[str, float] = {}
    for here in on.values():
        for name, joules in _of_one_gpu(here, since).items():
            found[name] = found.get(name, 0.0) + joules
    return found


def _of_one_gpu(here: Sequence[tuple[Ended, int]], since: float) -> dict[str, float]:
    readings = _readings(here)
    times = [time for time, _ in readings]
    starts: dict[float, list[str]] = {}
    ends: dict[float, list[str]] = {}
    for lease, _ in here:
        starts.setdefault(lease.start, []).append(lease.lease)
        ends.setdefault(lease.end, []).append(lease.lease)
    moments = sorted({since, *times, *starts, *ends})
    active: dict[str, None] = {}
    found: dict[str, float] = {}
    for begin, end in pairwise(moments):
        active.update(dict.fromkeys(starts.get(begin, ())))
        for name in ends.get(begin, ()):
            active.pop(name, None)
        watts = _watts(readings, bisect_right(times, begin)) if active and begin >= since else None
        if watts is not None:
            for name in active:
                found[name] = found.get(name, 0.0) + watts * (end - begin) / len(active)
    return found


def _readings(here: Sequence[tuple[Ended, int]]) -> list[tuple[float, float]]:
    found: dict[float, float] = {}
    for lease, place in here:
        for joules, at in (
            (lease.energy_j, lease.energy_at),
            (lease.energy_end_j, lease.energy_end_at),
        ):
            if place < min(len(joules), len(at)) and joules[place] > 0:
                found[at[place]] = joules[place]
    return sorted(found.items())


def _watts(readings: Sequence[tuple[float, float]], after: int) -> float | None:
    """Power before the reading of this number; None where it is not known."""
    if not 0 < after < len(readings):
        return None
    (begin, before), (end, joules) = readings[after - 1], readings[after]
    watts = (joules - before) / (end - begin)
    return watts if 0 <= watts <= _MOST_W else None


def as_kwh(joules: Mapping[str, float], names: Iterable[str]) -> float | None:
    """The sum over these leases in kWh; None where nothing is known of any."""
    told = [joules[name] for name in names if name in joules]
    return round(sum(told) / 3.6e6, 6) if told else None
