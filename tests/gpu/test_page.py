"""What the page "GPUs in any Snakemake workflow" shows does what it says."""

import re
from pathlib import Path

import pytest

from tests.gpu.driver.runs import Runs
from tests.gpu.driver.simulated import Host

TRAINING = """
import pathlib, os, sys, time
pathlib.Path(sys.argv[1] + ".begin").write_text(str(time.time()))
time.sleep(2)
pathlib.Path(sys.argv[1] + ".end").write_text(str(time.time()))
pathlib.Path(sys.argv[1]).write_text(os.environ["CUDA_VISIBLE_DEVICES"])
"""


@pytest.fixture
def rules(root: Path, runs: Runs) -> str:
    """The rules of the page, beside a training that does nothing."""
    (runs.folder / "train.py").write_text(TRAINING)
    page = (root / "docs/gpus-in-snakemake.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return str(block)


def most_at_once(runs: Runs) -> int:
    times = [(float(runs.read(f"{n}.pt.begin")), 1) for n in "abc"]
    times += [(float(runs.read(f"{n}.pt.end")), -1) for n in "abc"]
    running = most = 0
    for _, change in sorted(times):
        running += change
        most = max(most, running)
    return most


def test_two_trainings_share_a_gpu_and_the_third_waits(rules: str, host: Host, runs: Runs) -> None:
    host.add_gpus(24000)
    runs.run(rules)
    assert most_at_once(runs) == 2
    assert len({runs.read(f"{n}.pt") for n in "abc"}) == 1


def test_with_a_second_gpu_all_three_run(rules: str, host: Host, runs: Runs) -> None:
    host.add_gpus(24000, 24000)
    runs.run(rules)
    assert most_at_once(runs) == 3
    assert len({runs.read(f"{n}.pt") for n in "abc"}) == 2
