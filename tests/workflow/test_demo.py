"""The demo from end to end: real models, real words, measured against the known script."""

import difflib
import hashlib
import itertools
import json
import os
import re
import shutil
import statistics
from pathlib import Path
from typing import Any

import av
import pytest

from tests.helpers.workflow import Workflow, demo
from vat.files import read_json

NOISY = {"music"}
"""Demo videos whose speech has music under it."""


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def truths(root: Path) -> dict[str, Any]:
    return {path.stem: load(path) for path in sorted((root / "demo").glob("*.json"))}


def results(directory: Path) -> dict[str, Path]:
    """The folder of each demo video by the name of its file."""
    return {
        Path(load(media)["name"]).stem: media.parent
        for media in sorted(directory.glob("results/*/media.json"))
    }


def normal(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def matched(truth: Any, transcript: Any) -> tuple[list[tuple[Any, Any]], float]:
    """Pairs of a true word and its recognised one, and the word error rate."""
    said = [word for sentence in truth["sentences"] for word in sentence["words"]]
    heard = [word for word in transcript["words"] if normal(word["text"])]
    a, b = [normal(word["word"]) for word in said], [normal(word["text"]) for word in heard]
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    pairs = [
        (said[i + k], heard[j + k]) for i, j, n in matcher.get_matching_blocks() for k in range(n)
    ]
    errors = sum(
        max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"
    )
    return pairs, errors / len(said)


def test_every_demo_video_has_a_result(root: Path, finished_demo: Path) -> None:
    assert set(results(finished_demo)) == set(truths(root))
    assert len(truths(root)) >= 3


def test_the_weights_are_recorded(root: Path, finished_demo: Path) -> None:
    models = read_json(finished_demo / "results" / "models.json")
    assert {"asr", "translator"} <= set(models)
    for use in models.values():
        for file in use["files"]:
            content = (root / file["path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == file["sha256"]


def test_words_and_their_times_are_right(root: Path, finished_demo: Path) -> None:
    for name, folder in results(finished_demo).items():
        transcript = load(folder / "transcript.json")
        pairs, rate = matched(truths(root)[name], transcript)
        assert transcript["language"] == "en"
        assert rate < (0.06 if name in NOISY else 0.03), name
        errors = [abs(said["start"] - heard["start"]) for said, heard in pairs]
        assert statistics.median(errors) < 0.050, name
        starts = [word["start"] for word in transcript["words"]]
        assert starts == sorted(starts)
        assert all(0 <= word["probability"] <= 1 for word in transcript["words"])


def test_all_speech_is_accounted_for(finished_demo: Path) -> None:
    for name, folder in results(finished_demo).items():
        transcript = load(folder / "transcript.json")
        chunks = load(folder / "chunks.json")
        assert len(transcript["seams"]) == len(chunks["spans"]) - 1, name
        assert all(seam["score"] >= 0.8 for seam in transcript["seams"]), name
        assert transcript["coverage"]["seconds"]["words"] > 0.97 * sum(
            end - start for start, end in chunks["speech"]
        ), name
        assert transcript["quarantine"] == [], name


def test_cues_stand_where_the_sentences_are_said(root: Path, finished_demo: Path) -> None:
    for name, folder in results(finished_demo).items():
        cues = load(folder / "subtitles/source.json")["cues"]
        sentences = {normal(s["text"]): s for s in truths(root)[name]["sentences"]}
        found = [(cue, sentences.get(normal(cue["text"]))) for cue in cues]
        errors = [abs(cue["start"] - said["start"]) for cue, said in found if said]
        assert len(errors) >= 0.7 * len(sentences), name
        assert statistics.median(errors) < 0.3, name
        for before, after in itertools.pairwise(cues):
            assert before["end"] <= after["start"]
        for cue in cues:
            assert all(len(line) <= 42 for line in cue["text"].split("\n"))
            assert cue["text"].count("\n") < 2


def test_every_cue_is_translated_as_the_grammar_does(root: Path, finished_demo: Path) -> None:
    for name, folder in results(finished_demo).items():
        source = load(folder / "subtitles/source.json")["cues"]
        target = load(folder / "subtitles/zh.json")["cues"]
        assert [(c["id"], c["start"], c["end"]) for c in source] == [
            (c["id"], c["start"], c["end"]) for c in target
        ]
        sentences = {s["text"]: s["translation"] for s in truths(root)[name]["sentences"]}
        right = 0
        for cue, translated in zip(source, target, strict=True):
            assert translated["text"].strip()
            said = cue["text"].replace("\n", " ")
            if said in sentences:
                assert translated["text"].replace("\n", "") == sentences[said], name
                right += 1
        assert right >= 0.7 * len(sentences), name


def test_subtitles_are_within_their_limits(root: Path, finished_demo: Path) -> None:
    for name, folder in results(finished_demo).items():
        for track, words in (("source", True), ("zh", False)):
            check = load(folder / f"subtitles/{track}.check.json")
            assert check["cues"] == len(load(folder / f"subtitles/{track}.json")["cues"])
            assert check["faults"] == {}, (name, track)
            assert (check["onset_offset"] is not None) == words
            if words:
                assert check["onset_offset"]["cues"] >= 0.7 * check["cues"]
                assert check["onset_offset"]["median_distance_seconds"] < 0.1, name
            for ending in ("srt", "vtt", "ass"):
                assert (folder / f"subtitles/{track}.{ending}").stat().st_size > 0


def test_the_result_has_every_stream_and_the_subtitles(root: Path, finished_demo: Path) -> None:
    for name, folder in results(finished_demo).items():
        media = load(folder / "media.json")
        before = [stream["type"] for stream in media["streams"]]
        with av.open(str(folder / f"{folder.name}.mkv")) as container:
            after = [stream.type for stream in container.streams]
            new = container.streams[-1]
            assert sorted(after) == sorted([*before, "subtitle"]), name
            assert new.language in ("zho", "chi")
            assert container.duration is not None
            assert abs(container.duration / av.time_base - media["duration"]) <= 1 / 25, name
            cues = load(folder / "subtitles/zh.json")["cues"]
            assert sum(1 for packet in container.demux(new) if packet.size) == len(cues), name


def test_the_results_are_delivered_under_their_own_names(root: Path, finished_demo: Path) -> None:
    folder = finished_demo / "results/delivery"
    for name in truths(root):
        assert (folder / f"{name}.mkv").samefile(
            results(finished_demo)[name] / f"{results(finished_demo)[name].name}.mkv"
        )
        assert (folder / f"{name}.zh.srt").read_text() == (
            results(finished_demo)[name] / "subtitles/zh.srt"
        ).read_text()
    assert len(list(folder.glob("[!.]*"))) == 2 * len(truths(root))


def test_a_second_run_does_nothing(finished_demo: Path, workflow: Workflow) -> None:
    run = workflow(finished_demo, *demo(), timeout=60)
    assert run.status == 0
    assert "Nothing to be done" in run.output


@pytest.mark.parametrize(
    ("config", "rerun"),
    [
        ("asr={device: cpu}", set()),
        ("split={chunk_seconds: 20}", set()),
        ("embed={default_track: false}", {"embed", "deliver"}),
        ("delivery={how: copy}", {"deliver"}),
        ("embed={gpu_mem_mb: 1, fonts: /tmp}", set()),
        ("translate={on_failure: keep-source-and-mark}", {"translate", "embed", "deliver"}),
        ("merge={max_seconds: 6.5}", {"merge", "translate", "embed", "deliver"}),
        ("merge={word_times: true}", {"word_times"}),
        (
            "merge={shot_changes: true}",
            {"shot_changes", "merge", "translate", "embed", "deliver"},
        ),
        ("delivery={sidecars: [srt, words.vtt]}", {"word_times", "deliver"}),
        ("quarantine={restore: [all]}", {"merge", "translate", "embed", "deliver"}),
        ("asr={beam_size: 2}", {"asr_chunk", "merge", "translate", "embed", "deliver"}),
    ],
)
def test_a_change_reruns_its_stage_and_what_follows(
    finished_demo: Path, workflow: Workflow, config: str, rerun: set[str]
) -> None:
    run = workflow(finished_demo, *demo("-n", "--config", config))
    assert run.status == 0, run.output
    assert set(run.jobs()) - {"all"} == rerun


def test_a_new_version_reruns_its_stage_and_what_follows(
    finished_demo: Path, workflow: Workflow, tmp_path: Path
) -> None:
    raised = "from vat.stages import VERSIONS\nVERSIONS['merge'] += 1\n"
    (tmp_path / "sitecustomize.py").write_text(raised)
    run = workflow(finished_demo, *demo("-n"), PYTHONPATH=str(tmp_path))
    assert set(run.jobs()) - {"all"} == {"merge", "translate", "embed", "deliver"}


def test_a_touched_script_costs_no_work(
    root: Path, finished_demo: Path, workflow: Workflow
) -> None:
    script = root / "scripts/asr_chunk.py"
    before = script.stat()
    try:
        os.utime(script)
        run = workflow(finished_demo, *demo("-n"))
    finally:
        os.utime(script, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "Nothing to be done" in run.output


def test_each_job_has_its_log(finished_demo: Path) -> None:
    for folder in results(finished_demo).values():
        logs = finished_demo / "logs" / folder.name
        for rule in ("download", "separate", "split", "merge", "embed.mkv"):
            assert (logs / f"{rule}.log").is_file(), rule
        chunks = load(folder / "chunks.json")["spans"]
        assert len(list((logs / "asr_chunk").glob("*.log"))) == len(chunks) > 0


def test_words_get_their_times(finished_demo: Path, workflow: Workflow) -> None:
    run = workflow(finished_demo, *demo("--config", "merge={word_times: true}"))
    assert run.status == 0, run.output
    for folder in results(finished_demo).values():
        told = (folder / "subtitles/source.words.vtt").read_text()
        cues = load(folder / "subtitles/source.json")["cues"]
        words = load(folder / "transcript.json")["words"]
        # A cue that comes with its first word has a time for each of the others.
        assert len(re.findall(r"<\d\d:\d\d:\d\d\.\d{3}>", told)) >= 0.9 * (len(words) - len(cues))
        assert (folder / "subtitles/source.words.ass").read_text().count("Dialogue:") == len(cues)


def test_the_forecast_tells_what_is_left_and_learns(
    workflow: Workflow, finished_demo: Path, tmp_path: Path
) -> None:
    before = workflow(tmp_path, *demo("--", "forecast"))
    assert before.status == 0, before.output
    assert "3 videos" in before.output
    assert "assumed" in before.output
    told = json.loads((tmp_path / "results/forecast.json").read_text("utf-8"))
    assert told["chunks"] == len(list(finished_demo.glob("results/*/words/*.json")))
    assert 0 < told["bound_seconds"] <= told["expected_seconds"]
    assert told["first_video_seconds"] <= told["expected_seconds"]
    copy = tmp_path / "copy"
    shutil.copytree(finished_demo, copy, symlinks=True)
    after = workflow(copy, *demo("--", "forecast"))
    assert after.status == 0, after.output
    left = json.loads((copy / "results/forecast.json").read_text("utf-8"))
    assert (left["chunks"], left["expected_seconds"]) == (0, 0)
    assert {one["stage"] for one in left["speeds"] if one["measured"]} >= {"asr_chunk", "merge"}
    assert (copy / "resources/learned/speeds.csv").exists()
