"""The end of a run leaves pages; what is saved on one of them is in the video after the next."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote
from urllib.request import Request, urlopen

from tests.helpers.media import packets
from tests.helpers.workflow import Workflow, demo
from vat.subtitles.formats import to_srt
from vat.subtitles.track import Track
from vat.timeline import Cue

HOSTILE = "<script>alert(1)</script> *x* `y`_ bad_.mkv"


def data_of(page: Path) -> dict[str, dict[str, list[tuple[float, float, str]]]]:
    (text,) = re.findall(r'id="data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    found: dict[str, dict[str, list[tuple[float, float, str]]]] = json.loads(text)
    return found


def test_a_correction_from_a_page_is_in_the_video_and_on_the_page(
    workflow: Workflow, finished_demo: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_demo, run, symlinks=True)
    index = (run / "results/report/index.html").read_text("utf-8")
    videos = [path.parent.name for path in run.glob("results/*/media.json")]
    assert all(f'href="{video}.html"' in index for video in videos)
    page = run / f"results/report/{videos[0]}.html"
    cues = data_of(page)["tracks"]["zh"]
    cues[0] = (*cues[0][:2], "我改过了")
    saved = Track("zh", [Cue(at, *cue) for at, cue in enumerate(cues, 1)], "zh")
    (run / f"edits/{videos[0]}").mkdir(parents=True)
    (run / f"edits/{videos[0]}/zh.srt").write_text(to_srt(saved), "utf-8")
    done = workflow(run, *demo())
    assert done.status == 0, done.output
    assert done.jobs() == {"all": 1, "edit": 1, "embed": 1, "deliver": 1}
    assert json.loads((run / f"results/{videos[0]}/edited/zh.report.json").read_text()) == {
        "edits": 1,
        "conflicts": [],
    }
    assert data_of(page)["tracks"]["zh"][0][2] == "我改过了"


def test_what_is_saved_on_a_page_that_is_served_is_in_the_video(
    workflow: Workflow, finished_demo: Path, tmp_path: Path, root: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_demo, run, symlinks=True)
    video = next(path.parent.name for path in run.glob("results/*/media.json"))
    page = run / f"results/report/{video}.html"
    start, end, _ = data_of(page)["tracks"]["zh"][0]
    page.write_text(page.read_text("utf-8").replace('id="strip"', ""), "utf-8")
    os.utime(page, (0, 0))
    command = [sys.executable, "-m", "snakemake", "--directory", str(run)]
    with subprocess.Popen(
        [*command, *demo("--", "review")],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as review:
        assert review.stdout
        told = (line.decode() for line in review.stdout)
        url = next(line.split()[-1] for line in told if line.startswith("Open http://127.0.0.1:"))
        base, origin = url.partition("results/")[0], url[: url.index("/", 8)]

        def ask(path: str, body: object = None) -> bytes:
            data = None if body is None else json.dumps(body).encode()
            headers = {"Content-Type": "application/json", "Origin": origin}
            with urlopen(Request(base + path, data, headers), timeout=10) as reply:  # noqa: S310
                found: bytes = reply.read()
                return found

        assert b"svg+xml" in ask("results/report/index.html")
        assert b'id="strip"' in ask(f"results/report/{video}.html"), "it was brought up to date"
        assert ask(f"results/{video}/source")
        change = {"track": "zh", "changes": [[start, end, "我改过了"]]}
        assert b"Saved in" in ask(f"edits/{video}", change)
        ask("end", {})
        output = "".join(told)
    assert review.returncode == 0, output
    assert "asr_chunk" in picture_of(run), "the pages still show the last run that made anything"
    done = workflow(run, *demo())
    assert done.status == 0, done.output
    assert done.jobs() == {"all": 1, "edit": 1, "embed": 1, "deliver": 1}
    (made,) = (run / f"results/{video}").glob(f"{video}.mkv")
    assert any("我改过了" in text for text in subtitles_of(made))


def picture_of(run: Path) -> str:
    """The timeline on the page of a run."""
    page = (run / "results/report/index.html").read_text("utf-8")
    return base64.b64decode(
        re.findall(r'img src="data:image/svg\+xml;base64,([^"]+)"', page)[0]
    ).decode()


def subtitles_of(video: Path) -> list[str]:
    """The texts of all subtitles in a video."""
    return [data.decode("utf-8", "replace") for _, _, _, data in packets(video)]


def test_snakemakes_report_shows_what_is_done_and_names_what_failed(
    workflow: Workflow, finished_demo: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_demo, run, symlinks=True)
    summary = json.loads((run / "results/summary.json").read_text("utf-8"))
    failed, *others = summary["videos"]
    failed |= {"state": "failed", "name": HOSTILE, "error": "The sky fell.", "log": "logs/x.log"}
    (run / "results/summary.json").write_text(json.dumps(summary), "utf-8")
    shutil.rmtree(run / f"results/{failed['video']}/subtitles")
    made = workflow(run, *demo("--report", "report.html"))
    assert made.status == 0, made.output
    html = (run / "report.html").read_text("utf-8")
    assert "2 done, 1 failed, 0 waiting" in html
    assert "The sky fell." in html
    assert "<script>alert(1)" not in html
    assert "bad_.mkv" in html
    for name in ("index", *(one["video"] for one in others)):
        assert f"results/report/{name}.html" in html
    for one in others:
        assert f"results/{one['video']}/subtitles/zh.srt" in html
        assert f"results/{one['video']}/subtitles/source.srt" in html
    assert f"results/{failed['video']}/subtitles" not in html
    assert all(text in html for text in ("The last run: all videos", "as they were generated"))


def test_the_page_of_the_run_tells_where_files_are_and_with_what_they_were_made(
    finished_demo: Path,
) -> None:
    page = (finished_demo / "results/report/index.html").read_text("utf-8")
    links = [unquote(place) for place in re.findall(r'<a href="([^"]+)"', page)]
    assert len(links) > 9
    assert [one for one in links if not (finished_demo / "results/report" / one).exists()] == []
    made_with = json.loads((finished_demo / "results/provenance.json").read_text("utf-8"))
    assert made_with["versions"]["snakemake"]
    assert made_with["configuration"]["asr"]["model"]
    models = made_with["models"].values()
    assert all(file["sha256"] for model in models for file in model["files"])
    assert "data:image/svg+xml;base64," in page
    assert len(page) < 500_000
