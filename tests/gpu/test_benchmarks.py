"""A benchmark tells what the process used that did the work, be it a worker."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from snakemake_executor_plugin_local_gpu.benchmarks import Usage, add_usage, with_worker

USAGE = Usage(cpu=3.0, rss=700.0, vms=900.0, uss=600.0, pss=650.0, read=5.0, written=7.0)
WORK = """
import sys
held = bytearray(300 << 20)
del held
print("ready", flush=True)
for line in sys.stdin:
    block = bytearray(80 << 20)
    total = sum(i * i for i in range(3_000_000))
    print("done", flush=True)
"""


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[str]]:
    """A process that once held 300 MB, and uses 80 MB and the CPU for each line it is sent."""
    with subprocess.Popen(
        [sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def work(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def test_only_what_the_worker_uses_for_the_job_counts(
    worker: subprocess.Popen[str], tmp_path: Path
) -> None:
    file = tmp_path / "job.jsonl"
    with with_worker(worker.pid, str(file)):
        work(worker)
        own = dict.fromkeys(("max_rss", "max_vms", "max_uss", "max_pss", "io_in", "io_out"), 1.0)
        file.write_text(
            json.dumps({"s": 2.0, "cpu_time": 0.1, "cpu_usage": 5.0, "mean_load": 2.5} | own) + "\n"
        )
    record = json.loads(file.read_text())
    assert 0.1 < record["cpu_time"] < 5
    assert record["mean_load"] == pytest.approx(2.5 + 50 * (record["cpu_time"] - 0.1))
    if os.access(f"/proc/{os.getpid()}/clear_refs", os.W_OK):
        assert 80 < record["max_rss"] < 200


@pytest.mark.parametrize(("pid", "benchmark"), [(None, "job.jsonl"), (1, None)])
def test_nothing_is_measured_without_a_worker_or_a_benchmark(
    pid: int | None, benchmark: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr("psutil.Process", looked.append)
    with with_worker(pid, benchmark):
        pass
    assert looked == []


def test_a_worker_that_dies_leaves_the_error_of_its_job(
    worker: subprocess.Popen[str], tmp_path: Path
) -> None:
    def job() -> None:
        with with_worker(worker.pid, str(tmp_path / "job.jsonl")):
            worker.kill()
            worker.wait()
            raise RuntimeError("the job failed")

    with pytest.raises(RuntimeError, match="the job failed"):
        job()
    assert not list(tmp_path.iterdir())


def test_what_snakemake_could_not_sample_counts_as_nothing(tmp_path: Path) -> None:
    file = tmp_path / "job.jsonl"
    missing = dict.fromkeys(("max_rss", "cpu_time", "cpu_usage", "mean_load"), "NA")
    file.write_text(json.dumps({"s": 1.5, "rule_name": "asr_chunk"} | missing) + "\n")
    add_usage(file, USAGE)
    assert json.loads(file.read_text()) == {
        "s": 1.5,
        "rule_name": "asr_chunk",
        "max_rss": 700.0,
        "cpu_time": 3.0,
        "cpu_usage": 300.0,
        "mean_load": 200.0,
    }


def test_a_table_stays_a_table(tmp_path: Path) -> None:
    file = tmp_path / "job.tsv"
    file.write_text(
        "s\th:m:s\tmax_rss\tmean_load\tcpu_time\n1.00\t0:00:01\t9.00\t1.00\t0.01\n"
        "2.00\t0:00:02\t10.00\t50.00\t1.00\n"
    )
    add_usage(file, USAGE)
    assert file.read_text() == (
        "s\th:m:s\tmax_rss\tmean_load\tcpu_time\n1.00\t0:00:01\t9.00\t1.00\t0.01\n"
        "2.00\t0:00:02\t710.00\t200.00\t4.00\n"
    )
