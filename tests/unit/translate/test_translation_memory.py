"""What was paid for once is not paid for again, by any job of a folder."""

import json
import multiprocessing
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.chat_server import FAULTS, Answer, Behaviour, chat_server, chinese, lines
from tests.helpers.translating import PROMPT, ask, texts_of
from vat.errors import TranslationError
from vat.translate.chat import Server
from vat.translate.glossary import Term
from vat.translate.job import Translation
from vat.translate.translation_memory import Memory, Remembered, key_of

PROCESSES = multiprocessing.get_context("spawn")
"""Not forked: pytest-xdist's process has threads. No fork server: its socket would lie in TMPDIR,
whose path may be too long for one."""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setattr("vat.translate.retries._FIRST_WAIT", 0.01)


JOB = """
import sys
from pathlib import Path
from tests.helpers.chat_server import Behaviour, lines
from tests.helpers.translating import ask, texts_of
ask(Behaviour(url=sys.argv[1]), Path(sys.argv[2]), lines(int(sys.argv[3])))
print("finished")
"""


def job(server: Behaviour, folder: Path, count: int, root: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", JOB, server.url, str(folder), str(count)]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


class Gate:
    """Lets answers to about so many subtitles pass, and holds the others until it is opened.

    So a kill finds a job in its midst, however slow the machine is.
    """

    def __init__(self) -> None:
        self.left = 0
        self.opened = threading.Event()
        self.lock = threading.Lock()

    def close(self, left: int) -> None:
        self.left, self.opened = left, threading.Event()

    def __call__(self, answer: Answer, asked: dict[str, str]) -> Answer:
        with self.lock:
            self.left -= len(asked)
            held = self.left < 0
        if held:
            self.opened.wait(60)
        return answer


def kept_in(folder: Path) -> int:
    return len(list(folder.glob("answers/*/[0-9a-f]*.json")))


def test_a_job_killed_at_random_points_pays_for_nothing_twice(root: Path, tmp_path: Path) -> None:
    chance, gate = random.Random(5), Gate()
    behaviour = Behaviour(faults=["think", "fence"], rate=0.3, change=gate)
    with chat_server(behaviour) as server:
        kills = 3
        for _ in range(kills):
            gate.close(80)
            wanted = kept_in(tmp_path) + chance.randint(15, 60)
            with job(server, tmp_path, 300, root) as process:
                limit = time.monotonic() + 120
                while kept_in(tmp_path) < wanted and time.monotonic() < limit:
                    assert process.poll() is None
                    time.sleep(0.005)
                time.sleep(chance.uniform(0, 0.05))
                process.send_signal(signal.SIGKILL)
            gate.opened.set()
        kept = kept_in(tmp_path)
        assert wanted <= kept < 300
        server.change = None
        before = Counter(server.asked())
        found = ask(server, tmp_path, lines(300))
        after = Counter(server.asked())
    assert texts_of(found) == list(map(chinese, lines(300)))
    assert found.report.recalled == kept
    assert sum((after - before).values()) == 300 - kept
    # Only what was under way when a kill came was asked for again: of ten each, four batches at the
    # server and four being looked through.
    assert sum(after.values()) - 300 <= kills * 80


def test_a_retry_goes_on_where_the_server_limited_the_first_attempt(tmp_path: Path) -> None:
    texts = lines(60)
    server = Behaviour(wait="700")

    def limited(answer: Answer, asked: dict[str, str]) -> Answer:
        if sum(server.answered.values()) >= 20:
            server.passing, server.unrest = [429], 1.0
        return answer

    server.change = limited
    with chat_server(server):
        with pytest.raises(TranslationError, match="limits requests"):
            ask(server, tmp_path, texts, means={"concurrency": 1})
        kept = set(server.answered)
        assert 20 <= len(kept) < 60
        server.unrest, server.change = 0.0, None
        server.requests.clear()
        found = ask(server, tmp_path, texts)
    assert texts_of(found) == list(map(chinese, texts))
    assert kept.isdisjoint(server.asked())


def test_the_wait_that_a_server_asked_for_outlives_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = Server._before_wait

    def killed(server: Server, state: Any) -> None:
        noted(server, state)
        raise KeyboardInterrupt

    with chat_server(Behaviour(statuses=[429], wait="2")) as server:
        with monkeypatch.context() as patch:
            patch.setattr(Server, "_before_wait", killed)
            with pytest.raises(KeyboardInterrupt):
                ask(server, tmp_path, lines(10), means={"concurrency": 1})
        found = ask(server, tmp_path, lines(10))
    assert texts_of(found) == list(map(chinese, lines(10)))
    assert server.times[1] - server.times[0] >= 1.9


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
