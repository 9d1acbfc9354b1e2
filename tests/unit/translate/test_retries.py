"""How long a server is left alone before it is asked again."""

import time
from email.utils import formatdate
from typing import Any

import pytest

from tests.helpers.server_errors import error, said
from vat.translate.retries import asked_wait


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "7"}, None, 7.0),
        ({"Retry-After": "0.5"}, None, 0.5),
        ({"Retry-After": "5s"}, None, 5.0),
        ({"retry-after-ms": "1500"}, None, 1.5),
        ({"Retry-After": "2", "retry-after-ms": "1500"}, None, 2.0),
        ({}, [{"error": {"details": [{"@type": "RetryInfo", "retryDelay": "34.07s"}]}}], 34.07),
        ({}, {"error": {"details": [{"retryDelay": {"seconds": 12}}]}}, 12.0),
        ({}, {"detail": {"retry_after": 9}}, 9.0),
        ({}, said("Rate limit reached. Please try again in 7.66s. Visit https://x"), 7.66),
        ({}, said("Please try again in 1m30.5s."), 90.5),
        ({}, said("Please retry in 250ms."), 0.25),
        ({}, said("Please wait for 2 minutes before trying again."), 120.0),
        ({}, said("try again after 20 seconds"), 20.0),
        ({}, said("Please wait 20s before retrying."), 20.0),
        ({}, said("Too many requests. Cooldown: 10s"), 10.0),
        ({}, said("retry-after: 30"), 30.0),
        ({}, said('{"error": {"details": [{"retryDelay": "34s"}]}}'), 34.0),
        ({}, said("请求过多，请在 20 秒后重试"), 20.0),
        ({}, said("2分後に再試行してください"), 120.0),
        ({}, {"error": "loading", "estimated_time": 20.5}, 20.5),
        ({}, {"error": {"metadata": {"headers": {"Retry-After": "12"}}}}, 12.0),
        ({}, {"error": {"retry_after_ms": 900}}, 0.9),
        ({}, said("At most 3 retries are allowed."), None),
        ({}, said("You have used 3 of 5 requests in this minute."), None),
        ({"Retry-After": "soon"}, None, None),
        ({"Retry-After": "-1"}, None, None),
        ({"Retry-After": "nan"}, None, None),
        ({}, None, None),
    ],
)
def test_how_long_a_server_asks_to_wait(
    headers: dict[str, str], body: Any, seconds: float | None
) -> None:
    assert asked_wait(error(429, body, headers)) == (
        None if seconds is None else pytest.approx(seconds)
    )


def test_a_date_to_wait_for() -> None:
    date = formatdate(time.time() + 40, usegmt=True)
    assert asked_wait(error(503, None, {"Retry-After": date})) == pytest.approx(40, abs=1.5)
    past = formatdate(time.time() - 40, usegmt=True)
    assert asked_wait(error(503, None, {"Retry-After": past})) == 0.0
    assert asked_wait(ValueError("in 5 s")) is None
