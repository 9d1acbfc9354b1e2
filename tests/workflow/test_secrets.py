"""Keys in the addresses of videos are used, and are in nothing that a run writes or prints."""

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.helpers.workflow import Workflow, demo

KEY = "q7Zx81QmLk20VtB9"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, to those who have the key."""

    def do_GET(self) -> None:
        if self.path.endswith(f"?zz={KEY}"):
            super().do_GET()
        else:
            self.send_error(403)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def site(root: Path) -> Iterator[str]:
    handler = partial(Quiet, directory=str(root / "demo"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def holders(folder: Path, secret: str) -> list[Path]:
    """The files that hold a secret, or have it in their names."""
    return [
        path
        for path in folder.rglob("*")
        if secret in path.name or (path.is_file() and secret.encode() in path.read_bytes())
    ]


def test_a_key_is_used_and_written_nowhere(workflow: Workflow, site: str, tmp_path: Path) -> None:
    videos = f"videos={site}/clean.mp4?zz={KEY}"
    run = workflow(tmp_path, *demo("--until", "count_chunks", "--config", videos))
    assert run.status == 0, run.output
    assert list(tmp_path.glob("results/*/chunk_count.json"))
    assert KEY not in run.output
    assert holders(tmp_path, KEY) == []
    again = workflow(tmp_path, *demo("-n", "--until", "count_chunks", "--config", videos))
    assert again.jobs() == {}, again.output


def test_a_key_that_is_refused_is_written_nowhere(
    workflow: Workflow, site: str, tmp_path: Path
) -> None:
    videos = f"videos={site}/clean.mp4?other={KEY}x"
    options = ("--retries", "0", "--until", "download", "--config", videos)
    run = workflow(tmp_path, *demo(*options))
    assert run.status != 0
    assert "other=hidden" in run.output
    assert KEY not in run.output
    assert holders(tmp_path, KEY) == []


def test_a_login_in_an_address_is_refused(workflow: Workflow, tmp_path: Path) -> None:
    run = workflow(tmp_path, *demo("-n", "--config", "videos=https://me:hunter2@host/v.mp4"))
    assert run.status != 0
    assert "netrc" in run.output
    assert "Traceback" not in run.output
    assert "hunter2" not in run.output
    assert holders(tmp_path, "hunter2") == []
