"""Sites that answer anything at all: each fetch ends, well or with a sentence."""

import http.server
import logging
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.figures import Figures
from tests.helpers.media import FFMPEG
from vat.errors import SourceError
from vat.jobs.messages import sentence
from vat.media import fetch
from vat.media.yt_dlp import Manners

_HEADERS = ("video/mp4", "text/html", "application/vnd.apple.mpegurl", "application/dash+xml", "")
_TEXTS = (
    b"#EXTM3U\n#EXTINF:1,\nhttp://169.254.169.254/a.ts\n#EXT-X-ENDLIST\n",
    b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    b'#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="http://169.254.169.254/k"\n#EXTINF:1,\na.ts\n'
    b"#EXT-X-ENDLIST\n",
    b"<html><title>" + b"x" * 200_000 + b"\0</title><video src='a.mp4'></video></html>",
    b'<rss version="2.0"><channel><item><link>http://[::1</link></item></channel></rss>',
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><MPD>&b;</MPD>',
    b"{" * 10_000,
    b"\0" * 1000,
    b"",
)


class _Site(http.server.BaseHTTPRequestHandler):
    """Answers as a random plan says, the same for all requests of a try."""

    def __init__(self, plan: dict[str, Any], *rest: Any) -> None:
        self.plan = plan
        super().__init__(*rest)

    def do_GET(self) -> None:
        with suppress(OSError):
            self.send_response(self.plan["status"])
            for name, value in self.plan["headers"].items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(self.plan["body"])

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Be quiet."""


def sites(random: Random, tries: int, folder: Path, figures: Figures) -> None:
    """Fetch from servers that send random statuses, headers and contents."""
    fetch._WAIT_SECONDS = 0.01
    logging.disable()
    for number in figures.numbers(tries):
        plan = _plan(random)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Site, plan))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{random.choice(('v.mp4', 'page', 'l.m3u8'))}"
        figures.tries += 1
        try:
            _ask(url, folder / str(number))
        except SourceError as error:
            if "169.254" in sentence(error) and "private" not in sentence(error):
                figures.losses.append(f"{url}: {sentence(error)}")
        except Exception as error:
            figures.tracebacks.append(f"{plan['headers']}: {error!r}")
        finally:
            server.shutdown()
            server.server_close()
        if b"root:" in b"".join(path.read_bytes()[:9] for path in folder.glob(f"{number}*")):
            figures.losses.append(f"{url}: a file of this host was read")


def _ask(url: str, destination: Path) -> None:
    for one in fetch.expand_url(url)[:1]:
        fetch.fetch_url(
            one, destination, format="bv*+ba/b", ffmpeg=FFMPEG, manners=Manners(max_mb=5)
        )


def _plan(random: Random) -> dict[str, Any]:
    body = random.choice((*_TEXTS, random.randbytes(random.randrange(5000))))
    headers = {"Content-Type": random.choice(_HEADERS)}
    if random.random() < 0.5:
        length = random.choice((len(body), 0, len(body) * 2, 10**12))
        headers["Content-Length"] = str(length)
    if random.random() < 0.2:
        name = 'attachment; filename="../../../etc/x\\0y.mp4"'
        headers["Content-Disposition"] = name.encode("unicode_escape").decode()
    status = random.choice((200, 200, 200, 206, 301, 302, 404, 418, 500))
    if status in (301, 302):
        headers["Location"] = random.choice(
            ("http://127.0.0.1:1/", "http://10.0.0.1/", "file:///etc/passwd", "//[::1", "/", "\\x")
        )
    return {"status": status, "headers": headers, "body": body}
