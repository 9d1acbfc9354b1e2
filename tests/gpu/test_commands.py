"""The command line: sizes, JSON also of errors, who is a stranger, and looking again and again."""

import json
import os
import signal
from typing import Any

import psutil
import pytest

import gpulease
from gpulease.errors import UsageError
from gpulease.sizes import parse_mb, parse_seconds
from tests.gpu.driver.commands import GPULEASE, Commands, answer, user
from tests.gpu.driver.simulated import Host, gpu_uuid


@pytest.mark.parametrize(
    ("text", "mb"),
    [("8G", 8192), ("8g", 8192), ("8 GB", 8192), ("8GiB", 8192), ("0.5G", 512), ("8000M", 8000),
     ("1T", 1048576), ("1K", 1), ("1.0001M", 2), ("0M", 0)],
)  # fmt: skip
def test_sizes(text: str, mb: int) -> None:
    assert parse_mb(text) == mb


@pytest.mark.parametrize(
    "text", ["", "8", "8B", "-8G", "8X", "G", "nanG", "infG", "1e9G", "8G8", "٣G", "9" * 30 + "G"]
)
def test_what_is_no_size_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="8G"):
        parse_mb(text)


def test_spans() -> None:
    assert [parse_seconds(text) for text in ("90s", "1.5h", "7d", "2W")] == [
        90, 5400, 604800, 1209600,
    ]  # fmt: skip
    for text in ("", "7", "-1d", "d", "7y"):
        with pytest.raises(UsageError):
            parse_seconds(text)


def test_memory_as_people_write_it(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    code, out, err = answer(commands, "run", "--mem", "8G", "--", "echo", "ran")
    assert (code, out) == (0, "ran\n")
    assert "needs 8192 MB" in err


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--mem", "8", "--", "true"),
        ("run", "--mem", "8G", "--mem-mb", "8000", "--", "true"),
        ("run", "--", "true"),
        ("run", "--mem", "8G"),
        ("nothing",),
        ("status", "--watch", "-1"),
        ("status", "--watch", "nan"),
        (),
    ],
)
def test_what_means_nothing_is_one_sentence(words: tuple[str, ...], commands: Commands) -> None:
    code, out, err = answer(commands, *words)
    assert (code, out) == (2, "")
    assert err.startswith("gpulease: ")
    assert err.count("\n") == 1


def test_the_version(commands: Commands) -> None:
    assert answer(commands, "--version")[1] == f"gpulease {gpulease.__version__}\n"


@pytest.mark.parametrize(
    ("words", "name"),
    [(("status", "--json"), "NoGpuError"), (("status", "--json", "--bogus"), "UsageError")],
)
def test_an_error_is_json_where_json_was_asked_for(
    words: tuple[str, ...], name: str, commands: Commands
) -> None:
    code, out, err = answer(commands, *words)
    assert code in {1, 2}
    assert json.loads(out)["error"]["class"] == name
    assert json.loads(out)["error"]["message"]
    assert err == ""


def test_the_json_of_a_command_that_is_run_is_its_own(commands: Commands) -> None:
    code, out, err = answer(commands, "run", "--mem", "8G", "--", "x", "--json")
    assert (code, out) == (1, "")
    assert err.startswith("gpulease: ")


def test_strangers_are_shown_with_their_memory(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    stranger = commands.start("sleep", "60")
    mine = commands.run(8000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    assert host.allocate(gpu_uuid(0), 3000, stranger.pid)
    assert host.allocate(gpu_uuid(0), 2000, mine.pid)
    (gpu,) = commands.status()["gpus"]
    (shown,) = gpu["strangers"]
    assert shown == {"pid": stranger.pid, "mem_mb": 3000, "program": "sleep", "user": user()}
    text = answer(commands, "status")[1]
    assert f"3000 MB  sleep of {user()}, process {stranger.pid}, without a lease" in text


def test_where_strangers_cannot_be_told_it_is_said(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    host.add("processes hidden", f"use {gpu_uuid(0)} 1 300")
    assert commands.status()["gpus"][0]["strangers"] is None
    assert "not told here" in answer(commands, "status")[1]


def test_energy_is_shown_where_the_driver_tells_it(host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 24000)
    host.add(f"energy {gpu_uuid(0)} 5400000000")
    assert [gpu["energy_j"] for gpu in commands.status()["gpus"]] == [5400000.0, None]
    assert answer(commands, "status")[1].count("1.5 kWh used since the driver was loaded") == 1


def test_users_and_what_they_have(host: Host, commands: Commands) -> None:
    host.add_gpus(24000, 24000)
    commands.run(20000, "sleep", "60")
    commands.run(20000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [4000, 4000])
    commands.run(20000, "sleep", "60")
    commands.wait_until(lambda: len(commands.status()["waiting"]) == 1)
    (one,) = commands.status()["users"]
    assert (one["user"], one["leases"], one["mem_mb"], one["waiting"]) == (user(), 2, 40000, 1)
    assert one["gpu_s"] > 0
    text = answer(commands, "status")[1]
    assert one["run"] == f"session {os.getsid(0)}"
    assert (
        f"{user()}, {one['run']}: 40000 MB in 2 leases, 0.0 GPU-hours so far; 1 job waiting" in text
    )


@pytest.mark.parametrize("words", [("top",), ("status", "--watch", "0.2"), ("top", "--json")])
def test_status_is_shown_again_and_again(
    words: tuple[str, ...], host: Host, commands: Commands
) -> None:
    host.add_gpus(24000)
    process = commands.start(*GPULEASE, *words)
    assert process.stdout is not None
    wanted = gpu_uuid(0)
    for _ in range(2):
        while wanted not in process.stdout.readline():
            assert process.poll() is None
    process.send_signal(2)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == ""


def test_what_is_promised_is_shown_though_the_driver_is_away(
    host: Host, commands: Commands
) -> None:
    host.add_gpus(24000)
    holder = commands.run(8000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    watching = commands.start(*GPULEASE, "top", "--json", "--watch", "0.2")
    host.add("driver fail")
    code, out, err = answer(commands, "status")
    assert (code, out.splitlines()[0].split()[:2]) == (1, [f"{gpu_uuid(0)}:", "8000"])
    assert f"process {holder.pid}" in out
    assert "The NVIDIA driver does not answer" in err
    code, out, _ = answer(commands, "status", "--json")
    told = json.loads(out)
    assert (code, told["error"]["class"], told["gpus"]) == (1, "DriverError", [])
    assert [lease["gpus"] for lease in told["leases"]] == [[gpu_uuid(0)]]
    host.forget("driver fail")
    assert watching.stdout is not None
    seen = [json.loads(watching.stdout.readline())]
    while not ("error" in seen[-2:][0] and "error" not in seen[-1]):
        assert len(seen) < 200
        seen.append(json.loads(watching.stdout.readline()))
    watching.kill()


def test_status_tells_what_is_stopped(host: Host, commands: Commands) -> None:
    host.add_gpus(24000)
    holder = commands.run(20000, "sh", "-c", "sleep 61; true")
    commands.wait_until(lambda: commands.free_mb() == [4000])
    waiting = commands.run(8000, "true")
    commands.wait_until(lambda: bool(commands.status()["waiting"]))
    (child,) = psutil.Process(holder.pid).children()
    child.suspend()
    waiting.send_signal(signal.SIGSTOP)
    commands.wait_until(lambda: commands.status()["waiting"][0]["stopped_pid"] == waiting.pid)
    _, out, _ = answer(commands, "status")
    for pid in (child.pid, waiting.pid):
        assert f"process {pid} is stopped or hangs (kill -CONT {pid})" in out


def test_the_facts_of_status(host: Host, commands: Commands) -> None:
    """Programs rely on these names."""
    host.add_gpus(24000)
    commands.run(8000, "sleep", "60")
    commands.wait_until(lambda: commands.free_mb() == [16000])
    status: dict[str, Any] = commands.status()
    assert set(status) >= {"gpus", "leases", "waiting", "users", "folder"}
    (gpu,) = status["gpus"]
    assert set(gpu) >= {
        "index", "uuid", "name", "total_mb", "free_mb", "load", "leases", "strangers", "trouble",
        "remark", "exclusive", "unified",
    }  # fmt: skip
    (lease,) = gpu["leases"]
    assert set(lease) >= {"label", "user", "pid", "mem_mb", "declared_mb", "since_s", "stopped_pid"}
