"""A site with a page on which a video has subtitles."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.helpers.media import make_video

VTT = "WEBVTT\n\n" + "".join(
    f"00:0{n}.000 --> 00:0{n}.900\nThere is nothing that we can do about it\n\n" for n in (0, 1)
)
CHINESE = VTT.replace("There is nothing that we can do about it", "我们对此没有任何办法，这是真的")


class Site:
    """A page with a video and subtitles, and what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.video = make_video(folder / "site.mp4").read_bytes()
        self.tracks = {"en": VTT}
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                body = site.answer(self.path)
                self.send_response(404 if body is None else 200)
                kind = "text/html" if self.path.endswith("talk") else "video/mp4"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body or b"")

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/talk"

    def answer(self, path: str) -> bytes | None:
        if path.endswith("talk"):
            tracks = "".join(
                f'<track kind="subtitles" srclang="{tag}" src="/{number}.vtt">'
                for number, tag in enumerate(self.tracks)
            )
            page = f'<html><title>A talk</title><video src="/v.mp4">{tracks}</video></html>'
            return page.encode()
        if path.endswith(".vtt"):
            return list(self.tracks.values())[int(path[1:-4])].encode()
        return self.video if path.endswith(".mp4") else None

    def close(self) -> None:
        """Answer nobody any more."""
        self.server.shutdown()
        self.server.server_close()
