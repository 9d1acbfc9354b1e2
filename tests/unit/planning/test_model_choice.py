"""The speech model follows from the device, and a folder keeps the best it has had."""

from pathlib import Path
from typing import Any

import pytest

from tests.helpers.media import make_video
from vat.planning.model_choice import fitting
from vat.planning.plan import Plan, make_plan


@pytest.fixture
def cpus(monkeypatch: pytest.MonkeyPatch) -> Any:
    def has(count: int) -> None:
        monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(count)))

    has(4)
    return has


@pytest.fixture
def planned(root: Path, tmp_path: Path) -> Any:
    video = make_video(tmp_path / "talk.mp4", 2)

    def call(memory: Any = 0, *, renew: bool = True, **asr: Any) -> Plan:
        config = {"videos": str(video), "asr": {"model": "auto"} | asr}
        gpu_mb = memory if memory is None or callable(memory) else lambda: memory
        return make_plan(config, root=root, here=tmp_path, skip=[], renew=renew, gpu_mb=gpu_mb)

    return call


@pytest.mark.parametrize(
    ("gpu_mb", "compute_type", "job_mb", "model"),
    [
        (24_000, "auto", None, "large-v3"),
        (8_188, "auto", None, "large-v3"),
        (6_144, "auto", None, "large-v3-turbo"),
        (6_144, "int8_float16", None, "large-v3"),
        (4_096, "auto", None, "small"),
        (2_000, "auto", None, "small"),
        (24_000, "auto", 5_000, "large-v3-turbo"),
        (0, "auto", None, "small"),
    ],
)
@pytest.mark.usefixtures("cpus")
def test_the_best_model_that_fits_is_taken(
    gpu_mb: int, compute_type: str, job_mb: int | None, model: str
) -> None:
    assert fitting(gpu_mb, compute_type, job_mb) == model


def test_many_cpus_hear_with_turbo(cpus: Any) -> None:
    cpus(8)
    assert fitting(0, "auto", None) == "large-v3-turbo"


@pytest.mark.usefixtures("cpus")
def test_the_choice_is_said_and_is_part_of_the_recipe(planned: Any) -> None:
    plan = planned(24_000)
    assert plan.recipe["asr"]["model"] == plan.config["asr"]["model"] == "large-v3"
    assert plan.said == "Speech is recognised by large-v3 (asr.model: auto)."
    named = planned(24_000, model="base")
    assert (named.config["asr"]["model"], named.said) == ("base", "")


@pytest.mark.usefixtures("cpus")
def test_jobs_elsewhere_have_a_gpu(planned: Any) -> None:
    assert planned(None).config["asr"]["model"] == "large-v3"
    assert planned(None).config["asr"]["model"] == "large-v3"


@pytest.mark.usefixtures("cpus")
def test_the_cpu_asks_for_no_gpu(planned: Any) -> None:
    def never() -> int:
        raise AssertionError("no GPU is wanted")

    assert planned(never, device="cpu").config["asr"]["model"] == "small"


@pytest.mark.usefixtures("cpus")
def test_a_folder_keeps_its_best_model(planned: Any) -> None:
    models = [planned(mb).config["asr"]["model"] for mb in (0, 6_000, 24_000, 0)]
    assert models == ["small", "large-v3-turbo", "large-v3", "large-v3"]


@pytest.mark.usefixtures("cpus")
def test_a_job_takes_what_its_run_has_chosen(planned: Any) -> None:
    assert planned(6_000).config["asr"]["model"] == "large-v3-turbo"
    assert planned(24_000, renew=False).config["asr"]["model"] == "large-v3-turbo"
