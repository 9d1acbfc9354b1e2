"""A server with OpenAI's chat interface that misbehaves in every way that was seen in the wild."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.helpers.chat_faults import (
    ABOUT_THE_TASK,
    FAULTS,
    LATER,
    MANNERS,
    REFUSED,
    Answer,
    chinese,
    lines,
    right,
    subtitles,
    transcript,
)

ABOUT = {"0": {"summary": "Someone tests translations.", "people": ""}}

__all__ = ["FAULTS", "Answer", "Behaviour", "chat_server", "chinese", "lines", "subtitles"]


@dataclass
class Behaviour:
    """What a server does: `faults` by name at `rate`, status codes first, what it refuses.

    `manners` of wrapping an answer, ways of `refusing` several subtitles (any of `MANNERS`,
    `REFUSED`) and of asking to come `later` (`LATER`) come at the same rate; up to `most_refused`
    subtitles are never refused, and nobody is sent away more often than `most_later`. A server
    that is `wordless` does not say what it refuses.

    Statuses of `passing` (0 is a timeout) come at the rate `unrest`. It never translates the text
    `never`, has a context for `most` subtitles, answers everything with `body` (media type, bytes),
    asks to `wait` (Retry-After) where its status is passing, and takes `delay` seconds to answer.
    Where there is a `meeting`, none is answered before all have come.
    Texts with the word `forbids` it refuses, the first answers are `bodies`, and it counts tokens
    only with `usage`. `change` has the last word on an answer, `informed` sees the whole request,
    too. `reads` says what a transcript is about, from its lines and what is known so far.
    `answered` counts how often each text was answered.
    """

    faults: list[str] = field(default_factory=list)
    manners: list[str] = field(default_factory=list)
    refusing: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    most_refused: int = 1
    most_later: int = 10**6
    wordless: bool = False
    rate: float = 0.0
    statuses: list[int] = field(default_factory=list)
    passing: list[int] = field(default_factory=list)
    unrest: float = 0.0
    refuses: set[str] = field(default_factory=set)
    never: str | None = None
    forbids: str | None = None
    bodies: list[bytes] = field(default_factory=list)
    usage: bool = True
    most: int | None = None
    body: tuple[str, bytes] | None = None
    error: dict[str, Any] | None = None
    wait: str | None = "0"
    delay: float = 0.0
    meeting: threading.Barrier | None = None
    slow: float = 1.0
    seed: int = 1
    change: Callable[[Answer, dict[str, str]], Any] | None = None
    informed: Callable[[Answer, dict[str, Any]], Any] | None = None
    reads: Callable[[list[str], dict[str, Any]], Any] = lambda lines, told: ABOUT
    requests: list[dict[str, Any]] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    def asked(self) -> list[str]:
        """Every text that was asked for, as often as it was."""
        return [text for request in self.requests for text in subtitles(request).values()]


class _Handler(BaseHTTPRequestHandler):
    """Answers one request as `behaviour` says; `seen` counts the questions."""

    behaviour: Behaviour
    seen: Counter[str]
    protocol_version = "HTTP/1.1"
    chance = random.Random(0)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def reply(
        self,
        status: int,
        body: Any,
        kind: str = "application/json",
        data: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> None:
        data = data or json.dumps(body).encode()
        self.send_response(status)
        if headers is not None:
            for name, value in headers.items():
                date = formatdate(time.time() + 1.3, usegmt=True)
                self.send_header(name, value.replace("DATE", date))
        elif status in (429, 500, 503) and self.behaviour.wait is not None:
            self.send_header("Retry-After", self.behaviour.wait)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = json.loads(body)
        question = request["messages"][-1]["content"]
        self.seen[question] += 1
        # The same question the nth time has the same fate, in whatever order threads ask, and
        # whatever the prompt says.
        self.chance = random.Random(f"{self.behaviour.seed} {self.seen[question]} {question}")
        self.behaviour.requests.append(request)
        self.behaviour.times.append(time.monotonic())
        self.behaviour.keys.append(self.headers.get("Authorization", ""))
        time.sleep(self.behaviour.delay)
        if self.behaviour.meeting:
            self.behaviour.meeting.wait()
        if not self.refuse(request):
            self.reply(200, self.completion(request))
            self.behaviour.answered.update(subtitles(request).values())

    def refuse(self, request: dict[str, Any]) -> bool:
        kind = request.get("response_format", {}).get("type")
        unknown = [name for name in (kind, *request) if name in self.behaviour.refuses]
        status = self.behaviour.statuses.pop(0) if self.behaviour.statuses else None
        if status is None and self.chance.random() < self.behaviour.unrest:
            status = self.chance.choice(self.behaviour.passing)
        if status == 0:
            time.sleep(self.behaviour.slow)
            self.reply(200, self.completion(request))
        elif status is not None:
            error = {"message": f"refused {self.behaviour.keys[-1]}", "code": status}
            self.reply(status, {"error": self.behaviour.error or error})
        elif unknown:
            said = "Bad Request" if self.behaviour.wordless else f"{unknown[0]} is not supported"
            self.reply(400, {"error": {"message": said}})
        elif self.behaviour.most is not None and len(subtitles(request)) > self.behaviour.most:
            self.reply(400, {"error": {"message": "This exceeds the maximum context length"}})
        elif self.behaviour.forbids and self.behaviour.forbids in " ".join(
            [*subtitles(request).values(), *transcript(request)]
        ):
            self.reply(400, {"error": {"message": "I do not like that"}})
        elif len(subtitles(request)) > self.behaviour.most_refused and self.happens(
            self.behaviour.refusing
        ):
            self.reply(*REFUSED[self.chance.choice(self.behaviour.refusing)])
        elif self.behaviour.most_later > 0 and self.happens(self.behaviour.later):
            self.behaviour.most_later -= 1
            headers, body = LATER[self.chance.choice(self.behaviour.later)]
            self.reply(429, body, headers=headers)
        elif self.behaviour.bodies:
            self.reply(200, None, data=self.behaviour.bodies.pop(0))
        elif self.behaviour.body is not None:
            self.reply(200, None, *self.behaviour.body)
        else:
            return False
        return True

    def happens(self, what: list[str]) -> bool:
        return bool(what) and self.chance.random() < self.behaviour.rate

    def completion(self, request: dict[str, Any]) -> dict[str, Any]:
        asked, told = subtitles(request), json.loads(request["messages"][-1]["content"])
        answer: Any = right(request) if asked else self.behaviour.reads(transcript(request), told)
        if self.behaviour.never is not None:
            answer = {k: v for k, v in answer.items() if asked[k] != self.behaviour.never}
        if self.behaviour.informed is not None and asked:
            answer = self.behaviour.informed(answer, told)
        if self.behaviour.change is not None and asked:
            answer = self.behaviour.change(answer, asked)
        if self.behaviour.faults and asked and self.chance.random() < self.behaviour.rate:
            fault = (FAULTS | ABOUT_THE_TASK)[self.chance.choice(self.behaviour.faults)]
            answer = fault(answer, asked, self.chance)
        text = answer if isinstance(answer, str) else json.dumps(answer)
        more: dict[str, Any] = {}
        content, ended = text, "stop"
        if asked and self.happens(self.behaviour.manners):
            content, more, ended = MANNERS[self.chance.choice(self.behaviour.manners)](
                answer, self.chance
            )
        sizes = [len(json.dumps(request["messages"])) // 4, len(text) // 4]
        usage = {
            "prompt_tokens": sizes[0],
            "completion_tokens": sizes[1],
            "total_tokens": sum(sizes),
        }
        return {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": request["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": ended,
                    "message": {"role": "assistant", "content": content, **more},
                }
            ],
            **({"usage": usage} if self.behaviour.usage else {}),
        }


@contextmanager
def chat_server(behaviour: Behaviour) -> Iterator[Behaviour]:
    """Serve on a port of its own; `behaviour.url` is the base_url, `requests` what was asked."""
    own = type("Handler", (_Handler,), {"behaviour": behaviour, "seen": Counter[str]()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), own)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    behaviour.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()
