"""What a dry run says: every job of every video is known before anything runs."""

import re
from pathlib import Path

import pytest

from tests.helpers.workflow import Workflow, demo, silent_video


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    videos = tmp_path_factory.mktemp("videos")
    for seconds in (10, 65, 125):
        silent_video(videos / f"{seconds} s.mp4", seconds)
    return videos


def planned(workflow: Workflow, directory: Path, *config: str) -> dict[str, int]:
    run = workflow(directory, *demo("-n", "--config", *config))
    assert run.status == 0, run.output
    return run.jobs()


def test_every_chunk_is_planned_without_a_checkpoint(
    workflow: Workflow, folder: Path, tmp_path: Path
) -> None:
    jobs = planned(workflow, tmp_path, f"videos={folder}", "split={chunk_seconds: 30}")
    assert jobs == {
        "all": 1,
        "download": 3,
        "extract_audio": 3,
        "separate": 3,
        "split": 3,
        "asr_chunk": 1 + 3 + 5,
        "merge": 3,
        "translate": 3,
        "embed": 3,
        "deliver": 3,
    }


def test_the_dag_is_drawn(workflow: Workflow, folder: Path, tmp_path: Path) -> None:
    run = workflow(tmp_path, *demo("--dag", "--config", f"videos={folder}"))
    assert run.status == 0, run.output
    assert "digraph" in run.output
    assert run.output.count("asr_chunk") == 1 + 4 + 7


def test_named_models_are_fetched_once_and_only_if_used(
    workflow: Workflow, folder: Path, tmp_path: Path
) -> None:
    named = "asr={model: large-v3}", "separate={model: kim}"
    assert planned(workflow, tmp_path, f"videos={folder}", *named)["fetch_model"] == 2
    off = "asr={model: large-v3}", "separate={model: kim, enabled: false}"
    assert planned(workflow, tmp_path, f"videos={folder}", *off)["fetch_model"] == 1


def test_a_detector_is_fetched_where_the_language_is_not_known(
    workflow: Workflow, folder: Path, tmp_path: Path
) -> None:
    auto = "languages={source: auto}", "split={language_model: small}"
    jobs = planned(workflow, tmp_path, f"videos={folder}", *auto)
    assert jobs["fetch_model"] == 1
    assert jobs["translate"] == 3


@pytest.mark.parametrize(
    ("config", "absent", "present"),
    [
        ("translate={backend: none}", {"fetch_model", "translate"}, {"merge": 3, "embed": 3}),
        ("embed={mode: none}", {"embed"}, {"translate": 3}),
        ("embed={mode: burn, container: mp4}", {"fetch_model"}, {"embed": 3}),
        ("languages={targets: [zh, ja, de]}", set(), {"translate": 9, "embed": 3}),
        ("languages={targets: []}", {"translate"}, {"merge": 3, "embed": 3}),
    ],
)
def test_each_case_plans_what_it_needs(
    workflow: Workflow,
    folder: Path,
    tmp_path: Path,
    config: str,
    absent: set[str],
    present: dict[str, int],
) -> None:
    jobs = planned(workflow, tmp_path, f"videos={folder}", config)
    assert not absent & set(jobs)
    assert present.items() <= jobs.items()


def test_only_a_remote_video_has_a_checkpoint(
    workflow: Workflow, folder: Path, tmp_path: Path
) -> None:
    videos = f"videos=['{folder}', 'https://127.0.0.1:9/talk.mp4']"
    jobs = planned(workflow, tmp_path, videos, "split={chunk_seconds: 30}")
    assert jobs["count_chunks"] == 1
    assert jobs["asr_chunk"] == 1 + 3 + 5
    assert jobs["download"] == 4


def test_a_remote_video_costs_one_pass_through_the_plan(workflow: Workflow, tmp_path: Path) -> None:
    videos = "videos=['https://127.0.0.1:9/one.mp4', 'https://127.0.0.1:9/two.mp4']"
    run = workflow(tmp_path, *demo("-n", "--verbose", "--config", videos))
    # Said once a video in each pass; after each download there are as many passes as here.
    assert run.output.count("rerun job all because job deliver has to be rerun") == 2


def test_remote_videos_can_be_fetched_and_counted_alone(workflow: Workflow, tmp_path: Path) -> None:
    videos = "videos=['https://127.0.0.1:9/one.mp4', 'https://127.0.0.1:9/two.mp4']"
    run = workflow(tmp_path, *demo("-n", "--until", "count_chunks", "--config", videos))
    assert run.jobs() == {"download": 2, "count_chunks": 2}


def test_gpu_and_memory_are_declared(workflow: Workflow, folder: Path, tmp_path: Path) -> None:
    config = f"videos={folder}", "asr={model: large-v3, gpu_mem_mb: null}"
    text = workflow(tmp_path, *demo("-n", "--config", *config)).output
    resources = {
        block.split(":")[0]: block for block in text.split("\nrule ") if "resources:" in block
    }
    assert "gpu=1, gpu_mem_mb=4000" in resources["separate"]
    assert "gpu=1, gpu_mem_mb=8000" in resources["asr_chunk"]
    assert "gpu=1, gpu_mem_mb=8000" in resources["merge"]
    for rule in ("download", "split", "embed"):
        assert "gpu=0, gpu_mem_mb=0" in resources[rule], rule
    for rule in ("download", "separate", "split", "asr_chunk", "merge", "translate", "embed"):
        assert "runtime=" in resources[rule], rule
        assert "mem_mb=" in resources[rule], rule


def test_each_attempt_asks_for_more_memory_and_time(
    workflow: Workflow, folder: Path, tmp_path: Path
) -> None:
    def asked(attempt: int) -> list[tuple[int, ...]]:
        text = workflow(
            tmp_path, *demo("-n", "--attempt", str(attempt), "--config", f"videos={folder}")
        ).output
        found = re.findall(r"gpu_mem_mb=(\d+),.*? runtime=(\d+),.* mem_mb=(\d+)", text)
        return [tuple(map(int, numbers)) for numbers in found]

    first, third = asked(1), asked(3)
    assert len(first) == 3 * 8 + 1 + 4 + 7
    for (gpu_mem, minutes, memory), more in zip(sorted(first), sorted(third), strict=True):
        assert more == (2 * gpu_mem, 3 * minutes, 3 * memory)


def test_only_a_profile_tries_jobs_again(root: Path) -> None:
    # A rule's retries would also be tried inside each job of a cluster, without more memory.
    rules = list(root.glob("workflow/rules/*.smk"))
    assert len(rules) > 5
    assert not [path.name for path in rules if re.search(r"^\s+retries:", path.read_text(), re.M)]


def test_the_cpu_asks_for_no_gpu(workflow: Workflow, folder: Path, tmp_path: Path) -> None:
    cpu = [f"{section}={{device: cpu}}" for section in ("asr", "separate", "translate")]
    text = workflow(tmp_path, *demo("-n", "--config", f"videos={folder}", *cpu)).output
    assert "gpu=0" in text
    assert "gpu=1" not in text


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (
            "split={chunk_secnds: 3}",
            "'split.chunk_secnds' is unknown; did you mean 'chunk_seconds'",
        ),
        ("languages={targets: [zz]}", "unknown language 'zz'"),
        ("videos=nowhere", "nowhere"),
        ("asr={model: /no/such/model}", "/no/such/model"),
        ("asr={model: larg-v3}", "The model 'larg-v3' is unknown; did you mean large-v3?"),
        ("translate={backend: ctranslate2, model: nllb-99}", "The model 'nllb-99' is unknown"),
    ],
)
def test_a_mistake_is_one_sentence(
    workflow: Workflow, tmp_path: Path, config: str, sentence: str
) -> None:
    run = workflow(tmp_path, *demo("-n", "--config", config))
    assert run.status != 0
    assert sentence in run.output
    assert "Traceback" not in run.output


def test_a_missing_key_stops_the_run_before_any_work(
    workflow: Workflow, folder: Path, tmp_path: Path
) -> None:
    config = "--config", f"videos={folder}", "translate={backend: openai}"
    assert workflow(tmp_path, *demo("-n", *config)).status == 0
    run = workflow(tmp_path, *demo(*config))
    assert run.status != 0
    assert "OPENAI_API_KEY" in run.output
    assert "Traceback" not in run.output
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "languages", ["{targets: []}", "{source: en, targets: []}", "{source: zh, targets: [zh-tw]}"]
)
def test_no_key_is_asked_for_where_nothing_is_translated(
    workflow: Workflow, folder: Path, tmp_path: Path, languages: str
) -> None:
    video = folder / "10 s.mp4"
    config = f"videos={video}", "translate={backend: openai}", f"languages={languages}"
    fetched = "asr={model: base}", "split={language_model: base}"
    jobs = planned(workflow, tmp_path, *config, *fetched)
    assert "overview" not in jobs
    assert ("translate" in jobs) == ("zh-tw" in languages)
    # What a run needs is looked at when it begins; this one goes no further than the first job.
    run = workflow(tmp_path, *demo("--until", "download", "--config", *config, *fetched))
    assert run.status == 0, run.output
    assert "KEY" not in run.output
