"""The demo on simulated GPUs: the workflow leases them, and its models compute on the CPU."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.gpu.driver.simulated import Host, gpu_uuid

ROOT = Path(__file__).parents[2]
MEMORY = {"asr_chunk": 8000, "merge": 8000, "separate": 4000, "translate": 2000}


class Demo:
    """One folder in which the demo runs."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def run(self, *arguments: str, **extra: str) -> None:
        resources = [f"{rule}:gpu_mem_mb={size}" for rule, size in MEMORY.items()]
        command = [
            *[sys.executable, "-m", "snakemake", "--profile", "local-gpu"],
            *["--configfile", "config/demo.yaml", "--directory", str(self.folder)],
            *["--config", f"videos={ROOT / 'demo'}", "--cores", "6"],
            *["--set-resources", *resources],
            *["--set-threads", *[f"{rule}=1" for rule in MEMORY]],
            *arguments,
        ]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**self.environment, **extra},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def events(self, event: str, rule: str) -> list[dict[str, Any]]:
        lines = (self.folder / "logs/gpu/placements.jsonl").read_text().splitlines()
        found = [json.loads(line) for line in lines]
        return [line for line in found if line["event"] == event and line["rule"] == rule]


@pytest.fixture
def demo(tmp_path: Path, environment: dict[str, str]) -> Demo:
    made = Demo(tmp_path / "demo", environment)
    made.folder.mkdir()
    return made


def most_at_once(events: list[dict[str, Any]]) -> dict[str, int]:
    """By GPU, the most MB that were leased at a time."""
    leased: dict[str, int] = defaultdict(int)
    most: dict[str, int] = defaultdict(int)
    for event in sorted(events, key=lambda event: event["time"]):
        sign = 1 if event["event"] == "granted" else -1
        leased[event["gpu"]] += sign * event["mem_mb"]
        most[event["gpu"]] = max(most[event["gpu"]], leased[event["gpu"]])
    return most


def test_chunks_and_videos_spread_over_all_gpus(host: Host, demo: Demo) -> None:
    host.add_gpus(9000, 10000)
    demo.run()
    chunks = demo.events("granted", "asr_chunk")
    assert len(chunks) == 9
    assert {event["gpu"] for event in chunks} == {gpu_uuid(0), gpu_uuid(1)}
    by_video = defaultdict(set)
    for event in chunks:
        by_video[event["wildcards"]["video"]].add(event["gpu"])
    assert max(len(gpus) for gpus in by_video.values()) == 2
    both = [*demo.events("granted", "separate"), *chunks, *demo.events("released", "separate"),
            *demo.events("released", "asr_chunk")]  # fmt: skip
    assert most_at_once(both)[gpu_uuid(0)] <= 9000
    assert most_at_once(both)[gpu_uuid(1)] <= 10000
    assert len(list(demo.folder.glob("results/delivery/*.mkv"))) == 3
    # The models of recognition are still loaded when the chunks of a video are joined.
    merges = [event["reason"] for event in demo.events("granted", "merge")]
    assert any("its worker 'asr' is idle" in reason for reason in merges)


def test_three_videos_on_two_gpus_share_them_or_wait(host: Host, demo: Demo) -> None:
    host.add_gpus(5000, 5000)
    demo.run("--until", "separate")
    assert len(demo.events("granted", "separate")) == 3
    assert {e["gpu"] for e in demo.events("granted", "separate")} == {gpu_uuid(0), gpu_uuid(1)}
    assert len(demo.events("waiting", "separate")) == 1


def test_the_forecast_knows_the_gpus_though_it_asks_for_none(host: Host, demo: Demo) -> None:
    host.add_gpus(20000, 20000)
    for visible, gpu_hours in (({}, True), ({"CUDA_VISIBLE_DEVICES": ""}, False)):
        demo.run("--", "forecast", **visible)
        told = json.loads((demo.folder / "results/forecast.json").read_text())
        assert (told["gpu_hours"]["total"] > 0) == gpu_hours


def test_an_outer_choice_holds_for_the_whole_run(host: Host, demo: Demo) -> None:
    host.add_gpus(20000, 20000)
    demo.run("--until", "asr_chunk", CUDA_VISIBLE_DEVICES="1")
    granted = [*demo.events("granted", "separate"), *demo.events("granted", "asr_chunk")]
    assert len(granted) == 12
    assert {event["gpu"] for event in granted} == {gpu_uuid(1)}
