"""A run on a real Slurm with four pretended GPUs that is interrupted, and one that goes on."""

import signal
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cluster.demo_run import (
    ROOT,
    DemoRun,
    Outcome,
    most_at_once,
    most_on_a_gpu,
    processes_left,
    slurm_times,
)
from tests.cluster.private_slurm import private_slurm, skip_without_slurm, wait_until

skip_without_slurm()


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
        videos: list[str | Path] = [ROOT / "demo/music.mkv", f"{site.url}/feed.xml"]
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


def test_no_process_outlives_its_cluster(four_gpus: tuple[Outcome, Outcome]) -> None:
    assert processes_left(four_gpus[1]) == []
