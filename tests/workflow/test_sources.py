"""Videos of any name and from anywhere go through the whole chain."""

import json
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.workflow import Workflow, demo, silent_video

FAST = ("separate={enabled: false}", "translate={backend: none}")


def names(directory: Path) -> list[str]:
    found = directory.glob("results/*/media.json")
    return sorted(json.loads(path.read_text(encoding="utf-8"))["name"] for path in found)


def test_hostile_names_go_through_the_chain(workflow: Workflow, tmp_path: Path) -> None:
    hostile = ["-rf {x} <logs> *.mp4", 'it\'s "a" [b], 50% $HOME.mkv', "新\n视频 🎬.mkv"]
    for name in hostile:
        silent_video(tmp_path / "in" / name, 2)
    run = workflow(tmp_path / "out", *demo("--config", f"videos={tmp_path / 'in'}", *FAST))
    assert run.status == 0, run.output
    assert names(tmp_path / "out") == sorted(hostile)
    delivered = {path.stem for path in (tmp_path / "out/results/delivery").glob("*.mkv")}
    assert delivered == {Path(name).stem for name in hostile}
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == sorted(hostile)


@pytest.fixture
def site(tmp_path: Path) -> Any:
    folder = tmp_path / "site"
    silent_video(folder / "talk one.mkv", 12)

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_url_is_planned_by_its_length_once_it_is_there(
    workflow: Workflow, site: str, tmp_path: Path
) -> None:
    config = f"videos={site}/talk%20one.mkv", "split={chunk_seconds: 5}", *FAST
    run = workflow(tmp_path / "out", *demo("--config", *config))
    assert run.status == 0, run.output
    assert names(tmp_path / "out") == ["talk one.mkv"]
    assert len(list((tmp_path / "out/results").glob("*/words/*.json"))) == 3
    again = workflow(tmp_path / "out", *demo("--config", *config))
    assert "Nothing to be done" in again.output


def test_a_sheet_sets_single_videos(workflow: Workflow, tmp_path: Path) -> None:
    for name in ("a", "b"):
        silent_video(tmp_path / f"in/{name}.mp4", 2)
    sheet = tmp_path / "in/videos.tsv"
    sheet.write_text("source\ttitle\ttargets\tseparate\na.mp4\tFirst\tzh,ja\tfalse\nb.mp4\t\t\t\n")
    run = workflow(tmp_path, *demo("-n", "--config", f"videos={sheet}"))
    assert run.status == 0, run.output
    assert run.jobs()["translate"] == 2 + 1
    assert run.jobs()["separate"] == 2
