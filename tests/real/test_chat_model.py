"""A real chat model too small to translate: nothing hangs, and nothing it repeats is delivered."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.real_chat_model import chat_model, served
from tests.helpers.real_weights import UnavailableError
from vat.errors import TranslationError
from vat.subtitles.limits import CueSettings
from vat.timeline import Cue
from vat.translate.chat import Server
from vat.translate.job import Translation
from vat.translate.settings import Means, TranslateSettings
from vat.translate.translate import translate

LINES = (
    "Good morning, my dear friend.",
    "Where did you put the old letters?",
    "The train leaves in the evening.",
    "Nobody knew where the key was.",
)
PROMPT = "Translate the subtitles from $source_language to $target_language. $answer"
SECONDS = 120.0
"""For one answer; a machine under load reads some ten tokens a second."""

MEANS = Means(attempts=1, timeout_seconds=SECONDS, concurrency=1)
MOST_REQUESTS = 3 * len(LINES)
"""Each subtitle in ever smaller batches, and alone once."""


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    try:
        with served(chat_model(root / "resources")) as found:
            yield found
    except UnavailableError as error:
        pytest.skip(f"no real chat model: {error}")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def settings(address: str, on_failure: str = "fail") -> TranslateSettings:
    return TranslateSettings(
        "openai",
        "smollm2",
        address,
        prompts={"translate": PROMPT},
        echo=False,
        shorten=False,
        overview=False,
        context=0,
        temperature=0.0,
        on_failure=on_failure,
    )


def translated(address: str, on_failure: str) -> Translation:
    cues = [Cue(n, n * 4.0, n * 4.0 + 3.0, text) for n, text in enumerate(LINES, 1)]
    return translate(cues, "en", "de", settings(address, on_failure), CueSettings(), MEANS)


def test_the_schema_is_enforced(address: str) -> None:
    server = Server.connect(settings(address), MEANS)
    with server.client:
        server.knock()
        reply = server.ask("Say hello.", {"subtitles": {"7": "Hi.", "9": "Ho."}}, ("translation",))
    assert server.accepted == {"schema"}
    answer = json.loads(reply.text)
    assert list(answer) == ["7", "9"]
    assert all(list(entry) == ["translation"] for entry in answer.values())


def test_whatever_it_repeats_is_marked_or_named(address: str) -> None:
    found = translated(address, "keep-source-and-mark")
    report = found.report
    assert report.requests <= MOST_REQUESTS
    for cue, source in zip(found.cues, LINES, strict=True):
        text = " ".join(cue.text.split())
        if cue.id in report.untranslated:
            assert text == f"[?] {source}"
        else:
            assert cue.id in report.doubtful
    assert report.untranslated


def test_whatever_it_repeats_fails_by_number(address: str) -> None:
    with pytest.raises(TranslationError, match=rf"of {len(LINES)} subtitles.*same as the source"):
        translated(address, "fail")
