"""What a real GPU is to show is rehearsed: on the CPU, and on the simulated driver."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.real_gpu.report import SkippedError, run, write
from benchmarks.real_gpu.speed import made_model
from benchmarks.real_gpu.weights import enlarge, pack, read_model, unpack, write_model
from tests.gpu.conftest import ROOT
from tests.gpu.driver.simulated import Host

REHEARSAL = """
import sys
from pathlib import Path
from benchmarks.real_gpu import pool
from benchmarks.real_gpu.report import run, write
take = [sys.executable, "-m", "tests.gpu.driver.simulated"]
write(run("pool", pool.checks(take, jobs=10)), {}, Path(sys.argv[1]))
"""


@pytest.mark.long
def test_the_pools_checks_pass_on_the_simulated_driver(
    host: Host, environment: dict[str, str], tmp_path: Path
) -> None:
    host.add_gpus(24000, 24000)
    command = [sys.executable, "-c", REHEARSAL, str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "gpu.json").read_text("utf-8"))["results"]
    assert [one["name"] for one in results if not one["ok"]] == [], done.stdout + done.stderr
    leased = next(one for one in results if one["name"] == "10 jobs with leases")
    assert (leased["figures"]["out of memory"], leased["figures"]["GPUs"]) == (0, 2)


def test_the_models_speed_and_the_libraries_are_rehearsed_on_the_cpu(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.real_gpu", "works", "--rehearse"]
    done = subprocess.run(
        [*command, "--results", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| works | separator | ok |" in (tmp_path / "gpu.md").read_text("utf-8")


def test_a_check_that_fails_is_told_and_stops_no_other(tmp_path: Path) -> None:
    def fails() -> dict[str, int]:
        raise ValueError("odd | thing")

    def cannot() -> dict[str, int]:
        raise SkippedError("no such card")

    results = run("part", {"one": fails, "two": cannot, "three": lambda: {"MB": 5}})
    assert [one.ok for one in results] == [False, True, True]
    write(results, {"card": "none"}, tmp_path)
    table = (tmp_path / "gpu.md").read_text("utf-8")
    assert "| part | one | FAILED |" in table
    assert "odd / thing" in table
    assert "| part | two | skipped |" in table
    assert "| MB 5 |" in table


@pytest.mark.parametrize("name", ["rehearsal"])
def test_a_model_with_random_weights_decodes(name: str, tmp_path: Path) -> None:
    from benchmarks.real_gpu.speed import speed

    found = speed(tmp_path, name, "cpu", (1, 2), 1, 0.1)
    assert [float(str(text).split("x")[0]) > 0 for text in found.values()] == [True, True]


def test_a_file_of_weights_is_read_and_written_as_it_was(tmp_path: Path) -> None:
    source = ROOT / "models" / "asr" / "model.bin"
    write_model(read_model(source), tmp_path / "model.bin")
    assert (tmp_path / "model.bin").read_bytes() == source.read_bytes()


def test_enlarged_and_packed_models_decode_what_the_small_one_does(tmp_path: Path) -> None:
    small = made_model(tmp_path, "rehearsal")
    for name in ("tokenizer.json", "vocabulary.txt"):
        (small / name).write_text("{}")
    large = enlarge(small, tmp_path / "large", encoder=3, decoder=4)
    pack(small, tmp_path / "small.xz")
    unpack(tmp_path / "small.xz", tmp_path / "packed", read_model(small / "model.bin"))
    for other in (large, tmp_path / "packed"):
        shutil.copy(small / "vocabulary.json", other / "vocabulary.json")
    spoken, larger, packed = (encoded(folder) for folder in (small, large, tmp_path / "packed"))
    assert larger.shape == (1, 1500, 3 * spoken.shape[2])
    assert np.abs(larger[:, :, : spoken.shape[2]] - spoken).max() < 0.02
    assert np.abs(packed - spoken).max() < 0.2 < np.abs(spoken).max()


def encoded(folder: Path) -> NDArray[np.float32]:
    """What a model's encoder makes of some noise."""
    noise = np.random.default_rng(3).standard_normal((1, 80, 3000), dtype=np.float32)
    model = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="float32")
    return np.array(model.encode(ctranslate2.StorageView.from_array(noise), to_cpu=True))
