"""What was paid for once is not paid for again, and limits hold for all jobs together."""

import json
import multiprocessing
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.chat_server import FAULTS, Answer, Behaviour, chat_server, chinese, lines
from tests.helpers.translating import PROMPT, ask
from vat.errors import ConfigError, TranslationError
from vat.translate.glossary import Term
from vat.translate.job import Translation
from vat.translate.limits import RateLimit, Spending, begin_run
from vat.translate.memory import Memory, Remembered, key_of
from vat.translate.settings import check_server

PROCESSES = multiprocessing.get_context("spawn")
"""Not forked: pytest-xdist's process has threads. No fork server: its socket would lie in TMPDIR,
whose path may be too long for one."""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setattr("vat.translate.retries._FIRST_WAIT", 0.01)


def texts_of(found: Translation) -> list[str]:
    return [cue.text for cue in found.cues]


JOB = """
import sys
from pathlib import Path
from tests.helpers.chat_server import Behaviour, lines
from tests.helpers.translating import ask
ask(Behaviour(url=sys.argv[1]), Path(sys.argv[2]), lines(int(sys.argv[3])))
print("finished")
"""


def job(server: Behaviour, folder: Path, count: int, root: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", JOB, server.url, str(folder), str(count)]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


def test_a_job_killed_at_random_points_pays_for_nothing_twice(root: Path, tmp_path: Path) -> None:
    chance = random.Random(5)
    with chat_server(Behaviour(faults=["think", "fence"], rate=0.3, delay=0.1)) as server:
        kills = 0
        for _ in range(3):
            answers = sum(server.answered.values())
            with job(server, tmp_path, 300, root) as process:
                limit = time.monotonic() + 60
                wanted = answers + chance.randint(30, 90)
                while sum(server.answered.values()) < wanted and time.monotonic() < limit:
                    time.sleep(0.005)
                time.sleep(chance.uniform(0, 0.1))
                process.send_signal(signal.SIGKILL)
            kills += 1
        kept = len(list(tmp_path.glob("answers/*/[0-9a-f]*.json")))
        assert 50 < kept < 300
        before = Counter(server.asked())
        found = ask(server, tmp_path, lines(300))
        after = Counter(server.asked())
    assert texts_of(found) == list(map(chinese, lines(300)))
    assert found.report.recalled == kept
    assert sum((after - before).values()) == 300 - kept
    # Only what was under way when a kill came was asked for again: of ten each, four batches at the
    # server and four being looked through.
    assert sum(after.values()) - 300 <= kills * 80


def test_a_second_run_asks_for_nothing(tmp_path: Path) -> None:
    with chat_server(Behaviour(faults=list(FAULTS), rate=0.2)) as server:
        first = ask(server, tmp_path, lines(60), review=True)
        count = len(server.requests)
        second = ask(server, tmp_path, lines(60), review=True)
        assert len(server.requests) == count
    assert texts_of(first) == texts_of(second)
    assert second.report.tokens == (0, 0)


@pytest.mark.parametrize("memory", [True, False])
def test_a_changed_cue_pays_for_itself_and_at_most_its_neighbours(
    tmp_path: Path, memory: bool
) -> None:
    texts = lines(60)
    with chat_server(Behaviour()) as server:
        ask(server, tmp_path, texts, memory=memory)
        server.requests.clear()
        changed = [*texts[:20], "Something new 7.", "And more 8.", *texts[21:]]
        found = ask(server, tmp_path, changed, memory=memory)
        asked = set(server.asked())
    assert texts_of(found) == list(map(chinese, changed))
    new = {"Something new 7.", "And more 8."}
    assert asked == (new if memory else new | set(changed[17:25]))


@pytest.mark.parametrize(
    "change",
    [
        {"model": "other"},
        {"temperature": 0.5},
        {"instructions": "Be brief."},
        {"style": "Formal."},
        {"prompts": {"translate": f"Please. {PROMPT}"}},
        {"target": "zh-hans"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_shapes_a_translation_makes_it_new(tmp_path: Path, change: dict[str, Any]) -> None:
    with chat_server(Behaviour()) as server:
        ask(server, tmp_path, lines(10))
        server.requests.clear()
        ask(server, tmp_path, lines(10), **change)
        assert len(server.asked()) == 10


def test_a_new_term_pays_only_for_the_sentences_that_hold_it(tmp_path: Path) -> None:
    texts = lines(40)

    def obeys(answer: Answer, asked: dict[str, str]) -> Answer:
        return {k: v | {"translation": v["translation"] + "大桥"} for k, v in answer.items()}

    with chat_server(Behaviour()) as server:
        ask(server, tmp_path, texts)
        server.requests.clear()
        server.change = obeys
        ask(server, tmp_path, texts, terms=[Term("bridge", "大桥")])
        assert set(server.asked()) == {text for text in texts if "bridge" in text}


def test_a_repeated_line_is_asked_for_once_and_the_same_everywhere(tmp_path: Path) -> None:
    line = "Welcome to the narrow street number 77."
    with chat_server(Behaviour()) as server:
        first = ask(server, tmp_path, [line, *lines(5), line, *lines(5, 3), line])
        assert server.asked().count(line) == 1
        server.change = lambda answer, asked: dict.fromkeys(answer, "")
        second = ask(server, tmp_path, [lines(5)[2], line])
    assert {c.text for c in first.cues if c.id in (1, 7, 13)} == {second.cues[1].text}


def test_a_short_line_is_translated_by_what_stands_around_it(tmp_path: Path) -> None:
    with chat_server(Behaviour()) as server:
        ask(server, tmp_path, ["Turn left 1.", "Right.", "Turn again 2.", "Is it so?", "Right."])
        assert server.asked().count("Right.") == 2


def test_of_jobs_side_by_side_the_first_answer_stays(tmp_path: Path) -> None:
    line = "Welcome to the narrow street number 77."
    number = iter(range(10))
    lock = threading.Lock()

    def fickle(answer: Answer, asked: dict[str, str]) -> Answer:
        with lock:
            mark = "甲乙丙丁"[next(number) % 4]
        return {k: v | {"translation": v["translation"] + mark} for k, v in answer.items()}

    with chat_server(Behaviour(change=fickle, delay=0.3)) as server:
        found: list[Translation] = []
        threads = [
            threading.Thread(target=lambda: found.append(ask(server, tmp_path, [line])))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.requests) == 4
    assert len({one.cues[0].text for one in found}) == 1


@pytest.mark.parametrize("damage", ["", "{", '{"texts": [1], "doubt": ""}', '{"texts": []}', "[]"])
def test_a_damaged_file_is_asked_for_again(tmp_path: Path, damage: str) -> None:
    with chat_server(Behaviour()) as server:
        ask(server, tmp_path, lines(3))
        path = next(tmp_path.glob("answers/*/*.json"))
        path.write_text(damage)
        server.requests.clear()
        found = ask(server, tmp_path, lines(3))
        assert len(server.asked()) == 1
    assert texts_of(found) == list(map(chinese, lines(3)))
    assert json.loads(path.read_text())["texts"]


def test_the_folder_may_be_deleted(tmp_path: Path) -> None:
    with chat_server(Behaviour()) as server:
        ask(server, tmp_path / "a", lines(3))
        for path in sorted((tmp_path / "a").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        assert texts_of(ask(server, tmp_path / "a", lines(3))) == list(map(chinese, lines(3)))


def test_the_first_of_two_is_kept(tmp_path: Path) -> None:
    memory, key = Memory(tmp_path), key_of(["a"])
    assert memory.keep(key, Remembered(("one",), "odd"), {}) == Remembered(("one",), "odd")
    assert memory.keep(key, Remembered(("two",)), {}) == Remembered(("one",), "odd")
    assert memory.recall(key, 1) == Remembered(("one",), "odd")
    assert not list(tmp_path.rglob(".part-*"))


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
    monkeypatch.setattr("vat.translate.limits.time.sleep", slept.append)
    monkeypatch.setattr("vat.translate.limits.time.time", lambda: now + sum(slept))
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
