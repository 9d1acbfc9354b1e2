"""What tests of a translation by a server share."""

from pathlib import Path

import pytest

from tests.helpers.asking import KEY, Asker


@pytest.fixture(scope="module")
def prompts(root: Path) -> dict[str, str]:
    """The texts of the prompts that come with the workflow."""
    names = ("translate", "review", "estimate", "refine", "shorten", "terms")
    return {name: (root / f"config/prompts/{name}.txt").read_text("utf-8") for name in names}


@pytest.fixture
def server_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for the server, which is asked again at once."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("vat.translate.retries._FIRST_WAIT", 0.01)


@pytest.fixture
def ask(prompts: dict[str, str]) -> Asker:
    """Translates texts by a server."""
    return Asker(prompts)
