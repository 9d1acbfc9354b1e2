"""Servers with the manners of real ones: nothing is wrong in silence, little is asked for twice."""

from typing import Any

import pytest

from tests.helpers.chat_faults import (
    ABOUT_THE_TASK,
    LATER,
    MANNERS,
    REFUSAL,
    REFUSED,
    WRAPPED,
)
from tests.helpers.chat_server import Answer, Behaviour, chat_server, chinese, lines, subtitles
from tests.helpers.translating import ask
from vat.errors import TranslationError

COUNT, BATCH = 40, 10
REQUESTS = COUNT // BATCH
CUT = {"cut", "all thought"}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-nobody-0123456789")
    monkeypatch.setattr("vat.translate.retries._FIRST_WAIT", 0.01)


def translated(server: Behaviour, **changes: Any) -> tuple[list[str], set[int]]:
    """The texts, and the ids of those that are doubtful or failed."""
    found = ask(server, None, lines(COUNT), on_failure="keep-source-and-mark", **changes)
    return [cue.text for cue in found.cues], {*found.report.doubtful, *found.report.untranslated}


def wrong(texts: list[str]) -> set[int]:
    return {n for n, text in enumerate(lines(COUNT), 1) if texts[n - 1] != chinese(text)}


@pytest.mark.parametrize("echo", [True, False])
@pytest.mark.parametrize("manner", sorted(MANNERS.keys() - CUT))
def test_an_answer_is_found_in_whatever_is_around_it(manner: str, echo: bool) -> None:
    with chat_server(Behaviour(manners=[manner], rate=1.0)) as server:
        texts, doubtful = translated(server, echo=echo)
    assert (wrong(texts), doubtful) == (set(), set())
    assert len(server.requests) == REQUESTS


@pytest.mark.parametrize("manner", sorted(CUT))
def test_what_is_cut_is_asked_for_again(manner: str) -> None:
    with chat_server(Behaviour(manners=[manner], rate=0.2)) as server:
        texts, doubtful = translated(server)
    assert (wrong(texts), doubtful) == (set(), set())
    assert REQUESTS < len(server.requests) < 5 * REQUESTS


def test_an_answer_that_is_always_cut_is_named_with_its_remedy() -> None:
    with (
        chat_server(Behaviour(manners=["all thought"], rate=1.0)) as server,
        pytest.raises(TranslationError, match=r"finish_reason: length.*thinking off.*batch_size"),
    ):
        ask(server, None, lines(1))
    with (
        chat_server(Behaviour(manners=["all thought"], rate=1.0)) as server,
        pytest.raises(TranslationError, match=r"bound that translate\.max_cost sets"),
    ):
        ask(server, None, lines(1), means={"max_cost": 1e9, "input_price": 0, "output_price": 0})


@pytest.mark.parametrize("manner", sorted(ABOUT_THE_TASK.keys() - {"the same"}))
def test_no_answer_about_the_task_is_delivered_in_silence(manner: str) -> None:
    with chat_server(Behaviour(faults=[manner], rate=0.25)) as server:
        texts, doubtful = translated(server)
    assert wrong(texts) <= doubtful
    assert len(doubtful) <= 3
    assert len(server.requests) >= REQUESTS


@pytest.mark.parametrize("manner", sorted(WRAPPED))
def test_a_translation_is_taken_out_of_its_wrapping(manner: str) -> None:
    with chat_server(Behaviour(faults=[manner], rate=1.0)) as server:
        texts, doubtful = translated(server)
    assert (wrong(texts), doubtful) == (set(), set())
    assert len(server.requests) == REQUESTS


def test_what_is_left_of_several_answers_is_asked_for_together() -> None:
    def refuse_first(answer: Answer, asked: dict[str, str]) -> Answer:
        first = next(iter(answer)) if len(answer) == BATCH else None
        return {k: v | {"translation": REFUSAL} if k == first else v for k, v in answer.items()}

    with chat_server(Behaviour(change=refuse_first)) as server:
        texts, doubtful = translated(server)
    assert (wrong(texts), doubtful) == (set(), set())
    assert [len(subtitles(one)) for one in server.requests] == [BATCH] * REQUESTS + [REQUESTS]


def test_a_server_that_only_refuses_fails_by_number() -> None:
    with (
        chat_server(Behaviour(faults=["refuse all"], rate=1.0)) as server,
        pytest.raises(TranslationError, match=r"\d 'The .*seems to speak of the task"),
    ):
        ask(server, None, lines(20), means={"attempts": 2})


def test_one_text_for_unlike_subtitles_is_doubtful_across_batches() -> None:
    odd = {3, 27, 51}
    same = "他在那边等着，什么也没有说。"

    def change(answer: Answer, asked: dict[str, str]) -> Answer:
        return {k: v | {"translation": same} if int(k) in odd else v for k, v in answer.items()}

    texts = [
        f"Number {n} is {'near the old bridge' * (n % 7)} {chr(97 + n % 26) * 9}."
        for n in range(60)
    ]
    with chat_server(Behaviour(change=change)) as server:
        found = ask(server, None, texts)
    assert {at - 1 for at, why in found.report.doubtful.items() if "unlike subtitles" in why} == odd


@pytest.mark.parametrize("manner", sorted(REFUSED))
@pytest.mark.parametrize("most", [4, 1])
def test_what_is_too_much_is_halved_before_anything_is_given_up(manner: str, most: int) -> None:
    with chat_server(Behaviour(refusing=[manner], rate=1.0, most_refused=most)) as server:
        texts, doubtful = translated(server)
    assert (wrong(texts), doubtful) == (set(), set())
    assert {one["response_format"]["type"] for one in server.requests} == {"json_schema"}


def test_the_length_that_a_server_takes_is_learnt() -> None:
    with chat_server(Behaviour(refusing=["413"], rate=1.0, most_refused=5)) as server:
        texts, _ = translated(server, means={"concurrency": 1})
    assert not wrong(texts)
    assert sum(len(subtitles(one)) > 5 for one in server.requests) <= 4


def test_a_refusal_in_unknown_words_of_the_way_of_asking_is_learnt_too() -> None:
    with chat_server(Behaviour(refuses={"json_schema"}, wordless=True)) as server:
        texts, doubtful = translated(server, means={"concurrency": 1})
    assert (wrong(texts), doubtful) == (set(), set())
    assert len(server.requests) == REQUESTS + 2
    assert "response_format" in server.requests[-1]


@pytest.mark.parametrize("manner", sorted(LATER))
def test_a_server_is_left_alone_for_as_long_as_it_asks(manner: str) -> None:
    with chat_server(Behaviour(later=[manner], rate=1.0, most_later=1)) as server:
        found = ask(server, None, lines(1))
    assert not found.report.doubtful
    assert server.times[1] - server.times[0] >= 0.19


def test_a_server_that_says_nothing_of_a_wait_has_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("vat.translate.retries._FIRST_WAIT", 0.5)
    monkeypatch.setattr("vat.translate.retries.time.sleep", waited.append)
    with (
        chat_server(Behaviour(statuses=[503] * 99, wait=None)) as server,
        pytest.raises(TranslationError, match="keeps answering 503"),
    ):
        ask(server, None, lines(1))
    waited = [seconds for seconds in waited if seconds]  # the server's own sleep is none
    assert sum(waited) >= 60
    assert max(waited) <= 30
    assert len(server.requests) == len(waited) + 1
