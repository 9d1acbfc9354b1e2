"""What all jobs spend together is counted, and never more than was allowed."""

import json
import multiprocessing
from collections import Counter
from pathlib import Path

import pytest

from tests.helpers.chat_server import Behaviour, chat_server, chinese, lines
from tests.helpers.translating import ask, texts_of
from vat.errors import ConfigError, TranslationError
from vat.translate.settings import check_server
from vat.translate.spending import Spending, begin_run

PROCESSES = multiprocessing.get_context("spawn")
"""Not forked: pytest-xdist's process has threads. No fork server: its socket would lie in TMPDIR,
whose path may be too long for one."""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setattr("vat.translate.retries._FIRST_WAIT", 0.01)


def spend(folder: Path, number: int) -> int:
    spending = Spending(folder, f"video {number}", (1.0, 1.0), 1.0)
    for count in range(1000):
        try:
            reserved = spending.reserve((20_000, 10_000))
        except TranslationError:
            return count
        spending.settle((10_000, 5_000), reserved)
    return -1


def test_a_limit_on_cost_is_shared_by_processes_and_never_exceeded(tmp_path: Path) -> None:
    begin_run(tmp_path).close()
    with PROCESSES.Pool(4) as pool:
        counts = pool.starmap(spend, [(tmp_path, number) for number in range(4)])
    spending = Spending(tmp_path, "video 1", (1.0, 1.0), 1.0)
    spending.look()
    assert spending.run == pytest.approx(sum(counts) * 0.015)
    assert 0.96 <= spending.run <= 1.0
    assert spending.named == pytest.approx(counts[1] * 0.015)
    begin_run(tmp_path).close()
    spending.look()
    assert spending.run == 0
    assert spending.named == pytest.approx(counts[1] * 0.015)


def test_a_translation_stops_before_it_costs_too_much_and_goes_on_later(tmp_path: Path) -> None:
    prices = {"input_price": 100.0, "output_price": 100.0, "concurrency": 2}
    with chat_server(Behaviour()) as server:
        begin_run(tmp_path).close()
        with pytest.raises(TranslationError, match=r"more than translate\.max_cost \(0\.8\)"):
            ask(server, tmp_path, lines(200), means=prices | {"max_cost": 0.8})
        spent = Spending(tmp_path, " ", (1.0, 1.0), 1.0)
        spent.look()
        assert 0.2 < spent.run <= 0.8
        assert all(request["max_tokens"] > 100 for request in server.requests)
        before = Counter(server.asked())
        begin_run(tmp_path).close()
        found = ask(server, tmp_path, lines(200), means=prices | {"max_cost": 100.0})
        assert not set(before) & set((Counter(server.asked()) - before).keys())
    assert texts_of(found) == list(map(chinese, lines(200)))
    assert found.report.cost is not None
    assert found.report.cost_so_far == pytest.approx(found.report.cost + spent.run, abs=1e-4)


def test_what_a_killed_job_had_asked_for_stays_counted(tmp_path: Path) -> None:
    begin_run(tmp_path).close()
    Spending(tmp_path, "a", (1.0, 1.0), 1.0).reserve((600_000, 0))
    with pytest.raises(TranslationError, match=r"0\.6000 is spent"):
        Spending(tmp_path, "b", (1.0, 1.0), 1.0).reserve((600_000, 0))


def test_the_bound_on_an_answer_is_called_otherwise_by_some(tmp_path: Path) -> None:
    prices = {"input_price": 1.0, "output_price": 1.0, "max_cost": 9.0, "concurrency": 1}
    with chat_server(Behaviour(refuses={"max_tokens"})) as server:
        ask(server, tmp_path, lines(30), means=prices)
    assert "max_completion_tokens" in server.requests[-1]
    assert "max_tokens" not in server.requests[-1]


def test_an_answer_without_count_stays_booked_at_its_highest_cost(tmp_path: Path) -> None:
    prices = {"input_price": 100.0, "output_price": 100.0, "concurrency": 1, "max_cost": 0.8}
    refuses = {"max_tokens"}
    with chat_server(Behaviour(usage=False, refuses=refuses)) as server:
        with pytest.raises(TranslationError, match=r"more than translate\.max_cost"):
            ask(server, tmp_path, lines(200), means=prices)
        spending = Spending(tmp_path, " ", (100.0, 100.0), 1.0)
        spending.look()
    bounds = [request["max_completion_tokens"] for request in server.requests[1:]]
    schemas = [len(json.dumps(one["response_format"])) // 3 for one in server.requests[1:]]
    assert spending.run >= (sum(bounds) + sum(schemas)) * 100 / 1e6
    assert spending.run > 0.4


def test_a_limit_without_prices_is_refused() -> None:
    wrong = {"max_cost": 1.0, "input_price": 1.0, "output_price": None, "base_url": None}
    with pytest.raises(ConfigError, match=r"input_price and translate\.output_price"):
        check_server({"translate": wrong})
    check_server({"translate": wrong | {"output_price": 0.0}})


def test_a_secret_in_the_address_is_refused_before_anything_is_written() -> None:
    config = {"max_cost": None, "input_price": None, "output_price": None}
    for address in (
        *("https://me:sk-1@host/v1", "https://host/v1?api_key=sk-1", "//h?Token=1"),
        *(
            "user:sk-1@host/v1",
            "https://h/v1#key=sk-1",
            "https://h/v1/sk-1",
            "https://h/v1;key=sk-1",
        ),
        *(f"https://h/v1?{name}=sk-1" for name in ("code", "sig", "secret", "Auth", "password")),
    ):
        with pytest.raises(ConfigError, match="OPENAI_API_KEY") as error:
            check_server({"translate": config | {"base_url": address}})
        assert "sk-1" not in str(error.value)
    check_server({"translate": config | {"base_url": "https://host/v1?version=2&design=a"}})
    for address in ("host/v1", "http://[::1/v1", "http://", "file:///v1"):
        with pytest.raises(ConfigError, match="begins with http"):
            check_server({"translate": config | {"base_url": address}})


def test_runs_at_the_same_time_share_one_count(tmp_path: Path) -> None:
    spending = Spending(tmp_path, "a", (1.0, 1.0), 1.0)
    first = begin_run(tmp_path)
    spending.settle((600_000, 0), 0.0)
    second = begin_run(tmp_path)
    with pytest.raises(TranslationError, match=r"0\.6000 is spent"):
        spending.reserve((600_000, 0))
    first.close()
    third = begin_run(tmp_path)
    spending.look()
    assert spending.run == pytest.approx(0.6), "the second still runs"
    second.close()
    third.close()
    with begin_run(tmp_path):
        spending.look()
    assert spending.run == 0


def test_a_damaged_line_of_the_spending_is_passed_over(tmp_path: Path) -> None:
    begin_run(tmp_path).close()
    with (tmp_path / "spending.jsonl").open("a") as file:
        file.write('{"cost": 0.1, "name"\n7\n{"cost": "x", "name": "a"}\n{}\n')
    spending = Spending(tmp_path, "a", (1.0, 1.0), 1.0)
    spending.settle((1000, 0), 0.0)
    assert spending.run == pytest.approx(0.001)
