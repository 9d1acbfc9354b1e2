"""A server that refuses, waits or answers nonsense is understood, or named without its key."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.asking import KEY, MEANS, Asker, check
from tests.helpers.chat_server import (
    FAULTS,
    Answer,
    Behaviour,
    chat_server,
    chinese,
    lines,
)
from vat.errors import TranslationError

pytestmark = pytest.mark.usefixtures("server_key")


@pytest.mark.parametrize(
    ("refuses", "last"),
    [
        (set(), "json_schema"),
        ({"json_schema"}, "json_object"),
        ({"json_schema", "json_object"}, None),
        ({"temperature"}, "json_schema"),
    ],
)
def test_what_the_server_refuses_is_given_up(
    ask: Asker, refuses: set[str], last: str | None
) -> None:
    with chat_server(Behaviour(refuses=refuses)) as server:
        check(ask(server, temperature=0.2))
        assert server.requests[-1].get("response_format", {}).get("type") == last
        assert ("temperature" in server.requests[-1]) == ("temperature" not in refuses)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "OPENAI_API_KEY"),
        (402, "balance"),
        (403, "region"),
        (404, r"translate\.model"),
        (451, "region"),
        (400, "400"),
    ],
)
def test_a_refusal_fails_at_once_without_the_key(
    ask: Asker, status: int, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    with chat_server(Behaviour(statuses=[status] * 9)) as server:
        caplog.set_level(logging.DEBUG)
        with pytest.raises(TranslationError, match=message) as error:
            ask(server, means=replace(MEANS, concurrency=1))
        assert len(server.requests) == (6 if status == 400 else 1)
        assert server.keys[0] == f"Bearer {KEY}"
    assert KEY not in str(error.value)
    assert KEY not in caplog.text
    assert error.value.__cause__ is None


def test_a_used_up_account_is_named_at_once(ask: Asker) -> None:
    body = {"message": "quota", "type": "insufficient_quota", "code": "insufficient_quota"}
    with (
        chat_server(Behaviour(statuses=[429] * 20, error=body)) as server,
        pytest.raises(TranslationError, match=r"account.*\(429\)"),
    ):
        ask(server, 5)
    assert len(server.requests) == 1


def test_a_server_that_stays_broken_is_named(ask: Asker) -> None:
    with (
        chat_server(Behaviour(statuses=[503] * 50, wait=None)) as server,
        pytest.raises(TranslationError, match="keeps answering 503"),
    ):
        ask(server, 5)
    assert len(server.requests) == 8


def test_a_slow_and_an_absent_server_are_told_apart(
    ask: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vat.translate.retries._MOST_RETRIES", 0)
    with chat_server(Behaviour(delay=1.0)) as server:
        hasty = replace(MEANS, timeout_seconds=0.2)
        with pytest.raises(TranslationError, match="did not answer in time"):
            ask(server, 2, means=hasty)
    with pytest.raises(TranslationError, match="cannot be reached"):
        ask(Behaviour(url="http://127.0.0.1:9/v1"), 2)


def test_without_key_only_a_named_server_is_asked(
    ask: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with chat_server(Behaviour()) as server:
        check(ask(server))
    with pytest.raises(TranslationError, match="OPENAI_API_KEY is not set"):
        ask(Behaviour(), base_url=None)


def test_one_subtitle_too_long_for_the_server_fails_with_its_reason(ask: Asker) -> None:
    with (
        chat_server(Behaviour(most=0)) as server,
        pytest.raises(TranslationError, match="maximum context length"),
    ):
        ask(server, 1)


@pytest.mark.parametrize("on_failure", ["fail", "keep-source-and-mark"])
def test_what_a_subtitle_says_may_be_refused_and_the_format_stays(
    ask: Asker, on_failure: str
) -> None:
    texts = [*lines(20), "A tank stood on the square 7."]
    with chat_server(Behaviour(forbids="tank")) as server:
        one = replace(MEANS, concurrency=1)
        if on_failure == "fail":
            with pytest.raises(TranslationError, match=r"1 of 21 .*: 21 'A tank .*I do not like"):
                ask(server, texts, means=one)
        else:
            found = ask(server, texts, means=one, on_failure=on_failure)
            assert found.report.untranslated == [21]
            assert [cue.text for cue in found.cues[:20]] == list(map(chinese, texts[:20]))
    assert {one["response_format"]["type"] for one in server.requests} == {"json_schema"}
    assert len(server.requests) == 3


def test_a_known_filter_of_content_is_told_from_a_refused_format(ask: Asker) -> None:
    error = {"message": "Content Exists Risk", "type": "invalid_request_error"}
    with chat_server(Behaviour(statuses=[400], error=error)) as server:
        check(ask(server, 4, means=replace(MEANS, concurrency=1)), 4)
    assert {one["response_format"]["type"] for one in server.requests} == {"json_schema"}


@pytest.mark.parametrize("body", [b'{"choices": [{"mess', b'{"error": {"message": "busy"}}'])
def test_an_answer_that_is_none_is_asked_for_again(ask: Asker, body: bytes) -> None:
    with chat_server(Behaviour(bodies=[body])) as server:
        check(ask(server, 5), 5)
        assert len(server.requests) == 2


def test_a_server_that_has_answered_is_no_other_kind_of_server(ask: Asker) -> None:
    with chat_server(Behaviour()) as server:

        def breaks(answer: Answer, asked: dict[str, str]) -> Answer:
            server.bodies = [b"{"] * 8
            return answer

        server.change = breaks
        with pytest.raises(TranslationError, match="keeps sending unreadable answers"):
            ask(server, 20, means=replace(MEANS, concurrency=1))


def test_the_server_says_how_long_to_wait(ask: Asker) -> None:
    with chat_server(Behaviour(statuses=[429], wait="0.5")) as server:
        check(ask(server, 1), 1)
        assert server.times[1] - server.times[0] >= 0.5


@pytest.mark.parametrize("wait", ["0", "nan", "-1", "soon"])
def test_a_wait_of_nothing_leaves_the_server_time(ask: Asker, wait: str) -> None:
    with chat_server(Behaviour(statuses=[503] * 4, wait=wait)) as server:
        check(ask(server, 1), 1)
        assert server.times[4] - server.times[0] >= 0.01 + 0.02 + 0.04 + 0.08


def test_nobody_waits_for_a_server_that_wants_an_hour(ask: Asker) -> None:
    with (
        chat_server(Behaviour(statuses=[429], wait="3600")) as server,
        pytest.raises(TranslationError, match="run again later"),
    ):
        ask(server, 1)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text/html", b"<html>Welcome</html>"),
        ("application/json", b"{nope"),
        ("application/json", b"null"),
        ("application/json", b"[1]"),
        ("application/json", b"{}"),
    ],
)
def test_an_address_of_something_else_is_told(ask: Asker, kind: str, data: bytes) -> None:
    with (
        chat_server(Behaviour(body=(kind, data))) as server,
        pytest.raises(TranslationError, match=r"does not speak.*base_url.*/v1"),
    ):
        ask(server)


@pytest.mark.parametrize(
    "data",
    [
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": ["x"]}',
        b'{"choices": [{"message": {"content": null, "refusal": "no"}}]}',
        b'{"choices": [{"message": {"content": ["1"]}}]}',
    ],
)
def test_an_answer_without_text_fails_by_the_subtitle(ask: Asker, data: bytes) -> None:
    with (
        chat_server(Behaviour(body=("application/json", data))) as server,
        pytest.raises(TranslationError, match=r"2 of 2 subtitles .*: 1 'The"),
    ):
        ask(server, 2)


@pytest.mark.parametrize("bad", ["sk-first\nsk-second-secret", "sk-secret…"])
def test_a_broken_key_is_not_shown(ask: Asker, bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", bad)
    with pytest.raises(TranslationError, match="characters that no key can have") as error:
        ask(Behaviour(url="http://127.0.0.1:9/v1"))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "change", [("//", "//user:very-secret@"), ("/v1", "/v1?api_key=very-secret")]
)
def test_a_secret_in_the_address_is_refused(
    ask: Asker, change: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with chat_server(Behaviour()) as server:
        url = server.url.replace(*change)
        with (
            caplog.at_level(logging.DEBUG),
            pytest.raises(TranslationError, match=r"base_url .*holds.*password") as error,
        ):
            ask(server, base_url=url)
        assert not server.requests
    assert "very-secret" not in str(error.value) + caplog.text


def test_the_key_is_in_no_log_and_no_result(
    ask: Asker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    behaviour = Behaviour(faults=list(FAULTS), rate=0.3, statuses=[500, 429, 503])
    with chat_server(behaviour) as server, caplog.at_level(logging.DEBUG):
        found = ask(server, means=replace(MEANS, folder=tmp_path))
        assert all(key == f"Bearer {KEY}" for key in server.keys)
    kept = "".join(path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file())
    assert "sentences" not in kept
    assert len(kept) > 1000
    assert KEY not in caplog.text + str(found) + kept


def test_the_address_comes_from_the_configuration_only(
    ask: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat_server(Behaviour()) as server, chat_server(Behaviour()) as other:
        monkeypatch.setenv("OPENAI_BASE_URL", other.url)
        ask(server, 1)
        assert (len(server.requests), len(other.requests)) == (1, 0)


def test_an_unset_temperature_is_not_sent(ask: Asker) -> None:
    with chat_server(Behaviour()) as server:
        ask(server, 1)
        ask(server, 1, temperature=0.0)
    assert "temperature" not in server.requests[0]
    assert server.requests[1]["temperature"] == 0.0
