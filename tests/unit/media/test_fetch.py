"""Videos come in whole: linked, fetched, continued, or refused by name."""

import gc
import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest

from tests.helpers.media import FFMPEG, HOSTILE, ffmpeg, make_video
from vat.errors import SourceError
from vat.files import read_json
from vat.media.fetch import download, expand_url, fetch_url, link_local, set_dead_links_aside
from vat.media.probe import Media, fingerprint_of, probe_duration

# yt-dlp leaves the sockets of refused connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

NAME = 'it\'s "a" video [x] 测试 100%.mp4'


@pytest.fixture(autouse=True)
def _no_socket_is_left_to_other_tests() -> Iterator[None]:
    yield
    gc.collect()


class Site(BaseHTTPRequestHandler):
    """Serves one video with ranges, fails as often as `failures` says, and lists a feed."""

    content: ClassVar[bytes] = b""
    failures: ClassVar[list[int]] = []
    ranges: ClassVar[list[str]] = []

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.failures:
            self.send_error(self.failures.pop(0))
        elif self.path.endswith("/feed.xml"):
            place = f"http://{self.headers['Host']}"
            items = "".join(
                f"<item><title>{n}</title><link>{place}/{n}.mp4</link></item>"
                for n in ("one", "two")
            )
            feed = f'<rss version="2.0"><channel><title>Feed</title>{items}</channel></rss>'
            self.answer(feed.encode(), "application/rss+xml")
        elif unquote(self.path).split("?")[0].endswith(".mp4"):
            self.answer(self.content, "video/mp4")
        else:
            self.send_error(404)

    def answer(self, body: bytes, kind: str) -> None:
        found = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        begin = int(found[1]) if found else 0
        if found:
            self.ranges.append(found[0])
        self.send_response(206 if found else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(body) - begin))
        if found:
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[begin:])


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = make_video(tmp_path_factory.mktemp("site") / "v.mp4", 4, sound="anoisesrc=r=16000")
    return path.read_bytes()


@pytest.fixture
def site(video: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Site, "content", video)
    monkeypatch.setattr(Site, "failures", [])
    monkeypatch.setattr(Site, "ranges", [])
    monkeypatch.setattr("vat.media.fetch._WAIT_SECONDS", 0.01)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def fetch(url: str, destination: Path) -> dict[str, str]:
    return dict(fetch_url(url, destination, format="bv*+ba/b", ffmpeg=FFMPEG))


def test_a_url_is_fetched_to_the_very_name(site: str, tmp_path: Path, video: bytes) -> None:
    facts = fetch(f"{site}/{NAME}", tmp_path / "100% source")
    assert (tmp_path / "100% source").read_bytes() == video
    assert facts["name"] == NAME


def test_a_broken_fetch_is_continued(site: str, tmp_path: Path, video: bytes) -> None:
    (tmp_path / "source.mp4.part").write_bytes(video[:20000])
    fetch(f"{site}/v.mp4", tmp_path / "source")
    assert (tmp_path / "source").read_bytes() == video
    assert "bytes=20000-" in Site.ranges


def test_a_finished_fetch_is_not_repeated(site: str, tmp_path: Path) -> None:
    first = fetch(f"{site}/v.mp4", tmp_path / "source")
    Site.failures = [404] * 9
    assert fetch(f"{site}/v.mp4", tmp_path / "source") == first
    assert len(Site.failures) == 9


def test_moments_of_weakness_are_waited_for(site: str, tmp_path: Path, video: bytes) -> None:
    Site.failures = [503, 503]
    fetch(f"{site}/v.mp4", tmp_path / "source")
    assert (tmp_path / "source").read_bytes() == video


@pytest.mark.parametrize("status", [403, 404, 410])
def test_what_the_server_refuses_is_not_asked_again(site: str, tmp_path: Path, status: int) -> None:
    Site.failures = [status] * 20
    with pytest.raises(SourceError, match=rf"/v\.mp4 cannot be fetched.*{status}") as error:
        fetch(f"{site}/v.mp4", tmp_path / "source")
    assert "\n" not in str(error.value)
    assert len(Site.failures) >= 18
    assert not (tmp_path / "source").exists()


def test_no_server_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vat.media.fetch._WAIT_SECONDS", 0.01)
    with pytest.raises(SourceError, match="cannot be fetched"):
        fetch("http://127.0.0.1:9/v.mp4", tmp_path / "source")


def test_a_feed_becomes_its_entries(site: str) -> None:
    assert expand_url(f"{site}/feed.xml") == [f"{site}/one.mp4", f"{site}/two.mp4"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/a%20b.MP4?x=1", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"]
)
def test_a_single_video_needs_no_network_to_be_planned(url: str) -> None:
    assert expand_url(url) == [url]


def test_a_page_without_video_is_named(site: str) -> None:
    with pytest.raises(SourceError, match=f"{site}/nothing cannot be fetched"):
        expand_url(f"{site}/nothing")


def run(source: str, folder: Path, *, remote: bool) -> Path:
    download(
        source,
        folder / "source",
        folder / "media.json",
        remote=remote,
        title=None,
        audio_track=None,
        format="bv*+ba/b" if remote else None,
        ffmpeg=FFMPEG,
    )
    return folder


def test_the_whole_stage_for_a_url(site: str, tmp_path: Path, video: bytes) -> None:
    folder = run(f"{site}/{NAME}", tmp_path, remote=True)
    assert {path.name for path in folder.iterdir()} == {"source", "media.json"}
    assert (folder / "source").read_bytes() == video
    assert json.loads((folder / "media.json").read_text())["name"] == NAME


@pytest.mark.parametrize("damage", [None, b"", b"{", b"\0" * 50, b"[1]", b'{"title": "x"}'])
def test_damaged_facts_of_a_fetched_video_have_it_fetched_again(
    damage: bytes | None, site: str, tmp_path: Path, video: bytes
) -> None:
    (tmp_path / "v").write_bytes(b"what came before a power cut")
    if damage is not None:
        (tmp_path / "v.json").write_bytes(damage)
    assert fetch(f"{site}/{NAME}", tmp_path / "v")["name"] == NAME
    assert (tmp_path / "v").read_bytes() == video


def test_what_was_fetched_is_kept_where_the_rest_fails(site: str, tmp_path: Path) -> None:
    Site.content = b"this is no video" * 100
    with pytest.raises(SourceError):
        run(f"{site}/v.mp4", tmp_path, remote=True)
    assert any(path.name.startswith("fetched-") for path in tmp_path.iterdir())
    assert not (tmp_path / "source").exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_the_whole_stage_for_a_file(tmp_path: Path, name: str) -> None:
    source = make_video(tmp_path / name, 1)
    before = source.read_bytes()
    folder = run(str(source), tmp_path / "out", remote=False)
    assert (folder / "source").is_symlink()
    assert (folder / "source").resolve() == source.resolve()
    assert source.read_bytes() == before
    assert json.loads((folder / "media.json").read_text())["name"] == name


def test_a_link_to_a_relative_path_moves_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run" / "in").mkdir(parents=True)
    (tmp_path / "run" / "in" / "v.mp4").write_text("video")
    (tmp_path / "disk").mkdir()
    (tmp_path / "run" / "results").symlink_to("../disk")
    monkeypatch.chdir(tmp_path / "run")
    for destination in ("out/v/source", "results/v/source"):
        link_local("in/v.mp4", destination)
        assert Path(destination).read_text(encoding="utf-8") == "video"
    monkeypatch.chdir(tmp_path)
    moved = (tmp_path / "run").rename(tmp_path / "moved")
    assert (moved / "out/v/source").read_text() == "video"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.mp4"):
        link_local(tmp_path / "gone.mp4", tmp_path / "source")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["/nowhere/gone.mkv", "v.mp4", "x" * 300])
def test_a_video_out_of_reach_is_one_sentence(tmp_path: Path, target: str) -> None:
    (tmp_path / "v.mp4").symlink_to(target)
    with pytest.raises(SourceError, match=r"v\.mp4' cannot be read \(.*\); correct"):
        link_local(tmp_path / "v.mp4", tmp_path / "source")
    with pytest.raises(SourceError, match=r"'v\.mp4' cannot be read \(.*\); correct"):
        probe_duration(tmp_path / "v.mp4")


def test_links_that_lead_nowhere_are_set_aside_until_they_lead_somewhere(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, target in {"dead": "gone", "loop": "loop", "alive": "file"}.items():
        (tmp_path / name).symlink_to(target)
    names = ("file", "dead", "loop", "alive", "missing")
    before = (tmp_path / "dead").lstat().st_mtime_ns
    set_dead_links_aside(tmp_path / name for name in names)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "alive", "dead.away", "loop.away"}
    (tmp_path / "gone").touch()
    set_dead_links_aside(tmp_path / name for name in names)
    assert (tmp_path / "dead").lstat().st_mtime_ns == before
    assert (tmp_path / "loop.away").is_symlink()
    assert not (tmp_path / "dead.away").is_symlink()


def test_a_name_that_is_no_utf8_is_recorded(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", 1).rename(tmp_path / os.fsdecode(b"caf\xe9.mp4"))
    options: dict[str, Any] = dict.fromkeys(("title", "audio_track", "format"))
    download(
        str(video), tmp_path / "s", tmp_path / "m.json", remote=False, ffmpeg=FFMPEG, **options
    )
    assert Media.from_json(read_json(tmp_path / "m.json")).name == video.name


class Playlist(BaseHTTPRequestHandler):
    """Serves a list of segments, with or without the mark of its end, and the segments."""

    segment: ClassVar[bytes] = b""
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Playlist.asked.append(self.path)
        text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\npart.ts\n"
        ending = "#EXT-X-ENDLIST\n" if "ended" in self.path else ""
        body = (text + ending).encode() if ".m3u8" in self.path else self.segment
        self.send_response(200)
        kind = "application/vnd.apple.mpegurl" if ".m3u8" in self.path else "video/mp2t"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


def test_a_live_stream_is_refused_and_a_recording_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = make_video(tmp_path / "part.ts", 4)
    monkeypatch.setattr(Playlist, "segment", part.read_bytes())
    monkeypatch.setattr(Playlist, "asked", [])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Playlist)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        fetch(f"{address}/ended.m3u8", tmp_path / "ended")
        assert (tmp_path / "ended").stat().st_size > 1000
        Playlist.asked.clear()
        with pytest.raises(SourceError, match="is a live stream"):
            fetch(f"{address}/live.m3u8", tmp_path / "live")
        assert not [path for path in Playlist.asked if "part" in path]
    finally:
        server.shutdown()
        server.server_close()


def test_a_file_that_changes_is_left_for_the_next_run(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", 1)
    options: dict[str, Any] = dict.fromkeys(("title", "audio_track", "format"))
    options |= {"remote": False, "ffmpeg": FFMPEG, "fingerprint": fingerprint_of(str(video))}
    places = tmp_path / "s", tmp_path / "m.json"

    def go_on(here: Path, media: Media) -> None:
        with video.open("ab") as file:
            file.write(b"more")

    with pytest.raises(SourceError, match=r"'v.mp4' has changed.*left for the next run"):
        download(str(video), *places, check=go_on, **options)
    assert not places[1].exists()
    with pytest.raises(SourceError, match="has changed"):
        download(str(video), *places, **options)
    options["fingerprint"] = fingerprint_of(str(video))
    download(str(video), *places, **options)
    held = [(one.in_mkv, one.in_mp4) for one in Media.read(places[1]).streams]
    assert held == [("copy", "copy"), ("copy", "copy")]


@pytest.mark.parametrize("ordered", [0, 1])
def test_chapters_in_an_order_of_their_own_are_told(
    ordered: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, marks = tmp_path / "v.mkv", tmp_path / "marks.txt"
    chapter = "[CHAPTER]\nTIMEBASE=1/1\nSTART={}\nEND={}\ntitle={}\n"
    marks.write_text(";FFMETADATA1\n" + chapter.format(0, 1, "a") + chapter.format(1, 2, "b"))
    plain = make_video(tmp_path / "plain.mkv", 2)
    ffmpeg("-i", plain, "-i", marks, "-c", "copy", "-map_chapters", "1", path)
    whole = path.read_bytes()
    # In place of the flag by which an edition is the default.
    assert whole.count(b"\x45\xdb\x81\x01") == 1
    path.write_bytes(whole.replace(b"\x45\xdb\x81\x01", b"\x45\xdd\x81" + bytes([ordered])))
    options: dict[str, Any] = dict.fromkeys(("title", "audio_track", "format"))
    options |= {"remote": False, "ffmpeg": FFMPEG}
    download(str(path), tmp_path / "source", tmp_path / "media.json", **options)
    assert ("in another order" in caplog.text) == bool(ordered)
