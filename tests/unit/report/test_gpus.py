"""What became of the GPUs is read from the journal, and drawn."""

import time
from typing import Any

import pytest

from vat.planning.bound import Bound
from vat.report.gpus import Bar, GpuRun, GpuUse, uses
from vat.report.jobs import DoneJob, least, makespan, without_gpu
from vat.report.timeline_picture import DARK, LIGHT, lanes_of, steps, timeline

GPU = {"gpu": "GPU-1", "index": 0, "rule": "asr_chunk", "mem_mb": 3000, "worker_pid": 7}
GRANTED = {**GPU, "event": "granted", "name": "A5000", "total_mb": 24000}


def granted(jobid: int, time: float, **facts: Any) -> dict[str, Any]:
    return {**GRANTED, "jobid": jobid, "time": time, **facts}


def released(jobid: int, time: float, seconds: float, **facts: Any) -> dict[str, Any]:
    shown = {"wildcards": {"video": "talk"}, "used_mb": 2500, "energy_j": time * 100}
    return {**GPU, "event": "released", "jobid": jobid, "time": time, "seconds": seconds} | (
        shown | facts
    )


def test_who_had_a_gpu_when_and_what_it_took() -> None:
    run = uses(
        [
            {"event": "waiting", "jobid": 2, "gpu": None, "time": 101.0},
            granted(1, 100.0, energy_j=9000.0),
            released(1, 110.0, 10.0),
            granted(2, 112.0),
            released(2, 120.0, 8.0, used_mb=None),
            {**GPU, "event": "evicted", "jobid": 2, "time": 130.0},
            {"event": "granted"},
            {"event": "released", "gpu": "GPU-1", "time": "soon"},
        ]
    )
    (gpu,) = run.gpus
    assert gpu.bars == [
        Bar(100.0, 110.0, "asr_chunk", "talk", 3000, 2500),
        Bar(112.0, 120.0, "asr_chunk", "talk", 3000, 0),
    ]
    assert [(one.start, one.end, one.mem_mb) for one in gpu.kept] == [
        (110.0, 112.0, 3000),
        (120.0, 130.0, 3000),
    ]
    assert (gpu.used_seconds, gpu.used_mb, gpu.energy_j) == (18.0, 2500, 3000.0)
    assert run.waited == ((101.0, 112.0),)
    assert (run.span, run.seconds) == ((100.0, 120.0), 20.0)


def use(*bars: Bar) -> GpuUse:
    return GpuUse("GPU 0 (of <b>$x$</b>)", 24000, 3000, [*bars])


def test_the_picture_names_rules_videos_and_gpus_and_has_no_script() -> None:
    run = GpuRun((use(Bar(0, 50, "asr_chunk", "talk", 3000, 2500)),), ((1.0, 5.0),))
    light, dark = (timeline(run, [Bar(10, 60, "embed", "v")], one) for one in (LIGHT, DARK))
    for text in ("asr_chunk", "embed", "talk", "promised", "seen at most", "GPU 0 (of &lt;b&gt;"):
        assert text in light
    assert "Somebody waits for a GPU" in light
    assert "Without a GPU" in light
    assert LIGHT.ink in light
    assert DARK.ink in dark
    assert "<script" not in light
    assert light == timeline(run, [Bar(10, 60, "embed", "v")], LIGHT), "made the same way again"
    assert timeline(GpuRun(), [], LIGHT) == ""


def test_thousands_of_jobs_are_drawn_small_and_soon() -> None:
    bars = [Bar(at, at + 2.5, "asr_chunk", f"v{at}", 3000, 2500) for at in range(10_000)]
    began = time.perf_counter()
    assert len(timeline(GpuRun((use(*bars),)), [], LIGHT)) < 300_000
    assert time.perf_counter() - began < 30


def test_jobs_at_the_same_time_have_lanes_of_their_own() -> None:
    spans = [(5, 9), (0, 6), (6, 8), (1, 2)]
    assert lanes_of([Bar(start, end, "", "") for start, end in spans]) == [1, 0, 0, 1]
    assert steps([(0, 2, 5), (1, 3, 7), (2, 3, 1)]) == [(0, 5), (1, 12), (2, 8), (3, 0)]


def job(rule: str, start: float, end: float, threads: int = 1) -> DoneJob:
    return DoneJob(rule, "talk", start, end, threads, False)


def test_the_least_time_is_bounded_by_the_longest_video_the_cores_or_the_gpus() -> None:
    chain = [job("separate", 0, 10), job("asr_chunk", 10, 20), job("asr_chunk", 10, 15)]
    assert makespan(GpuRun(), chain) == 20
    assert least(GpuRun(), chain, 8, 2) == Bound(20.0, "the longest video")
    others = [DoneJob("embed", f"v{at}", 0, 10, 2, False) for at in range(8)]
    assert least(GpuRun(), others, 4, 2) == Bound(40.0, "the cores")
    assert least(GpuRun(), others, None, 2) == Bound(10.0, "the longest video")
    busy = GpuRun((use(*(Bar(at, at + 10, "asr_chunk", "v", 12000) for at in range(8))),))
    assert least(busy, [], 4, 0).seconds == pytest.approx(40)
    assert least(busy, [], 4, 1).seconds == pytest.approx(80)


def test_what_a_gpu_did_is_not_told_as_done_without_one() -> None:
    run = GpuRun((use(Bar(0, 50, "asr_chunk", "talk")),))
    found = without_gpu(run, [job("asr_chunk", 0, 50), job("embed", 50, 60)])
    assert found == [Bar(50, 60, "embed", "talk")]
