"""What each user had: hours, memory, waiting and energy, since any time."""

import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpulease.account import add_up, describe_account, hours_by_user, parse_since
from gpulease.energy import shared_energy
from gpulease.errors import UsageError
from gpulease.journal import Ended, append
from gpulease.lease_ends import told
from gpulease.leases import Lease
from gpulease.ledger import Ledger
from gpulease.placement import Choice
from tests.gpu.driver.commands import Commands, answer, user
from tests.gpu.driver.simulated import Host, gpu_uuid

NOW = 1_800_000_000.0
NOBODY = 1234567
"""A number that no user of this host has."""


def ended(
    name: str, start: float, end: float, *, gpus: tuple[str, ...] = ("GPU-0",), run: str = "one",
    unsure_s: float = 0.0, watts: float = 0.0,
) -> Ended:  # fmt: skip
    """A lease; its GPUs use the same all the time."""
    energy = (tuple(1.0 + watts * start for _ in gpus), tuple(start for _ in gpus)) if watts else ()
    after = (tuple(1.0 + watts * end for _ in gpus), tuple(end for _ in gpus)) if watts else ()
    return Ended(
        name, run, "", gpus, 1000, 1000 * (end - start), start, end - unsure_s, end + unsure_s,
        60.0, *(energy or ((), ())), *(after or ((), ())),
    )  # fmt: skip


def test_times() -> None:
    assert parse_since("2d", NOW) == NOW - 2 * 86400
    assert parse_since("2026-11-20", NOW) == datetime(2026, 11, 20).timestamp()
    assert parse_since("2026-11-20T08:00", NOW) == datetime(2026, 11, 20, 8).timestamp()
    assert parse_since("2026-11-20T08:00+00:00", NOW) == 1795161600
    for text in ("", "yesterday", "2", "2026-13-01", "-1d", "0001-01-01T00:00+23:59x"):
        with pytest.raises(UsageError, match="2d"):
            parse_since(text, NOW)


def test_parts_of_users_and_runs() -> None:
    leases = [
        (NOBODY, ended("a", 0, 3600)),
        (NOBODY, ended("b", 0, 7200, gpus=("GPU-0", "GPU-1"), run="two")),
        (NOBODY + 1, ended("c", 100, 1900, unsure_s=360)),
    ]
    two, one, other = add_up(leases, 0)
    assert (two.user, two.run, two.leases, two.gpu_hours, two.mb_hours) == (
        str(NOBODY),
        "two",
        1,
        4,
        4000,
    )
    assert (one.run, one.gpu_hours, one.mb_hours, one.waited_s) == ("one", 1, 1000, 60)
    assert (other.uid, other.gpu_hours, other.unsure_gpu_hours) == (NOBODY + 1, 0.5, 0.1)
    assert one.energy_kwh is None


def test_what_was_before_does_not_count() -> None:
    leases = [
        (NOBODY, ended("a", 0, 3600)),
        (NOBODY, ended("b", 3600, 7200)),
        (NOBODY, ended("old", 0, 100)),
    ]
    (part,) = add_up(leases, 1800)
    assert (part.leases, part.gpu_hours, part.mb_hours, part.waited_s) == (2, 1.5, 1500, 60)
    assert hours_by_user(leases, 1800) == [{"user": str(NOBODY), "gpu_hours": 1.5}]


def test_energy_is_shared_by_time() -> None:
    """Alone for half of the time, beside another for the other half."""
    leases = [ended("a", 1000, 2000, watts=300), ended("b", 1500, 2000, watts=300)]
    joules = shared_energy(leases)
    assert joules == pytest.approx({"a": 150_000 + 75_000, "b": 75_000})
    assert shared_energy(leases, 1500) == pytest.approx({"a": 75_000, "b": 75_000})
    (part,) = add_up([(NOBODY, lease) for lease in leases], 0)
    assert part.energy_kwh == pytest.approx(300_000 / 3.6e6, abs=1e-5)


def test_energy_that_cannot_be_is_not_told() -> None:
    """The driver was loaded anew, or somebody wrote what he liked."""
    for before, after in ((5000.0, 10.0), (10.0, 1e12)):
        lease = Ended(
            "a", "", "", ("GPU-0",), 1, 1.0, 0.0, 100.0, 100.0, 0.0,
            (before,), (0.0,), (after,), (100.0,),
        )  # fmt: skip
        assert shared_energy([lease]) == {}


SPANS = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(1, 500), st.integers(0, 2)), min_size=1, max_size=12
)


@given(SPANS, st.integers(0, 1500))
def test_no_energy_is_made_or_lost(spans: list[tuple[int, int, int]], since: int) -> None:
    """The leases together have what the GPUs used while there were any."""
    leases = [
        ended(str(number), start, start + length, gpus=(f"GPU-{gpu}",), watts=200)
        for number, (start, length, gpu) in enumerate(spans)
    ]
    used = 0.0
    for gpu in range(3):
        seconds = {
            second
            for start, length, mine in spans
            if mine == gpu
            for second in range(max(start, since), start + length)
        }
        used += 200 * len(seconds)
    assert sum(shared_energy(leases, since).values()) == pytest.approx(used)


def test_memory_of_a_lease_that_was_resized(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.clock = lambda: NOW
    with ledger.locked():
        held = ledger.add("lease", 1, ("GPU-0",), 8000, "")
        lease = Lease((), held, Choice((), "", ()), lambda held: True)
        for at, mem_mb in ((10.0, 3000), (30.0, 5000)):
            monkeypatch.setattr(time, "time", lambda at=at: NOW + at)
            lease.resize(mem_mb)
    found = told(held.path, held.record, NOW + 40, NOW + 40)
    assert found.mb_s == 8000 * 10 + 3000 * 20 + 5000 * 10
    held.let_go()


def account(commands: Commands, *words: str) -> dict[str, Any]:
    code, out, err = answer(commands, "account", "--json", *words)
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_command_is_in_the_account(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    host.add(f"energy {gpu_uuid(0)} 1000000")
    first = commands.run(20000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [4000])
    second = commands.run(20000, "sleep", "2")
    commands.wait_until(lambda: len(commands.status()["waiting"]) == 1)
    (running,) = account(commands)["accounts"]
    assert (running["user"], running["leases"]) == (user(), 1)
    assert running["waited_s"] < 5
    host.forget("energy")
    host.add(f"energy {gpu_uuid(0)} 1003600")
    first.kill()
    second.wait(timeout=30)
    (part,) = account(commands, "--since", "1h")["accounts"]
    assert (part["user"], part["uid"], part["leases"]) == (user(), os.getuid(), 2)
    assert part["run"] == f"session {os.getsid(0)}"
    assert part["waited_s"] > 0
    assert part["gpu_hours"] + part["unsure_gpu_hours"] >= 2 / 3600
    assert 0 < part["mb_hours"] == pytest.approx(part["gpu_hours"] * 20000, rel=0.01, abs=0.1)
    assert part["energy_kwh"] is not None
    text = answer(commands, "account")[1].splitlines()
    assert text[0].startswith("Since ")
    assert text[1].split() == [
        "user", "run", "leases", "GPU-hours", "±", "MB-hours", "waited", "(h)", "kWh",
    ]  # fmt: skip
    assert text[2].startswith(f"{user()}  session")
    assert text[3].split()[:2] == ["all", "2"]
    status = commands.status()["last_days"]
    assert status["days"] == 7
    assert [each["user"] for each in status["users"]] == [user()]
    assert f"GPU-hours of the last 7 days: {user()} 0.0" in answer(commands, "status")[1]


def test_an_account_needs_no_driver(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "host.txt").unlink(missing_ok=True)
    assert answer(commands, "account")[1].startswith("No lease since ")
    append(tmp_path / "ledger", os.getuid(), ended("a", time.time() - 3600, time.time()))
    (part,) = account(commands)["accounts"]
    assert part["gpu_hours"] == pytest.approx(1)
    assert account(commands, "--since", "2100-01-01")["accounts"] == []


@pytest.mark.parametrize("since", ["x", "-1d", "2026-99-01"])
def test_a_time_that_is_none_is_one_sentence(since: str, commands: Commands) -> None:
    code, out, err = answer(commands, "account", f"--since={since}")
    assert (code, out, err.count("\n")) == (2, "", 1)
    code, out, err = answer(commands, "account", "--json", f"--since={since}")
    assert json.loads(out)["error"]["class"] == "UsageError"


def test_the_table_is_as_wide_as_its_words() -> None:
    parts = [
        {"user": "a" * 20, "run": "", "leases": 1, "gpu_hours": 1.0, "unsure_gpu_hours": 0.0,
         "mb_hours": 2.0, "waited_s": 0.0, "energy_kwh": 1.5},
        {"user": "b", "run": "r", "leases": 10, "gpu_hours": 1.0, "unsure_gpu_hours": 0.0,
         "mb_hours": 2.0, "waited_s": 1800.0, "energy_kwh": None},
    ]  # fmt: skip
    lines = list(describe_account({"since": 0.0, "accounts": parts}))
    assert len(lines) == 5
    assert len({len(line) for line in lines[1:]}) == 1
    assert lines[-1].split() == ["all", "11", "2.00", "0.00", "4", "0.50", "1.500"]
