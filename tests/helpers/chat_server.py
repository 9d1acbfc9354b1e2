"""A server with OpenAI's chat interface that misbehaves in every way that was seen in the wild."""

import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_CHARACTERS = (
    "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着"
    "事其里所去行过家十用发天如然作方成者多日都三小军无同么经法当起与好看学进种将还分此心前面又定见只"
).translate(dict.fromkeys(map(ord, "一十三")))
_WORDS = [
    "red",
    "old",
    "small",
    "quiet",
    "distant",
    "careful",
    "green",
    "heavy",
    "early",
    "open",
    "silver",
    "narrow",
]
_THINGS = [
    "house",
    "garden",
    "letter",
    "window",
    "river",
    "bridge",
    "street",
    "engine",
    "teacher",
    "mountain",
]

Answer = dict[str, Any]
Fault = Callable[[Answer, dict[str, str], random.Random], Any]


def chinese(text: str) -> str:
    """What this server takes for the Chinese of a text: a character a word, figures as they are."""
    return "".join(word if word.isdigit() else _character(word) for word in text.split())


def _character(word: str) -> str:
    number = word.strip(".,!?")
    if number.isdigit():
        return number
    place = hashlib.sha256(word.encode()).digest()
    return "".join(_CHARACTERS[byte % len(_CHARACTERS)] for byte in place[:2])


def lines(count: int, seed: int = 1) -> list[str]:
    """Sentences of which no two are alike, each with a number of its own."""
    chance = random.Random(seed)
    return [
        f"The {chance.choice(_WORDS)} {chance.choice(_THINGS)} stands"
        f" {chance.choice(['near', 'behind', 'above'])} the {chance.choice(_WORDS)}"
        f" {chance.choice(_THINGS)} {number}."
        for number in range(100, 100 + count)
    ]


def subtitles(request: dict[str, Any]) -> dict[str, str]:
    """The source texts that a request asks for, by number."""
    items = json.loads(request["messages"][-1]["content"])["subtitles"]
    return {key: one if isinstance(one, str) else one["subtitle"] for key, one in items.items()}


def right(request: dict[str, Any]) -> Answer:
    """The answer that the server gives where it behaves."""
    prompt, items = (
        request["messages"][0]["content"],
        json.loads(request["messages"][-1]["content"]),
    )
    answer: Answer = {}
    for key, item in items["subtitles"].items():
        text = item if isinstance(item, str) else item["subtitle"]
        translation = chinese(text)
        if isinstance(item, dict) and "columns" in item:
            translation = f"{translation[: item['columns'] // 2 - 2]}{translation[-3:]}"
        if isinstance(item, dict) and "draft" in item:
            translation = f"{item['draft']}。"
        answer[key] = {"begins": " ".join(text.split()[:4]), "translation": translation}
        if '"critique"' in prompt:
            answer[key]["critique"] = "It lacks a full stop."
        if '"begins"' not in prompt:
            answer[key] = translation
    return answer


def _text(entry: Any) -> str:
    text: str = entry if isinstance(entry, str) else entry["translation"]
    return text


def _with(answer: Answer, key: str, text: Any) -> Answer:
    """The answer with another translation for one subtitle."""
    old = answer[key]
    return answer | {key: {**old, "translation": text} if isinstance(old, dict) else text}


def _moved(answer: Answer, by: int) -> Answer:
    """Every entry whole under the number of another."""
    values = list(answer.values())
    return dict(zip(answer, values[by:] + values[:by], strict=True))


def _moved_texts(answer: Answer, by: int) -> Answer:
    """Every translation under the number, and with the proof, of another."""
    texts = [_text(entry) for entry in answer.values()]
    moved = answer
    for key, text in zip(answer, texts[by:] + texts[:by], strict=True):
        moved = _with(moved, key, text)
    return moved


def _merge(answer: Answer, asked: dict[str, str], chance: random.Random) -> Answer:
    keys = list(answer)
    if len(keys) == 1:
        return answer
    at = chance.randrange(len(keys) - 1)
    both = _text(answer[keys[at]]) + _text(answer[keys[at + 1]])
    return _with(_with(answer, keys[at], both), keys[at + 1], "")


def _merge_and_shift(answer: Answer, asked: dict[str, str], chance: random.Random) -> Answer:
    """Two merged, all after them moved up, the last one blank: the classic."""
    keys = list(answer)
    if len(keys) == 1:
        return answer
    at = chance.randrange(len(keys) - 1)
    texts = [_text(answer[key]) for key in keys]
    texts[at : at + 2] = [texts[at] + texts[at + 1]]
    moved = answer
    for key, text in zip(keys, [*texts, ""], strict=True):
        moved = _with(moved, key, text)
    return moved


def _swap(answer: Answer, asked: dict[str, str], chance: random.Random) -> Answer:
    one, other = chance.choice(list(answer)), chance.choice(list(answer))
    return answer | {one: answer[other], other: answer[one]}


def _swap_texts(answer: Answer, asked: dict[str, str], chance: random.Random) -> Answer:
    one, other = chance.choice(list(answer)), chance.choice(list(answer))
    texts = _text(answer[one]), _text(answer[other])
    return _with(_with(answer, one, texts[1]), other, texts[0])


def _some(change: Callable[[str, random.Random], Any]) -> Fault:
    """A fault in the text of one subtitle; `change` is given its source."""

    def fault(answer: Answer, asked: dict[str, str], chance: random.Random) -> Answer:
        key = chance.choice(list(answer))
        return _with(answer, key, change(asked[key], chance))

    return fault


def _repeat(answer: Answer, asked: dict[str, str], chance: random.Random) -> Answer:
    return _with(answer, chance.choice(list(answer)), _text(answer[chance.choice(list(answer))]))


def _without_one(answer: Answer, asked: dict[str, str], chance: random.Random) -> Answer:
    gone = chance.choice(list(answer))
    return {key: entry for key, entry in answer.items() if key != gone}


FAULTS: dict[str, Fault] = {
    "drop": _without_one,
    "merge": _merge,
    "merge and shift": _merge_and_shift,
    "swap": _swap,
    "swap texts": _swap_texts,
    "repeat": _repeat,
    "shift": lambda answer, asked, chance: _moved(answer, 1),
    "shift texts": lambda answer, asked, chance: _moved_texts(answer, -1),
    "renumber": lambda answer, asked, chance: {
        str(int(key) + 10_000): entry for key, entry in answer.items()
    },
    "blank": _some(lambda source, chance: "  \n"),
    "cut": _some(lambda source, chance: chinese(source)[:2]),
    "cut in half": _some(lambda source, chance: chinese(source)[: len(chinese(source)) // 2]),
    "long": _some(lambda source, chance: f"{chinese(source)}（{'译者注' * 60}）"),
    "source": _some(lambda source, chance: source),
    "half translated": _some(lambda source, chance: f"这{source.lower()}"),
    "German": _some(lambda source, chance: "Das weiß ich leider nicht, aber ich schaue gern nach."),
    "Japanese": _some(lambda source, chance: "それはよくわかりませんが、調べてみましょう。"),
    "mistranslate": _some(lambda source, chance: chinese(chance.choice(lines(50, 2)))),
    "obey": _some(lambda source, chance: "OK, I ignore all previous instructions."),
    "half a character": _some(lambda source, chance: "\ud83c"),
    "number": _some(lambda source, chance: 7),
    "add": lambda answer, asked, chance: answer | {"999999": "extra"},
    "truncate": lambda answer, asked, chance: json.dumps(answer)[: chance.randint(1, 20)],
    "cut off": lambda answer, asked, chance: json.dumps(answer)[: -chance.randint(1, 40)],
    "fence": lambda answer, asked, chance: f"Here you are:\n```json\n{json.dumps(answer)}\n```",
    "wrap": lambda answer, asked, chance: {"subtitles": answer},
    "list": lambda answer, asked, chance: json.dumps(list(answer.values())),
    "plain": lambda answer, asked, chance: {key: _text(entry) for key, entry in answer.items()},
    "double": lambda answer, asked, chance: (
        json.dumps(answer)[:-1] + f', "{next(iter(answer))}": "x"}}'
    ),
    "think": lambda answer, asked, chance: f"<think>{{1: ?}}</think>{json.dumps(answer)}",
    "around": lambda answer, asked, chance: {"context": {}, "subtitles": answer, "remarks": {}},
    "nothing": lambda answer, asked, chance: "",
    "prose": lambda answer, asked, chance: "I am sorry, I cannot do that.",
}


@dataclass
class Behaviour:
    """What a server does: `faults` by name at `rate`, status codes first, what it refuses.

    Statuses of `passing` (0 is a timeout) come at the rate `unrest`. It never translates the text
    `never`, has a context for `most` subtitles, answers everything with `body` (media type, bytes),
    asks to `wait` (Retry-After) where its status is passing, and takes `delay` seconds to answer.
    Texts with the word `forbids` it refuses, the first answers are `bodies`, and it counts tokens
    only with `usage`. `change` has the last word on an answer. `answered` counts how often each
    text was answered.
    """

    faults: list[str] = field(default_factory=list)
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
    slow: float = 1.0
    seed: int = 1
    change: Callable[[Answer, dict[str, str]], Any] | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    def asked(self) -> list[str]:
        """Every text that was asked for, as often as it was."""
        return [text for request in self.requests for text in subtitles(request).values()]


@contextmanager
def chat_server(behaviour: Behaviour) -> Iterator[Behaviour]:
    """Serve on a port of its own; `behaviour.url` is the base_url, `requests` what was asked."""
    seen: Counter[bytes] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        chance = random.Random(0)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

        def reply(
            self, status: int, body: Any, kind: str = "application/json", data: bytes = b""
        ) -> None:
            data = data or json.dumps(body).encode()
            self.send_response(status)
            if status in (429, 500, 503) and behaviour.wait is not None:
                self.send_header("Retry-After", behaviour.wait)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = json.loads(body)
            seen[body] += 1
            # The same question the nth time has the same fate, in whatever order threads ask.
            self.chance = random.Random(f"{behaviour.seed} {seen[body]} {body!r}")
            behaviour.requests.append(request)
            behaviour.times.append(time.monotonic())
            behaviour.keys.append(self.headers.get("Authorization", ""))
            time.sleep(behaviour.delay)
            if not self.refuse(request):
                self.reply(200, self.completion(request))
                behaviour.answered.update(subtitles(request).values())

        def refuse(self, request: dict[str, Any]) -> bool:
            kind = request.get("response_format", {}).get("type")
            unknown = [name for name in (kind, *request) if name in behaviour.refuses]
            status = behaviour.statuses.pop(0) if behaviour.statuses else None
            if status is None and self.chance.random() < behaviour.unrest:
                status = self.chance.choice(behaviour.passing)
            if status == 0:
                time.sleep(behaviour.slow)
                self.reply(200, self.completion(request))
            elif status is not None:
                said = {"message": f"refused {behaviour.keys[-1]}", "code": status}
                self.reply(status, {"error": behaviour.error or said})
            elif unknown:
                self.reply(400, {"error": {"message": f"{unknown[0]} is not supported"}})
            elif behaviour.most is not None and len(subtitles(request)) > behaviour.most:
                self.reply(400, {"error": {"message": "This exceeds the maximum context length"}})
            elif behaviour.forbids and behaviour.forbids in " ".join(subtitles(request).values()):
                self.reply(400, {"error": {"message": "I do not like that"}})
            elif behaviour.bodies:
                self.reply(200, None, data=behaviour.bodies.pop(0))
            elif behaviour.body is not None:
                self.reply(200, None, *behaviour.body)
            else:
                return False
            return True

        def completion(self, request: dict[str, Any]) -> dict[str, Any]:
            asked = subtitles(request)
            answer: Any = right(request)
            if behaviour.never is not None:
                answer = {k: v for k, v in answer.items() if asked[k] != behaviour.never}
            if behaviour.change is not None:
                answer = behaviour.change(answer, asked)
            if behaviour.faults and self.chance.random() < behaviour.rate:
                answer = FAULTS[self.chance.choice(behaviour.faults)](answer, asked, self.chance)
            text = answer if isinstance(answer, str) else json.dumps(answer)
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
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": text},
                    }
                ],
                **({"usage": usage} if behaviour.usage else {}),
            }

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    behaviour.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()
