"""What sites may do: nothing to the user's files, and nothing to the user's network."""

import gc
import http.server
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.media import FFMPEG, make_video
from vat.errors import SourceError
from vat.media.fetch import expand_url, fetch_url
from vat.media.private_addresses import within_reach
from vat.media.yt_dlp import Manners, login_of, read_cookies

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

COOKIE = "127.0.0.1\tFALSE\t/\tFALSE\t4102444800\tname\tvery-secret\n"

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    servers = []

    def start(answer: Answer) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(OSError):
                    answer(self)

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
    gc.collect()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("vat.media.fetch._WAIT_SECONDS", 0.01)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))


def whole(body: bytes, kind: str = "video/mp4") -> Answer:
    def answer(site: http.server.BaseHTTPRequestHandler) -> None:
        site.send_response(200)
        site.send_header("Content-Type", kind)
        site.send_header("Content-Length", str(len(body)))
        site.end_headers()
        site.wfile.write(body)

    return answer


def to(address: str) -> Answer:
    def answer(site: http.server.BaseHTTPRequestHandler) -> None:
        site.send_response(302)
        site.send_header("Location", address)
        site.send_header("Content-Length", "0")
        site.end_headers()

    return answer


def fetch(url: str, destination: Path, **manners: Any) -> None:
    fetch_url(
        url,
        destination,
        format="bv*+ba/b",
        ffmpeg=FFMPEG,
        manners=Manners(**manners),
    )


def test_a_site_leads_to_no_other_server_of_this_host(
    serve: Callable[[Answer], str], tmp_path: Path
) -> None:
    video = make_video(tmp_path / "v.mp4", 1).read_bytes()
    asked: list[str] = []

    def inner(site: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(site.path)
        whole(video)(site)

    target = f"{serve(inner)}/v.mp4"
    url = f"{serve(to(target))}/v.mp4"
    with pytest.raises(SourceError, match=r"private address 127\.0\.0\.1.*private_addresses"):
        fetch(url, tmp_path / "one")
    assert asked == []
    fetch(url, tmp_path / "two", private_addresses=True)
    fetch(target, tmp_path / "three")
    assert (tmp_path / "two").read_bytes() == (tmp_path / "three").read_bytes() == video


def test_a_playlist_names_no_video_of_this_host(serve: Callable[[Answer], str]) -> None:
    def feed(site: http.server.BaseHTTPRequestHandler) -> None:
        items = "<item><title>a</title><link>http://127.0.0.1:1/a.mp4</link></item>"
        body = f'<rss version="2.0"><channel><title>F</title>{items}</channel></rss>'.encode()
        site.send_response(200)
        site.send_header("Content-Type", "application/rss+xml")
        site.send_header("Content-Length", str(len(body)))
        site.end_headers()
        site.wfile.write(body)

    with pytest.raises(SourceError, match="private address"):
        expand_url(f"{serve(feed)}/feed.xml")


def test_a_site_leads_ffmpeg_to_no_private_address(
    serve: Callable[[Answer], str], tmp_path: Path
) -> None:
    """Streams that Python does not fetch are looked at before ffmpeg is asked for them."""

    def smil(site: http.server.BaseHTTPRequestHandler) -> None:
        body = (
            b'<smil><head><meta base="rtmp://127.0.0.1:1/app"/></head><body><switch>'
            b'<video src="mp4:a.mp4" system-bitrate="1000"/></switch></body></smil>'
        )
        site.send_response(200)
        site.send_header("Content-Type", "application/smil+xml")
        site.send_header("Content-Length", str(len(body)))
        site.end_headers()
        site.wfile.write(body)

    with pytest.raises(SourceError, match=r"private address rtmp://127\.0\.0\.1:1/app"):
        fetch(f"{serve(smil)}/v.smil", tmp_path / "one")


def test_what_only_ffmpeg_could_fetch_is_left(
    serve: Callable[[Answer], str], tmp_path: Path
) -> None:
    """Of a list with a key that yt-dlp does not know, it would let ffmpeg fetch the segments."""
    asked: list[str] = []

    def inner(site: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(site.path)
        site.send_error(404)

    there = serve(inner)
    key = f'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="{there}/key"\n'
    segment = f"#EXTINF:1,\n{there}/a.ts\n#EXT-X-ENDLIST\n"
    body = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{key}{segment}".encode()
    url = f"{serve(whole(body, 'application/vnd.apple.mpegurl'))}/v.m3u8"
    with pytest.raises(SourceError, match=r"only the program 'ffmpeg.*private_addresses to true"):
        fetch(url, tmp_path / "one")
    assert asked == []
    with pytest.raises(SourceError):
        fetch(url, tmp_path / "two", private_addresses=True)
    assert asked


def test_threads_and_programs_have_the_reach_of_their_thread(
    serve: Callable[[Answer], str],
) -> None:
    url = serve(whole(b""))
    place = ("127.0.0.1", int(url.rpartition(":")[2]))
    failed: list[BaseException] = []

    def connect() -> None:
        try:
            socket.create_connection(place, timeout=5).close()
        except OSError as error:
            failed.append(error)

    with within_reach("http://192.0.2.1/", private=False) as reach:
        thread = threading.Thread(target=connect)
        thread.start()
        thread.join()
        assert "private" in str(failed.pop())
        assert reach.refused
        for command in ([FFMPEG, "-i", "http:192.0.2.1"], ["rtmpdump", "-r", "rtmp://192.0.2.1"]):
            with pytest.raises(ConnectionRefusedError, match="only the program"):
                subprocess.run(command, check=False)
        subprocess.run([FFMPEG, "-v", "quiet", "-i", "file:none"], check=False)
    connect()
    assert not failed


@pytest.mark.parametrize("told", [True, False])
def test_what_is_fetched_has_a_limit(
    serve: Callable[[Answer], str], tmp_path: Path, told: bool
) -> None:
    def endless(site: http.server.BaseHTTPRequestHandler) -> None:
        site.send_response(200)
        site.send_header("Content-Type", "video/mp4")
        if told:
            site.send_header("Content-Length", str(10**12))
        site.end_headers()
        while site.command == "GET":
            site.wfile.write(bytes(100_000))

    with pytest.raises(SourceError, match=r"is larger than 2 MB; raise download\.max_mb"):
        fetch(f"{serve(endless)}/v.mp4", tmp_path / "v", max_mb=2)


def test_cookies_are_sent_and_their_file_is_left_alone(
    serve: Callable[[Answer], str], tmp_path: Path
) -> None:
    video = make_video(tmp_path / "v.mp4", 1).read_bytes()
    sent: list[str | None] = []

    def answer(site: http.server.BaseHTTPRequestHandler) -> None:
        sent.append(site.headers["Cookie"])
        whole(video)(site)

    file = tmp_path / "cookies.txt"
    file.write_text(f"# Netscape HTTP Cookie File\n{COOKIE}")
    file.chmod(0o444)
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    (tmp_path / "out").mkdir()
    fetch(f"{serve(answer)}/v.mp4", tmp_path / "out" / "v", cookies=str(file))
    assert "name=very-secret" in sent
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert all(b"very-secret" not in path.read_bytes() for path in (tmp_path / "out").iterdir())


def test_cookies_that_are_none_are_one_sentence(tmp_path: Path) -> None:
    contents: dict[str, str | bytes] = {
        "json": '[{"name": "very-secret"}]',
        "short": "a\tb\tvery-secret\n",
        "time": COOKIE.replace("4102444800", "soon"),
        "binary": b"\xff\xfe\x00very-secret",
    }
    for name, text in contents.items():
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(SourceError, match=r"cookies.*download\.cookies") as error:
            read_cookies(str(file))
        assert "very-secret" not in str(error.value)
    for wrong in (tmp_path, tmp_path / "none"):
        with pytest.raises(SourceError, match=r"cannot be read \(.*\); correct download\.cookies"):
            read_cookies(str(wrong))
    assert COOKIE in str(read_cookies(str(file_of(tmp_path))))
    assert read_cookies(None) is None


def file_of(folder: Path) -> Path:
    file = folder / "good"
    file.write_text(COOKIE)
    return file


def test_a_login_comes_from_netrc(
    serve: Callable[[Answer], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video(tmp_path / "v.mp4", 1).read_bytes()

    def answer(site: http.server.BaseHTTPRequestHandler) -> None:
        if site.headers["Authorization"]:
            whole(video)(site)
        else:
            site.send_error(403)

    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login me password p@ss/word\n")
    url = f"{serve(answer)}/v.mp4"
    with pytest.raises(SourceError):
        fetch(url, tmp_path / "v")
    monkeypatch.setenv("NETRC", str(file))
    fetch(url, tmp_path / "v")
    file.write_text("machine 127.0.0.1 login me very-secret\n")
    with pytest.raises(SourceError, match="cannot be read; correct it") as error:
        login_of(url)
    assert "very-secret" not in str(error.value)
