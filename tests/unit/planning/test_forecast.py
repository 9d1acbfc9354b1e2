"""The forecast comes true: on simulated hosts, with what was learnt; and its bound is one."""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpulease.executors import rehearse
from vat.errors import ConfigError
from vat.planning.batch_speeds import batch_share
from vat.planning.bound import Demand, bound
from vat.planning.forecast import (
    Forecast,
    Host,
    Kind,
    PlannedJob,
    VideoWork,
    forecast,
    planned_jobs,
)
from vat.planning.forecast_text import told
from vat.planning.server_limits import Limits
from vat.planning.speeds import Done, Speeds, done_jobs, speeds

STAGES = (
    "extract_audio",
    "separate",
    "split",
    "asr_chunk",
    "merge",
    "translate",
    "embed",
    "deliver",
)
GPU = {
    "separate": Kind("gpu", "kim", 4000, 4),
    "asr_chunk": Kind("gpu", "large-v3", 8000, 4),
    "merge": Kind("gpu", "*", 8000, 4),
    "translate": Kind("server", cores=2),
}
KINDS = {stage: GPU.get(stage, Kind()) for stage in ("download", *STAGES)}
TRUE = {
    **{"download": (0.5, 0.001), "extract_audio": (1, 0.004), "separate": (8, 0.04)},
    **{"split": (1, 0.01), "asr_chunk": (3, 0.06), "merge": (2, 0.005)},
    **{"translate": (3, 0.05), "embed": (1, 0.004), "deliver": (0.3, 0)},
}
"""What stages really take on the simulated hosts: seconds a job and for each second of sound."""

HOSTS = {
    "2x24": Host((24000, 24000), 16),
    "8x24": Host((24000,) * 8, 64),
    "80+24": Host((80000, 24000), 32),
    "cpu": Host((), 16),
}


def really(stage: str, sound: float, chance: random.Random) -> float:
    start, rate = TRUE[stage]
    return (start + rate * sound) * chance.uniform(0.85, 1.2)


def folder(seed: int, videos: int) -> list[VideoWork]:
    chance = random.Random(seed)
    found = []
    for at in range(videos):
        seconds = chance.choice([60, 300, 600, 1500, 3600, 7200]) * chance.uniform(0.5, 1.5)
        chunks = -(-int(seconds) // 600)
        found.append(VideoWork(f"v{at}", seconds, 100.0, ("download", *STAGES), chunks, 1))
    return found


def learnt(seed: int, path: Path) -> Speeds:
    """What an earlier run of another folder has taught."""
    chance = random.Random(seed + 1000)
    done = []
    for work in folder(seed + 1000, 12):
        assert work.seconds is not None
        for stage, kind in KINDS.items():
            sound = work.seconds / (work.chunks if stage == "asr_chunk" else 1)
            done.append(Done(stage, kind.device, kind.model, sound, really(stage, sound, chance)))
    return speeds(done, path / "speeds.csv")


def on(host: Host) -> dict[str, Kind]:
    if host.gpus_mb:
        return KINDS
    return {stage: replace(kind, gpu_mem_mb=0) for stage, kind in KINDS.items()}


@pytest.mark.parametrize("name", HOSTS)
def test_with_learnt_speeds_the_forecast_comes_true(name: str, tmp_path: Path) -> None:
    host = HOSTS[name]
    first = 5 * list(HOSTS).index(name)
    for seed in range(first, first + 5):
        videos, known = folder(seed, 8), learnt(seed, tmp_path)
        found = forecast(videos, on(host), known, host, rehearse)
        chance = random.Random(seed)
        jobs = [
            replace(job, seconds=really(job.stage, sound_of(job, videos), chance))
            for job in planned_jobs(videos, on(host), known)
        ]
        reality = max(rehearse(jobs, host.gpus_mb, host.cores, host.computing).values())
        assert found.expected_seconds == pytest.approx(reality, rel=0.2), (name, seed)
        assert found.bound_seconds <= reality
        assert found.expected_range[0] <= reality <= found.expected_range[1]


def sound_of(job: PlannedJob, videos: Sequence[VideoWork]) -> float:
    (work,) = [one for one in videos if one.video == job.video]
    assert work.seconds is not None
    return work.seconds / (work.chunks if job.stage == "asr_chunk" else 1)


@given(
    st.lists(
        st.tuples(st.floats(1, 500), st.sampled_from([0, 4000, 8000, 20000]), st.integers(1, 4)),
        min_size=1,
        max_size=12,
    ),
    st.lists(st.sampled_from([24000, 80000]), min_size=1, max_size=4),
    st.integers(1, 16),
)
def test_the_bound_is_never_above_what_a_run_takes(
    given_jobs: list[tuple[float, int, int]], gpus: list[int], cores: int
) -> None:
    jobs = [
        PlannedJob(str(at), "s", str(at), seconds, seconds, seconds, (), memory, threads, 0)
        for at, (seconds, memory, threads) in enumerate(given_jobs)
    ]
    taken = max(rehearse(jobs, gpus, cores).values())
    demands = [Demand(job.name, job.seconds, job.gpu_mem_mb, job.cores) for job in jobs]
    least = bound(demands, gpus, cores, max(job.seconds for job in jobs))
    assert least.seconds <= taken * (1 + 1e-6)


def test_what_bounds_a_run_is_named() -> None:
    jobs = [Demand("asr_chunk", 1000, 8000, 1), Demand("split", 10, 0, 1)]
    assert bound(jobs, (24000,), 8, 5).by == "the GPUs, by asr_chunk"
    assert bound(jobs, (24000,), 8, 5).seconds == pytest.approx(500)
    assert bound(jobs, (24000,), 1, 5).by == "the cores"
    assert bound(jobs, (24000,), 8, 5000).by == "the longest video"
    large = [Demand("asr_chunk", 1000, 40000, 1), Demand("separate", 100, 4000, 1)]
    assert bound(large, (24000, 80000), 64, 5).by == "GPU 1, by asr_chunk"


def test_a_job_that_no_gpu_holds_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"can never end here"):
        forecast(folder(1, 1), KINDS, learnt(1, tmp_path), Host((6000,), 4), rehearse)


def test_nothing_left_and_unknown_lengths(tmp_path: Path) -> None:
    known = speeds([], tmp_path / "speeds.csv")
    videos = [VideoWork("a", 60.0, 5.0, ()), VideoWork("b", None, 0.0, ("download", *STAGES))]
    found = forecast(videos, KINDS, known, HOSTS["2x24"], rehearse)
    assert (found.videos, found.unknown, found.expected_seconds) == (2, 1, 0)
    assert "only their download tells their length" in told(found)


def test_tokens_cost_and_what_would_change_it(tmp_path: Path) -> None:
    known = speeds([], tmp_path / "speeds.csv")
    found = forecast(folder(3, 4), KINDS, known, HOSTS["2x24"], rehearse, (10.0, 4.0), (1.0, 2.0))
    assert found.tokens["input"] == pytest.approx(found.hours * 36000, rel=0.01)
    tokens = found.tokens
    assert found.cost == pytest.approx((tokens["input"] + 2 * tokens["output"]) / 1e6, abs=1e-3)
    assert set(found.what_if) == {"one more GPU", "asr.model large-v3-turbo"}
    assert max(found.what_if.values()) <= found.expected_seconds
    assert found.gpu_hours["total"] == pytest.approx(
        sum(hours for name, hours in found.gpu_hours.items() if name != "total"), abs=1e-3
    )
    assert found.disk_mb["peak"] > found.disk_mb["end"] >= 400
    text = told(found)
    assert "GPU-hours" in text
    assert "assumed" in text
    assert Forecast.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_smaller_batches_show_what_batches_of_8_would_change(tmp_path: Path) -> None:
    known, videos, host = speeds([], tmp_path / "speeds.csv"), folder(3, 4), HOSTS["2x24"]
    for batch, shown in ((0, False), (1, True), (8, False)):
        kinds = {**KINDS, "asr_chunk": replace(KINDS["asr_chunk"], batch=batch)}
        found = forecast(videos, kinds, known, host, rehearse)
        assert ("asr.batch_size 8" in found.what_if) == shown
        assert found.what_if.get("asr.batch_size 8", 0) < found.expected_seconds
    assert batch_share("large-v3", 1) == pytest.approx(77 / 395)
    assert batch_share("large-v3-turbo", 4) == pytest.approx(756 / 893)


def test_the_servers_limits_bound_a_run_that_they_hold_up(tmp_path: Path) -> None:
    def of(limits: Limits, kinds: dict[str, Kind] = KINDS) -> Forecast:
        known, videos = speeds([], tmp_path / "speeds.csv"), folder(3, 4)
        host = HOSTS["2x24"]
        return forecast(videos, kinds, known, host, rehearse, (10.0, 4.0), limits=limits)

    free, held = of(Limits()), of(Limits(None, 1000.0))
    seconds = 60 * sum(held.tokens.values()) / 1000
    assert free.expected_seconds < held.expected_seconds == pytest.approx(seconds, abs=0.1)
    assert held.bound_seconds == pytest.approx(seconds / 2, abs=0.1)
    assert held.bounded_by == "the server's rate"
    low, high = held.expected_range
    assert low <= held.expected_seconds <= high
    assert of(Limits(0.1, None, 30)).bounded_by == "the server's rate"
    local = {**KINDS, "translate": Kind("cpu", cores=2)}
    assert of(Limits(0.1, 1.0, 30), local).bounded_by != "the server's rate", "nobody asks it"


def test_a_thousand_videos_take_few_seconds(tmp_path: Path) -> None:
    known = learnt(1, tmp_path)
    began = time.process_time()
    forecast(folder(1, 1000), KINDS, known, HOSTS["8x24"], rehearse)
    assert time.process_time() - began < 5


def test_speeds_are_learnt_from_benchmarks_and_kept(tmp_path: Path) -> None:
    for video, seconds in (("a", 100), ("b", 400), ("c", 900), ("d", 1600)):
        record = {
            **{"rule_name": "split", "s": 2 + 0.01 * seconds, "wildcards": {"video": video}},
            **{"params": {}, "resources": {"gpu": 0}},
        }
        path = tmp_path / f"logs/{video}/split.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(record) + "\n")
    (tmp_path / "logs/e").mkdir()
    (tmp_path / "logs/e/split.jsonl").write_text("{")
    sounds = {"a": 100.0, "b": 400.0, "c": 900.0, "d": 1600.0}
    done = list(done_jobs(tmp_path / "logs", sounds, gpus=False))
    assert len(done) == 4
    found = speeds(done, tmp_path / "speeds.csv").of("split", "cpu")
    assert found.measured
    assert [found.start, found.rate] == pytest.approx([2, 0.01])
    assert found.low < found.rate < found.high
    assert speeds([], tmp_path / "speeds.csv").of("split", "cpu") == found
    table = (tmp_path / "speeds.csv").read_text()
    assert table.splitlines()[0].startswith("stage,device,model,setup,on,start,")
    for damaged in ("damaged", "", table[: len(table) // 2], table.replace("0.01", "much")):
        (tmp_path / "speeds.csv").write_text(damaged)
        assert not speeds([], tmp_path / "speeds.csv").of("split", "cpu").measured
    (tmp_path / "speeds.csv").write_bytes(b"\xff\x00")
    assert not speeds([], tmp_path / "speeds.csv").of("split", "cpu").measured


def test_every_stage_has_a_speed_for_each_device(tmp_path: Path) -> None:
    known = speeds([], tmp_path / "speeds.csv")
    for stage in ("download", "overview", *STAGES):
        for device in ("cpu", "gpu"):
            one = known.of(stage, device, "anything")
            assert one.low <= one.rate <= one.high
            assert one.source


def test_speeds_are_learnt_by_setup_and_model_of_gpu(tmp_path: Path) -> None:
    events, places = [], (("a", "A5000", "float16 1"), ("b", "H100", "float16 8"))
    for number, (video, gpu, setup) in enumerate(places, 1):
        name = {"rule_name": "asr_chunk", "wildcards": {"video": video, "chunk": "0001"}}
        work = {"gpu": 1, "gpu_work": f"large-v3 {setup}"}
        record = {**name, "s": 10.0 * number, "params": {"settings": {"model": "large-v3"}}}
        (tmp_path / f"{video}.jsonl").write_text(json.dumps({**record, "resources": work}) + "\n")
        events.append({"event": "granted", "name": gpu, "rule": "asr_chunk", **name})
    journal = tmp_path / "placements.jsonl"
    journal.write_text("".join(json.dumps(event) + "\n" for event in events) + "{")
    benchmarks = {"a": 100.0, "b": 100.0}
    done = list(done_jobs(tmp_path, benchmarks, gpus=True, journal=journal))
    stored = tmp_path / "learned/speeds.csv"

    def rate(setup: str, *here: str) -> tuple[float, bool]:
        found = speeds(done, stored, here).of("asr_chunk", "gpu", "large-v3", setup)
        return round(found.rate, 3), found.measured

    assert rate("float16 1") == (0.1, True)
    assert rate("float16 8") == (0.2, True)
    assert rate("int8 4", "H100") == (0.2, True)
    assert rate("int8 4", "A5000") == (0.1, True)
    done.clear()
    assert rate("float16 8") == (0.2, True), "it is kept"
    stored.write_text(
        "stage,device,model,start,rate,low,high,source,measured\n"
        "asr_chunk,gpu,large-v3,0,0.3,0.2,0.4,earlier,True\n"
    )
    assert rate("float16 8", "H100") == (0.3, True), "and so are tables of earlier versions"
