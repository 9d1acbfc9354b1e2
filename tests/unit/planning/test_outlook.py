"""What a dry run knows beside its jobs: names, sizes, who translates, what is missing."""

from pathlib import Path
from typing import Any

import pytest

from tests.helpers.workflow import silent_video
from vat.planning.outlook import outlook
from vat.planning.plan import make_plan


@pytest.fixture
def told(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("sys.argv", ["snakemake", "-np"])
    monkeypatch.setattr("vat.planning.plan.ollama_models", list)
    monkeypatch.setattr("vat.translate.ollama.ollama_models", list)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    silent_video(tmp_path / "in" / "第一讲 开场.mp4", 2)

    def ask(**translate: Any) -> dict[str, Any]:
        config = {"videos": "in", "languages": {"source": "en"}, "translate": translate}
        return outlook(make_plan(config, root=root, here=tmp_path, skip=[]))

    return ask


def test_videos_have_their_own_names_and_models_their_sizes(told: Any) -> None:
    found = told()
    assert list(found["names"].values()) == ["第一讲 开场.mp4"]
    assert found["remote"] == []
    assert found["sizes"]["separate/kim"] == 913106900
    assert found["sizes"]["asr/large-v3"] > 3e9


def test_who_translates_is_named_or_what_is_missing(told: Any) -> None:
    assert "OPENAI_API_KEY is not set" in told()["trouble"]
    found = told(base_url="http://localhost:1/v1", model="m")
    assert (found["trouble"], found["translator"]) == ("", "m at http://localhost:1/v1")
    assert told(backend="ctranslate2", model="owner/name")["translator"] == ""


def test_a_run_that_is_none_of_dry_is_told_the_names_alone(
    told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["snakemake"])
    assert set(told()) == {"names"}
