"""The pages of a run show what happened, and run nothing that came with a video."""

import base64
import hashlib
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from vat.files import write_json
from vat.report.pages import write_pages
from vat.report.rendering import visible
from vat.report.run import Run

HOSTILE = "</script><script>alert(1)</script>\u202e\"'<img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """The tags of a page with their attributes, and the texts of its scripts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self._inside = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        else:
            self.texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [facts for name, facts in self.tags if name == tag]


def told(video: str, **facts: Any) -> dict[str, Any]:
    usual = {"video": video, "name": f"{video}.mp4", "state": "done", "error": None, "log": None}
    return {**usual, "warnings": [], **facts}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A video whose name and texts are hostile, and one that failed."""
    cues = [{"id": 1, "start": 1.0, "end": 2.0, "text": HOSTILE}]
    write_json(tmp_path / "a/subtitles/source.json", {"language": "en", "cues": cues})
    write_json(tmp_path / "a/subtitles/ar.json", {"language": "ar", "cues": cues})
    write_json(tmp_path / "a/media.json", {"duration": 90.0})
    failed = told("b", state="failed", error=HOSTILE, log="logs/b.log", warnings=[HOSTILE])
    tokens = {"input": 3, "output": 4}
    videos = [told("a", name=HOSTILE), failed]
    summary = {"videos": videos, "shared": [], "tokens": tokens, "cost": 0.25}
    write_json(tmp_path / "summary.json", summary)
    return tmp_path


@pytest.mark.parametrize("name", ["index", "a"])
def test_hostile_texts_are_shown_and_not_run(results: Path, name: str) -> None:
    write_pages(Run(results, results / "logs", 0))
    path = results / f"report/{name}.html"
    page = Page(path)
    assert not page.all("img")
    kinds = [facts.get("type") for facts in page.all("script")]
    assert kinds == (["application/json", None] if name == "a" else [None])
    assert not [key for _, facts in page.tags for key in facts if key.startswith("on")]
    assert visible(HOSTILE) in "".join(page.texts)
    assert "\u202e" not in "".join(page.texts)
    # No network: nothing is fetched but the video beside the page.
    assert "http" not in re.sub(r"http-equiv", "", path.read_text("utf-8"))
    assert {facts["src"] for _, facts in page.tags if "src" in facts} <= {"../a/source"}


@pytest.mark.parametrize("name", ["index", "a"])
def test_the_policy_allows_the_script_and_the_style_of_the_page_alone(
    results: Path, name: str
) -> None:
    write_pages(Run(results, results / "logs", 0))
    path = results / f"report/{name}.html"
    (policy,) = [one["content"] for one in Page(path).all("meta") if "http-equiv" in one]
    assert policy
    assert policy.startswith("default-src 'none'; ")
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    (style,) = re.findall(r"<style>(.*?)</style>", path.read_text("utf-8"), re.DOTALL)
    for key, text in (("script-src", Page(path).scripts[-1]), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert allowed[key] == f"'sha256-{digest}'"


def test_the_data_of_a_page_are_the_subtitles(results: Path) -> None:
    write_pages(Run(results, results / "logs", 0))
    data = json.loads(Page(results / "report/a.html").scripts[0])
    assert list(data["tracks"]) == ["source", "ar"]
    assert data["tracks"]["ar"] == [[1.0, 2.0, HOSTILE]]
    assert data["looks"][0]["cues"] == {"source": [0], "ar": [0]}
    assert "speakers" not in data


def test_the_data_of_a_page_tell_who_speaks(results: Path) -> None:
    cues = [{"id": 1, "start": 1.0, "end": 2.0, "text": "- a\n- b", "speakers": ["S1", "S2"]}]
    speakers = [{"label": "S1", "name": HOSTILE}]
    track = {"language": "en", "cues": cues, "speakers": speakers}
    write_json(results / "a/subtitles/source.json", track)
    write_pages(Run(results, results / "logs", 0))
    data = json.loads(Page(results / "report/a.html").scripts[0])
    assert data["speakers"] == {"source": [f"{HOSTILE} / S2"]}


def test_the_folder_tells_of_every_video(results: Path) -> None:
    write_pages(Run(results, results / "logs", 0))
    page = Page(results / "report/index.html")
    text = " ".join("".join(page.texts).split())
    assert "2 videos: 1 done, 1 failed, 0 waiting. Translation: 3 + 4 tokens, cost 0.2500." in text
    assert "1.5" in text
    assert [facts["href"] for facts in page.all("a")] == ["a.html"]


def test_the_folder_tells_of_the_gpus_of_this_run(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = {"gpu": "GPU-1", "index": 0, "rule": "asr_chunk", "mem_mb": 3000}
    name = {"name": "Tesla <b>", "total_mb": 24000}
    events = [
        {**gpu, **name, "event": "granted", "time": 50.0, "mem_mb": 9000},
        {**gpu, "event": "released", "time": 60.0, "seconds": 10.0},
        {**gpu, **name, "event": "granted", "time": 100.0},
        {**gpu, "event": "waiting", "gpu": None, "time": 100.5},
        {**gpu, "event": "released", "time": 110.0, "seconds": 10.0},
        {**gpu, **name, "event": "granted", "time": 115.0},
        {**gpu, "event": "released", "time": 120.0, "seconds": 5.0},
    ]
    file = results / "logs/gpu/placements.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(event) + "\n" for event in events) + '{"cut', "utf-8")
    write_pages(Run(results, results / "logs", 99))
    text = " ".join(" ".join(Page(results / "report/index.html").texts).split())
    assert "to the end of the last: 20 s." in text
    assert "GPU 0 (Tesla <b>) 2 15 75 % 3000 – 24000 – asr_chunk 15" in text
    assert Page(results / "report/index.html").all("img")
    assert "pip install matplotlib" not in text
    monkeypatch.setattr("vat.report.machine.find_spec", lambda _: None)
    write_pages(Run(results, results / "logs", 99))
    text = " ".join(" ".join(Page(results / "report/index.html").texts).split())
    assert not Page(results / "report/index.html").all("img")
    assert "pip install matplotlib" in text
    assert "GPU 0 (Tesla <b>) 2 15 75 %" in text


def test_what_a_model_judged_and_what_it_cost_is_told(results: Path) -> None:
    counts = {"sentences": 9, "judged": 9, "low": 4, "again": 3, "better": 2, "remarks": []}
    report = {"cost": 0.125, "doubtful": [{"id": 1, "reason": "odd"}], "estimate": counts}
    write_json(results / "a/translations/ar.json", report)
    write_pages(Run(results, results / "logs", 0))
    text = " ".join(" ".join(Page(results / "report/index.html").texts).split())
    told = "The model judged 4 sentences to be wrong; 3 were translated again, 2 of them better."
    assert told in text
    assert "0.1250" in text


def test_a_look_at_the_pages_leaves_the_last_run_where_it_is(results: Path) -> None:
    gpu = {"gpu": "GPU-1", "index": 0, "rule": "asr_chunk", "mem_mb": 3000, "jobid": 1}
    events = [
        {**gpu, "event": "granted", "time": 100.0, "name": "A5000", "total_mb": 24000},
        {**gpu, "event": "released", "time": 110.0, "seconds": 10.0},
    ]
    file = results / "logs/gpu/placements.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
    for since in (99, 200):
        write_pages(Run(results, results / "logs", since))
        assert "to the end of the last: 10 s." in (results / "report/index.html").read_text("utf-8")


def test_a_forecast_made_just_before_stands_beside_what_happened(results: Path) -> None:
    told = {"bound_seconds": 70.0, "expected_seconds": 90.0, "bounded_by": "the cores"}
    write_json(results / "forecast.json", told)
    now = (results / "forecast.json").stat().st_mtime
    job = {"rule_name": "asr_chunk", "wildcards": {"video": "a"}, "s": 100.0, "threads": 2}
    (results / "benchmarks").mkdir()
    (results / "benchmarks/a.jsonl").write_text(json.dumps(job))
    (results / "benchmarks/b.jsonl").write_text("{")
    for since, shown in ((now + 60, True), (now + 100_000, False)):
        os.utime(results / "benchmarks/a.jsonl", (since + 100, since + 100))
        write_pages(Run(results, results / "logs", since, (), results / "benchmarks", 4))
        text = " ".join("".join(Page(results / "report/index.html").texts).split())
        assert "of the last: 100 s" in text
        assert "need 100 s at least, bounded by the longest video" in text
        assert ("expected 90 s, and 70 s at least" in text) == shown
        assert "0.9" in text, "a video of 90 s in 100 s"


def test_a_page_is_made_anew_with_another_title_length_or_glossary(results: Path) -> None:
    page = results / "report/a.html"
    summary = json.loads((results / "summary.json").read_text("utf-8"))
    table = results / "ar.tsv"
    table.write_text("source\ttarget\nalert\tzebra\n")

    def is_made(**more: Any) -> bool:
        before = page.stat().st_mtime_ns if page.exists() else 0
        write_pages(Run(results, results / "logs", 0, **more))
        return page.stat().st_mtime_ns != before

    assert is_made()
    assert not is_made()
    summary["videos"][0]["name"] = "A new title & more"
    write_json(results / "summary.json", summary)
    assert is_made()
    assert not is_made()
    write_json(results / "a/media.json", json.loads((results / "a/media.json").read_text()))
    assert is_made()
    assert not is_made()
    os.utime(table)
    assert is_made(glossary=lambda video, language: [table] if language == "ar" else [])
    assert "the glossary wants" in page.read_text("utf-8")


def test_corrected_subtitles_are_shown_and_nothing_is_made_twice(results: Path) -> None:
    write_pages(Run(results, results / "logs", 0))
    page = results / "report/a.html"
    before = page.stat().st_mtime_ns
    write_pages(Run(results, results / "logs", 0))
    assert page.stat().st_mtime_ns == before
    cues = [{"id": 1, "start": 1.0, "end": 2.0, "text": "mine"}]
    write_json(results / "a/edited/ar.json", {"language": "ar", "cues": cues})
    (results / "a/edited/ar.srt").write_text("mine")
    os.utime(results / "a/edited/ar.json", ns=(before + 1, before + 1))
    write_pages(Run(results, results / "logs", 0, [results / "a/edited/ar.srt"]))
    assert json.loads(Page(page).scripts[0])["tracks"]["ar"] == [[1.0, 2.0, "mine"]]
    # Taken back by the user, whereupon the corrected track stays where it is.
    write_pages(Run(results, results / "logs", 0))
    assert json.loads(Page(page).scripts[0])["tracks"]["ar"] == [[1.0, 2.0, HOSTILE]]


def test_damaged_records_are_warned_of(results: Path, caplog: pytest.LogCaptureFixture) -> None:
    (results / "a/subtitles/ar.json").write_text("{")
    write_pages(Run(results, results / "logs", 0))
    assert "There is no page of" in caplog.text
    assert (results / "report/index.html").exists()
    (results / "summary.json").write_text("[")
    write_pages(Run(results, results / "logs", 0))
    assert "The report of this run is not written" in caplog.text
