"""The pages are shown on this host to who has the token, and changes come from them alone."""

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from vat.errors import RequestError
from vat.files import write_json
from vat.report.byte_ranges import byte_range
from vat.report.server import ReviewServer, Shelf, serve

CUES = [
    {"id": 1, "start": 1.0, "end": 2.0, "text": "one"},
    {"id": 2, "start": 3.0, "end": 4.0, "text": "two"},
]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A video whose source lies elsewhere, and files that nobody may see."""
    results, logs = tmp_path / "results", tmp_path / "logs"
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "talk.mp4").write_bytes(bytes(range(100)))
    write_json(results / "summary.json", {"videos": [{"video": "a"}]})
    write_json(results / "a/media.json", {"name": "talk.mp4"})
    write_json(results / "a/subtitles/zh.json", {"language": "zh", "cues": CUES})
    write_json(results / "a/subtitles/source.json", {"language": "en", "cues": CUES})
    write_json(results / "a/transcript.json", {"quarantine": [{"id": "ab12"}]})
    (results / "a/source").symlink_to(tmp_path / "talk.mp4")
    (results / "a/more").symlink_to(tmp_path / "secret.txt")
    (results / "a/folder").symlink_to(tmp_path)
    (results / "report").mkdir()
    (results / "report/index.html").write_text("<title>pages</title>")
    (results / "delivery").mkdir()
    (results / "delivery/talk.html").write_text("<script>1</script>")
    logs.mkdir()
    (logs / "merge.log").write_text("well")
    return Shelf(results, logs, tmp_path / "edits")


@pytest.fixture
def server(shelf: Shelf) -> Iterator[ReviewServer]:
    made = ReviewServer(shelf)
    thread = Thread(target=serve, args=(made,))
    thread.start()
    yield made
    made.ended.set()
    thread.join(10)
    assert not thread.is_alive()


class Client:
    """Asks the server as a page of its own would, but for the headers that are given."""

    def __init__(self, server: ReviewServer) -> None:
        self.server = server

    def __call__(
        self, path: str, body: Any = None, *, token: str | None = None, **headers: str | None
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        token = self.server.shelf.token if token is None else token
        usual = {"Content-Type": "application/json", "Origin": self.server.origin}
        sent: dict[str, str] = {} if body is None else usual
        sent |= {key.replace("_", "-"): value for key, value in headers.items() if value}
        for key, value in headers.items():
            if value is None:
                sent.pop(key.replace("_", "-"), None)
        data = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", f"/{token}/{path}", data, sent)
        reply = connection.getresponse()
        found = reply.status, reply.read(), dict(reply.getheaders())
        connection.close()
        return found


@pytest.fixture
def ask(server: ReviewServer) -> Client:
    return Client(server)


def test_it_shows_the_pages_on_loopback_alone(server: ReviewServer, ask: Client) -> None:
    assert server.server_address[0] == "127.0.0.1"
    status, data, headers = ask("results/report/index.html")
    assert (status, data) == (200, b"<title>pages</title>")
    assert headers["Content-Type"].startswith("text/html")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert ask("logs/merge.log")[:2] == (200, b"well")
    assert server.url.endswith(f"/{server.shelf.token}/results/report/index.html")


@pytest.mark.parametrize("token", ["", "wrong", "результат"])
def test_without_the_token_there_is_nothing(server: ReviewServer, ask: Client, token: str) -> None:
    from urllib.parse import quote

    assert ask("results/report/index.html", token=quote(token))[0] == 404
    assert ask("edits/a", {"track": "zh", "changes": []}, token=quote(token))[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "results/../../secret.txt",
        "results/%2e%2e/%2e%2e/secret.txt",
        "results/a/..%2f..%2f..%2fsecret.txt",
        "results//etc/passwd",
        "results/a/more",
        "results/a/folder/secret.txt",
        "results/a/folder/talk.mp4",
        "results/a/source/x",
        "results/a",
        "secret.txt",
        "edits/../a",
        "",
        "results/a/%00",
        f"results/a/{'x' * 300}",
    ],
)
def test_nothing_outside_is_shown(ask: Client, path: str) -> None:
    status, data, _ = ask(path)
    assert status in (400, 404)
    assert b"secret" not in data


@pytest.mark.parametrize("target", ["x", "*", "http://[/a/b", "http:a"])
def test_what_is_no_address_is_refused(
    server: ReviewServer, target: str, capfd: pytest.CaptureFixture[str]
) -> None:
    head = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.server_port), 10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 404")
    assert capfd.readouterr().err == ""


def test_a_browser_that_seeks_leaves_no_traceback(
    shelf: Shelf, server: ReviewServer, ask: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    (shelf.results / "a/source").resolve().write_bytes(bytes(32 << 20))
    ended = Event()
    close = server.shutdown_request

    def closed(request: Any) -> None:
        close(request)
        ended.set()

    server.shutdown_request = closed  # type: ignore[method-assign]
    path = f"/{shelf.token}/results/a/source"
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.server_port), 10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    assert ended.wait(10)
    assert capfd.readouterr().err == ""
    assert ask("logs/merge.log")[0] == 200


def test_a_source_that_lies_elsewhere_is_played_in_parts(ask: Client) -> None:
    status, data, headers = ask("results/a/source")
    assert (status, len(data), headers["Content-Type"]) == (200, 100, "video/mp4")
    status, data, headers = ask("results/a/source", Range="bytes=10-19")
    assert (status, data) == (206, bytes(range(10, 20)))
    assert headers["Content-Range"] == "bytes 10-19/100"
    assert ask("results/a/source", Range="bytes=200-")[0] == 416


def test_only_its_own_pages_are_pages(ask: Client) -> None:
    _, _, headers = ask("results/delivery/talk.html")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"Content_Type": "text/plain"},
        {"Host": "evil.example:80"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_nobody_else_changes_anything(
    shelf: Shelf, ask: Client, headers: dict[str, str | None]
) -> None:
    change = {"track": "zh", "changes": [[1.0, 2.0, "mine"]]}
    assert ask("edits/a", change, **headers)[0] == 403
    assert not shelf.edits.exists()


def test_a_name_that_leads_here_is_refused(ask: Client) -> None:
    assert ask("results/report/index.html", Host="evil.example")[0] == 404


def test_changes_are_saved_and_shown_again(shelf: Shelf, ask: Client) -> None:
    status, data, _ = ask("edits/a", {"track": "zh", "changes": [[1.0, 2.0, "ei\n\nns\x00"]]})
    assert status == 200, data
    file = shelf.edits / "a/zh.srt"
    assert file.read_text("utf-8").split("\n\n")[0].split("\n")[2:] == ["ei", "ns"]
    assert (shelf.edits / "a/.generated/zh.1.json").exists()
    ask("edits/a", {"track": "zh", "changes": [[3.0, 4.0, ""], [5.0, 6.0, "new"]]})
    shown = json.loads(ask("edits/a")[1])
    assert shown == {"tracks": {"zh": [[1.0, 2.0, "ei\nns"], [5.0, 6.0, "new"]]}, "restored": []}


def test_what_the_user_has_changed_elsewhere_stays(shelf: Shelf, ask: Client) -> None:
    (shelf.edits / "a").mkdir(parents=True)
    (shelf.edits / "a/en.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,000\nmine\n\n2\n00:00:03,000 --> 00:00:04,000\ntwo\n"
    )
    ask("edits/a", {"track": "source", "changes": [[3.0, 4.0, "TWO"]]})
    assert not (shelf.edits / "a/source.srt").exists()
    text = (shelf.edits / "a/en.srt").read_text()
    assert "mine" in text
    assert "TWO" in text


def test_words_of_the_quarantine_are_put_back_and_left_out_again(shelf: Shelf, ask: Client) -> None:
    assert ask("edits/a", {"restore": "ab12", "back": True})[0] == 200
    assert json.loads(ask("edits/a")[1])["restored"] == ["ab12"]
    assert (shelf.edits / "a/restore.txt").read_text() == "ab12\n"
    ask("edits/a", {"restore": "ab12", "back": False})
    assert json.loads(ask("edits/a")[1])["restored"] == []
    assert ask("edits/a", {"restore": "../x", "back": True})[0] == 400


@pytest.mark.parametrize(
    ("video", "body"),
    [
        ("b", {"track": "zh", "changes": []}),
        ("../a", {"track": "zh", "changes": []}),
        ("a", {"track": "../../x", "changes": []}),
        ("a", {"track": "zh", "changes": "all"}),
        ("a", {"track": "zh", "changes": [["a", 2.0, "x"]]}),
        ("a", {"track": "zh", "changes": [[2.0, 1.0, "x"]]}),
        ("a", {"track": "zh", "changes": [[1.0, float("inf"), "x"]]}),
        ("a", {"track": "zh", "changes": [[1.0, 2.0, "x" * 3000]]}),
        ("a", []),
    ],
)
def test_what_is_no_change_is_refused_with_a_sentence(
    shelf: Shelf, ask: Client, video: str, body: Any
) -> None:
    status, data, _ = ask(f"edits/{video}", body)
    assert status == 400
    assert json.loads(data)["error"]
    assert not (shelf.edits / "a/zh.srt").exists()


def test_a_page_ends_it(server: ReviewServer, ask: Client) -> None:
    assert ask("end", {})[0] == 200
    assert server.ended.wait(5)


def test_without_pages_there_is_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="make subtitles first"):
        ReviewServer(Shelf(tmp_path, tmp_path, tmp_path))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", (0, 10)),
        ("bytes=0-", (0, 10)),
        ("bytes=2-3", (2, 4)),
        ("bytes=2-99", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=10-", None),
        ("bytes=5-4", None),
        ("bytes=-0", None),
        ("bytes=1-2,4-5", (0, 10)),
        ("lines=1-2", (0, 10)),
    ],
)
def test_parts_of_files(asked: str, found: tuple[int, int] | None) -> None:
    assert byte_range(asked, 10) == found
