"""Limits of a server hold for all jobs together."""

import multiprocessing
import threading
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from tests.helpers.chat_server import Behaviour, chat_server, lines
from tests.helpers.translating import ask
from vat.translate.rate_limits import RateLimit

PROCESSES = multiprocessing.get_context("spawn")
"""Not forked: pytest-xdist's process has threads. No fork server: its socket would lie in TMPDIR,
whose path may be too long for one."""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setattr("vat.translate.retries._FIRST_WAIT", 0.01)


def take(file: Path, count: int, together: Barrier) -> None:
    together.wait()
    limit = RateLimit(file, requests=60 * 50)
    for _ in range(count):
        limit.wait(0)
        with file.with_suffix(".log").open("a") as log:
            log.write(f"{time.time()}\n")


def test_a_rate_is_shared_by_processes(tmp_path: Path) -> None:
    file = tmp_path / "limit.txt"
    together = PROCESSES.Barrier(4)
    processes = [PROCESSES.Process(target=take, args=(file, 10, together)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    moments = sorted(map(float, file.with_suffix(".log").read_text().split()))
    assert len(moments) == 40
    assert moments[-1] - moments[0] >= 39 / 50 - 0.05


def test_a_long_wait_is_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    slept: list[float] = []
    now = time.time()
    monkeypatch.setattr("vat.translate.rate_limits.time.sleep", slept.append)
    monkeypatch.setattr("vat.translate.rate_limits.time.time", lambda: now + sum(slept))
    limit = RateLimit(tmp_path / "limit.txt", requests=1)
    with caplog.at_level("INFO", "vat"):
        limit.wait(1)
        limit.wait(1)
    assert slept == [pytest.approx(60, abs=1)]
    assert "waits 60 s" in caplog.text


def test_a_pause_holds_for_those_who_wait_already(tmp_path: Path) -> None:
    limit = RateLimit(tmp_path / "limit.txt", requests=60 / 0.2)
    limit.wait(0)
    began = time.monotonic()
    waiting = threading.Thread(target=limit.wait, args=(0,))
    waiting.start()
    time.sleep(0.1)
    limit.pause(0.4)
    waiting.join()
    assert time.monotonic() - began >= 0.49


def test_tokens_are_limited_and_a_pause_holds_for_all(tmp_path: Path) -> None:
    one, other = (RateLimit(tmp_path / "limit.txt", tokens=60 * 1000) for _ in range(2))
    began = time.monotonic()
    for limit, tokens in ((one, 100), (other, 100), (one, 0)):
        limit.wait(tokens)
    assert 0.19 <= time.monotonic() - began < 5
    one.pause(0.3)
    began = time.monotonic()
    other.wait(0)
    assert time.monotonic() - began >= 0.29


BEFORE_THE_CLOCK_WAS_SET_BACK = " ".join(str(time.time() + 6 * 3600 + ahead) for ahead in (1, 1, 0))


@pytest.mark.parametrize(
    "content",
    ["nonsense", "", "1e99", BEFORE_THE_CLOCK_WAS_SET_BACK],
    ids=["nonsense", "nothing", "too far", "before the clock was set back"],
)
def test_a_moment_that_cannot_be_is_forgotten(tmp_path: Path, content: str) -> None:
    (tmp_path / "limit.txt").write_text(content)
    began = time.monotonic()
    RateLimit(tmp_path / "limit.txt", requests=600).wait(1)
    assert time.monotonic() - began < 5


def test_the_limit_of_the_configuration_is_kept(tmp_path: Path) -> None:
    with chat_server(Behaviour()) as server:
        ask(server, tmp_path, lines(50), means={"requests_per_minute": 60 * 5})
        times = sorted(server.times)
    assert len(times) == 5
    assert times[-1] - times[0] >= 0.5
