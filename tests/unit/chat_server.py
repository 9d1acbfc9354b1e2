"""A server with OpenAI's chat interface that misbehaves in every way that was seen in the wild."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Fault = Callable[[dict[str, str], random.Random], Any]


def right(asked: dict[str, str]) -> dict[str, str]:
    """The translation that the server gives where it behaves."""
    return {key: f"翻译{text}" for key, text in asked.items()}


def subtitles(request: dict[str, Any]) -> dict[str, str]:
    """What a request asks to translate, by number."""
    asked: dict[str, str] = json.loads(request["messages"][-1]["content"])["subtitles"]
    return asked


def _without_one(asked: dict[str, str], chance: random.Random) -> Any:
    answer = right(asked)
    answer.pop(chance.choice(list(answer)))
    return answer


def _merged(asked: dict[str, str], chance: random.Random) -> Any:
    answer = right(asked)
    keys = list(answer)
    if len(keys) > 1:
        answer[keys[0]] += answer.pop(keys[1])
        answer[keys[1]] = ""
    return answer


def _blank(asked: dict[str, str], chance: random.Random) -> Any:
    return right(asked) | {chance.choice(list(asked)): "  \n"}


def _with_one_more(asked: dict[str, str], chance: random.Random) -> Any:
    """The first text in two parts, so that all others move to the next number."""
    if len(asked) == 1:
        return right(asked)
    keys = [*asked, str(int(list(asked)[-1]) + 1)]
    return dict(zip(keys, ["Part of one", *right(asked).values()], strict=True))


FAULTS: dict[str, Fault] = {
    "drop": _without_one,
    "merge": _merged,
    "blank": _blank,
    "add": lambda asked, chance: right(asked) | {"999999": "extra"},
    "truncate": lambda asked, chance: json.dumps(right(asked))[: chance.randint(1, 20)],
    "fence": lambda asked, chance: f"Here you are:\n```json\n{json.dumps(right(asked))}\n```",
    "wrap": lambda asked, chance: {"subtitles": right(asked)},
    "list": lambda asked, chance: json.dumps(list(right(asked).values())),
    "number": lambda asked, chance: right(asked) | {chance.choice(list(asked)): 7},
    "double": lambda asked, chance: (
        json.dumps(right(asked))[:-1] + f', "{next(iter(asked))}": "x"}}'
    ),
    "half": lambda asked, chance: right(asked) | {chance.choice(list(asked)): "\ud83c"},
    "think": lambda asked, chance: f"<think>{{1: ?}}</think>{json.dumps(right(asked))}",
    "echo": lambda asked, chance: {"before": [], "subtitles": right(asked), "after": []},
    "nothing": lambda asked, chance: "",
    "prose": lambda asked, chance: "I am sorry, I cannot do that.",
    "extra": _with_one_more,
    "shift": lambda asked, chance: {str(int(k) + 10_000): v for k, v in right(asked).items()},
}


@dataclass
class Behaviour:
    """What a server does: `faults` by name at `rate`, status codes first, what it refuses.

    It never translates the text `never`, has a context for `most` subtitles, answers everything
    with `body` (media type, bytes), and asks to `wait` (Retry-After) where its status is passing.
    """

    faults: list[str] = field(default_factory=list)
    rate: float = 0.0
    statuses: list[int] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    never: str | None = None
    most: int | None = None
    body: tuple[str, bytes] | None = None
    wait: str = "0"
    delay: float = 0.0
    seed: int = 1
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def chat_server(behaviour: Behaviour) -> Iterator[Behaviour]:
    """Serve on a port of its own; `behaviour.url` is the base_url, `requests` what was asked."""
    chance = random.Random(behaviour.seed)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Stay quiet."""

        def reply(
            self, status: int, body: Any, kind: str = "application/json", data: bytes = b""
        ) -> None:
            data = data or json.dumps(body).encode()
            self.send_response(status)
            if status in (429, 500, 503):
                self.send_header("Retry-After", behaviour.wait)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            behaviour.requests.append(request)
            behaviour.keys.append(self.headers.get("Authorization", ""))
            time.sleep(behaviour.delay)
            kind = request.get("response_format", {}).get("type")
            if behaviour.statuses:
                status = behaviour.statuses.pop(0)
                key = behaviour.keys[-1]
                self.reply(status, {"error": {"message": f"refused {key}", "code": status}})
            elif kind in behaviour.refuses:
                self.reply(400, {"error": {"message": f"{kind} is not supported"}})
            elif "temperature" in request and "temperature" in behaviour.refuses:
                self.reply(400, {"error": {"message": "temperature is not supported"}})
            elif behaviour.most is not None and len(subtitles(request)) > behaviour.most:
                self.reply(400, {"error": {"message": "This exceeds the maximum context length"}})
            elif behaviour.body is not None:
                self.reply(200, None, *behaviour.body)
            else:
                self.reply(200, self.completion(request))

        def completion(self, request: dict[str, Any]) -> dict[str, Any]:
            asked = subtitles(request)
            answer: Any = right(asked)
            if behaviour.never is not None:
                answer = {k: v for k, v in answer.items() if asked[k] != behaviour.never}
            if behaviour.faults and chance.random() < behaviour.rate:
                answer = FAULTS[chance.choice(behaviour.faults)](asked, chance)
            text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
            return {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": request["model"],
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": text},
                    }
                ],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    behaviour.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()
