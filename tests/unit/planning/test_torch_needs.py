"""Without torch a run does what it can, and says before any work what it cannot."""

from pathlib import Path
from typing import Any

import pytest

import vat.planning.plan
from tests.helpers.media import make_video
from vat.errors import ConfigError
from vat.planning.torch_needs import packages_of


@pytest.fixture
def planned(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Plans a run with one video on a host without torch."""
    monkeypatch.setattr(vat.planning.plan, "find_spec", lambda _: None)
    video = make_video(tmp_path / "talk.mp4", 2)

    def call(**config: Any) -> Any:
        return make(**{"videos": str(video), "asr": {"model": "tiny"}} | config)

    return call


def test_separation_by_trial_is_left_out_and_said(planned: Any) -> None:
    plan = planned()
    assert [video.separate for video in plan.videos.values()] == [False]
    (sentence,) = plan.said.splitlines()
    assert "not separated" in sentence
    assert "pip install '" in sentence
    assert "'torch==" in sentence
    assert "'pymss-core" in sentence


def test_without_separation_nothing_is_missed(planned: Any) -> None:
    assert planned(separate={"enabled": False}).said == ""


def test_separation_that_is_asked_for_is_refused(planned: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is true for .*talk\.mp4.* pip install .*'torch=="):
        planned(separate={"enabled": True})
    sheet = tmp_path / "videos.tsv"
    sheet.write_text("source\tseparate\ntalk.mp4\ttrue\n")
    with pytest.raises(ConfigError, match=r"auto or false"):
        planned(videos=str(sheet))


def test_speakers_are_refused(planned: Any) -> None:
    with pytest.raises(ConfigError, match=r"speakers\.enabled .* pip install .*'torch=="):
        planned(speakers={"enabled": True})


def test_subtitles_that_exist_need_no_torch(planned: Any, tmp_path: Path) -> None:
    lines = (f"{n + 1}\n00:00:00,{n}00 --> 00:00:00,{n}90\nThese are words.\n" for n in range(9))
    (tmp_path / "talk.en.srt").write_text("\n".join(lines))
    options = {"languages": {"source": "en"}, "subtitles": {"source": "sidecar"}}
    plan = planned(**options, separate={"enabled": True})
    assert "torch" not in plan.said


def test_jobs_with_environments_of_their_own_have_torch(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vat.planning.plan, "find_spec", lambda _: None)
    video = make_video(tmp_path / "talk.mp4", 2)
    plan = vat.planning.plan.make_plan(
        {"videos": str(video), "asr": {"model": "tiny"}, "separate": {"enabled": True}},
        root=root,
        here=tmp_path,
        skip=[],
        deployed=True,
    )
    assert [one.separate for one in plan.videos.values()] == [True]


def test_what_is_to_be_installed_is_read_from_the_distribution() -> None:
    assert [name.partition("=")[0] for name in packages_of("speakers")] == ["'torch"]
    assert packages_of("no-such-extra") == []
