"""What a chat server answers, right and in every wrong way that was seen in the wild."""

import hashlib
import json
import random
from collections.abc import Callable
from itertools import pairwise
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
    texts = {
        key: one if isinstance(one, str) else one.get("subtitle") for key, one in items.items()
    }
    return {key: text for key, text in texts.items() if text is not None}


def transcript(request: dict[str, Any]) -> list[str]:
    """The lines of a transcript that a request asks to read; none where it asks for subtitles."""
    item = json.loads(request["messages"][-1]["content"])["subtitles"].get("0")
    return item["transcript"] if isinstance(item, dict) and "transcript" in item else []


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
        if '"errors":' in prompt:
            wrong = item["translation"] != chinese(text)
            answer[key] = {
                "begins": " ".join(text.split()[:4]),
                "errors": "major mistranslation: says something else" if wrong else "",
            }
            continue
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


def _parts(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text[:30]}, {"type": "text", "text": text[30:]}]


def _raw(answer: Answer) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _broken_lines(answer: Answer, chance: random.Random) -> str:
    """Line ends within texts, as nobody escaped them, between any two characters."""
    said = _raw(answer)
    breaks = [both > "一一" and chance.random() < 0.05 for both in map("".join, pairwise(said))]
    return "".join(
        f"{one}\n" if broken and after > "一" else one
        for one, after, broken in zip(said, said[1:] + "}", [*breaks, False], strict=True)
    )


Reply = tuple[Any, dict[str, Any], str]
"""The content of a message, its other fields, and why it ended."""

MANNERS: dict[str, Callable[[Answer, random.Random], Reply]] = {
    name: lambda answer, chance, write=write: (write(answer, chance), {}, "stop")
    for name, write in {
        "commas too many": lambda answer, chance: _raw(answer).replace("}", ",}") + ",",
        "line ends in texts": _broken_lines,
        "a note behind": lambda answer, chance: f"{_raw(answer)}\n\nNote: I left {{an8}} out.",
        "braces before": lambda answer, chance: f"Subtitles {{1..9}} of {{all}}: {_raw(answer)}",
        "a fence and a note": lambda answer, chance: f"Sure!\n```json\n{_raw(answer)}\n```\nBye {{",
        "channels": lambda answer, chance: (
            '<|channel|>analysis<|message|>They want {"0": ...}.<|end|>'
            f"<|start|>assistant<|channel|>final<|message|>{_raw(answer)}"
        ),
        "loud thoughts": lambda answer, chance: f"[THINK]A {{draft}}?[/THINK]{_raw(answer)}",
        "an object a line": lambda answer, chance: "\n".join(
            _raw({key: entry}) for key, entry in answer.items()
        ),
        "a list": lambda answer, chance: json.dumps(
            [
                {"id": int(key), "translation": _text(entry)}
                | (entry if isinstance(entry, dict) else {})
                for key, entry in answer.items()
            ]
        ),
        "Python": lambda answer, chance: str(answer),
        "comments": lambda answer, chance: _raw(answer).replace("{", "{ // one\n", 1),
        "quotes in texts": lambda answer, chance: (
            _raw(
                {
                    key: _with(answer, key, "“" + _text(entry) + "”")[key]
                    for key, entry in answer.items()
                }
            )
            .replace("“", '"')
            .replace("”", '"')
        ),
        "parts": lambda answer, chance: _parts(_raw(answer)),
        "an object for a text": lambda answer, chance: answer,
        "a draft first": lambda answer, chance: (
            _raw(_moved_texts(answer, 1)) + "\nBetter:\n" + _raw(answer)
        ),
    }.items()
} | {
    "only thoughts": lambda answer, chance: ("", {"reasoning_content": _raw(answer)}, "stop"),
    "only reasons": lambda answer, chance: (None, {"reasoning": _raw(answer)}, "stop"),
    "thoughts in parts": lambda answer, chance: (
        [
            {"type": "thinking", "thinking": [{"type": "text", "text": "Well {"}]},
            {"type": "text", "text": _raw(answer)},
        ],
        {},
        "stop",
    ),
    "cut": lambda answer, chance: (_raw(answer)[: -chance.randint(4, 60)], {}, "length"),
    "all thought": lambda answer, chance: ("", {"reasoning_content": "Hm. " * 99}, "length"),
}
"""Ways in which servers wrap an answer that is right, or cut it."""

REFUSAL = "对不起，我无法协助翻译这段内容。"


def _each(change: Callable[[str, str], str]) -> Fault:
    """A change of every text; it is given the number and the text."""

    def fault(answer: Answer, asked: dict[str, str], chance: random.Random) -> Answer:
        for key, entry in list(answer.items()):
            answer = _with(answer, key, change(key, _text(entry)))
        return answer

    return fault


def _one(change: Callable[[str, str], str]) -> Fault:
    def fault(answer: Answer, asked: dict[str, str], chance: random.Random) -> Answer:
        key = chance.choice(list(answer))
        return _with(answer, key, change(key, _text(answer[key])))

    return fault


ABOUT_THE_TASK: dict[str, Fault] = {
    "refuse one": _one(lambda key, text: REFUSAL),
    "refuse all": _each(lambda key, text: REFUSAL),
    "refuse in English": _one(lambda key, text: "I'm sorry, but I can't assist with that."),
    "ask for more": _one(lambda key, text: "请提供需要翻译的文本。"),
    "announce": _one(lambda key, text: "好的，以下是翻译："),
    "own number": _each(lambda key, text: f"{key}. {text}"),
    "other number": _one(lambda key, text: f"{int(key) + 5000}. {text}"),
    "label": _each(lambda key, text: f"翻译：{text}"),
    "explain": _one(lambda key, text: f"{text}（注：这里是直译）"),
    "explain at length": _one(lambda key, text: f"{text} 这句话的意思是房子在那里。"),
    "mark up": _each(lambda key, text: f"<i>{text}</i>"),
    "place": _each(lambda key, text: f"{{\\an8}}{text}"),
    "entities": _each(lambda key, text: f"&quot;{text}&quot;"),
    "literal line ends": _each(lambda key, text: f"{text[:3]}\\n{text[3:]}"),
    "quotes": _each(lambda key, text: f"“{text}”"),
    "remark in brackets": _one(lambda key, text: f"{text}（口语）"),
    "another wording": _each(lambda key, text: f"{text}（或者：{text[:5]}）"),
    "two wordings": _one(lambda key, text: f"{text} / {text[::-1]}"),
    "talk on": _one(lambda key, text: f"{text}。希望对您有帮助！"),
    "open a talk": _one(lambda key, text: f"好的！{text}。"),
    "reply": _one(lambda key, text: "你好！请问有什么可以帮您的吗？"),
    "nothing": _one(lambda key, text: "无"),
    "training": _one(lambda key, text: "您接受的训练数据直到2023年10月。"),
    "kindred language": _one(lambda key, text: "彼はそこで待っているのだと思います。"),
    "emoji": _each(lambda key, text: f"{text} ✅"),
    "the same": _one(lambda key, text: "这是一个句子，它在那里等着我们。"),
}
"""Answers that speak of the task, or have what belongs to its form, in place of a translation."""

WRAPPED = {
    "own number",
    "label",
    "mark up",
    "place",
    "entities",
    "literal line ends",
    "quotes",
    "explain",
    "another wording",
    "emoji",
}
"""Those of them that are right but for their wrapping."""

REFUSED: dict[str, tuple[int, Any]] = {
    "413": (413, {"error": {"message": "Request too large for model `m` on tokens per minute"}}),
    "400 of a prompt": (400, {"error": {"message": "prompt is too long: 9000 > 8192"}}),
    "400 of a count": (400, [{"error": {"message": "The input token count exceeds the maximum"}}]),
    "400 of nothing": (400, {"detail": "Bad Request"}),
    "429 of a minute": (429, {"error": {"message": "Request too large: tokens must be reduced"}}),
    "500 of a context": (500, {"error": {"message": "the request exceeds the context size"}}),
}
"""How servers refuse what is too much for them: several subtitles at once."""

LATER: dict[str, tuple[dict[str, str], Any]] = {
    "Retry-After": ({"Retry-After": "0.2"}, {}),
    "a date": ({"Retry-After": "DATE"}, {}),
    "milliseconds": ({"retry-after-ms": "200"}, {}),
    "RetryInfo": ({}, [{"error": {"code": 429, "details": [{"retryDelay": "0.2s"}]}}]),
    "words": ({}, {"error": {"message": "Rate limit reached. Please try again in 200ms."}}),
}
"""How servers say with a 429 for how long they want to be left alone."""
