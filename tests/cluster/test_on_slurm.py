"""The demo on a real Slurm with pretended GPUs: Slurm gives them out, and the jobs obey."""

import signal
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from tests.cluster.demo_run import (
    ROOT,
    DemoRun,
    Outcome,
    most_at_once,
    most_on_a_gpu,
    slurm_times,
)
from tests.cluster.private_slurm import missing_commands, private_slurm, wait_until

if missing_commands():
    pytest.skip(f"there is no {', '.join(missing_commands())}", allow_module_level=True)

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


class Site:
    """A web site with a feed of one video; `asked` are the paths that were asked for."""

    def __init__(self, folder: Path) -> None:
        asked: list[str] = []

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                asked.append(self.path)

        handler = partial(Handler, directory=str(folder))
        self.asked = asked
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        (folder / "clean.mp4").symlink_to(ROOT / "demo/clean.mp4")
        (folder / "feed.xml").write_text(
            '<rss version="2.0"><channel><title>Talks</title><item><title>One</title>'
            f"<link>{self.url}/clean.mp4</link></item></channel></rss>"
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"))
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def four_gpus(site: Site, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Outcome]:
    """A file and a feed on four GPUs: a run that is interrupted, and one that goes on."""
    with private_slurm(gpus=4) as slurm:
        videos = [ROOT / "demo/music.mkv", f"{site.url}/feed.xml"]
        run = DemoRun(slurm, tmp_path_factory.mktemp("four"), videos)
        process = run.start()

        def two_chunks_run() -> bool:
            running = [job for job in slurm.unfinished() if job["JobState"] == "RUNNING"]
            chunks = [job for job in running if "asr_chunk" in job["Comment"]]
            return len(chunks) >= 2 or process.poll() is not None

        try:
            wait_until(300, two_chunks_run, "two chunks are transcribed")
        finally:
            process.send_signal(signal.SIGINT)
            interrupted = run.end(process, 60)
        return interrupted, run.wait()


def test_an_interrupt_cancels_all_jobs(four_gpus: tuple[Outcome, Outcome]) -> None:
    interrupted, _ = four_gpus
    assert interrupted.status != 0
    states = [job["JobState"] for job in interrupted.jobs]
    assert states.count("CANCELLED") >= 2, interrupted.output
    assert set(states) <= {"CANCELLED", "COMPLETED"}
    assert not interrupted.videos


def test_the_same_command_goes_on_with_what_was_cancelled(
    four_gpus: tuple[Outcome, Outcome],
) -> None:
    _, resumed = four_gpus
    assert resumed.status == 0, resumed.output
    assert len(resumed.videos) == 2
    assert len(resumed.jobs_of("fetch")) == 2
    assert len(resumed.jobs_of("separate")) == 2


def test_all_four_gpus_work_at_a_time_and_none_is_shared(
    four_gpus: tuple[Outcome, Outcome],
) -> None:
    _, resumed = four_gpus
    assert most_on_a_gpu(resumed.scripts) == dict.fromkeys("0123", 1)
    assert most_at_once(slurm_times(resumed.jobs_of("asr_chunk"))) == 4


def test_each_run_asks_for_a_feed_once_and_no_job_does(
    site: Site, four_gpus: tuple[Outcome, Outcome]
) -> None:
    assert four_gpus[1].status == 0
    assert site.asked.count("/feed.xml") == 2


def test_only_the_count_of_a_remote_videos_chunks_is_no_slurm_job(
    four_gpus: tuple[Outcome, Outcome],
) -> None:
    _, resumed = four_gpus
    assert len(list(resumed.folder.glob("results/*/chunk_count.json"))) == 1
    assert {script["rule"] for script in resumed.scripts if not script["job"]} == {"count_chunks"}


def test_shards_let_as_many_jobs_on_a_gpu_as_its_memory_holds(tmp_path: Path) -> None:
    shards = "separate:gpu=0", "separate:gres=f'shard:{2 * attempt}'"
    with private_slurm(gpus=1, shards=4) as slurm:
        run = DemoRun(slurm, tmp_path / "run", [ROOT / "demo"])
        done = run.wait("--until", "separate", "--set-resources", *shards)
    assert done.status == 0, done.output
    separated = done.scripts_of("separate")
    assert [script["gpus"] for script in separated] == ["0"] * 3
    assert most_at_once(slurm_times(done.jobs_of("separate"))) == 2


def test_no_process_outlives_its_cluster(
    two_gpus: Outcome, four_gpus: tuple[Outcome, Outcome]
) -> None:
    outcomes = two_gpus, *four_gpus
    places = {outcome.cluster for outcome in outcomes}
    places |= {str(outcome.folder / "observed.jsonl") for outcome in outcomes}
    left = []
    for process in psutil.process_iter():
        try:
            if places & set(process.environ().values()):
                left.append(process)
        except psutil.Error:
            continue
    assert left == []
