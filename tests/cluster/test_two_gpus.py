"""The demo on a real Slurm with two pretended GPUs: Slurm gives them out, and the jobs obey."""

import pytest

from tests.cluster.demo_run import (
    ROOT,
    DemoRun,
    Outcome,
    most_at_once,
    most_on_a_gpu,
    processes_left,
)
from tests.cluster.private_slurm import private_slurm, skip_without_slurm

skip_without_slurm()

GPU_RULES = ("separate", "asr_chunk", "merge", "translate")


@pytest.fixture(scope="module")
def two_gpus(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The demo, and a file that is no video, on two GPUs."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "broken.mp4").write_text("This is no video.\n")
    with private_slurm(gpus=2) as slurm:
        run = DemoRun(slurm, folder / "run", [ROOT / "demo", folder / "broken.mp4"])
        models = [f"{rule}:gpu_model=pretended" for rule in ("asr_chunk", "merge")]
        return run.wait("--set-resources", *models)


def test_every_sound_video_is_finished_and_the_broken_one_named(two_gpus: Outcome) -> None:
    assert len(two_gpus.videos) == 3, two_gpus.output
    assert two_gpus.status != 0
    assert "broken.mp4" in two_gpus.output


def test_no_gpu_is_shared_and_both_work_at_a_time(two_gpus: Outcome) -> None:
    assert most_on_a_gpu(two_gpus.scripts) == {"0": 1, "1": 1}
    on_gpus = [script for script in two_gpus.scripts_of(*GPU_RULES) if script["gpus"]]
    assert len(on_gpus) == 3 + 9 + 3 + 3
    assert {len(script["gpus"].split(",")) for script in on_gpus} == {1}
    assert most_at_once((script["began"], script["ended"]) for script in on_gpus) == 2


def test_a_model_of_gpu_is_asked_for_by_name(two_gpus: Outcome) -> None:
    def asked(rule: str) -> set[str]:
        return {job["TresPerJob"] for job in two_gpus.jobs_of(rule) if "TresPerJob" in job}

    assert asked("separate") == asked("translate") == {"gres:gpu:1"}
    assert asked("asr_chunk") == asked("merge") == {"gres:gpu:pretended:1"}


def test_other_jobs_see_no_gpu_and_none_takes_a_lease(two_gpus: Outcome) -> None:
    others = two_gpus.scripts_of("download", "split", "embed", "deliver")
    assert len(others) == 4 + 2 + 3 + 3 + 3, "the broken video is tried three times"
    assert {script["gpus"] for script in others} == {None}
    assert not (two_gpus.folder / "pool").exists(), "no lease was ever written down"
    assert not (two_gpus.folder / "logs/gpu").exists()


def test_a_failing_job_is_tried_again_with_more_memory_and_time(two_gpus: Outcome) -> None:
    tries = [job for job in two_gpus.jobs_of("fetch") if job["JobState"] == "FAILED"]
    assert [job["MinMemoryNode"] for job in tries] == ["1000M", "2000M", "3000M"]
    assert [job["TimeLimit"] for job in tries] == ["07:00:00", "14:00:00", "21:00:00"]


def test_neighbours_without_a_gpu_are_one_job(two_gpus: Outcome) -> None:
    def jobs(*rules: str) -> list[str]:
        return [script["job"] for script in two_gpus.scripts_of(*rules)]

    assert sorted(jobs("extract_audio")) == sorted(
        set(jobs("download")) & set(jobs("extract_audio"))
    )
    assert sorted(jobs("embed")) == sorted(jobs("deliver"))
    assert len(set(jobs("embed"))) == 3


def test_no_process_outlives_its_cluster(two_gpus: Outcome) -> None:
    assert processes_left(two_gpus) == []
