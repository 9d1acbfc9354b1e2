"""The pages of a run on this host alone, where corrections are saved at once.

It listens on loopback, and every address begins with a secret token, without which there is
nothing to be had. It takes changes from its own pages only, and shows what lies below the folders
of results and logs, and nothing else.
"""

import hmac
import json
import logging
import mimetypes
import secrets
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, BinaryIO, Final
from urllib.parse import unquote, urlsplit

from vat.errors import RequestError, VatError
from vat.files import read_json
from vat.jobs.messages import sentence
from vat.report.byte_ranges import byte_range
from vat.report.corrections import Change, Corrections, Saved
from vat.report.waveform import waveform

logger = logging.getLogger(__name__)

_MOST_BYTES: Final = 8 << 20
"""Of one request: a track of three hours has some 200 kB."""

_SHOWN_AS_THEY_ARE: Final = ("video/", "audio/", "text/plain", "application/json")
_PLAIN: Final = (".log", ".jsonl", ".srt", ".vtt", ".ass", ".txt")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is shown and changed: the folders of results and logs, and that of corrections."""

    results: Path
    logs: Path
    edits: Path
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    lock: Lock = field(default_factory=Lock)

    def file(self, path: str) -> Path | None:
        """The file of an address behind the token; None for none, and for all that is elsewhere.

        A link may lead out of the folders only where VAT makes such ones: the source of a video,
        and what is delivered.
        """
        parts = path.split("/")
        root = {"results": self.results, "logs": self.logs}.get(parts[0])
        odd = any(part in ("", ".", "..") or "\0" in part or "\\" in part for part in parts)
        if root is None or odd:
            return None
        found = root.joinpath(*parts[1:])
        if not found.is_file():
            return None
        inside = found.resolve().is_relative_to(root.resolve())
        beside = found.parent.resolve() == root.resolve().joinpath(*parts[1:-1])
        ours = parts[0] == "results" and (
            (len(parts) == 3 and parts[2] == "source") or parts[1] == "delivery"
        )
        return found if inside or (ours and beside) else None

    def corrections(self, video: str) -> Corrections:
        """The corrections of a video.

        Raises:
            RequestError: where there is no such video.
        """
        if video not in self._names():
            raise RequestError("There is no such video.")
        return Corrections(self.results / video, self.edits / video)

    def _names(self) -> set[str]:
        return {one["video"] for one in read_json(self.results / "summary.json")["videos"]}

    def kind(self, path: Path) -> str:
        """The media type of a file; only VAT's own pages are pages."""
        if path.suffix == ".html":
            own = path.parent.resolve() == (self.results / "report").resolve()
            return "text/html; charset=utf-8" if own else "application/octet-stream"
        if path.suffix in _PLAIN:
            return "text/plain; charset=utf-8"
        name = path.name
        if name == "source":
            name = str(read_json(path.with_name("media.json"))["name"])
        kind = mimetypes.guess_type(name)[0] or ""
        return kind if kind.startswith(_SHOWN_AS_THEY_ARE) else "application/octet-stream"


class ReviewServer(ThreadingHTTPServer):
    """The server; `url` is where the first page is, and `ended` tells that it is wanted no more."""

    daemon_threads = True

    def __init__(self, shelf: Shelf, port: int = 0) -> None:
        """Begin to listen.

        Raises:
            RequestError: where no run has left pages.
        """
        if not (shelf.results / "report" / "index.html").is_file():
            raise RequestError(
                f"There are no pages in '{shelf.results}/report'; make subtitles first."
            )
        self.shelf = shelf
        self.ended = Event()
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing where a browser has closed the connection, as it does on every seek."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def origin(self) -> str:
        """The origin of its pages."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        """The address of the first page, with the token."""
        return f"{self.origin}/{self.shelf.token}/results/report/index.html"


def serve(server: ReviewServer) -> None:
    """Show the pages until somebody ends it, on a page or by Ctrl-C."""
    with server:
        thread = Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        # Ctrl-C is the usual way to end it.
        with suppress(KeyboardInterrupt):
            server.ended.wait()
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ReviewServer
    timeout = 60
    _begun = False

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: addresses have the token."""

    def do_HEAD(self) -> None:
        """As GET, without the content."""
        self.do_GET()

    def do_GET(self) -> None:
        """A file, what a video's corrections are, or the strip of its sound."""
        asked, self._begun = self._asked(), False
        if asked is None:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        first, _, rest = asked.partition("/")
        shelf = self.server.shelf
        try:
            if first == "edits":
                self._tell(shelf.corrections(rest).shown())
            elif first == "waveform":
                self._tell(waveform(shelf.corrections(rest).results / "speech.flac"))
            elif file := shelf.file(asked):
                self._give(file, shelf.kind(file))
            else:
                self._refuse(HTTPStatus.NOT_FOUND)
        except ConnectionError:
            raise
        except (VatError, OSError) as error:
            if self._begun:
                # What is left of the answer cannot be told from another one.
                logger.warning("%s", sentence(error))
                self.close_connection = True
            else:
                self._refuse(HTTPStatus.BAD_REQUEST, sentence(error))

    def do_POST(self) -> None:
        """A change of a video's subtitles, or of what is put back; or the end of all."""
        asked, body = self._asked(), self._body()
        if asked is None or body is None:
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        try:
            if asked == "end":
                self._tell({"said": "Ended."})
                self.server.ended.set()
            else:
                self._tell({"said": self._changed(asked, body).said})
        except (VatError, OSError) as error:
            self._refuse(HTTPStatus.BAD_REQUEST, sentence(error))

    def _changed(self, asked: str, body: Any) -> Saved:
        first, _, video = asked.partition("/")
        if first != "edits" or not isinstance(body, dict):
            raise RequestError("There is nothing of that kind to be changed.")
        own = self.server.shelf.corrections(video)
        with self.server.shelf.lock:
            if "restore" in body:
                return own.restore(str(body["restore"]), back=body.get("back") is True)
            changes = body.get("changes")
            if not isinstance(changes, list):
                raise RequestError("A change names its track and has a list of changes.")
            return own.save(str(body.get("track")), [Change.of(one) for one in changes])

    def _asked(self) -> str | None:
        """What is asked for behind the token; None where it is wrong, or from elsewhere."""
        host = self.headers.get("Host", "")
        # A name that was made to lead here is not ours (DNS rebinding).
        if f"http://{host}" != self.server.origin:
            return None
        if self.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return None
        try:
            _, token, *rest = unquote(urlsplit(self.path).path).split("/")
        except ValueError:
            return None
        known = hmac.compare_digest(token.encode(), self.server.shelf.token.encode())
        return "/".join(rest) if known and rest else None

    def _body(self) -> Any:
        """What one of our own pages sends; None where anybody else does."""
        size = self.headers.get("Content-Length", "")
        data = self.rfile.read(int(size)) if size.isdecimal() and int(size) <= _MOST_BYTES else b""
        if self.headers.get("Origin") != self.server.origin:
            return None
        if self.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            return None
        try:
            return json.loads(data)
        except ValueError:
            return None

    def _give(self, file: Path, kind: str) -> None:
        with file.open("rb") as content:
            size = file.stat().st_size
            asked = byte_range(self.headers.get("Range", ""), size)
            if asked is None:
                self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
                return
            start, end = asked
            partial = (start, end) != (0, size)
            more = {"Accept-Ranges": "bytes"}
            if partial:
                more["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
            status = HTTPStatus.PARTIAL_CONTENT if partial else HTTPStatus.OK
            self._begin(status, kind, end - start, more)
            if self.command != "HEAD":
                content.seek(start)
                for piece in _pieces(content, end - start):
                    self.wfile.write(piece)

    def _tell(self, value: Any) -> None:
        data = json.dumps(value, ensure_ascii=False).encode()
        self._begin(HTTPStatus.OK, "application/json", len(data), {})
        if self.command != "HEAD":
            self.wfile.write(data)

    def _refuse(self, status: HTTPStatus, said: str = "") -> None:
        data = json.dumps({"error": said or status.phrase}).encode()
        self._begin(status, "application/json", len(data), {"Connection": "close"})
        self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(data)

    def _begin(self, status: HTTPStatus, kind: str, size: int, more: dict[str, str]) -> None:
        self._begun = True
        self.send_response(status)
        headers = {**_HEADERS, **more, "Content-Type": kind, "Content-Length": str(size)}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _pieces(content: BinaryIO, left: int) -> Iterator[bytes]:
    while left > 0 and (piece := content.read(min(left, 1 << 16))):
        left -= len(piece)
        yield piece
