"""Who used how much of the GPUs since a time: from the journal and the leases there are now."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from gpulease.energy import as_kwh, shared_energy
from gpulease.errors import DriverError, NoGpuError, UsageError
from gpulease.folder import user_name
from gpulease.journal import Ended, read_journal
from gpulease.lease_ends import told
from gpulease.pool import Pool
from gpulease.records import Entry
from gpulease.sizes import parse_seconds

_HOUR: Final = 3600.0
LAST_DAYS: Final = 7
"""Days of which `gpulease status` tells the GPU-hours of each user."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one user had in one run.

    Attributes:
        user: the name.
        uid: the number.
        run: one run of a workflow, or one session of a shell.
        leases: how many began or lasted in that time.
        gpu_hours: time of leases by number of GPUs.
        unsure_gpu_hours: by how much that may be more or less, for leases whose end nobody saw.
        mb_hours: memory of leases by time.
        waited_s: seconds for which jobs had waited when they were given leases in that time.
        energy_kwh: their share of what the GPUs used; None where the driver does not tell.
    """

    user: str
    uid: int
    run: str
    leases: int
    gpu_hours: float
    unsure_gpu_hours: float
    mb_hours: float
    waited_s: float
    energy_kwh: float | None


def parse_since(text: str, now: float) -> float:
    """Seconds since 1970 of a date, a date with a time, or a span before now.

    Raises:
        UsageError: where it is none of these.
    """
    with suppress(UsageError):
        return now - parse_seconds(text)
    with suppress(ValueError, OverflowError, OSError):
        # Without a zone, people mean their own.
        return datetime.fromisoformat(text.strip()).timestamp()
    raise UsageError(f"{text!r} is no time; write 2d, 12h, 2026-11-20 or 2026-11-20T08:00.")


def add_up(leases: Sequence[tuple[int, Ended]], since: float) -> list[Part]:
    """What each user had in each run since a time, whoever had most first."""
    joules = shared_energy((lease for _, lease in leases), since)
    runs: dict[tuple[int, str], list[Ended]] = {}
    for uid, lease in leases:
        if lease.end >= since:
            runs.setdefault((uid, lease.run), []).append(lease)
    parts = [_part(uid, run, those, since, joules) for (uid, run), those in runs.items()]
    return sorted(parts, key=lambda part: (-part.gpu_hours, part.user, part.run))


def _part(
    uid: int, run: str, leases: Sequence[Ended], since: float, joules: dict[str, float]
) -> Part:
    gpu_s = unsure_s = mb_s = waited_s = 0.0
    for lease in leases:
        seconds = lease.end - max(since, lease.start)
        gpu_s += seconds * len(lease.gpus)
        unsure_s += min(lease.unsure_s, seconds) * len(lease.gpus)
        whole_s = lease.end - lease.start
        mb_s += lease.mb_s * len(lease.gpus) * (seconds / whole_s if whole_s > 0 else 1.0)
        waited_s += lease.waited_s if lease.start >= since else 0.0
    return Part(
        user=user_name(uid),
        uid=uid,
        run=run,
        leases=len(leases),
        gpu_hours=round(gpu_s / _HOUR, 6),
        unsure_gpu_hours=round(unsure_s / _HOUR, 6),
        mb_hours=round(mb_s / _HOUR, 3),
        waited_s=round(waited_s, 3),
        energy_kwh=as_kwh(joules, (lease.lease for lease in leases)),
    )


def read_account(pool: Pool, since: float) -> dict[str, Any]:
    """What `gpulease account --json` prints.

    Raises:
        LedgerError: where the folder cannot be used.
    """
    # What leases use now is known by the driver; what ended is known without it.
    with suppress(DriverError, NoGpuError):
        pool.states()
    with pool.ledger.locked():
        now = pool.ledger.clock()
        leases = pool.ledger.leases()
    ended = read_journal(pool.ledger.folder, since)
    return {
        "since": round(since, 3),
        "until": round(now, 3),
        "accounts": [asdict(part) for part in add_up([*running_now(leases, now), *ended], since)],
        "folder": str(pool.ledger.folder),
    }


def running_now(leases: Iterable[Entry], now: float) -> list[tuple[int, Ended]]:
    """Leases that go on, as if they ended now, with their users."""
    return [(each.record.uid, told(each.path, each.record, now, now)) for each in leases]


def hours_by_user(leases: Iterable[tuple[int, Ended]], since: float) -> list[dict[str, Any]]:
    """GPU-hours of each user since a time, whoever had most first."""
    hours: dict[int, float] = {}
    for uid, lease in leases:
        seconds = max(0.0, lease.end - max(since, lease.start))
        hours[uid] = hours.get(uid, 0.0) + seconds * len(lease.gpus) / _HOUR
    found = [{"user": user_name(uid), "gpu_hours": round(h, 3)} for uid, h in hours.items()]
    return sorted(found, key=lambda each: (-each["gpu_hours"], each["user"]))


def describe_account(account: dict[str, Any]) -> Iterator[str]:
    """The same as a table for people."""
    parts = account["accounts"]
    begin = time.strftime("%Y-%m-%d %H:%M", time.localtime(account["since"]))
    if not parts:
        yield f"No lease since {begin}."
        return
    yield f"Since {begin}:"
    header = ("user", "run", "leases", "GPU-hours", "±", "MB-hours", "waited (h)", "kWh")
    rows = [_row(part) for part in parts]
    rows.append(_row(_total(parts)))
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _total(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    energy = [part["energy_kwh"] for part in parts if part["energy_kwh"] is not None]
    numbers = ("leases", "gpu_hours", "unsure_gpu_hours", "mb_hours", "waited_s")
    return {
        "user": "all",
        "run": "",
        **{name: sum(part[name] for part in parts) for name in numbers},
        "energy_kwh": sum(energy) if energy else None,
    }


def _row(part: dict[str, Any]) -> tuple[str, ...]:
    energy = part["energy_kwh"]
    return (
        part["user"],
        part["run"],
        str(part["leases"]),
        f"{part['gpu_hours']:.2f}",
        f"{part['unsure_gpu_hours']:.2f}",
        f"{part['mb_hours']:.0f}",
        f"{part['waited_s'] / _HOUR:.2f}",
        "-" if energy is None else f"{energy:.3f}",
    )
